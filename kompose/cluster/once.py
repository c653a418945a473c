"""`run`: a pod of a service for one command. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kompose.cluster.ownership import SERVICE, Object

_LONGEST = 63
_OF_A_SERVICE = ("livenessProbe", "readinessProbe", "startupProbe", "ports")


@dataclass(frozen=True, slots=True)
class OneOff:
    """A command in a pod of its own; what is empty is as the service has it."""

    command: tuple[str, ...] = ()
    entrypoint: str = ""
    environment: Mapping[str, str] | None = None
    workdir: str = ""
    tty: bool = False


def one_off_name(key: str, suffix: str) -> str:
    """What the pod of a service of this key is called; the suffix tells it from others."""
    return f"{key[: _LONGEST - len(suffix) - 5]}-run-{suffix}"


def one_off_pod(workload: Object, key: str, name: str, wish: OneOff) -> Object:
    """A pod that runs a command as the service of this key would: its image, volumes and variables.

    It is not started again, its health is not checked, and what else runs in the service's pod
    does not run in it. It is a service of its own name, so that no traffic of the other comes.
    """
    spec: Mapping[str, Any] = workload["spec"]
    if workload["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if workload["kind"] != "Pod":
        spec = spec["template"]["spec"]
    containers = spec["containers"]
    own = next((each for each in containers if each["name"] == key), containers[0])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {SERVICE: name}},
        "spec": {**spec, "restartPolicy": "Never", "containers": [_container(own, name, wish)]},
    }


def _container(own: Mapping[str, Any], name: str, wish: OneOff) -> Object:
    made = {field: value for field, value in own.items() if field not in _OF_A_SERVICE}
    made["name"] = name
    if wish.entrypoint:
        made["command"] = [wish.entrypoint]
        made.pop("args", None)
    if wish.command:
        made["args"] = list(wish.command)
    if wish.workdir:
        made["workingDir"] = wish.workdir
    if wish.environment:
        others = [one for one in own.get("env") or () if one["name"] not in wish.environment]
        new = [{"name": name, "value": value} for name, value in wish.environment.items()]
        made["env"] = [*others, *new]
    if wish.tty:
        made |= {"stdin": True, "stdinOnce": True, "tty": True}
    return made
