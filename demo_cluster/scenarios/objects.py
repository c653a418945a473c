"""The short forms of scenario files as the objects that they stand for. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from demo_cluster.containers.images import byte_count
from demo_cluster.kinds import Obj
from demo_cluster.scenarios.shapes import CONTAINER, POD

_NODE_FEATURES = (
    "ExtendWebSocketsToKubelet",
    "InPlacePodLevelResourcesVerticalScaling",
    "InPlacePodVerticalScalingInitContainers",
    "RestartAllContainersOnContainerExits",
)
"""What a kubelet of 1.36 says that it can do."""


def node_object(entry: Mapping[str, Any]) -> Obj:
    """A Node from its few settings."""
    name = entry["name"]
    cpu, memory = str(entry.get("cpu", 4)), entry.get("memory", "16Gi")
    kilobytes = byte_count(memory) // 1024
    roles = entry.get("roles") or ()
    roles = [roles] if isinstance(roles, str) else roles
    role_labels = {f"node-role.kubernetes.io/{role}": "" for role in roles}
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **role_labels,
        **_texts(entry.get("labels")),
    }
    room = {
        "cpu": cpu,
        "ephemeral-storage": "98831908Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "pods": str(entry.get("pods", 110)),
    }
    version = entry.get("version", "v1.36.2")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {
            **({"podCIDR": entry["cidr"], "podCIDRs": [entry["cidr"]]} if "cidr" in entry else {}),
            **({"taints": entry["taints"]} if entry.get("taints") else {}),
        },
        "status": {
            "capacity": {**room, "memory": f"{kilobytes}Ki"},
            "allocatable": {**room, "memory": f"{kilobytes - 51200}Ki"},
            "addresses": [
                {"type": "InternalIP", "address": entry.get("address", "192.0.2.10")},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": "00000000000000000000000000000000",
                "systemUUID": "00000000-0000-0000-0000-000000000000",
                "bootID": "00000000-0000-0000-0000-000000000000",
                "kernelVersion": "6.1.0",
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "containerRuntimeVersion": "containerd://1.7.24",
                "kubeletVersion": version,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
            "images": [
                {
                    "names": ["docker.io/library/busybox:1.36", "docker.io/library/busybox:latest"],
                    "sizeBytes": 2_130_683,
                },
                {"names": ["registry.k8s.io/pause:3.10"], "sizeBytes": 319_610},
            ],
            "declaredFeatures": list(_NODE_FEATURES),
        },
    }


WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
_GROUPS = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1"}


def workload_objects(entry: Mapping[str, Any]) -> Iterator[Obj]:
    """A workload and the service before it, from the short form of scenario files."""
    name, namespace, kind = entry["name"], entry["namespace"], entry.get("kind", "Deployment")
    labels = {"app": name, **_texts(entry.get("labels"))}
    pod = _pod_spec(entry)
    template = {
        "metadata": {
            "labels": labels,
            **({"annotations": _texts(entry["annotations"])} if "annotations" in entry else {}),
        },
        "spec": pod,
    }
    spec: Obj
    if kind == "Pod":
        spec = pod
    elif kind == "Job":
        spec = {"template": template, **entry.get("spec", {})}
    elif kind == "CronJob":
        job = {"template": template, **entry.get("job", {})}
        spec = {
            "schedule": entry["schedule"],
            "jobTemplate": {"spec": job},
            **entry.get("spec", {}),
        }
    else:
        spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
        if kind != "DaemonSet":
            spec["replicas"] = entry.get("replicas", 1)
        if kind == "StatefulSet":
            spec["serviceName"] = name
        spec |= entry.get("spec", {})
    yield {
        "apiVersion": _GROUPS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": spec,
    }
    if entry.get("service"):
        yield _service(entry, name, namespace, kind)


def _texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (values or {}).items()}


def _service(entry: Mapping[str, Any], name: str, namespace: str, kind: str) -> Obj:
    settings = dict(entry["service"]) if isinstance(entry["service"], dict) else {}
    ports = [
        {
            "name": each["name"],
            "port": settings.get("port", each["containerPort"]),
            "targetPort": each["name"],
        }
        for each in _ports(entry)
    ]
    settings.pop("port", None)
    if kind == "StatefulSet":
        settings.setdefault("clusterIP", "None")
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"selector": {"app": name}, "ports": ports, **settings},
    }


def _ports(entry: Mapping[str, Any]) -> list[Obj]:
    ports = []
    for position, port in enumerate(entry.get("ports", ())):
        if isinstance(port, dict):
            ports.append(dict(port))
        else:
            ports.append(
                {"name": "http" if not position else f"port-{port}", "containerPort": port}
            )
    return ports


def _pod_spec(entry: Mapping[str, Any]) -> Obj:
    container: Obj = {"name": entry.get("container", entry["name"])}
    container |= {key: copy.deepcopy(entry[key]) for key in CONTAINER if key in entry}
    if entry.get("ports"):
        container["ports"] = _ports(entry)
    env = container.get("env")
    if isinstance(env, dict):
        container["env"] = [{"name": key, "value": str(value)} for key, value in env.items()]
    spec = {key: copy.deepcopy(entry[key]) for key in POD if key in entry}
    if entry.get("kind") in ("Job", "CronJob"):
        spec.setdefault("restartPolicy", "Never")
    spec["containers"] = [container, *copy.deepcopy(entry.get("sidecars", []))]
    return spec
