"""What the recorder did in a story, as requests, and the state before them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.story import Action, Happening, Obj, Story, is_controlled
from tests.conformance.story_posted import HASHES, SYSTEM, as_posted
from tests.conformance.story_setup import (
    COLLECTIONS,
    UntoldError,
    collection,
    plain_template,
    state_before,
)

MERGE = "application/merge-patch+json"
_SOON_MS = 1500
_EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Deed:
    """One request; `name` may be a generated one, for which another of the same family stands."""

    at_seconds: float
    method: str
    base: str
    name: str = ""
    body: Any = None
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there before the story begins, and what is done in it."""

    before: list[tuple[str, Obj]] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)


def plan_of(story: Story) -> Plan:
    """The objects of the setup and the deeds.

    Raises:
        UntoldError: An action cannot be told from the recording.
    """
    happenings = [each for each in story.happenings() if not each.base.endswith(_EVENTS)]
    before = state_before(story, happenings)
    known = {(obj["kind"], obj["metadata"]["name"]): obj for _, obj in before}
    used: set[int] = set()
    deeds = [_deed(story, action, happenings, known, used) for action in story.actions]
    return Plan(before, deeds)


# -- what was done -------------------------------------------------------------------------


def _deed(
    story: Story,
    action: Action,
    happenings: list[Happening],
    known: dict[tuple[str, str], Obj],
    used: set[int],
) -> Deed:
    verb, at_seconds = _verb(action.text), action.t_ms / 1000
    previous: dict[str, Obj] = {}
    for each in happenings:
        meta = each.obj["metadata"]
        before = previous.get(meta["uid"])
        if before is None:
            before = known.get((each.obj["kind"], meta["name"]))
        previous[meta["uid"]] = each.obj
        if each.version in used or not -3 <= each.t_ms - action.t_ms <= _SOON_MS:
            continue
        made = _made(verb, action, each, before, at_seconds)
        if made is not None:
            used.add(each.version)
            return made
    return _told(story, action, happenings)


def _verb(text: str) -> str:
    word = text.split(maxsplit=1)[0]
    return {"POST": "POST", "create": "POST", "DELETE": "DELETE", "delete": "DELETE"}.get(
        word, "PATCH"
    )


def _made(
    verb: str, action: Action, seen: Happening, before: Obj | None, at_seconds: float
) -> Deed | None:
    obj, meta = seen.obj, seen.obj["metadata"]
    if verb == "POST":
        if seen.type == "ADDED" and not is_controlled(obj):
            return Deed(at_seconds, "POST", seen.base, body=as_posted(obj))
        return None
    if is_controlled(obj) and "one pod" not in action.text and "a pod" not in action.text:
        return None
    if verb == "DELETE":
        was_going = bool(before and before["metadata"].get("deletionTimestamp"))
        if not was_going and (seen.type == "DELETED" or meta.get("deletionTimestamp")):
            options = {"propagationPolicy": _propagation(action.text)}
            return Deed(at_seconds, "DELETE", seen.base, meta["name"], options)
        return None
    if seen.type != "MODIFIED" or meta.get("deletionTimestamp"):
        return None
    patch = _wanted(before, obj) if before else _relabelled(obj)
    return Deed(at_seconds, "PATCH", seen.base, meta["name"], patch, MERGE) if patch else None


def _propagation(text: str) -> str:
    for word in ("orphan", "foreground"):
        if word in text.lower():
            return word.capitalize()
    return "Background"


def _relabelled(obj: Obj) -> Obj:
    """A patch for an object that was not seen before: only its labels can have been changed."""
    labels = obj["metadata"].get("labels") or {}
    own = {name: text for name, text in labels.items() if name not in HASHES}
    return {"metadata": {"labels": own}} if is_controlled(obj) and own else {}


def _wanted(before: Obj, after: Obj) -> Obj:
    """A merge patch of what a person changes: the spec, labels and annotations."""
    patch: Obj = {}
    if after.get("spec") is not None:
        spec = merge_patch(before.get("spec") or {}, after["spec"])
        if spec and set(spec) != {"nodeName"}:
            patch["spec"] = spec
    meta = {}
    for name in ("labels", "annotations"):
        old = _own(before["metadata"].get(name))
        change = merge_patch(old, _own(after["metadata"].get(name)))
        if change:
            meta[name] = change
    if meta:
        patch["metadata"] = meta
    return patch


def _own(texts: Obj | None) -> Obj:
    return {k: v for k, v in (texts or {}).items() if not k.startswith((*SYSTEM, *HASHES))}


def merge_patch(before: Obj, after: Obj) -> Obj:
    """The merge patch that makes one value of the other."""
    patch: Obj = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            inner = merge_patch(old, value)
            if inner:
                patch[name] = inner
        elif value != old:
            patch[name] = value
    return patch


# -- what only the words tell --------------------------------------------------------------


def _told(story: Story, action: Action, happenings: list[Happening]) -> Deed:
    text, at_seconds = action.text, action.t_ms / 1000
    if re.match(r"create the (configmap|secret)", text):
        return _reference(story, text.split()[2], at_seconds, happenings)
    if text.startswith("DELETE namespace"):
        return Deed(at_seconds, "DELETE", "/api/v1/namespaces", story.namespace)
    if (match := re.match(r"DELETE (\w+) ([\w-]+)", text)) and match[1] in COLLECTIONS:
        base, options = (
            collection(match[1], story.namespace),
            {"propagationPolicy": _propagation(text)},
        )
        return Deed(at_seconds, "DELETE", base, match[2], options)
    if text.startswith("DELETE") and "pod" in text:
        return Deed(at_seconds, "DELETE", collection("pod", story.namespace), _any_pod(happenings))
    return _change_of_setup(story, text, at_seconds)


def _any_pod(happenings: list[Happening]) -> str:
    for each in happenings:
        if each.obj["kind"] == "Pod":
            return str(each.obj["metadata"]["name"])
    return ""


def _change_of_setup(story: Story, text: str, at_seconds: float) -> Deed:
    words = " ".join([*story.setup, *(each.text for each in story.actions), story.title])
    match = re.search(r"(deployment|statefulset|daemonset|cronjob|job) (\w[\w-]*)", words)
    if match is None:
        raise UntoldError(f"the recording does not show what {text!r} changed")
    base = collection(match[1], story.namespace)
    return Deed(at_seconds, "PATCH", base, match[2], _change(story, text), MERGE)


def _change(story: Story, text: str) -> Obj:
    if scaled := re.search(r"scale.* (\d+)$", text):
        return {"spec": {"replicas": int(scaled[1])}}
    if image := re.search(r"image\D*? (?:-> )?(\S+:\S+)", text):
        container = {**plain_template({})["spec"]["containers"][0], "image": image[1]}
        return {"spec": {"template": {"spec": {"containers": [container]}}}}
    if "restart" in text:
        when = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
        return {"spec": {"template": {"metadata": {"annotations": when}}}}
    if "unpause" in text or text.startswith("resume"):
        field_name = "suspend" if "job" in " ".join([story.title, *story.setup]) else "paused"
        return {"spec": {field_name: False}}
    if "pause" in text:
        return {"spec": {"paused": True}}
    if "suspend" in text:
        return {"spec": {"suspend": True}}
    raise UntoldError(f"the recording does not show what {text!r} means")


def _reference(story: Story, word: str, at_seconds: float, happenings: list[Happening]) -> Deed:
    """The config map or secret that the pods of the story miss."""
    keys = {
        "configmap": ("configMap", "configMapKeyRef", "configMapRef"),
        "secret": ("secret", "secretKeyRef", "secretRef"),
    }
    for each in happenings:
        if each.obj["kind"] == "Pod":
            spec = as_posted(each.obj)["spec"]
            for found in _find(spec, keys[word]):
                name = found.get("name") or found.get("secretName")
                data = {found.get("key", "k"): "dg==" if word == "secret" else "v"}
                version, kind, _, _ = COLLECTIONS[word]
                body = {
                    "apiVersion": version,
                    "kind": kind,
                    "metadata": {"name": name},
                    "data": data,
                }
                return Deed(at_seconds, "POST", collection(word, story.namespace), body=body)
    raise UntoldError(f"the recording does not show which {word} was missing")


def _find(value: Any, keys: tuple[str, ...]) -> Iterator[Obj]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in keys and isinstance(inner, dict):
                yield inner
            else:
                yield from _find(inner, keys)
    elif isinstance(value, list):
        for inner in value:
            yield from _find(inner, keys)
