"""What a watch told of each object: normalised, in order, without repetitions. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.conformance.alike import normal
from tests.conformance.story import Obj

_COUNTED = frozenset(
    {
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "EndpointSlice",
        "HorizontalPodAutoscaler",
    }
)
"""Kinds whose status controllers write in as many steps as time allows."""
_MARKS = ("pod-template-hash", "controller-revision-hash")
_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
"""It is there when a pod's readiness changed in another second than before: a matter of luck."""
_QUIRK = {"memory": "9007199254740988Ki"}
"""A limit that only the recorded node reports."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a watch, and when it came, in seconds of the story."""

    at_seconds: float
    type: str
    obj: Obj


@dataclass(slots=True)
class Life:
    """What a watch told of one object: normalised, and without repetitions."""

    family: str
    """Kind and name without what is random: such objects may stand for each other."""
    is_counted: bool
    steps: list[tuple[str, Obj]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, at_seconds: float, type_: str, obj: Obj) -> None:
        """The next step, unless nothing that counts has changed."""
        if type_ == "MODIFIED" and self.steps and self.steps[-1][1] == obj:
            return
        self.steps.append((type_, obj))
        self.times.append(at_seconds)

    def until(self, count: int) -> Life:
        """The first steps only."""
        return Life(self.family, self.is_counted, self.steps[:count], self.times[:count])


def lives_of(events: Iterable[Seen]) -> list[Life]:
    """The events by object (Events by what they are about), in order of appearance."""
    listed = list(events)
    names = _names_of_hashes([each.obj for each in listed])
    lives: dict[str, Life] = {}
    heard: set[tuple[str, ...]] = set()
    """Events that were told before: how often they are told again varies."""
    for event in listed:
        plain = _plain(event.obj, names)
        if event.obj["kind"] == "Event":
            about, shown = event.obj["involvedObject"], plain["involvedObject"]
            said = tuple(str(event.obj.get(name)) for name in ("reason", "message")) + tuple(
                str(about.get(name)) for name in ("uid", "fieldPath")
            )
            if event.type == "ADDED" and said not in heard:
                heard.add(said)
                family = f"Event of {shown['kind']} {shown['name']}"
                life = lives.setdefault(about["uid"], Life(family, is_counted=False))
                life.add(event.at_seconds, event.type, plain)
            continue
        kind = event.obj["kind"]
        family = f"{kind} {plain['metadata']['name']}"
        life = lives.setdefault(
            event.obj["metadata"]["uid"], Life(family, is_counted=kind in _COUNTED)
        )
        life.add(event.at_seconds, event.type, plain)
    return list(lives.values())


def _names_of_hashes(objects: list[Obj]) -> dict[str, str]:
    """Hashes of templates, numbered by the age of what bears them, or by their first mention."""
    born: dict[str, str] = {}
    for obj in objects:
        since = obj["metadata"]["creationTimestamp"]
        for name in _hashes_in(obj):
            born[name] = min(born.get(name, since), since)
    ordered = sorted(born, key=lambda name: born[name])
    return {name: f"hash{number}" for number, name in enumerate(ordered, 1)}


def _hashes_in(obj: Obj) -> list[str]:
    if obj["kind"] == "Event":
        about = obj["involvedObject"]
        if about["kind"] == "ReplicaSet":
            return [about["name"].rpartition("-")[2]]
        return re.findall(r"replica set \S+-(\w+)", obj.get("message", ""))
    labels = obj["metadata"].get("labels") or {}
    return [str(labels[mark]).rpartition("-")[2] for mark in _MARKS if labels.get(mark)]


def _plain(obj: Obj, names: dict[str, str]) -> Obj:
    text = json.dumps(obj)
    for name, plain in names.items():
        text = re.sub(rf"\b{re.escape(name)}\b", plain, text)
    made = normal(json.loads(text))
    resources = (made.get("status") or {}).get("resources")
    if isinstance(resources, dict) and resources.get("limits") == _QUIRK:
        del resources["limits"]
    if obj["kind"] == "EndpointSlice":
        made["metadata"].pop("generation", None)  # it counts the writes
        annotations = made["metadata"].get("annotations") or {}
        annotations.pop(_TRIGGER, None)
        if not annotations:
            made["metadata"].pop("annotations", None)
    return dict(made)
