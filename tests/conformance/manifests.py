"""Objects as the recorder made them, and recorded objects made fit for a create request."""

from __future__ import annotations

import copy
from typing import Any

Obj = dict[str, Any]

_SERVER_META = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
_SERVER_SPEC = ("clusterIP", "clusterIPs", "healthCheckNodePort")


def config_map(name: str, data: dict[str, str], labels: dict[str, str] | None = None) -> Obj:
    """A configmap."""
    meta: Obj = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def pod(name: str, labels: dict[str, str] | None = None, **spec: Any) -> Obj:
    """A pod of one busybox container, as the recorder made them."""
    container = {
        "name": "main",
        "image": "busybox",
        "imagePullPolicy": "Never",
        "command": spec.pop("command", ["sh", "-c", "sleep 100000"]),
    }
    if "resources" in spec:
        container["resources"] = spec.pop("resources")
    meta: Obj = {"name": name, **({"labels": labels} if labels else {})}
    full = {"containers": [container], "terminationGracePeriodSeconds": 1, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": full}


def deployment(name: str, replicas: int = 1, *more: Obj, grace: int = 1) -> Obj:
    """A deployment of busybox pods."""
    labels = {"app": name}
    template = pod("x", terminationGracePeriodSeconds=grace)["spec"]
    template["containers"] += more
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    }


def recorded_node(exchanges: list[Obj], own: Obj) -> Obj:
    """The recorder's node, with the status that an answer shows; else `own` of its size."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "node-1",
        "kubernetes.io/os": "linux",
    }
    annotations = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    meta: Obj = {"name": "node-1", "labels": labels, "annotations": annotations}
    node: Obj = {"apiVersion": "v1", "kind": "Node", "metadata": meta}
    size = {"cpu": "2", "memory": "24632884Ki", "pods": "300"}
    status = copy.deepcopy(own.get("status") or {})
    for name in ("capacity", "allocatable"):
        status[name] = {**(status.get(name) or {}), **size}
    status.pop("conditions", None)
    for exchange in exchanges:
        body = exchange["response"].get("body")
        if isinstance(body, dict) and body.get("kind") == "Node" and "status" in body:
            status = copy.deepcopy(body["status"])
            status.pop("conditions", None)
            break
    return {**node, "status": status}


def for_create(recorded: Obj) -> Obj:
    """What a client would have sent to make this object: without what servers fill in."""
    made = copy.deepcopy(recorded)
    status = made.pop("status", None)
    meta = made.setdefault("metadata", {})
    for name in _SERVER_META:
        meta.pop(name, None)
    meta.pop("ownerReferences", None)
    (meta.get("annotations") or {}).pop("deployment.kubernetes.io/revision", None)
    kind = made.get("kind")
    spec = made.get("spec")
    if kind == "Service" and isinstance(spec, dict) and spec.get("clusterIP") != "None":
        for name in _SERVER_SPEC:
            spec.pop(name, None)
    if kind == "Pod" and isinstance(spec, dict):
        _forget_admission(spec)
    if kind == "Job" and isinstance(spec, dict):
        spec.pop("selector", None)
        spec.pop("manualSelector", None)
        template_meta = (spec.get("template") or {}).get("metadata") or {}
        for labels in (meta.get("labels"), template_meta.get("labels")):
            for name in [each for each in labels or {} if "controller-uid" in each]:
                del (labels or {})[name]
    if kind == "Namespace":
        made.pop("spec", None)
    if kind not in _BUILT_WITH_STATUS and status is not None and "." in str(made["apiVersion"]):
        made["status"] = status
    return made


_BUILT_WITH_STATUS = frozenset({"CustomResourceDefinition", "PodDisruptionBudget"})


def _forget_admission(spec: Obj) -> None:
    """The pod as it was before scheduling and the service account's admission."""
    spec.pop("nodeName", None)
    spec.pop("ephemeralContainers", None)
    volumes = [v for v in spec.get("volumes") or () if not _is_token(v.get("name", ""))]
    spec["volumes"] = volumes
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        mounts = container.get("volumeMounts") or ()
        container["volumeMounts"] = [m for m in mounts if not _is_token(m.get("name", ""))]


def with_own_token(body: Obj, current: Obj | None) -> Obj:
    """A recorded pod with the service account's volume that it has here."""
    own = [
        v for v in ((current or {}).get("spec") or {}).get("volumes") or () if _is_token(v["name"])
    ]
    if not own or not isinstance(body.get("spec"), dict):
        return body
    made = copy.deepcopy(body)
    spec = made["spec"]
    spec["volumes"] = [own[0] if _is_token(v["name"]) else v for v in spec.get("volumes") or ()]
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        for mount in container.get("volumeMounts") or ():
            if _is_token(mount["name"]):
                mount["name"] = own[0]["name"]
    return made


def _is_token(name: str) -> bool:
    return name.startswith("kube-api-access-")
