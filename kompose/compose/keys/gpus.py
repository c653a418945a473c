"""``gpus``: all of them, or requests."""

from __future__ import annotations

from typing import Any

from kompose.compose.form import either, list_of, record
from kompose.compose.key import Key, unread
from kompose.compose.keys.device_requests import REQUEST_FIELDS, with_counts
from kompose.compose.shape import words


def _long(value: Any) -> Any:
    return [{"count": "all"}] if value == "all" else value


GPUS = Key(
    "gpus",
    either(words("all"), list_of(record(REQUEST_FIELDS, free=""))),
    read=unread,
    long=_long,
    with_defaults=with_counts,
    instead="",
)
