"""Kinds that are served in more than one form: stored in one, shown in the other. Pure."""

from __future__ import annotations

import copy

from demo_cluster.kinds import Kind, Obj

_HPA = ("autoscaling", "horizontalpodautoscalers")
_EVENTS = ("", "events")
_EVENT_FIELDS = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)


def converted(kind: Kind, obj: Obj) -> Obj:
    """A stored object in the form of this kind's version."""
    if kind.storage_key == _EVENTS and kind.group:
        return _renamed(obj, dict(_EVENT_FIELDS), kind)
    if kind.storage_key == _HPA and kind.version == "v1":
        return _autoscaler_v1(obj)
    return obj


def presented(kind: Kind, obj: Obj) -> Obj:
    """One object as this group and version show it."""
    shown = converted(kind, obj)
    if shown.get("apiVersion") == kind.api_version and shown.get("kind") == kind.kind:
        return shown
    return {**shown, "kind": kind.kind, "apiVersion": kind.api_version}


def to_stored(kind: Kind, obj: Obj) -> Obj:
    """An object of this kind's version in the form that is stored."""
    if kind.storage_key == _EVENTS and kind.group:
        return _renamed(obj, {new: old for old, new in _EVENT_FIELDS}, None)
    if kind.storage_key == _HPA and kind.version == "v1":
        return _autoscaler_v2(obj)
    return obj


def _renamed(obj: Obj, names: dict[str, str], kind: Kind | None) -> Obj:
    renamed = {names.get(name, name): value for name, value in obj.items()}
    renamed["apiVersion"] = kind.api_version if kind else "v1"
    return renamed


def _autoscaler_v1(obj: Obj) -> Obj:
    shown = copy.deepcopy(obj)
    shown["apiVersion"] = "autoscaling/v1"
    spec, status = shown.get("spec", {}), shown.get("status", {})
    for metric in spec.pop("metrics", None) or ():
        resource = metric.get("resource", {})
        use = resource.get("target", {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and use is not None:
            spec["targetCPUUtilizationPercentage"] = use
    for metric in status.pop("currentMetrics", None) or ():
        resource = (metric or {}).get("resource", {})
        use = resource.get("current", {}).get("averageUtilization")
        if resource.get("name") == "cpu" and use is not None:
            status["currentCPUUtilizationPercentage"] = use
    status.pop("conditions", None)
    status.setdefault("currentReplicas", 0)
    return shown


def _autoscaler_v2(obj: Obj) -> Obj:
    stored = copy.deepcopy(obj)
    stored["apiVersion"] = "autoscaling/v2"
    spec = stored.setdefault("spec", {})
    use = spec.pop("targetCPUUtilizationPercentage", None)
    if use is not None:
        target = {"type": "Utilization", "averageUtilization": use}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return stored
