"""Scenario files: nodes, images, what happened before, and what will happen. Reads only."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from demo_cluster.images import Image, byte_count, image_of
from demo_cluster.kinds import Obj

SHIPPED = ("shop", "bad-day", "big", "empty")
PART = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
DURATION = re.compile(r"(\d+(\.\d+)?[smhd])+|\d+(\.\d+)?")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ScenarioError(ValueError):
    """The file is no scenario; says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: `seconds` before (negative) or after the start."""

    seconds: float
    action: str
    value: Any


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world as its file describes it."""

    past: timedelta = timedelta()
    images: tuple[Image, ...] = ()
    steps: tuple[Step, ...] = ()
    """In order of time."""
    bulk: Mapping[str, Any] = field(default_factory=dict)
    """Dials of a big cluster: nodes, pods, namespaces, churn."""


def load_scenario(name: str, dials: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario of a shipped name or a path.

    Raises:
        ScenarioError: There is none, or it is malformed.
    """
    settings = _read(name)
    try:
        return _scenario(settings, dials or {})
    except KeyError as error:
        raise ScenarioError(f"scenario {name}: an entry lacks the key {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ScenarioError(f"scenario {name}: {error}") from error


def load_images(dials: Mapping[str, Any]) -> list[Image]:
    """The images that every cluster knows."""
    return _images(
        _yaml((files("demo_cluster") / "scenarios" / "images.yaml").read_text("utf-8")), dials
    )


def _read(name: str) -> dict[str, Any]:
    if name in SHIPPED:
        text = (files("demo_cluster") / "scenarios" / f"{name}.yaml").read_text("utf-8")
    else:
        try:
            text = Path(name).read_text("utf-8")
        except OSError as error:
            shipped = ", ".join(SHIPPED)
            raise ScenarioError(
                f"no scenario {name!r}: not a readable file, and shipped are {shipped}"
            ) from error
    settings = _yaml(text)
    if not isinstance(settings, dict):
        raise ScenarioError(f"scenario {name}: not a mapping")
    base = settings.pop("extends", None)
    return _extended(_read(base), settings) if base else settings


def _extended(base: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """A scenario on top of another: its lists are added, its other settings win."""
    merged = dict(base)
    for key, value in settings.items():
        merged[key] = [*base.get(key, ()), *value] if isinstance(value, list) else value
    return merged


def _yaml(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, the fast one if built
    except yaml.YAMLError as error:
        raise ScenarioError(f"not YAML: {error}") from error


def _images(entries: Any, dials: Mapping[str, Any]) -> list[Image]:
    rate = float(dials.get("log_rate") or 1)
    images = []
    for entry in entries:
        settings = copy.deepcopy(entry)
        for voice in settings.get("talk", ()):
            voice["every"] = seconds_of(voice["every"]) / rate
        for part in ("crash", "finish", "farewell"):
            for name in ("after", "jitter", "seconds"):
                if name in settings.get(part, {}):
                    settings[part][name] = seconds_of(settings[part][name])
        images.append(image_of(settings))
    return images


def _scenario(settings: dict[str, Any], dials: Mapping[str, Any]) -> Scenario:
    steps: list[Step] = []
    for node in settings.get("nodes", ()):
        ago = seconds_of(node.pop("ago", settings.get("age", 0)))
        steps.append(Step(-ago, "create", node_object(node)))
    for entry in settings.get("workloads", ()):
        ago = seconds_of(entry.pop("ago", 0))
        steps += [Step(-ago, "create", obj) for obj in workload_objects(entry)]
    for entry in settings.get("objects", ()):
        ago = seconds_of(entry.pop("ago", 0))
        steps.append(Step(-ago, "create", entry))
    for entry in settings.get("timeline", ()):
        steps.append(_step(entry))
    steps.sort(key=lambda step: step.seconds)
    past = -min((step.seconds for step in steps), default=0.0)
    bulk = {**settings.get("bulk", {}), **{k: v for k, v in dials.items() if v is not None}}
    images = tuple(_images(settings.get("images", ()), dials))
    return Scenario(timedelta(seconds=max(past, 0.0)), images, tuple(steps), bulk)


def _step(entry: Mapping[str, Any]) -> Step:
    rest = dict(entry)
    seconds = seconds_of(rest.pop("at")) if "at" in rest else -seconds_of(rest.pop("ago"))
    ((action, value),) = rest.items()
    return Step(seconds, action, value)


def seconds_of(value: str | float) -> float:
    """`90`, `1.5s`, `1h30m`, `3d`."""
    text = str(value)
    if not DURATION.fullmatch(text):
        raise ScenarioError(f"{value!r} is no duration such as 90s or 1h30m")
    parts = PART.findall(text)
    return sum(float(number) * UNITS[unit or "s"] for number, unit in parts)


def node_object(entry: Mapping[str, Any]) -> Obj:
    """A Node from its few settings."""
    name = entry["name"]
    cpu, memory = str(entry.get("cpu", 4)), entry.get("memory", "16Gi")
    kilobytes = byte_count(memory) // 1024
    roles = {f"node-role.kubernetes.io/{role}": "" for role in entry.get("roles", ())}
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **roles,
        **entry.get("labels", {}),
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
                "kernelVersion": "6.1.0-demo",
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "containerRuntimeVersion": "containerd://1.7.24",
                "kubeletVersion": version,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


_POD_KEYS = (
    "initContainers",
    "volumes",
    "nodeSelector",
    "tolerations",
    "hostNetwork",
    "terminationGracePeriodSeconds",
    "serviceAccountName",
    "restartPolicy",
    "priorityClassName",
)
_CONTAINER_KEYS = (
    "image",
    "command",
    "args",
    "env",
    "envFrom",
    "resources",
    "readinessProbe",
    "livenessProbe",
    "startupProbe",
    "volumeMounts",
    "lifecycle",
    "securityContext",
)
_GROUPS = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1"}


def workload_objects(entry: Mapping[str, Any]) -> Iterator[Obj]:
    """A workload and the service before it, from the short form of scenario files."""
    name, namespace, kind = entry["name"], entry["namespace"], entry.get("kind", "Deployment")
    labels = {"app": name, **entry.get("labels", {})}
    pod = _pod_spec(entry)
    template = {
        "metadata": {
            "labels": labels,
            **({"annotations": entry["annotations"]} if "annotations" in entry else {}),
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
    container |= {key: copy.deepcopy(entry[key]) for key in _CONTAINER_KEYS if key in entry}
    if entry.get("ports"):
        container["ports"] = _ports(entry)
    env = container.get("env")
    if isinstance(env, dict):
        container["env"] = [{"name": key, "value": str(value)} for key, value in env.items()]
    spec = {key: copy.deepcopy(entry[key]) for key in _POD_KEYS if key in entry}
    if entry.get("kind") in ("Job", "CronJob"):
        spec.setdefault("restartPolicy", "Never")
    spec["containers"] = [container, *copy.deepcopy(entry.get("sidecars", []))]
    return spec
