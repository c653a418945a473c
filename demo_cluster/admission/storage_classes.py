"""Which storage class a claim has: the one that it names, or the cluster's default."""

from __future__ import annotations

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage

CLASSES = kind_of("storageclasses", "storage.k8s.io")
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def class_of(storage: Storage, name: str | None) -> Obj | None:
    """The class of this name; of None, the youngest default; of "", none at all."""
    if name is not None:
        return storage.get(CLASSES, "", name) if name else None
    defaults = [
        each
        for each in storage.list(CLASSES)
        if (each["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    ]
    return max(defaults, key=lambda each: each["metadata"]["creationTimestamp"], default=None)
