"""What breaks the schema of a custom kind, in the API server's words. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from demo_cluster.custom.formats import fits_format
from demo_cluster.custom.rules import has_rules, rule_causes
from demo_cluster.custom.schema import ROOT_FIELDS
from demo_cluster.kinds import Obj
from demo_cluster.status import Cause

_BLOCKING = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
"""Faults after which the rules are not worked out any more."""


def schema_causes(schema: Obj, obj: Obj, old: Obj | None = None) -> list[Cause]:
    """Everything that breaks the schema, in the order of the field names; then the rules.

    `old` is what is changed, None for a new object.
    """
    causes = list(_causes(schema, obj, "", is_root=True))
    if old is None or not list(_repeated(schema, old, "")):
        causes += _repeated(schema, obj, "")
    if not has_rules(schema):
        return causes
    if not any(cause.reason in _BLOCKING for cause in causes):
        return [*causes, *rule_causes(schema, obj, old)]
    text = (
        "Invalid value: null: some validation rules were not checked because the object was "
        "invalid; correct the existing errors to complete validation"
    )
    return [*causes, Cause("FieldValueInvalid", text, "<nil>")]


def _repeated(schema: Obj, value: Any, path: str) -> Iterator[Cause]:
    """Items that a list of its type has once only."""
    if isinstance(value, dict):
        more = schema.get("additionalProperties")
        for name, inner in sorted(value.items()):
            if name in (schema.get("properties") or {}):
                yield from _repeated(schema["properties"][name], inner, _join(path, name))
            elif isinstance(more, dict):
                yield from _repeated(more, inner, f"{path}[{name}]")
    elif isinstance(value, list):
        list_type = schema.get("x-kubernetes-list-type")
        if list_type in ("set", "map"):
            keys = schema.get("x-kubernetes-list-map-keys") or ()
            marks = [_mark(item, keys) if list_type == "map" else item for item in value]
            yield from _twice(marks, path)
        for index, item in enumerate(value):
            yield from _repeated(schema.get("items") or {}, item, f"{path}[{index}]")


def _mark(item: Any, keys: Any) -> Obj:
    return {key: item[key] for key in keys if key in item} if isinstance(item, dict) else {}


def _twice(marks: list[Any], path: str) -> Iterator[Cause]:
    times: dict[str, int] = {}
    for index, mark in enumerate(marks):
        shown = json.dumps(mark, separators=(",", ":"), sort_keys=True)
        times[shown] = times.get(shown, 0) + 1
        if times[shown] == 2:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {shown}", f"{path}[{index}]")


def _causes(schema: Obj, value: Any, path: str, *, is_root: bool = False) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    wrong = _wrong_type(schema, value, path)
    if wrong is not None:
        yield wrong
        return
    if isinstance(value, dict):
        yield from _length(schema, len(value), path, "Properties")
        properties = schema.get("properties") or {}
        more = schema.get("additionalProperties")
        for name in sorted(value):
            inner = properties.get(name, more if isinstance(more, dict) else None)
            if inner is not None and not (is_root and name in ROOT_FIELDS):
                yield from _causes(inner, value[name], _join(path, name))
        for name in schema.get("required") or ():
            if name not in value:
                yield Cause("FieldValueRequired", "Required value", _join(path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _causes(schema.get("items") or {}, item, f"{path}[{index}]")
        yield from _length(schema, len(value), path, "Items")
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
    wanted = [schema["type"]] if schema.get("type") in _TYPES else []
    if schema.get("x-kubernetes-int-or-string"):
        wanted = ["integer", "string"]
    found = _json_type(value)
    kinds = {found, "number"} if found == "integer" else {found}
    if found == "number" and value.is_integer():
        kinds.add("integer")
    if not wanted or kinds & set(wanted):
        return None
    text = f'{path} in body must be of type {",".join(wanted)}: "{found}"'
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
        yield from _text_causes(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(schema, value, path)
    if "enum" in schema and value not in schema["enum"]:
        listed = ", ".join(f'"{_enum_text(choice)}"' for choice in schema["enum"])
        text = f"Unsupported value: {shown}: supported values: {listed}"
        yield Cause("FieldValueNotSupported", text, path)


def _enum_text(choice: Any) -> str:
    return choice if isinstance(choice, str) else json.dumps(choice)


def _text_causes(schema: Obj, value: str, path: str) -> Iterator[Cause]:
    """The first thing that is wrong with a text, and whether it has another format."""
    shown = json.dumps(value, ensure_ascii=False)
    low, high, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if high is not None and len(value) > high:
        text = f"Too long: may not be more than {high} bytes"
        yield Cause("FieldValueTooLong", text, path)
    elif low is not None and len(value) < low:
        text = f"{path} in body should be at least {low} chars long"
        yield Cause("FieldValueInvalid", f"Invalid value: {shown}: {text}", path)
    elif pattern and not re.search(pattern, value):
        text = f"Invalid value: {shown}: {path} in body should match '{pattern}'"
        yield Cause("FieldValueInvalid", text, path)
    wanted = schema.get("format")
    if wanted and not fits_format(wanted, value):
        text = f"Invalid value: {shown}: {path} in body must be of type {wanted}: {shown}"
        yield Cause("FieldValueTypeInvalid", text, path)


def _range(schema: Obj, value: float, path: str) -> Iterator[Cause]:
    step, low, high = (schema.get(name) for name in ("multipleOf", "minimum", "maximum"))
    reasons = []
    if step and (value / step) % 1:
        reasons.append(f"be a multiple of {step}")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        word = "" if schema.get("exclusiveMinimum") else " or equal to"
        reasons.append(f"be greater than{word} {low}")
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        word = "" if schema.get("exclusiveMaximum") else " or equal to"
        reasons.append(f"be less than{word} {high}")
    for reason in reasons:
        text = f"Invalid value: {value}: {path} in body should {reason}"
        yield Cause("FieldValueInvalid", text, path)


def _length(schema: Obj, length: int, path: str, unit: str) -> Iterator[Cause]:
    low, high = schema.get(f"min{unit}"), schema.get(f"max{unit}")
    if low is not None and length < low:
        why = f"{path} in body should have at least {low} {unit.lower()}"
        yield Cause("FieldValueInvalid", f"Invalid value: {length}: {why}", path)
    if high is not None and length > high:
        text = f"Too many: {length}: must have at most {high} items"
        yield Cause("FieldValueTooMany", text, path)
