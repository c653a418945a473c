"""Volumes, claims and storage classes."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.quantities import quantity
from demo_cluster.schema.internal_form import claim_spec_diff
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    forbidden,
    invalid,
    invalid_for,
    required,
    unsupported,
)
from demo_cluster.validation.metadata import immutable, selector_causes

_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
_VOLUME_MODES = ["Block", "Filesystem"]
_RECLAIM = ["Delete", "Recycle", "Retain"]
_BINDING = ["Immediate", "WaitForFirstConsumer"]
_NOT_SOURCES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)
_OF_BOUND = ("resources", "volumeAttributesClassName")
"""What may change of a claim that has a volume."""
_FIXED = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)


def _access_modes(modes: list[str], path: str) -> Iterator[Cause]:
    for mode in modes:
        if mode not in _MODES:
            yield unsupported(path, mode, _MODES)
    known = [mode for mode in modes if mode in _MODES]
    if "ReadWriteOncePod" in known and len(set(known)) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def claim_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a claim, or with a change of it."""
    spec = new.get("spec") or {}
    yield from _claim(spec)
    if old is not None:
        yield from _claim_change(spec, old.get("spec") or {}, old.get("status") or {})


def _claim(spec: Obj) -> Iterator[Cause]:
    modes = spec.get("accessModes") or []
    if not modes:
        yield required("spec.accessModes", "at least 1 access mode is required")
    yield from selector_causes(spec.get("selector"), "spec.selector")
    yield from _access_modes(modes, "spec.accessModes")
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if size is None:
        yield required("spec.resources[storage]")
    elif quantity(str(size)) <= 0:
        yield invalid("spec.resources[storage]", str(size), "must be greater than zero")
    if name := spec.get("storageClassName"):
        yield from invalid_for("spec.storageClassName", name, formats.subdomain(name))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        yield unsupported("spec.volumeMode", mode, _VOLUME_MODES)


def _claim_change(new: Obj, old: Obj, status: Obj) -> Iterator[Cause]:
    before, after = dict(old), dict(new)
    for name in ("volumeName", "storageClassName"):
        if not before.get(name) and after.get(name):
            before[name] = after[name]
    sizes = [
        quantity(str(((spec.get("resources") or {}).get("requests") or {}).get("storage", 0)))
        for spec in (new, old)
    ]
    if status.get("phase") == "Bound":
        after |= {name: before[name] for name in _OF_BOUND if name in before}
    if {k: v for k, v in after.items() if v} != {k: v for k, v in before.items() if v}:
        yield forbidden("spec", f"{_FIXED}\n{claim_spec_diff(before, after)}")
    if sizes[0] < sizes[1] and sizes[0] <= quantity(
        str((status.get("capacity") or {}).get("storage", 0))
    ):
        field = "spec.resources.requests.storage"
        yield forbidden(field, "field can not be less than status.capacity")


def volume_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a persistent volume."""
    spec = new.get("spec") or {}
    modes = spec.get("accessModes") or []
    if not modes:
        yield required("spec.accessModes")
    yield from _access_modes(modes, "spec.accessModes")
    capacity = spec.get("capacity") or {}
    if not capacity:
        yield required("spec.capacity")
    if "storage" not in capacity or len(capacity) > 1:
        yield unsupported("spec.capacity", capacity or None, ["storage"])
    for name, amount in capacity.items():
        if quantity(str(amount)) <= 0:
            yield invalid(f"spec.capacity[{name}]", str(amount), "must be greater than zero")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM:
        yield unsupported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM)
    sources = list(_sources(spec))
    if not sources:
        yield required("spec", "must specify a volume type")
    for name in sources[1:]:
        yield forbidden(f"spec.{name}", "may not specify more than 1 volume type")
    if old is not None and _sources(spec) != _sources(old["spec"]):
        yield forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        yield unsupported("spec.volumeMode", mode, _VOLUME_MODES)


def _sources(spec: Obj) -> Obj:
    return {name: value for name, value in spec.items() if name not in _NOT_SOURCES}


def storage_class_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a storage class, or with a change of it."""
    if not new.get("provisioner"):
        yield required("provisioner")
    policy, binding = new.get("reclaimPolicy"), new.get("volumeBindingMode")
    if policy is not None and policy not in ("Delete", "Retain"):
        yield unsupported("reclaimPolicy", policy, ["Delete", "Retain"])
    if binding is not None and binding not in _BINDING:
        yield unsupported("volumeBindingMode", binding, _BINDING)
    if old is None:
        return
    for name in ("parameters", "provisioner", "reclaimPolicy"):
        if new.get(name) != old.get(name):
            yield forbidden(name, f"updates to {name} are forbidden.")
    yield from immutable(new, old, "", "volumeBindingMode")
