"""Probes and lifecycle hooks of containers."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    forbidden,
    invalid,
    invalid_for,
    not_negative,
    required,
    unsupported,
)

_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def probes_causes(container: Obj, path: str, grace: int | None) -> Iterator[Cause]:
    """What is wrong with the hooks and probes of a container; `grace` is its pod's."""
    hooks = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        if hooks.get(name) is not None:
            yield from _handler(hooks[name], f"{path}.lifecycle.{name}", grace)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is not None:
            yield from _probe(probe, f"{path}.{name}", name)


def _probe(probe: Obj, path: str, name: str) -> Iterator[Cause]:
    yield from _handler({**probe, "sleep": None}, path, None)
    yield from not_negative(probe, path, *_NUMBERS)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if name == "readinessProbe":
        if grace is not None:
            why = "must not be set for readinessProbes"
            yield invalid(f"{path}.terminationGracePeriodSeconds", grace, why)
    elif probe.get("successThreshold", 1) != 1:
        yield invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")


def _handler(handler: Obj, path: str, grace: int | None) -> Iterator[Cause]:
    stated = [name for name in _HANDLERS if handler.get(name) is not None]
    for number, name in enumerate(stated):
        if number:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")
        elif name == "sleep":
            seconds = handler["sleep"].get("seconds", 0)
            if grace is not None and not 0 <= seconds <= grace:
                why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                yield invalid(f"{path}.sleep", seconds, why)
        else:
            yield from _HANDLERS[name](handler[name], f"{path}.{name}")
    if not stated:
        yield required(path, "must specify a handler type")


def _exec(action: Obj, path: str) -> Iterator[Cause]:
    if not action.get("command"):
        yield required(f"{path}.command")


def _http(action: Obj, path: str) -> Iterator[Cause]:
    if not action.get("path"):
        yield required(f"{path}.path")
    yield from invalid_for(f"{path}.port", action.get("port"), formats.port(action.get("port")))
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        yield unsupported(f"{path}.scheme", action.get("scheme", ""), ["HTTP", "HTTPS"])


def _port(action: Obj, path: str) -> Iterator[Cause]:
    yield from invalid_for(f"{path}.port", action.get("port"), formats.port(action.get("port")))


def _sleep(action: Obj, path: str) -> Iterator[Cause]:
    del action, path
    return iter(())


_HANDLERS = {"exec": _exec, "httpGet": _http, "tcpSocket": _port, "grpc": _port, "sleep": _sleep}
"""What may be asked of a container, in the order in which it is looked at."""
