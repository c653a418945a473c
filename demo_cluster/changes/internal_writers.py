"""What kubelets, the scheduler and controllers own of the objects they write. Pure.

They write past the API's handlers, but their names stand in managedFields as any client's.
"""

from __future__ import annotations

from demo_cluster.changes import managed_fields
from demo_cluster.changes.managed_fields import Writer
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.types import definition_of_kind

KUBELET = "kubelet"
KUBE_SCHEDULER = "kube-scheduler"
CONTROLLERS = "kube-controller-manager"


def note_creation(kind: Kind, new: Obj, sent: Obj, manager: str, now: str) -> None:
    """Note in a new object, made of what was sent, that this manager made it."""
    definition = definition_of_kind(kind)
    if not definition:
        return
    given = before_admission(kind, new, sent)
    is_plain = kind.subresource("status") is not None
    reset = frozenset({"f:status"} if is_plain else ())
    writer = Writer(manager, "Update", kind.api_version)
    managed_fields.track_update(definition, None, given, writer, now, reset)
    if managers := given["metadata"].get("managedFields"):
        new["metadata"]["managedFields"] = managers


def note_change(kind: Kind, old: Obj, new: Obj, manager: str, now: str, through: str = "") -> None:
    """Note in a changed object what this manager changed.

    A write of the status goes through its subresource, where the kind has one; `through` names
    another one.
    """
    definition = definition_of_kind(kind)
    if not definition:
        return
    writes_status = kind.subresource("status") is not None and old.get("status") != new.get(
        "status"
    )
    part = through or ("status" if writes_status else "")
    writer = Writer(manager, "Update", kind.api_version, part)
    managed_fields.track_update(definition, old, new, writer, now)


def before_admission(kind: Kind, new: Obj, sent: Obj) -> Obj:
    """A new object with its defaults, but without what admission adds: what its creator owns."""
    made = json_copy(new)
    if kind.storage_key != ("", "pods"):
        return made
    spec, own = made["spec"], sent.get("spec") or {}
    for name in _ADMITTED:
        if name in own:
            spec[name] = own[name]
        else:
            spec.pop(name, None)
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        mounts = container.pop("volumeMounts", None) or ()
        if kept := [each for each in mounts if not _is_token(each)]:
            container["volumeMounts"] = kept
    return made


_ADMITTED = (
    "serviceAccountName",
    "serviceAccount",
    "preemptionPolicy",
    "priority",
    "tolerations",
    "volumes",
)


def _is_token(mount: Obj) -> bool:
    return str(mount.get("name", "")).startswith("kube-api-access-")
