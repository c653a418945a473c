"""Manifests against the API's own types, as the demo cluster knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demo_cluster.schema.types import OPAQUE, TEXTUAL, definition_of, fields_of

_SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "int32": int,
    "int64": int,
    "bool": bool,
    "bytes": str,
    "double": (int, float),
}


def schema_faults(document: dict[str, Any]) -> Iterator[str]:
    """Every field of a manifest that the API of Kubernetes 1.36 does not have, or has otherwise."""
    group, _, version = document["apiVersion"].rpartition("/")
    kind = document["kind"]
    if kind in ("Route", "BuildConfig"):
        return
    body = {name: value for name, value in document.items() if name not in ("apiVersion", "kind")}
    yield from _object_faults(kind, body, definition_of(group, version, kind))


def _object_faults(path: str, value: Any, definition: str) -> Iterator[str]:
    if definition in OPAQUE or definition in TEXTUAL:
        return
    if not isinstance(value, dict):
        yield f"{path}: is no object"
        return
    fields = fields_of(definition)
    for name, item in value.items():
        if name not in fields:
            yield f"{path}.{name}: no such field"
        else:
            yield from _value_faults(f"{path}.{name}", item, fields[name].type)
    for name, field in fields.items():
        if field.is_required and name not in value:
            yield f"{path}.{name}: is missing"


def _value_faults(path: str, value: Any, type_: str) -> Iterator[str]:
    if type_.startswith("[]"):
        for index, item in enumerate(value):
            yield from _value_faults(f"{path}[{index}]", item, type_[2:])
    elif type_.startswith("{}"):
        for key, item in value.items():
            yield from _value_faults(f"{path}[{key}]", item, type_[2:])
    elif type_ in _SCALARS:
        if not isinstance(value, _SCALARS[type_]):
            yield f"{path}: {value!r} is no {type_}"
    else:
        yield from _object_faults(path, value, type_)
