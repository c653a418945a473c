"""``provider``: a program that stands for a service."""

from __future__ import annotations

from typing import Any

from kompose.compose.decode import OMIT, keyed
from kompose.compose.form import Form, optional, record
from kompose.compose.key import Key, unread
from kompose.compose.scalars import scalar_text
from kompose.compose.shape import either, list_of, mapping_of, one_of_kinds
from kompose.compose.values import TEXT


def _texts(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [scalar_text(entry) for entry in entries] or OMIT


_VALUE = one_of_kinds("string", "number", "boolean")
_OPTIONS = Form(mapping_of(either(_VALUE, list_of(_VALUE)), "^.+$"), keyed(_texts))
PROVIDER = Key(
    "provider",
    optional(record({"type": TEXT, "options": _OPTIONS}, required=("type",))),
    read=unread,
    instead="",
)
