"""The schemas of custom kinds: drop what they do not know, fill in what they add. Pure."""

from __future__ import annotations

import copy
from typing import Any

from demo_cluster.kinds import Obj

_KEEP_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
ROOT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})
"""What every object has, whatever its schema says."""


def prune(schema: Obj, obj: Obj) -> list[str]:
    """Remove what the schema does not know, in place; returns the paths of what was removed."""
    removed: list[str] = []
    _prune(schema, obj, "", removed, is_root=True)
    return removed


def _prune(
    schema: Obj, value: Any, path: str, removed: list[str], *, is_root: bool = False
) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _prune(schema.get("items") or {}, item, f"{path}[{index}]", removed)
    if not isinstance(value, dict):
        return
    properties = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    keeps = schema.get(_KEEP_UNKNOWN) or schema.get("x-kubernetes-embedded-resource")
    for name in list(value):
        here = f"{path}.{name}" if path else name
        if is_root and name in ROOT_FIELDS:
            continue
        if name in properties:
            _prune(properties[name], value[name], here, removed)
        elif isinstance(more, dict):
            _prune(more, value[name], here, removed)
        elif not keeps and more is not True:
            removed.append(here)
            del value[name]


def fill_schema_defaults(schema: Obj, value: Any) -> None:
    """Fill in the schema's defaults, in place."""
    if isinstance(value, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if name not in value and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
            if name in value:
                if value[name] is None and "default" in inner and not inner.get("nullable"):
                    value[name] = copy.deepcopy(inner["default"])
                fill_schema_defaults(inner, value[name])
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            for inner_value in value.values():
                fill_schema_defaults(more, inner_value)
    elif isinstance(value, list):
        for item in value:
            fill_schema_defaults(schema.get("items") or {}, item)
