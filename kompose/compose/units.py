"""Durations and byte sizes as compose writes them."""

from __future__ import annotations

import re
from functools import lru_cache

from kompose.compose.casts import to_float

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_AMOUNT = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?")
_UNIT = re.compile(r"[^.0-9]*")
_LONGEST = 2**63
_MOST_DIGITS = 40
_LONGEST_SUFFIX = len("kib")
_PREFIXES = {letter: 1024**power for power, letter in enumerate("kmgtp", start=1)}


def parse_duration(text: str) -> int:
    """The nanoseconds of a Go duration that may also have days and weeks.

    Raises:
        ValueError: The text is no duration; the message is Go's.
    """
    rest = text.lstrip("+-") if text[:1] in {"+", "-"} and text[1:2] not in {"+", "-"} else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    total = 0
    while rest:
        nanoseconds, rest = _one_amount(rest, text)
        total += nanoseconds
        if total >= _LONGEST:
            raise ValueError(f'time: invalid duration "{text}"')
    return -total if text.startswith("-") else total


@lru_cache(maxsize=256)
def whole_seconds(text: str | None) -> int:
    """The full seconds of a duration; 0 for none."""
    return parse_duration(text) // _NANOSECONDS["s"] if text else 0


def _one_amount(rest: str, text: str) -> tuple[int, str]:
    amount = _AMOUNT.match(rest)
    whole, _, fraction = amount.groups() if amount else ("", None, None)
    is_long = len(whole) > _MOST_DIGITS or int(whole or 0) > _LONGEST
    if amount is None or not (whole or fraction) or is_long:
        raise ValueError(f'time: invalid duration "{text}"')
    rest = rest[amount.end() :]
    unit_match = _UNIT.match(rest)
    unit = unit_match.group() if unit_match else ""
    if not unit:
        raise ValueError(f'time: missing unit in duration "{text}"')
    scale = _NANOSECONDS.get(unit)
    if scale is None:
        raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
    parts = int(fraction or 0) * scale // 10 ** len(fraction or "")
    return int(whole or 0) * scale + parts, rest[len(unit) :]


def format_duration(nanoseconds: int) -> str:
    """The duration as Go prints it: ``1h0m0s``, ``1.5s``, ``500ms``."""
    sign = "-" if nanoseconds < 0 else ""
    left = abs(nanoseconds)
    if left == 0:
        return "0s"
    if left < _NANOSECONDS["s"]:
        unit = next(name for name in ("ms", "µs", "ns") if left >= _NANOSECONDS[name])
        return f"{sign}{_decimal(left, _NANOSECONDS[unit])}{unit}"
    minutes, rest = divmod(left, _NANOSECONDS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(rest, _NANOSECONDS['s'])}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _decimal(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def parse_size(text: str) -> int:
    """The bytes of ``64m``, ``1.5g`` or ``1kib``.

    Raises:
        ValueError: The text is no size; the message is the original's.
    """
    number, suffix = _number_and_suffix(text)
    amount = to_float(number)
    if amount < 0:
        raise ValueError(f"invalid size: '{text}'")
    size = amount * _scale(suffix)
    return int(size) if size < _LONGEST else -_LONGEST


def _number_and_suffix(text: str) -> tuple[str, str]:
    """What is before the last digit, point or blank, and what comes after it."""
    end = max(map(text.rfind, "0123456789. "))
    if end < 0:
        raise ValueError(f"invalid size: '{text}'")
    return text[: end + (text[end] != " ")], text[end + 1 :]


def _scale(suffix: str) -> int:
    lowered = suffix.lower()
    if lowered in {"", "b"}:
        return 1
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        raise ValueError(f"invalid suffix: '{suffix}'")
    scale: int | None = _PREFIXES.get(lowered[0])
    if scale is None or lowered[1:] not in {"", "b", "ib"}:
        raise ValueError(f"invalid suffix: '{lowered}'")
    return scale
