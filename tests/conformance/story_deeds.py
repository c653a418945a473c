"""What the recorder did, derived from a story: the requests, and the state before them. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.story import Action, Happening, Obj, Story, is_controlled

MERGE = "application/merge-patch+json"
_SOON_MS = 1500
_EVENTS = "events"
_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_HASHES = ("pod-template-hash", "controller-revision-hash", "pod-template-generation")
_GIVEN = (
    "tolerations",
    "serviceAccount",
    "serviceAccountName",
    "priority",
    "enableServiceLinks",
    "preemptionPolicy",
)
"""What admission gives to every pod, but no template has."""
_SYSTEM = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset",
    "batch.kubernetes.io/",
    "controller-uid",
    "job-name",
)
COLLECTIONS = {
    "pod": ("v1", "Pod", "/api/v1", "pods"),
    "service": ("v1", "Service", "/api/v1", "services"),
    "configmap": ("v1", "ConfigMap", "/api/v1", "configmaps"),
    "secret": ("v1", "Secret", "/api/v1", "secrets"),
    "pvc": ("v1", "PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims"),
    "deployment": ("apps/v1", "Deployment", "/apis/apps/v1", "deployments"),
    "replicaset": ("apps/v1", "ReplicaSet", "/apis/apps/v1", "replicasets"),
    "statefulset": ("apps/v1", "StatefulSet", "/apis/apps/v1", "statefulsets"),
    "daemonset": ("apps/v1", "DaemonSet", "/apis/apps/v1", "daemonsets"),
    "job": ("batch/v1", "Job", "/apis/batch/v1", "jobs"),
    "cronjob": ("batch/v1", "CronJob", "/apis/batch/v1", "cronjobs"),
    "hpa": (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "/apis/autoscaling/v2",
        "horizontalpodautoscalers",
    ),
    "pdb": ("policy/v1", "PodDisruptionBudget", "/apis/policy/v1", "poddisruptionbudgets"),
}
"""The recorder's words for kinds: version, kind, where they are served."""


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


def plan_of(story: Story) -> Plan:
    """The objects of the setup and the deeds.

    Raises:
        UntoldError: An action cannot be told from the recording.
    """
    happenings = [each for each in story.happenings() if not each.base.endswith(_EVENTS)]
    before = [found for text in story.setup for found in _setup(story, text, happenings)]
    before += _unmentioned(happenings, before)
    known = {(obj["kind"], obj["metadata"]["name"]): obj for _, obj in before}
    deeds: list[Deed] = []
    used: set[int] = set()
    for action in story.actions:
        deeds.append(_deed(story, action, happenings, known, used))
    return Plan(before, deeds)


# -- the state before ----------------------------------------------------------------------


def _setup(story: Story, text: str, happenings: list[Happening]) -> Iterator[tuple[str, Obj]]:
    for part in text.split(", "):
        match = re.match(r"(?:an? )?(\w+) (\S+)(?: with (\d+) )?", part)
        if match is None or match[1] not in COLLECTIONS:
            continue
        word, name = match[1], match[2].rstrip(",")
        base = _base(word, story.namespace)
        if word == "service":
            yield base, _service(name)
        elif word == "deployment":
            yield base, _deployment(story, name, int(match[3] or 1), happenings)
        else:
            yield base, _as_first_seen(COLLECTIONS[word][1], name, happenings)


def _unmentioned(
    happenings: list[Happening], before: list[tuple[str, Obj]]
) -> Iterator[tuple[str, Obj]]:
    """Objects that must have been there, because they were not seen to be created."""
    seen: set[str] = set()
    made = {(obj["kind"], obj["metadata"]["name"]) for _, obj in before}
    for each in happenings:
        meta, kind = each.obj["metadata"], each.obj["kind"]
        is_known = meta["uid"] in seen or (kind, meta["name"]) in made
        seen.add(meta["uid"])
        if is_known or each.type == "ADDED" or is_controlled(each.obj) or kind == "Namespace":
            continue
        if kind not in ("Deployment", "EndpointSlice"):
            yield each.base, as_posted(each.obj)


def _base(word: str, namespace: str) -> str:
    _, _, root, plural = COLLECTIONS[word]
    return f"{root}/namespaces/{namespace}/{plural}"


def _service(name: str) -> Obj:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _as_first_seen(kind: str, name: str, happenings: list[Happening]) -> Obj:
    for each in happenings:
        if each.obj["kind"] == kind and each.obj["metadata"]["name"] == name:
            return as_posted(each.obj)
    raise UntoldError(f"the recording does not show {kind} {name}")


def _deployment(story: Story, name: str, replicas: int, happenings: list[Happening]) -> Obj:
    """The deployment as it was: its old template is that of its oldest set or pods."""
    shown = next(
        (
            each.obj
            for each in happenings
            if each.obj["kind"] == "Deployment" and each.obj["metadata"]["name"] == name
        ),
        None,
    )
    labels = {"app": name}
    if shown is not None:
        made = as_posted(shown)
        made["metadata"]["annotations"] = {}
    else:
        made = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": {"matchLabels": labels}, **_rolling(story.title)},
        }
    made["spec"]["replicas"] = replicas
    made["spec"].pop("paused", None)
    template = _old_template(name, happenings)
    if template is not None:
        made["spec"]["template"] = template
    elif shown is None:
        made["spec"]["template"] = _plain_template(labels)
    else:
        _undo(made["spec"]["template"], story.actions)
    return made


def _rolling(title: str) -> Obj:
    found: Obj = {}
    rolling = {
        field: int(match[1])
        for field in ("maxSurge", "maxUnavailable")
        if (match := re.search(rf"{field} (\d+)", title))
    }
    if rolling:
        found["strategy"] = {"type": "RollingUpdate", "rollingUpdate": rolling}
    if "Recreate" in title:
        found["strategy"] = {"type": "Recreate"}
    if match := re.search(r"minReadySeconds (\d+)", title):
        found["minReadySeconds"] = int(match[1])
    return found


def _plain_template(labels: dict[str, str]) -> Obj:
    container = {
        "name": "main",
        "image": "busybox",
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", "sleep 100000"],
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 2}
    return {"metadata": {"labels": labels}, "spec": spec}


def _undo(template: Obj, actions: list[Action]) -> None:
    """Take back what the first actions did to a template."""
    text = " ".join(each.text for each in actions)
    if "image" in text:
        template["spec"]["containers"][0]["image"] = "busybox"
    annotations = template["metadata"].get("annotations") or {}
    annotations.pop("kubectl.kubernetes.io/restartedAt", None)
    if not annotations:
        template["metadata"].pop("annotations", None)


def _old_template(name: str, happenings: list[Happening]) -> Obj | None:
    sets = [
        each.obj
        for each in happenings
        if each.obj["kind"] == "ReplicaSet" and each.obj["metadata"]["name"].startswith(f"{name}-")
    ]
    if sets:
        oldest = min(sets, key=lambda obj: obj["metadata"]["creationTimestamp"])
        return _without_hashes(oldest["spec"]["template"])
    pods = [
        each.obj
        for each in happenings
        if each.obj["kind"] == "Pod" and each.obj["metadata"]["name"].startswith(f"{name}-")
    ]
    if not pods:
        return None
    oldest = min(pods, key=lambda obj: obj["metadata"]["creationTimestamp"])
    template = {
        "metadata": {"labels": dict(oldest["metadata"].get("labels") or {})},
        "spec": as_posted(oldest)["spec"],
    }
    for field_name in _GIVEN:
        template["spec"].pop(field_name, None)
    return _without_hashes(template)


def _without_hashes(template: Obj) -> Obj:
    made = copy.deepcopy(template)
    for name in _HASHES:
        (made["metadata"].get("labels") or {}).pop(name, None)
    return made


# -- an object as it was posted ------------------------------------------------------------


def as_posted(obj: Obj) -> Obj:
    """The object without what the server, controllers and admission gave it."""
    meta = obj["metadata"]
    kept = {name: meta[name] for name in ("name", "generateName", "labels", "annotations") if name in meta}
    if "generateName" in kept:
        kept.pop("name")
    for name in ("labels", "annotations"):
        if name in kept:
            kept[name] = {k: v for k, v in kept[name].items() if not k.startswith(_SYSTEM)}
    made = {
        name: copy.deepcopy(value)
        for name, value in obj.items()
        if name not in ("metadata", "status")
    }
    made["metadata"] = kept
    if obj["kind"] == "Pod":
        _drop_token_volume(made["spec"])
        made["spec"].pop("nodeName", None)
    if obj["kind"] == "Job" and not made["spec"].get("manualSelector"):
        made["spec"].pop("selector", None)
        labels = made["spec"]["template"]["metadata"].get("labels") or {}
        kept_labels = {k: v for k, v in labels.items() if not k.startswith(_SYSTEM)}
        made["spec"]["template"]["metadata"]["labels"] = kept_labels
    return made


def _drop_token_volume(spec: Obj) -> None:
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        mounts = container.get("volumeMounts") or []
        container["volumeMounts"] = [each for each in mounts if each["mountPath"] != _TOKENS]
    volumes = spec.get("volumes") or []
    spec["volumes"] = [v for v in volumes if not v["name"].startswith("kube-api-access-")]


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
    word = text.split()[0]
    return {"POST": "POST", "create": "POST", "DELETE": "DELETE", "delete": "DELETE"}.get(word, "PATCH")


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
    own = {name: text for name, text in labels.items() if name not in _HASHES}
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
    return {k: v for k, v in (texts or {}).items() if not k.startswith((*_SYSTEM, *_HASHES))}


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
    if match := re.match(r"DELETE (\w+) ([\w-]+)", text):
        if match[1] in COLLECTIONS:
            base = _base(match[1], story.namespace)
            return Deed(at_seconds, "DELETE", base, match[2], {"propagationPolicy": _propagation(text)})
    if text.startswith("DELETE") and "pod" in text:
        return Deed(at_seconds, "DELETE", _base("pod", story.namespace), _any_pod(happenings))
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
    base = _base(match[1], story.namespace)
    return Deed(at_seconds, "PATCH", base, match[2], _change(story, text), MERGE)


def _change(story: Story, text: str) -> Obj:
    if scaled := re.search(r"scale.* (\d+)$", text):
        return {"spec": {"replicas": int(scaled[1])}}
    if image := re.search(r"image\D*? (?:-> )?(\S+:\S+)", text):
        container = {**_plain_template({})["spec"]["containers"][0], "image": image[1]}
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
    keys = {"configmap": ("configMap", "configMapKeyRef", "configMapRef"), "secret": ("secret", "secretKeyRef", "secretRef")}
    for each in happenings:
        if each.obj["kind"] == "Pod":
            spec = as_posted(each.obj)["spec"]
            for found in _find(spec, keys[word]):
                name = found.get("name") or found.get("secretName")
                data = {found.get("key", "k"): "dg==" if word == "secret" else "v"}
                version, kind, _, _ = COLLECTIONS[word]
                body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "data": data}
                return Deed(at_seconds, "POST", _base(word, story.namespace), body=body)
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
