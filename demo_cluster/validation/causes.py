"""The kinds of causes that a refusal lists, worded as the API server does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from demo_cluster.status import Cause

NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"


def invalid(field: str, value: Any, why: str) -> Cause:
    """The value cannot be."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {why}", field)


def required(field: str, why: str = "") -> Cause:
    """Something must be there."""
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", field)


def duplicate(field: str, value: Any) -> Cause:
    """It is there already."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def unsupported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """It is none of the known values."""
    listed = ", ".join(json.dumps(text) for text in supported)
    text = f"Unsupported value: {shown(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", text, field)


def forbidden(field: str, why: str) -> Cause:
    """It may not be stated here."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def not_found(field: str, value: Any) -> Cause:
    """It names something that is not there."""
    return Cause("FieldValueNotFound", f"Not found: {shown(value)}", field)


def invalid_for(field: str, value: Any, reasons: Iterable[str]) -> Iterator[Cause]:
    """One cause for each reason."""
    return (invalid(field, value, why) for why in reasons)


def not_negative(owner: dict[str, Any], path: str, *names: str) -> Iterator[Cause]:
    """Numbers of an object that may not be below zero."""
    for name in names:
        value = owner.get(name)
        if isinstance(value, int) and value < 0:
            yield invalid(f"{path}.{name}", value, NOT_NEGATIVE)


def shown(value: Any) -> str:
    """A value as Go's JSON shows it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
