"""The cells of kinds that clusters have for themselves. Follows the API server's printers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.tables.duration import age, human_duration
from demo_cluster.tables.workloads import template_cells

_NONE, _UNSET = "<none>", "<unset>"


def _age(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def component_status_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get componentstatuses` prints it."""
    del now
    healthy = [each for each in obj.get("conditions") or () if each.get("type") == "Healthy"]
    if not healthy:
        return [_name(obj), "Unknown", "", ""]
    status = "Healthy" if healthy[0].get("status") == "True" else "Unhealthy"
    return [_name(obj), status, healthy[0].get("message", ""), healthy[0].get("error", "")]


def pod_template_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get podtemplates` prints it."""
    del now
    labels = (obj.get("template", {}).get("metadata") or {}).get("labels") or {}
    text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return [_name(obj), *template_cells(obj), text or _NONE]


def signing_request_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get certificatesigningrequests` prints it."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    seconds = spec.get("expirationSeconds")
    return [
        _name(obj),
        _age(obj, now),
        spec.get("signerName") or _NONE,
        spec.get("username", ""),
        human_duration(seconds) if seconds is not None else _NONE,
        _signing_state(status),
    ]


def _signing_state(status: Obj) -> str:
    types = {each.get("type") for each in status.get("conditions") or ()}
    first = next((word for word in ("Denied", "Approved") if word in types), "Pending")
    failed = ",Failed" if "Failed" in types else ""
    return first + failed + (",Issued" if status.get("certificate") else "")


def attributes_class_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get volumeattributesclasses` prints it."""
    return [_name(obj), obj.get("driverName", ""), _age(obj, now)]


def attachment_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get volumeattachments` prints it."""
    spec = obj.get("spec", {})
    return [
        _name(obj),
        spec.get("attacher", ""),
        (spec.get("source") or {}).get("persistentVolumeName", ""),
        spec.get("nodeName", ""),
        bool(obj.get("status", {}).get("attached")),
        _age(obj, now),
    ]


def csi_node_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get csinodes` prints it."""
    return [_name(obj), len(obj.get("spec", {}).get("drivers") or ()), _age(obj, now)]


def csi_driver_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get csidrivers` prints it."""
    spec = obj.get("spec", {})
    tokens = spec.get("tokenRequests")
    audiences = ",".join(each.get("audience", "") for each in tokens or ())
    return [
        _name(obj),
        bool(spec.get("attachRequired", True)),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        _UNSET if tokens is None else audiences,
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or _NONE,
        _age(obj, now),
    ]


def storage_capacity_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get csistoragecapacities` prints it."""
    del now
    return [_name(obj), obj.get("storageClassName", ""), obj.get("capacity") or _UNSET]


def webhooks_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get mutatingwebhookconfigurations, validating...` prints it."""
    return [_name(obj), len(obj.get("webhooks") or ()), _age(obj, now)]


def flow_schema_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get flowschemas` prints it."""
    spec = obj.get("spec", {})
    conditions = obj.get("status", {}).get("conditions") or ()
    dangling = [each.get("status", "") for each in conditions if each.get("type") == "Dangling"]
    return [
        _name(obj),
        (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
        spec.get("matchingPrecedence", 0),
        (spec.get("distinguisherMethod") or {}).get("type") or _NONE,
        _age(obj, now),
        dangling[0] if dangling else "?",
    ]


def priority_level_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get prioritylevelconfigurations` prints it."""
    spec = obj.get("spec", {})
    limited = spec.get("limited") or {}
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    return [
        _name(obj),
        spec.get("type", ""),
        limited.get("nominalConcurrencyShares", _NONE),
        *(queuing.get(field, _NONE) for field in ("queues", "handSize", "queueLengthLimit")),
        _age(obj, now),
    ]


def resource_claim_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get resourceclaims` prints it."""
    status = obj.get("status") or {}
    is_going = "deletionTimestamp" in obj["metadata"]
    words = ["deleted"] if is_going else []
    if status.get("allocation") is not None:
        words += ["allocated", *(["reserved"] if status.get("reservedFor") else [])]
    elif not is_going:
        words.append("pending")
    return [_name(obj), ",".join(words), _age(obj, now)]


def resource_slice_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get resourceslices` prints it."""
    spec = obj.get("spec", {})
    pool = (spec.get("pool") or {}).get("name", "")
    return [_name(obj), spec.get("nodeName", ""), spec.get("driver", ""), pool, _age(obj, now)]


def service_cidr_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get servicecidrs` prints it."""
    return [_name(obj), ",".join(obj.get("spec", {}).get("cidrs") or ()), _age(obj, now)]


def ip_address_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get ipaddresses` prints it: it has a cell more than columns."""
    parent = obj.get("spec", {}).get("parentRef")
    text = _NONE
    if parent:
        kind = ".".join(filter(None, (parent.get("resource"), parent.get("group")))).lower()
        text = "/".join(filter(None, (kind, parent.get("namespace"), parent.get("name"))))
    return [_name(obj), text, _age(obj, now)]


def scale_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get --subresource=scale` prints it."""
    wanted = obj.get("spec", {}).get("replicas", 0)
    return [_name(obj), wanted, obj.get("status", {}).get("replicas", 0), _age(obj, now)]


def named_row(obj: Obj, now: datetime) -> list[Any]:
    """Kinds of which the printers show the name and the age."""
    return [_name(obj), _age(obj, now)]
