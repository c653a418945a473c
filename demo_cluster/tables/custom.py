"""The columns of custom kinds: additionalPrinterColumns and their small JSONPath."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.tables.duration import age

_STEP = re.compile(r"\.(?P<name>[^.\[\\]+(?:\\\.[^.\[\\]+)*)|\[(?P<index>[^\]]*)\]")


def custom_columns(name: Obj, aged: Obj, columns: list[Obj] | None) -> list[Obj]:
    """Name, then what the CRD asks for; without any, name and age."""
    if columns is None:
        return [name, {**aged, "type": "date"}]
    return [name, *(_column(column) for column in columns)]


def _column(column: Obj) -> Obj:
    path = column["jsonPath"]
    described = column.get("description") or (
        f"Custom resource definition column (in JSONPath format): {path}"
    )
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": described,
        "priority": column.get("priority", 0),
    }


def custom_row(obj: Obj, now: datetime, columns: list[Obj] | None) -> list[Any]:
    """The cells of a custom object; null where there is nothing."""
    name = obj["metadata"]["name"]
    if columns is None:
        return [name, age(obj["metadata"].get("creationTimestamp"), now)]
    return [name, *(_cell(column, obj, now) for column in columns)]


def _cell(column: Obj, obj: Obj, now: datetime) -> Any:
    found = find(obj, column["jsonPath"])
    if not found:
        return None
    value = found[0]
    match column["type"]:
        case "date":
            return age(value, now) if isinstance(value, str) else None
        case "integer":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, int | float) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case _:
            return _text(value) if len(found) == 1 else ",".join(map(_text, found))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


def find(obj: Any, path: str) -> list[Any]:
    """The values at a JSONPath of fields, indexes, `[*]` and `[?(@.a=="b")]`."""
    found = [obj]
    for step in _STEP.finditer(path):
        name, index = step["name"], step["index"]
        if name is not None:
            key = name.replace("\\.", ".")
            found = [value[key] for value in found if isinstance(value, dict) and key in value]
        else:
            found = [inner for value in found for inner in _indexed(value, index)]
    return found


def _indexed(value: Any, index: str) -> list[Any]:
    if isinstance(value, dict) and index[:1] in "'\"":
        key = index[1:-1]
        return [value[key]] if key in value else []
    if not isinstance(value, list):
        return []
    if index == "*":
        return list(value)
    if match := re.fullmatch(r"\?\(@\.(\w+)\s*==\s*['\"]([^'\"]*)['\"]\)", index):
        return [item for item in value if isinstance(item, dict) and item.get(match[1]) == match[2]]
    try:
        return [value[int(index)]]
    except (ValueError, IndexError):
        return []
