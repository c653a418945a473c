"""What a ResourceQuota counts, and what it says to an object for which there is no room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.quantities import quantity, written
from demo_cluster.status import Failure, forbidden, resource_details

PODS = kind_of("pods")
QUOTAS = kind_of("resourcequotas")
SERVICES = kind_of("services")
CLAIMS = kind_of("persistentvolumeclaims")
_PLAIN = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
"""Kinds of the core group that have a name of their own besides `count/NAME`."""
_CHANGING = frozenset({SERVICES.storage_key, CLAIMS.storage_key})
"""Kinds whose changed objects may need more than before."""
_STATED = frozenset(
    f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory")
)
"""What every container must state when a quota limits it."""

Usage = dict[str, Decimal]


class Objects(Protocol):
    """Where the objects are."""

    def list(self, kind: Kind, namespace: str | None = None) -> list[Obj]:
        """All of a kind in a namespace."""


def check_quotas(objects: Objects, kind: Kind, new: Obj, old: Obj | None = None) -> None:
    """There is room for the object in every quota of its namespace.

    Raises:
        Failure: 403, there is none, or the object does not say how much it needs.
    """
    if old is not None and kind.storage_key not in _CHANGING:
        return
    namespace = new["metadata"].get("namespace", "")
    for quota in objects.list(QUOTAS, namespace) if namespace else ():
        if not _covers(quota, kind, new):
            continue
        hard = hard_of(quota)
        if kind.storage_key == PODS.storage_key:
            _check_stated(kind, new, quota["metadata"]["name"], hard)
        before = usage(kind, old, hard) if old is not None else {}
        wanted = {
            name: number - before.get(name, Decimal(0))
            for name, number in usage(kind, new, hard).items()
            if number > before.get(name, Decimal(0))
        }
        if wanted:
            _check_room(objects, kind, new, quota, wanted)


def hard_of(quota: Obj) -> dict[str, str]:
    """What the quota limits, and to how much."""
    return {name: str(limit) for name, limit in (quota.get("spec", {}).get("hard") or {}).items()}


def used_of(objects: Objects, quota: Obj, names: Iterable[str]) -> Usage:
    """How much of these resources the quota's namespace uses now."""
    used = dict.fromkeys(names, Decimal(0))
    namespace = quota["metadata"]["namespace"]
    kinds = {kind.storage_key: kind for name in used for kind in (_kind_counted(name),)}
    for kind in kinds.values():
        for obj in objects.list(kind, namespace):
            if _covers(quota, kind, obj):
                for name, number in usage(kind, obj, used).items():
                    used[name] += number
    return used


def usage(kind: Kind, obj: Obj, names: Iterable[str]) -> Usage:
    """What the object needs of these resources; those it does not need are left out."""
    needed = {name: _need(kind, obj, name) for name in names if _counts(kind, name)}
    return {name: number for name, number in needed.items() if number}


def _kind_counted(name: str) -> Kind:
    """The kind whose objects use this resource."""
    if name.startswith("count/"):
        plural, _, group = name.removeprefix("count/").partition(".")
        return replace(PODS, plural=plural, group=group)
    if name in _PLAIN:
        return replace(PODS, plural=name)
    if name.startswith("services."):
        return SERVICES
    return CLAIMS if _is_storage(name) else PODS


def _is_storage(name: str) -> bool:
    return name == "requests.storage" or ".storageclass.storage.k8s.io/" in name


def _counts(kind: Kind, name: str) -> bool:
    return _kind_counted(name).storage_key == kind.storage_key


def _need(kind: Kind, obj: Obj, name: str) -> Decimal:
    if name.startswith("count/") or name in _PLAIN:
        return Decimal(1)
    if kind.storage_key == SERVICES.storage_key:
        return Decimal(_service_need(obj["spec"], name))
    if kind.storage_key == CLAIMS.storage_key:
        return _claim_need(obj["spec"], name)
    if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return Decimal(0)
    return Decimal(1) if name == "pods" else _compute_need(obj["spec"], name)


def _service_need(spec: Obj, name: str) -> int:
    type_ = spec.get("type", "ClusterIP")
    if name == "services.loadbalancers":
        return int(type_ == "LoadBalancer")
    if name != "services.nodeports" or type_ not in ("NodePort", "LoadBalancer"):
        return 0
    ports = spec.get("ports") or ()
    if type_ == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        return sum(bool(port.get("nodePort")) for port in ports)
    return len(ports)


def _claim_need(spec: Obj, name: str) -> Decimal:
    own_class, has_class, what = name.partition(".storageclass.storage.k8s.io/")
    if has_class and spec.get("storageClassName") != own_class:
        return Decimal(0)
    if (what or name) == "persistentvolumeclaims":
        return Decimal(1)
    return quantity((spec.get("resources", {}).get("requests") or {}).get("storage", "0"))


def _compute_need(spec: Obj, name: str) -> Decimal:
    """Containers and sidecars together, or what an init container needs alone if that is more."""
    section, resource = _section(name)
    running, largest = Decimal(0), Decimal(0)
    for container in spec.get("initContainers") or ():
        amount = _amount(container, section, resource)
        if container.get("restartPolicy") == "Always":
            running += amount
            largest = max(largest, running)
        else:
            largest = max(largest, running + amount)
    for container in spec.get("containers") or ():
        running += _amount(container, section, resource)
    overhead = quantity((spec.get("overhead") or {}).get(resource, "0"))
    return max(running, largest) + overhead


def _section(name: str) -> tuple[str, str]:
    prefix, _, rest = name.partition(".")
    return (prefix, rest) if prefix in ("requests", "limits") else ("requests", name)


def _amount(container: Obj, section: str, resource: str) -> Decimal:
    stated = (container.get("resources") or {}).get(section) or {}
    return quantity(stated.get(resource, "0"))


def _check_stated(kind: Kind, pod: Obj, quota: str, hard: Mapping[str, str]) -> None:
    spec = pod["spec"]
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    missing = []
    for name in sorted(_STATED.intersection(hard)):
        section, resource = _section(name)
        silent = sorted(
            each["name"]
            for each in containers
            if resource not in ((each.get("resources") or {}).get(section) or {})
        )
        if silent:
            missing.append(f"{name} for: {','.join(silent)}")
    if missing:
        raise _refusal(kind, pod, f"failed quota: {quota}: must specify {'; '.join(missing)}")


def _check_room(objects: Objects, kind: Kind, new: Obj, quota: Obj, wanted: Usage) -> None:
    hard = hard_of(quota)
    used = used_of(objects, quota, wanted)
    over = sorted(
        name for name, number in wanted.items() if used[name] + number > quantity(hard[name])
    )
    if not over:
        return
    requested = ",".join(f"{name}={written(name, wanted[name])}" for name in over)
    taken = ",".join(f"{name}={written(name, used[name])}" for name in over)
    limited = ",".join(f"{name}={hard[name]}" for name in over)
    raise _refusal(
        kind,
        new,
        f"exceeded quota: {quota['metadata']['name']}, requested: {requested}, used: {taken}, "
        f"limited: {limited}",
    )


def _refusal(kind: Kind, obj: Obj, why: str) -> Failure:
    name = obj["metadata"]["name"]
    about = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    failure = forbidden(f'{about} "{name}" is forbidden: {why}', resource_details(kind, name))
    failure.headers = {}
    return failure


# -- scopes


def _covers(quota: Obj, kind: Kind, obj: Obj) -> bool:
    """Whether the object lies in the quota's scopes; only pods do where there are any."""
    spec = quota.get("spec", {})
    scopes = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    scopes += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if not scopes:
        return True
    return kind.storage_key == PODS.storage_key and all(_is_in(scope, obj) for scope in scopes)


def _is_in(scope: Obj, pod: Obj) -> bool:
    name, spec = scope["scopeName"], pod["spec"]
    if name in ("Terminating", "NotTerminating"):
        return bool((spec.get("activeDeadlineSeconds") is None) == (name == "NotTerminating"))
    if name in ("BestEffort", "NotBestEffort"):
        is_best_effort = pod.get("status", {}).get("qosClass") == "BestEffort"
        return bool(is_best_effort == (name == "BestEffort"))
    if name != "PriorityClass":
        return False
    own, values = spec.get("priorityClassName", ""), scope.get("values") or ()
    operator = scope.get("operator")
    if operator == "In":
        return bool(own in values)
    if operator == "NotIn":
        return bool(own not in values)
    return bool(own) == (operator == "Exists")
