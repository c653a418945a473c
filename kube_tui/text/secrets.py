"""A secret's values, decoded. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any


def decoded(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The secret with text in place of base64; binary values say how long they are."""
    values = {name: _decode(str(value)) for name, value in (obj.get("data") or {}).items()}
    return {**obj, "data": values}


def _decode(value: str) -> str:
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{len(content)} bytes that are no text>"
