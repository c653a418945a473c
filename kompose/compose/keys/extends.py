"""``extends``: another service's definition to start from."""

from __future__ import annotations

from typing import Any

from kompose.compose.form import either, optional, record
from kompose.compose.host_paths import with_path
from kompose.compose.key import Absolute, Key, unread
from kompose.compose.values import TEXT


def _long(value: Any) -> Any:
    return {"service": value} if isinstance(value, str) else value


def _resolved(value: Any, absolute: Absolute) -> Any:
    return with_path(value, "file", absolute)


EXTENDS = Key(
    "extends",
    either(
        TEXT.shape,
        optional(record({"file": TEXT, "service": TEXT}, required=("service",), free=None)),
    ),
    read=unread,
    long=_long,
    resolved=_resolved,
)
