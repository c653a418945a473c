"""One thing that is wrong with a field, in the API server's words."""

from __future__ import annotations

import json
from typing import Any

from demo_cluster.status import Cause


def as_json(value: Any) -> str:
    """A value as messages show it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def invalid_value(field: str, value: Any, why: str) -> Cause:
    """The value cannot be."""
    return Cause("FieldValueInvalid", f"Invalid value: {as_json(value)}: {why}", field)


def required(field: str, why: str = "") -> Cause:
    """There is no value, and there has to be one."""
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", field)


def unsupported(field: str, value: Any, supported: list[str]) -> Cause:
    """The value is none of those that there are."""
    listed = ", ".join(json.dumps(text) for text in supported)
    text = f"Unsupported value: {as_json(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", text, field)


def not_allowed(field: str, why: str) -> Cause:
    """The field may not be set, or not be changed."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def duplicate(field: str, value: Any) -> Cause:
    """Another one has this value."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {as_json(value)}", field)


def immutable(field: str, value: Any) -> Cause:
    """The value cannot change any more."""
    return invalid_value(field, value, "field is immutable")
