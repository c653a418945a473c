"""What an applied object has that its schema does not declare. Pure.

Follows structured-merge-diff's validation of typed values, and its words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from demo_cluster.changes.field_sets import root
from demo_cluster.schema.types import (
    INT_OR_STRING,
    OPAQUE,
    QUANTITY,
    TEXTUAL,
    Field,
    fields_of,
    is_object,
    keeps_unknown,
)

_NUMBERS = frozenset({"int32", "int64", "double"})


def typed_problems(definition: str, value: Any) -> list[str]:
    """One line for each field that is unknown, or of another type than its schema says."""
    return sorted(_problems(root(definition), value, "", is_top=True))


def _problems(field: Field, value: Any, path: str, *, is_top: bool = False) -> Iterator[str]:
    is_scalar = not fields_of(field.type) or field.type in TEXTUAL or field.type in OPAQUE
    if value is None:
        return
    if field.is_list and not isinstance(value, list):
        yield f"{path}: expected list, got {_shown(value)}"
    elif field.is_list:
        yield from _list_problems(field, value, path)
    elif is_scalar and not field.is_map:
        yield from _scalar_problems(field.type, value, path)
    elif not isinstance(value, dict):
        yield f"{path}: expected map, got {_shown(value)}"
    else:
        yield from _field_problems(field, value, path, is_top=is_top)


_KEY_DEFAULTS = frozenset({"protocol"})
"""Keys of list items that are filled in where they are left out."""


def _list_problems(field: Field, items: list[Any], path: str) -> Iterator[str]:
    """Items of a list that has keys have them, and no two the same."""
    element = Field(field.name, (), field.element)
    seen: set[str] = set()
    for index, item in enumerate(items):
        if field.list_type == "map" and isinstance(item, dict):
            missing = [key for key in field.list_keys if key not in item]
            if missing := [key for key in missing if key not in _KEY_DEFAULTS]:
                yield (
                    f"{path}: element {index}: associative list with keys has an element that "
                    f'omits key field "{missing[0]}" (and doesn\'t have default value)'
                )
                return
        place = _place(field, item, index)
        if place in seen:
            yield f"{path}: duplicate entries for key [{place}]"
        seen.add(place)
        yield from _problems(element, item, f"{path}[{place}]")


def _field_problems(field: Field, value: Any, path: str, *, is_top: bool) -> Iterator[str]:
    known = fields_of(field.element)
    element = Field(field.name, (), field.element)
    for name, inner in value.items():
        if field.is_map or name in known:
            yield from _problems(element if field.is_map else known[name], inner, f"{path}.{name}")
        elif keeps_unknown(field.type):
            continue
        elif name not in ("apiVersion", "kind") or not (is_top or is_object(field.type)):
            yield f"{path}.{name}: field not declared in schema"


def _scalar_problems(type_: str, value: Any, path: str) -> Iterator[str]:
    wanted = ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type_ in ("string", "bytes") and not isinstance(value, str):
        wanted = "string"
    elif type_ in _NUMBERS and not is_number:
        wanted = "numeric (int or float)"
    elif type_ == "bool" and not isinstance(value, bool):
        wanted = "boolean"
    elif type_ in (INT_OR_STRING, QUANTITY) and not is_number and not isinstance(value, str):
        yield f"{path}: expected untyped value, got {_shown(value)}"
    if wanted:
        shown = f"&value.valueUnstructured{{Value:{json.dumps(value)}}}"
        yield f"{path}: expected {wanted}, got {shown}"


def _place(field: Field, item: Any, index: int) -> str:
    """How an item of a list is named: by its keys where the list has keys."""
    if field.list_type == "set" and not isinstance(item, dict | list):
        return f"={json.dumps(item)}"
    if field.list_type != "map" or not isinstance(item, dict):
        return str(index)
    keys = {name: item[name] for name in sorted(field.list_keys) if name in item}
    return ",".join(f"{name}={json.dumps(key)}" for name, key in keys.items()) or str(index)


def _shown(value: Any) -> str:
    return f"&{{{_go(value)}}}"


def _go(value: Any) -> str:
    """A value as Go's %v prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{_go(inner)}' for name, inner in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_go, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
