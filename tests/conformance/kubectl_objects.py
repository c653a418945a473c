"""The objects and files that recorded kubectl commands work on, and when they are ready. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from tests.conformance.kubectl_alike import NAMESPACE
from tests.conformance.result import Exchange

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_APPLIED = json.dumps(
    {
        "apiVersion": "v1",
        "data": {"a": "1"},
        "kind": "ConfigMap",
        "metadata": {"annotations": {}, "name": "app", "namespace": NAMESPACE},
    },
    separators=(",", ":"),
)


def name_in(body: Any) -> str:
    """The name of the object that a request makes."""
    text = body if isinstance(body, str) else json.dumps(body)
    found = re.search(r'"name": ?"([^"]+)"', text or "")
    return found[1] if found else ""


def recorded_object(plural: str, name: str) -> dict[str, Any] | None:
    meta = {"name": name}
    if (plural, name) == ("configmaps", "app"):
        return {"metadata": {**meta, "annotations": {_LAST_APPLIED: _APPLIED}}, "data": {"a": "1"}}
    if plural == "configmaps":
        return {"metadata": meta, "data": {"a": "1"}}
    if plural == "services":
        ports = [{"port": 80, "targetPort": 8080}]
        return {"metadata": meta, "spec": {"selector": {"app": "web"}, "ports": ports}}
    if plural == "pods":
        return _pod(name)
    if plural == "deployments":
        labels = {"app": name}
        script = 'i=0; while true; do i=$((i+1)); echo "req $i"; sleep 1; done'
        spec = {"containers": [_container("main", script)], "terminationGracePeriodSeconds": 1}
        template = {"metadata": {"labels": labels}, "spec": spec}
        whole = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        return {"metadata": {**meta, "labels": labels}, "spec": whole}
    return None


def _pod(name: str) -> dict[str, Any]:
    if name == "two":
        web = "mkdir /tmp/w; echo hello > /tmp/w/index.html; httpd -f -p 8080 -h /tmp/w"
        containers = [_container("a", "echo from a; sleep 100000"), _container("b", web)]
        meta: dict[str, Any] = {"name": name, "labels": {"app": name}}
    else:
        script = "echo boom; exit 3" if name == "crash" else "sleep 100000"
        containers, meta = [_container("main", script)], {"name": name}
    return {
        "metadata": meta,
        "spec": {"containers": containers, "terminationGracePeriodSeconds": 1},
    }


def _container(name: str, script: str) -> dict[str, Any]:
    command = ["sh", "-c", script]
    return {"name": name, "image": "busybox", "imagePullPolicy": "Never", "command": command}


def is_pod_up(pod: Mapping[str, Any]) -> bool:
    states = pod.get("status", {}).get("containerStatuses", ())
    if pod["metadata"]["name"] == "crash":
        return any(each["restartCount"] for each in states)
    return bool(states) and all(each["ready"] for each in states)


IS_READY: dict[str, Callable[[Any], bool]] = {
    "pods": is_pod_up,
    "deployments": lambda obj: (
        obj.get("status", {}).get("readyReplicas", 0) == obj["spec"]["replicas"]
    ),
}


def is_rolled_out(deployment: Mapping[str, Any]) -> bool:
    status, size = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = {status.get(name) for name in ("replicas", "updatedReplicas", "readyReplicas")}
    seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return seen and counts == {size}


_FILES = {
    "cm.yaml": {"a": "1"},
    "cm2.yaml": {"a": "2"},
}
_MULTI = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: m1
---
apiVersion: v1
kind: Widget
metadata:
  name: m2
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: m3
spec: {}
"""


def files(exchange: Exchange) -> dict[str, str]:
    """The files that the command names: as the recorded requests show them, or the usual ones."""
    found = {"f.txt": "some text\n"}
    for name in re.findall(r"\S+\.yaml\b", exchange["command"]):
        if name == "multi.yaml":
            found[name] = _MULTI
            continue
        data = _FILES.get(name, {"a": "1"})
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": data}
        found[name] = yaml.safe_dump(made)
    return found
