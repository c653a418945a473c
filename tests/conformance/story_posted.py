"""Objects as they were posted, from what a watch told of them. Pure."""

from __future__ import annotations

import copy

from tests.conformance.story import Obj

_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
HASHES = ("pod-template-hash", "controller-revision-hash", "pod-template-generation")
"""Labels that controllers give."""
GIVEN = (
    "tolerations",
    "serviceAccount",
    "serviceAccountName",
    "priority",
    "enableServiceLinks",
    "preemptionPolicy",
)
"""What admission gives to every pod, but no template has."""
SYSTEM = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset",
    "batch.kubernetes.io/",
    "controller-uid",
    "job-name",
)
"""How the names of labels and annotations begin that the server or controllers give."""


def as_posted(obj: Obj) -> Obj:
    """The object without what the server, controllers and admission gave it."""
    meta = obj["metadata"]
    kept = {
        name: meta[name]
        for name in ("name", "generateName", "labels", "annotations")
        if name in meta
    }
    if "generateName" in kept:
        kept.pop("name")
    for name in ("labels", "annotations"):
        if name in kept:
            kept[name] = {k: v for k, v in kept[name].items() if not k.startswith(SYSTEM)}
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
        kept_labels = {k: v for k, v in labels.items() if not k.startswith(SYSTEM)}
        made["spec"]["template"]["metadata"]["labels"] = kept_labels
    return made


def _drop_token_volume(spec: Obj) -> None:
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        mounts = container.get("volumeMounts") or []
        container["volumeMounts"] = [each for each in mounts if each["mountPath"] != _TOKENS]
    volumes = spec.get("volumes") or []
    spec["volumes"] = [v for v in volumes if not v["name"].startswith("kube-api-access-")]


def without_hashes(template: Obj) -> Obj:
    """A pod template without the labels that controllers gave."""
    made = copy.deepcopy(template)
    for name in HASHES:
        (made["metadata"].get("labels") or {}).pop(name, None)
    return made
