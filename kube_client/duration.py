"""Durations in Go's notation: `1h30m`, `1.5s`, `-200ms`.

Follows time.ParseDuration and time.Duration.String, error texts included, because programs print
them.
"""

import re
from datetime import timedelta

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, the micro sign
    "μs": 1_000,  # U+03BC, the Greek letter
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SECOND = 1_000_000_000
_LARGEST = 2**63 - 1
_PART = re.compile(r"(\d*)(\.\d*)?([^\d.]*)", re.ASCII)


class DurationError(ValueError):
    """The text is no Go duration; the message is Go's own."""


def parse_duration(text: str) -> timedelta:
    """The duration as a timedelta; what lies below a microsecond is cut.

    Raises:
        DurationError: The text is no Go duration.
    """
    nanoseconds = parse_nanoseconds(text)
    micros = abs(nanoseconds) // 1000
    return timedelta(microseconds=micros if nanoseconds >= 0 else -micros)


def parse_nanoseconds(text: str) -> int:
    """The duration as a whole number of nanoseconds.

    Raises:
        DurationError: The text is no Go duration.
    """
    sign = -1 if text[:1] == "-" else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError(f"time: invalid duration {_quoted(text)}")
    total = 0
    while rest:
        part = _PART.match(rest)
        assert part is not None
        total += _part_nanoseconds(text, part)
        rest = rest[part.end() :]
        if total > _LARGEST + (sign < 0):
            raise DurationError(f"time: invalid duration {_quoted(text)}")
    return sign * total


def _part_nanoseconds(text: str, part: re.Match[str]) -> int:
    whole, fraction, unit = part.group(1), part.group(2) or "", part.group(3)
    if not whole and len(fraction) < 2:
        raise DurationError(f"time: invalid duration {_quoted(text)}")
    if not unit:
        raise DurationError(f"time: missing unit in duration {_quoted(text)}")
    if unit not in _UNITS:
        raise DurationError(f"time: unknown unit {_quoted(unit)} in duration {_quoted(text)}")
    size = _UNITS[unit]
    digits = fraction[1:]
    return int(whole or "0") * size + (int(digits) * size // 10 ** len(digits) if digits else 0)


def format_duration(length: timedelta) -> str:
    """The duration as Go prints it: `1h30m0s`, `1.5s`, `0s`."""
    return format_nanoseconds(round(length / timedelta(microseconds=1)) * 1000)


def format_nanoseconds(nanoseconds: int) -> str:
    """A number of nanoseconds as Go prints it."""
    if nanoseconds == 0:
        return "0s"
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < _SECOND:
        unit = "ns" if left < 1_000 else "µs" if left < 1_000_000 else "ms"
        return f"{sign}{_decimal(left, _UNITS[unit])}{unit}"
    minutes, rest = divmod(left, 60 * _SECOND)
    seconds = f"{_decimal(rest, _SECOND)}s"
    if not minutes:
        return sign + seconds
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}h{minutes}m{seconds}" if hours else f"{sign}{minutes}m{seconds}"


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}"


def _quoted(text: str) -> str:
    """The text as Go's time package quotes it: bytes beyond printable ASCII in hexadecimal."""
    shown = "".join(
        chr(byte) if 32 <= byte < 128 else f"\\x{byte:02x}"
        for byte in re.sub(r'(["\\])', r"\\\1", text).encode("utf-8", "surrogateescape")
    )
    return f'"{shown}"'
