"""What bounds others: autoscalers, budgets, quotas, priorities and leases."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.quantities import quantity
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    IMMUTABLE,
    NOT_NEGATIVE,
    forbidden,
    invalid,
    invalid_for,
    not_negative,
    required,
    unsupported,
)
from demo_cluster.validation.metadata import selector_causes

_METRICS = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_BUDGET_FIELDS = ("minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy")
_EVICTION = ["AlwaysAllow", "IfHealthyBudget"]
_PREEMPTION = ["Never", "PreemptLowerPriority"]
_SYSTEM_CLASSES = ("system-node-critical", "system-cluster-critical")
_HIGHEST_PRIORITY = 1000000000
_SCOPES = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
]


def autoscaler_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a horizontal pod autoscaler."""
    del old
    spec = new["spec"]
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        yield invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid("spec.maxReplicas", most, "must be greater than 0")
    if least is not None and most < least:
        why = "must be greater than or equal to `minReplicas`"
        yield invalid("spec.maxReplicas", most, why)
    target = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        text = target.get(field, "")
        if not text:
            yield required(f"spec.scaleTargetRef.{field}")
        else:
            where = f"spec.scaleTargetRef.{field}"
            yield from invalid_for(where, text, formats.path_segment(text))
    for index, metric in enumerate(spec.get("metrics") or ()):
        yield from _metric(metric, f"spec.metrics[{index}]")
    for name in ("scaleUp", "scaleDown"):
        yield from _scaling((spec.get("behavior") or {}).get(name), f"spec.behavior.{name}")


def _metric(metric: Obj, path: str) -> Iterator[Cause]:
    kind = metric.get("type", "")
    if not kind:
        yield required(f"{path}.type", "must specify a metric source type")
    elif kind not in _METRICS:
        yield unsupported(f"{path}.type", kind, list(_METRICS))
    else:
        wanted = _METRICS[kind]
        source = metric.get(wanted)
        if source is None:
            why = "must populate information for the given metric source"
            yield required(f"{path}.{wanted}", why)
        else:
            yield from _source(kind, source, f"{path}.{wanted}")
        for other in _METRICS.values():
            if other != wanted and metric.get(other) is not None:
                why = "must populate the given metric source only"
                yield forbidden(f"{path}.{other}", why)


def _source(kind: str, source: Obj, path: str) -> Iterator[Cause]:
    target = source.get("target") or {}
    if kind == "ContainerResource" and not source.get("container"):
        yield required(f"{path}.container", "must specify a container")
    if kind in ("Resource", "ContainerResource"):
        if not source.get("name"):
            yield required(f"{path}.name", "must specify a resource name")
    elif not (source.get("metric") or {}).get("name"):
        yield required(f"{path}.metric.name", "must specify a metric name")
    if not target.get("type"):
        yield required(f"{path}.target.type", "must specify a metric target type")
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        yield invalid(f"{path}.target.averageUtilization", share, "must be greater than 0")
    for name in ("value", "averageValue"):
        amount = target.get(name)
        if amount is not None and quantity(str(amount)) <= 0:
            yield invalid(f"{path}.target.{name}", str(amount), "must be positive")
    is_resource = kind in ("Resource", "ContainerResource")
    if is_resource and share is None and target.get("averageValue") is None:
        why = "must set either a target raw value or a target utilization"
        yield required(f"{path}.target.averageUtilization", why)
    if is_resource and share is not None and target.get("averageValue") is not None:
        why = "may not set both a target raw value and a target utilization"
        yield forbidden(f"{path}.target.averageValue", why)


def _scaling(rules: Obj | None, path: str) -> Iterator[Cause]:
    window = (rules or {}).get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        why = "must be greater than or equal to zero"
        yield invalid(f"{path}.stabilizationWindowSeconds", window, why)
    if window is not None and window > 3600:
        why = "must be less than or equal to 3600"
        yield invalid(f"{path}.stabilizationWindowSeconds", window, why)


def budget_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a disruption budget."""
    del old
    spec = new.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        inside = {name[:1].upper() + name[1:]: spec.get(name) for name in _BUDGET_FIELDS}
        why = "minAvailable and maxUnavailable cannot be both set"
        yield invalid("spec", inside, why)
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            yield from invalid_for(f"spec.{name}", value, formats.count_or_percent(value))
            yield from invalid_for(f"spec.{name}", value, formats.at_most_all(value))
    yield from selector_causes(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION:
        yield unsupported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION)


def quota_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a quota."""
    spec = new.get("spec") or {}
    for name, amount in (spec.get("hard") or {}).items():
        path = f"spec.hard[{name}]"
        yield from invalid_for(path, name, formats.qualified_name(name))
        if quantity(str(amount)) < 0:
            yield invalid(path, str(amount), NOT_NEGATIVE)
    scopes = spec.get("scopes") or []
    if any(scope not in _SCOPES for scope in scopes):
        yield invalid("spec.scopes", scopes, "unsupported scope")
    if old is not None and sorted(scopes) != sorted((old.get("spec") or {}).get("scopes") or []):
        yield invalid("spec.scopes", scopes, IMMUTABLE)


def limit_range_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a limit range."""
    del old
    for index, item in enumerate((new.get("spec") or {}).get("limits") or ()):
        path = f"spec.limits[{index}]"
        least, most = item.get("min") or {}, item.get("max") or {}
        if item.get("type") == "Pod":
            for name in ("default", "defaultRequest"):
                if item.get(name):
                    why = "may not be specified when `type` is 'Pod'"
                    yield forbidden(f"{path}.{name}", why)
        if item.get("type") == "PersistentVolumeClaim" and "storage" not in {**least, **most}:
            why = "either minimum or maximum storage value is required, but neither was provided"
            yield required(f"{path}.limits", why)
        yield from _bounds(item, path)


_BOUNDS = (
    ("min", "max", "min value {} is greater than max value {}"),
    ("defaultRequest", "max", "default request value {} is greater than max value {}"),
    (
        "defaultRequest",
        "default",
        "default request value {} is greater than default limit value {}",
    ),
    ("default", "max", "default value {} is greater than max value {}"),
)
"""Which part of a limit range may not be above which other."""


def _bounds(item: Obj, path: str) -> Iterator[Cause]:
    names = ("min", "max", "default", "defaultRequest")
    parts = {name: item.get(name) or {} for name in names}
    for resource in sorted({each for part in parts.values() for each in part}):
        amounts = {name: part[resource] for name, part in parts.items() if resource in part}
        for lower, higher, words in _BOUNDS:
            if _is_above(amounts.get(lower), amounts.get(higher)):
                why = words.format(amounts[lower], amounts[higher])
                yield invalid(f"{path}.{lower}[{resource}]", amounts[lower], why)
        if _is_above(amounts.get("min"), amounts.get("default")):
            why = f"min value {amounts['min']} is greater than default value {amounts['default']}"
            yield invalid(f"{path}.default[{resource}]", amounts["min"], why)


def _is_above(lower: str | None, higher: str | None) -> bool:
    return lower is not None and higher is not None and quantity(lower) > quantity(higher)


def priority_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a priority class, or with a change of it."""
    name, value = new["metadata"]["name"], new.get("value", 0)
    if old is None:
        if name.startswith("system-") and name not in _SYSTEM_CLASSES:
            why = (
                "priority class names with 'system-' prefix are reserved for system use only. "
                "error: " + f"{name} is not a known system priority class"
            )
            yield forbidden("metadata.name", why)
        elif value > _HIGHEST_PRIORITY and not name.startswith("system-"):
            why = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
            yield forbidden("value", why)
    elif value != old.get("value", 0):
        yield forbidden("value", "may not be changed in an update.")
    policy = new.get("preemptionPolicy")
    if old is not None and policy != old.get("preemptionPolicy"):
        yield invalid("preemptionPolicy", policy, IMMUTABLE)
    elif policy is not None and policy not in _PREEMPTION:
        yield unsupported("preemptionPolicy", policy, _PREEMPTION)


def lease_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a lease."""
    del old
    spec = new.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    yield from not_negative(spec, "spec", "leaseTransitions")
