"""The schemas of custom kinds: prune, fill defaults, say what is wrong. Pure."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause

_KEEP_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
_ROOT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})


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
        if is_root and name in _ROOT_FIELDS:
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


def schema_causes(schema: Obj, obj: Obj) -> list[Cause]:
    """Everything that breaks the schema, in the order of the field names."""
    causes = list(_causes(schema, obj, "", is_root=True))
    if causes and _has_rules(schema):
        text = (
            "Invalid value: null: some validation rules were not checked because the object was "
            "invalid; correct the existing errors to complete validation"
        )
        causes.append(Cause("FieldValueInvalid", text, "<nil>"))
    return causes


def _has_rules(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    inner = [*(schema.get("properties") or {}).values(), schema.get("items")]
    return bool(schema.get("x-kubernetes-validations")) or any(map(_has_rules, inner))


def _causes(schema: Obj, value: Any, path: str, *, is_root: bool = False) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    wrong = _wrong_type(schema, value, path)
    if wrong is not None:
        yield wrong
        return
    if isinstance(value, dict):
        for name in schema.get("required") or ():
            if name not in value:
                yield Cause("FieldValueRequired", "Required value", _join(path, name))
        properties = schema.get("properties") or {}
        more = schema.get("additionalProperties")
        for name in sorted(value):
            inner = properties.get(name, more if isinstance(more, dict) else None)
            if inner is not None and not (is_root and name in _ROOT_FIELDS):
                yield from _causes(inner, value[name], _join(path, name))
    elif isinstance(value, list):
        yield from _length(schema, len(value), path, "minItems", "maxItems", "items")
        for index, item in enumerate(value):
            yield from _causes(schema.get("items") or {}, item, f"{path}[{index}]")
    else:
        yield from _scalar_causes(schema, value, path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def _wrong_type(schema: Obj, value: Any, path: str) -> Cause | None:
    if schema.get("x-kubernetes-int-or-string"):
        return None
    wanted = schema.get("type")
    if wanted is None or wanted not in _TYPES:
        return None
    fits = isinstance(value, _TYPES[wanted])
    if isinstance(value, bool) and wanted != "boolean":
        fits = False
    if fits:
        return None
    found = _json_type(value)
    text = f'{path} in body must be of type {wanted}: "{found}"'
    return Cause("FieldValueTypeInvalid", f"Invalid value: {json.dumps(found)}: {text}", path)


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in _TYPES.items() if isinstance(value, types))


def _scalar_causes(schema: Obj, value: Any, path: str) -> Iterator[Cause]:
    shown = json.dumps(value)
    if isinstance(value, str):
        yield from _length(schema, len(value), path, "minLength", "maxLength", "chars")
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, value):
            text = f"Invalid value: {shown}: {path} in body should match '{pattern}'"
            yield Cause("FieldValueInvalid", text, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(schema, value, path)
    if "enum" in schema and value not in schema["enum"]:
        listed = ", ".join(json.dumps(choice) for choice in schema["enum"])
        text = f"Unsupported value: {shown}: supported values: {listed}"
        yield Cause("FieldValueNotSupported", text, path)


def _range(schema: Obj, value: float, path: str) -> Iterator[Cause]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None and value > high:
        why = f"{path} in body should be less than or equal to {high}"
        yield Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", path)
    if low is not None and value < low:
        why = f"{path} in body should be greater than or equal to {low}"
        yield Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", path)


def _length(schema: Obj, length: int, path: str, low: str, high: str, unit: str) -> Iterator[Cause]:
    if low in schema and length < schema[low]:
        why = f"{path} in body should have at least {schema[low]} {unit}"
        yield Cause("FieldValueInvalid", f"Invalid value: {length}: {why}", path)
    if high in schema and length > schema[high]:
        text = f"Too many: {length}: must have at most {schema[high]} items"
        reason = "FieldValueTooMany"
        if unit == "chars":
            reason, text = (
                "FieldValueTooLong",
                f"Too long: may not be more than {schema[high]} bytes",
            )
        yield Cause(reason, text, path)
