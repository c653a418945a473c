"""``ulimits``: bounds of what processes may take, one number or a soft and a hard one."""

from __future__ import annotations

from typing import Any

from kompose.compose.casts import to_int
from kompose.compose.decode import number
from kompose.compose.entry_keys import kind_name
from kompose.compose.form import CastOrTable, Form, mapping_of, record
from kompose.compose.key import ShapeError
from kompose.compose.record import Record
from kompose.compose.shape import either, one_of_kinds
from kompose.compose.values import NUMBER

_BOUND = NUMBER._replace(cast=to_int)
_PAIR = record({"soft": _BOUND, "hard": _BOUND}, required=("soft", "hard"))


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return number(value) if value else _pair({"soft": 0, "hard": 0})
    return _pair(value)


def _pair(value: dict[str, Any]) -> Any:
    """Both bounds; a zero is one that only YAML shows."""
    pair = _PAIR.decode(value) if _PAIR.decode else Record({}, ())
    zeros = dict.fromkeys([bound for bound in pair.order if bound not in pair], 0)
    return Record(pair, pair.order, {**zeros, **pair.extensions})


def long_ulimits(value: Any, *place: str) -> Any:
    """The bounds as they are.

    Raises:
        ShapeError: One is neither a number nor a pair.
    """
    for name, bound in (value or {}).items():
        if not isinstance(bound, int | dict) or isinstance(bound, bool):
            raise ShapeError(f"invalid type {kind_name(bound)} for external", *place, name)
    return value


ULIMITS = mapping_of(
    Form(
        either(one_of_kinds("integer", "string"), _PAIR.shape),
        _decode,
        cast=CastOrTable(to_int, {"hard": to_int, "soft": to_int}),
    ),
    "^[a-z]+$",
    is_open=True,
)
