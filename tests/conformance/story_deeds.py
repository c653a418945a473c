"""What the recorder did in a story, as requests, and the state before them. Pure."""

from __future__ import annotations

from tests.conformance.story import Action, Happening, Obj, Story, is_controlled
from tests.conformance.story_origins import Origins
from tests.conformance.story_posted import HASHES, SYSTEM, as_posted
from tests.conformance.story_setup import state_before
from tests.conformance.story_told import MERGE, Deed, Plan, propagation, told, verb_of
from tests.conformance.story_words import COLLECTIONS, name_in, word_in

_SOON_MS = 1500
_EVENTS = "events"


def plan_of(story: Story) -> Plan:
    """The objects of the setup and the deeds.

    Raises:
        UntoldError: An action cannot be told from the recording.
    """
    happenings = [each for each in story.happenings() if not each.base.endswith(_EVENTS)]
    origins = Origins(story)
    plan = Plan(state_before(story, happenings, origins))
    used: set[int] = set()
    for action in story.actions:
        shown = _shown(action, happenings, plan, used)
        plan.deeds.append(shown or told(story, action, plan, origins))
    return plan


def _shown(action: Action, happenings: list[Happening], plan: Plan, used: set[int]) -> Deed | None:
    """The deed whose effect a watch shows soon after it; each effect belongs to one deed only."""
    known = {(obj["kind"], obj["metadata"].get("name", "")): obj for obj in plan.objects()}
    verb, at_seconds = verb_of(action.text), action.t_ms / 1000
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
    return None


def _made(
    verb: str, action: Action, seen: Happening, before: Obj | None, at_seconds: float
) -> Deed | None:
    obj, meta = seen.obj, seen.obj["metadata"]
    if not _is_about(action.text, verb, obj):
        return None
    if verb == "POST":
        if seen.type == "ADDED" and not is_controlled(obj):
            return Deed(at_seconds, "POST", seen.base, body=as_posted(obj))
        return None
    if is_controlled(obj) and "one pod" not in action.text and "a pod" not in action.text:
        return None
    if verb == "DELETE":
        was_going = bool(before and before["metadata"].get("deletionTimestamp"))
        if not was_going and (seen.type == "DELETED" or meta.get("deletionTimestamp")):
            options = {"propagationPolicy": propagation(action.text)}
            return Deed(at_seconds, "DELETE", seen.base, meta["name"], options)
        return None
    if seen.type != "MODIFIED" or meta.get("deletionTimestamp"):
        return None
    patch = _wanted(before, obj) if before else _relabelled(obj)
    return Deed(at_seconds, "PATCH", seen.base, meta["name"], patch, MERGE) if patch else None


def _is_about(text: str, verb: str, obj: Obj) -> bool:
    """Whether words that name a kind, and perhaps a name, can mean this object."""
    if verb == "PATCH":
        return True
    if verb == "DELETE" and "namespace" in text:
        return bool(obj["kind"] == "Namespace")
    word = word_in(text)
    if not word:
        return True
    name = name_in(text, word)
    return obj["kind"] == COLLECTIONS[word][1] and name in ("", obj["metadata"]["name"])


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
