"""``deploy``: how many copies of a service run, where, and with how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kompose.compose.casts import to_int
from kompose.compose.decode import count, duration_or_nothing, number, size
from kompose.compose.form import Form, list_of, optional, or_null, record
from kompose.compose.key import Key
from kompose.compose.keys.device_requests import REQUEST_FIELDS, with_counts
from kompose.compose.shape import one_of_kinds
from kompose.compose.units import whole_seconds
from kompose.compose.values import (
    COUNT,
    DURATION,
    FRACTION,
    LABELS,
    NUMBER,
    TEXT,
    TEXT_LIST,
    words,
)


class Resources(NamedTuple):
    """An amount of compute; None where nothing is said."""

    cpus: float | None = None
    memory_bytes: int | None = None


class UpdatePolicy(NamedTuple):
    """How copies of a service are replaced by a new version."""

    order: str = ""
    parallelism: int | None = None
    delay: int = 0
    """Whole seconds; 0 when not said."""


class Placement(NamedTuple):
    """Where copies of a service may run, and over what they spread."""

    constraints: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()


class Deploy(NamedTuple):
    """The deploy section of a service."""

    mode: str = ""
    replicas: int | None = None
    labels: Mapping[str, str] = {}
    endpoint_mode: str = ""
    has_limits: bool = False
    limits: Resources = Resources()
    reservations: Resources = Resources()
    placement: Placement = Placement()
    update: UpdatePolicy | None = None
    restart_condition: str | None = None
    """None without a restart policy; empty for one without a condition."""


def _read(tree: dict[str, Any] | None) -> Deploy | None:
    if tree is None:
        return None
    resources = tree.get("resources") or {}
    placement = tree.get("placement") or {}
    update = tree.get("update_config")
    restart = tree.get("restart_policy")
    return Deploy(
        mode=tree.get("mode") or "",
        replicas=tree.get("replicas"),
        labels=tree.get("labels") or {},
        endpoint_mode=tree.get("endpoint_mode") or "",
        has_limits=resources.get("limits") is not None,
        limits=_resources(resources.get("limits")),
        reservations=_resources(resources.get("reservations")),
        placement=Placement(
            tuple(placement.get("constraints") or ()),
            tuple(entry.get("spread", "") for entry in placement.get("preferences") or ()),
        ),
        update=None
        if update is None
        else UpdatePolicy(
            update.get("order") or "", update.get("parallelism"), whole_seconds(update.get("delay"))
        ),
        restart_condition=None if restart is None else restart.get("condition") or "",
    )


def _resources(tree: dict[str, Any] | None) -> Resources:
    if not tree:
        return Resources()
    memory = tree.get("memory")
    cpus = tree.get("cpus")
    return Resources(
        cpus=None if cpus is None else float(cpus),
        memory_bytes=None if memory is None else int(memory),
    )


def _with_defaults(deploy: Any) -> Any:
    resources = deploy.get("resources") if isinstance(deploy, dict) else None
    reservations = resources.get("reservations") if isinstance(resources, dict) else None
    devices = reservations.get("devices") if isinstance(reservations, dict) else None
    if not isinstance(devices, list):
        return deploy
    counted = {**(reservations or {}), "devices": with_counts(devices)}
    return {**deploy, "resources": {**(resources or {}), "reservations": counted}}


_TRIES = Form(COUNT.shape, count, cast=to_int)
_PAUSE = DURATION._replace(decode=duration_or_nothing)
_UPDATE = optional(
    record(
        {
            "parallelism": _TRIES,
            "delay": _PAUSE,
            "failure_action": TEXT,
            "monitor": _PAUSE,
            "max_failure_ratio": FRACTION,
            "order": words("start-first", "stop-first"),
        }
    )
)
_CPUS = FRACTION._replace(cast=None)
_MEMORY = Form(TEXT.shape, size)
_GENERIC = record(
    {
        "discrete_resource_spec": record(
            {"kind": TEXT, "value": Form(one_of_kinds("number", "string"), number)}
        )
    }
)
_LIMITS = record({"cpus": _CPUS, "memory": _MEMORY, "pids": NUMBER._replace(cast=to_int)})
_RESERVATIONS = record(
    {
        "cpus": _CPUS,
        "memory": _MEMORY,
        "devices": list_of(record(REQUEST_FIELDS, required=("capabilities",))),
        "generic_resources": list_of(_GENERIC),
    }
)
_RESTART = record(
    {"condition": TEXT, "delay": DURATION, "max_attempts": _TRIES, "window": DURATION}
)
_PLACEMENT = record(
    {
        "constraints": TEXT_LIST,
        "preferences": list_of(record({"spread": TEXT})),
        "max_replicas_per_node": NUMBER._replace(cast=to_int),
    }
)
_DEPLOY = record(
    {
        "mode": TEXT,
        "replicas": COUNT,
        "labels": LABELS,
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": record({"limits": optional(_LIMITS), "reservations": optional(_RESERVATIONS)}),
        "restart_policy": optional(_RESTART),
        "placement": _PLACEMENT,
        "endpoint_mode": TEXT,
    },
    always={"resources": {}, "placement": {}},
)
DEPLOY = Key("deploy", or_null(optional(_DEPLOY)), read=_read, with_defaults=_with_defaults)
