"""``ulimits``: bounds of what processes may take, one number or a soft and a hard one."""

from __future__ import annotations

from typing import Any

from kompose.compose.casts import to_int
from kompose.compose.decode import whole_or_zero
from kompose.compose.form import CastOrTable, Form, mapping_of, record
from kompose.compose.key_path import KeyPath
from kompose.compose.merging import merge_mappings
from kompose.compose.shape import either, one_of_kinds
from kompose.compose.values import COUNT

_PAIR = record({"soft": COUNT, "hard": COUNT}, required=("soft", "hard"))


def _decode(value: Any) -> Any:
    if not isinstance(value, dict) or _PAIR.decode is None:
        return whole_or_zero(value)
    return _PAIR.decode(value)


ULIMITS = mapping_of(
    Form(
        either(one_of_kinds("integer", "string"), _PAIR.shape),
        _decode,
        cast=CastOrTable(to_int, {"hard": to_int, "soft": to_int}),
    ),
    "^[a-z]+$",
)


def merge_ulimit(base: Any, override: Any, path: KeyPath) -> Any:
    """A merger: a pair over a pair; all else is replaced."""
    if isinstance(base, dict) and isinstance(override, dict) and len(override) > 1:
        return merge_mappings(base, override, path)
    return override
