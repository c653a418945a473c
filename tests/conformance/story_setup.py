"""What was there before a recorded story began, from its words and its watches. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conformance.story import Action, Happening, Obj, Story, is_controlled
from tests.conformance.story_posted import GIVEN, as_posted, without_hashes

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


def state_before(story: Story, happenings: list[Happening]) -> list[tuple[str, Obj]]:
    """The objects that are there when the story begins, each with its collection.

    Raises:
        UntoldError: The recording does not show what the setup speaks of.
    """
    before = [found for text in story.setup for found in _setup(story, text, happenings)]
    return [*before, *_unmentioned(happenings, before)]


def _setup(story: Story, text: str, happenings: list[Happening]) -> Iterator[tuple[str, Obj]]:
    for part in text.split(", "):
        match = re.match(r"(?:an? )?(\w+) (\S+)(?: with (\d+) )?", part)
        if match is None or match[1] not in COLLECTIONS:
            continue
        word, name = match[1], match[2].rstrip(",")
        base = collection(word, story.namespace)
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


def collection(word: str, namespace: str) -> str:
    """The path of the collection that a word of the recorder means."""
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
        made["spec"]["template"] = plain_template(labels)
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


def plain_template(labels: dict[str, str]) -> Obj:
    """The pod template that the recorder used where nothing else is said."""
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
        return without_hashes(oldest["spec"]["template"])
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
    for field_name in GIVEN:
        template["spec"].pop(field_name, None)
    return without_hashes(template)
