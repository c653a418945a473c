"""Deeds of a recorder that only words tell, as requests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.story import Action, Obj, Story
from tests.conformance.story_origins import Origins, plain_template
from tests.conformance.story_posted import as_posted
from tests.conformance.story_words import (
    COLLECTIONS,
    collection,
    name_in,
    word_in,
    word_of_kind,
)

MERGE = "application/merge-patch+json"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet")


class UntoldError(Exception):
    """The recording does not show what was done."""


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

    def objects(self) -> list[Obj]:
        """Everything that was made so far, the latest last."""
        made = [deed.body for deed in self.deeds if deed.method == "POST"]
        return [*(obj for _, obj in self.before), *made]


def told(story: Story, action: Action, plan: Plan, origins: Origins) -> Deed:
    """The request that the words of an action mean, after what `plan` has made so far.

    Raises:
        UntoldError: Neither the words nor the watches tell it.
    """
    text, at_seconds = action.text, action.t_ms / 1000
    verb, word = verb_of(text), word_in(text)
    if re.match(r"create the (configmap|secret)", text):
        return _reference(story, text.split()[2], at_seconds, plan)
    if text.startswith("DELETE namespace"):
        return Deed(at_seconds, "DELETE", "/api/v1/namespaces", story.namespace)
    if not word:
        word = "pod" if re.search(r"\bpods?\b", text) else ""
    if verb == "POST" and word:
        body = origins.posted(word, text, plan.objects())
        return Deed(at_seconds, "POST", collection(word, story.namespace), body=body)
    if verb == "DELETE" and word:
        name = name_in(text, word) or _latest(plan, word) or _some_pod(story, plan)
        options = {"propagationPolicy": propagation(text)}
        return Deed(at_seconds, "DELETE", collection(word, story.namespace), name, options)
    if "relabel" in text:
        patch = {"metadata": {"labels": {"app": "other"}}}
        base, name = collection("pod", story.namespace), _some_pod(story, plan)
        return Deed(at_seconds, "PATCH", base, name, patch, MERGE)
    return _change_of_what_is_there(story, text, at_seconds, plan)


def verb_of(text: str) -> str:
    """The HTTP method that the words begin with, or mean."""
    word = text.split(maxsplit=1)[0]
    return {"POST": "POST", "create": "POST", "DELETE": "DELETE", "delete": "DELETE"}.get(
        word, "PATCH"
    )


def propagation(text: str) -> str:
    """The propagation policy that the words of a deletion name."""
    for word in ("orphan", "foreground"):
        if word in text.lower():
            return word.capitalize()
    return "Background"


def _latest(plan: Plan, word: str) -> str:
    names = [
        str(obj["metadata"].get("name", ""))
        for obj in plan.objects()
        if obj["kind"] == COLLECTIONS[word][1]
    ]
    return names[-1] if names else ""


def _some_pod(story: Story, plan: Plan) -> str:
    """The name of a pod that no earlier deed was about, or of one that stands for any."""
    happenings = story.happenings()
    shown = [each.obj["metadata"]["name"] for each in happenings if each.obj["kind"] == "Pod"]
    killed = [
        each.obj["involvedObject"]["name"]
        for each in happenings
        if each.obj["kind"] == "Event" and each.obj.get("reason") == "Killing"
    ]
    done = [deed.name for deed in plan.deeds if deed.name]
    free = [name for name in dict.fromkeys([*shown, *killed]) if name not in done]
    return str(free[0]) if free else f"any-{'bcdfghjk'[len(done) % 8] * 5}"


def _change_of_what_is_there(story: Story, text: str, at_seconds: float, plan: Plan) -> Deed:
    is_of_pod = "gate" in text
    kinds = ("Pod",) if is_of_pod else _WORKLOADS
    there = [obj for obj in plan.objects() if obj["kind"] in kinds]
    if not there:
        raise UntoldError(f"the recording does not show what {text!r} changed")
    word = word_in(text)
    named = [obj for obj in there if word_of_kind(obj["kind"]) == word]
    target = (named or there)[-1]
    base = collection(word_of_kind(target["kind"]), story.namespace)
    body = _change(text, target)
    return Deed(at_seconds, "PATCH", base, target["metadata"]["name"], body, MERGE)


def _change(text: str, target: Obj) -> Obj:
    """A merge patch that makes of the target what the words say.

    Raises:
        UntoldError: The words mean nothing that is known.
    """
    if scaled := re.search(r"scale.* (\d+)$", text):
        return {"spec": {"replicas": int(scaled[1])}}
    if image := re.search(r"image\D*? (?:-> )?(\S+:\S+)", text):
        container = {**_first_container(target), "image": image[1]}
        return {"spec": {"template": {"spec": {"containers": [container]}}}}
    if "nodeSelector" in text:
        return {"spec": {"template": {"spec": {"nodeSelector": {"no": "such"}}}}}
    if "gate" in text:
        return {"spec": {"schedulingGates": None}}
    if "restart" in text:
        when = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
        return {"spec": {"template": {"metadata": {"annotations": when}}}}
    if "unpause" in text or text.startswith("resume"):
        field_name = "suspend" if "Job" in target["kind"] else "paused"
        return {"spec": {field_name: False}}
    if "pause" in text:
        return {"spec": {"paused": True}}
    if "suspend" in text:
        return {"spec": {"suspend": True}}
    raise UntoldError(f"the recording does not show what {text!r} means")


def _first_container(target: Obj) -> Obj:
    spec = target["spec"]
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    containers = job.get("template", plain_template({}))["spec"]["containers"]
    return dict(containers[0])


def _reference(story: Story, word: str, at_seconds: float, plan: Plan) -> Deed:
    """The config map or secret that the pods of the story miss."""
    keys = {
        "configmap": ("configMap", "configMapKeyRef", "configMapRef"),
        "secret": ("secret", "secretKeyRef", "secretRef"),
    }
    seen = [as_posted(each.obj) for each in story.happenings() if each.obj["kind"] == "Pod"]
    for pod in [*seen, *(obj for obj in plan.objects() if obj["kind"] == "Pod")]:
        for found in _find(pod["spec"], keys[word]):
            name = found.get("name") or found.get("secretName")
            data = {found.get("key", "k"): "dg==" if word == "secret" else "v"}
            version, kind, _, _ = COLLECTIONS[word]
            body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "data": data}
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
