"""What a pod reads of other objects: the names of their ConfigMaps, Secrets and claims."""

from collections.abc import Iterator, Mapping
from typing import Any

_NAMES = {
    "configMap": ("ConfigMap", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
}
"""Where a pod names a source: the kind, and the field with the name."""


def references(value: Any) -> Iterator[tuple[str, str]]:
    """The kind and name of every object that a part of a pod's spec cannot do without."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _NAMES or not isinstance(inner, Mapping):
                yield from references(inner)
            elif not inner.get("optional"):
                kind, field = _NAMES[key]
                yield kind, str(inner.get(field, ""))
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
