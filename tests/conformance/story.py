"""A recorded story: watches of several kinds over one stretch of time, and what was done then."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Obj = dict[str, Any]
_PAST = frozenset(
    {
        "creationTimestamp",
        "eventTime",
        "finishedAt",
        "firstTimestamp",
        "lastTimestamp",
        "lastTransitionTime",
        "lastUpdateTime",
        "startedAt",
        "startTime",
    }
)
_GENERATED_NAME = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a watch, its object whole."""

    t_ms: int
    type: str
    obj: Obj
    base: str
    """The path of the collection that was watched."""

    @property
    def version(self) -> int:
        """Its place among all events of the cluster."""
        return int(self.obj["metadata"]["resourceVersion"])


@dataclass(frozen=True, slots=True)
class Action:
    """What the recorder did, in its own words."""

    t_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """All entries that share one clock; the object streams are expanded."""

    name: str
    entries: list[Obj]
    companions: list[Obj] = field(default_factory=list)
    """Watches of the same story that another file has: they tell what was done, too."""

    @property
    def actions(self) -> list[Action]:
        """What was done, in order; the same for every entry."""
        return [Action(each["t_ms"], each["do"]) for each in self.entries[0].get("actions") or ()]

    @property
    def title(self) -> str:
        """What it is about."""
        return str(self.entries[0]["title"]).partition(" - watch of")[0]

    @property
    def setup(self) -> list[str]:
        """What was there before, in the recorder's words."""
        return list(self.entries[0].get("setup") or ())

    @property
    def namespace(self) -> str:
        """Where it plays."""
        for entry in self.entries:
            match = re.search(r"/namespaces/([^/]+)/", entry["request"]["path"])
            if match:
                return match[1]
        metas = [(each.obj["kind"], each.obj["metadata"]) for each in self.happenings()]
        found = [
            str(meta["name"] if kind == "Namespace" else meta["namespace"])
            for kind, meta in metas
            if kind == "Namespace" or "namespace" in meta
        ]
        return found[0] if found else "default"

    @property
    def end_ms(self) -> int:
        """When the recorder stopped to read."""
        return max(int(entry["response"]["end_ms"]) for entry in self.entries)

    @property
    def start(self) -> datetime:
        """The wall clock when the story's time began, as nearly as whole seconds tell it."""
        earliest = [
            moment - timedelta(milliseconds=each.t_ms)
            for each in self.happenings()
            for moment in _moments(each.obj)
        ]
        if not earliest:
            return datetime.fromisoformat("2026-01-01T12:00:00Z")
        latest = [
            datetime.fromisoformat(each.obj["metadata"]["creationTimestamp"])
            + timedelta(milliseconds=1000 - each.t_ms)
            for each in self.happenings()
            if each.type == "ADDED"
        ]
        begin = max(earliest)
        return begin + max(min(latest, default=begin) - begin, timedelta()) / 2

    def happenings(self) -> list[Happening]:
        """The events of all watches in the order of the cluster."""
        found = [
            each for entry in [*self.entries, *self.companions] for each in happenings_of(entry)
        ]
        return sorted(found, key=lambda each: each.version)


def _moments(value: Any, key: str = "") -> Iterator[datetime]:
    """The moments in an object that lie in its past."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _moments(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _moments(inner, key)
    elif key in _PAST and isinstance(value, str):
        yield datetime.fromisoformat(value)


def stories_of(entries: Iterable[Obj], others: Iterable[Obj] = ()) -> list[Story]:
    """Entries grouped by what stands before the last part of their id; `others` are companions."""
    groups: dict[str, list[Obj]] = {}
    for entry in entries:
        groups.setdefault(_story_of(entry), []).append(entry)
    ids = {entry["id"] for group in groups.values() for entry in group}
    companions: dict[str, list[Obj]] = {}
    for entry in others:
        if entry["id"] not in ids:
            ids.add(entry["id"])
            companions.setdefault(_story_of(entry), []).append(entry)
    return [Story(name, group, companions.get(name, [])) for name, group in groups.items()]


def _story_of(entry: Obj) -> str:
    return str(entry["id"]).rpartition(".")[0]


def is_of_a_story(entry: Obj) -> bool:
    """Whether it is one watch of a story."""
    return bool(entry.get("actions")) and "stream" in entry.get("response", {})


def happenings_of(entry: Obj) -> Iterator[Happening]:
    """The events of one watch; what the recorder shortened is whole again."""
    last: dict[str, Any] = {}
    base = entry["request"]["path"]
    for each in entry["response"]["stream"]:
        event = each["json"]
        obj = dict(event["object"])
        uid, spec = obj["metadata"].get("uid", ""), obj.get("spec")
        if spec == "$unchanged":
            obj["spec"] = last[uid]
        elif isinstance(spec, dict) and "$changed" in spec:
            obj["spec"] = {**last[uid], **spec["$changed"]}
        if "spec" in obj:
            last[uid] = obj["spec"]
        yield Happening(each["t_ms"], event["type"], copy.deepcopy(obj), base)


def is_controlled(obj: Obj) -> bool:
    """Whether a controller made it."""
    return any(each.get("controller") for each in obj["metadata"].get("ownerReferences") or ())


def without_suffix(name: str) -> str:
    """A generated name without its random end."""
    return _GENERATED_NAME.sub("", name)
