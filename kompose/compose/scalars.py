"""Plain YAML scalars as compose reads them: YAML 1.2 with a few old habits.

``no``, ``on`` and ``12:30`` are text; ``010`` and ``0o10`` are eight; ``1_000`` is a thousand.
"""

from __future__ import annotations

import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_FLOATS = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?"
    r"(?:[ \t]*(Z|[-+]\d{2}:?\d{2}))?)?\Z"
)
_SPECIAL_STARTS = frozenset("0123456789+-.~nNtTfF")
_LARGEST = 2**64
_LONGEST_INTEGER = 80
"""More digits than any number has that fits, in whatever base."""
_EXPONENT_FROM = 6


def resolve_plain(text: str) -> str | int | float | bool | None:
    """The value that an unquoted scalar stands for."""
    if not text:
        return None
    if text[0] not in _SPECIAL_STARTS:
        return text
    if text in _NULLS:
        return None
    known = _BOOLEANS.get(text)
    if known is not None:
        return known
    return _number(text)


def _number(text: str) -> str | int | float:
    """The number or moment that the text is, or the text."""
    if text in _FLOATS:
        return _FLOATS[text]
    if text == "-0":
        return -0.0
    bare = text.replace("_", "") if "_" in text else text
    if _INTEGER.match(bare) and len(bare) <= _LONGEST_INTEGER:
        whole = _integer(bare)
        if -_LARGEST // 2 <= whole < _LARGEST:
            return whole
    if _FLOAT.match(bare):
        number = float(bare)
        return text if math.isinf(number) else number
    return _moment(text)


def _integer(text: str) -> int:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-")
    if digits[:2].lower() in {"0b", "0o", "0x"}:
        return sign * int(digits, 0)
    if len(digits) > 1 and digits[0] == "0":
        return sign * int(digits, 8)
    return sign * int(digits)


def _moment(text: str) -> str:
    """A date or time as the original prints it, or the text when it is none."""
    found = _DATE.match(text) if len(text) > 7 and text[4] == "-" else None
    if found is None:
        return text
    from datetime import UTC, datetime  # rarely needed, and slow to load

    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return text
    rest = "." + fraction.rstrip("0") if fraction and fraction.strip("0") else ""
    where = "+0000 UTC" if zone in {None, "Z"} else " ".join([zone.replace(":", "")] * 2)
    return f"{moment:%Y-%m-%d %H:%M:%S}{rest} {where}"


def scalar_text(value: object) -> str:
    """The text of a scalar as the original prints it: ``1e+08``, ``true``, ``8``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if value is None:
        return "<nil>"
    return str(value)


def float_text(number: float) -> str:
    """The shortest text of a float, with an exponent from a million on and below 1e-4.

    Follows Go's ``%v``.
    """
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if math.isnan(number):
        return "NaN"
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    from decimal import Decimal  # rarely needed, and slow to load

    exact = Decimal(repr(number)).normalize()
    sign, digits, shift = exact.as_tuple()
    exponent = len(digits) + int(shift) - 1
    if -5 < exponent < _EXPONENT_FROM:
        return f"{exact:f}"
    fraction = "".join(map(str, digits[1:]))
    point = "." if fraction else ""
    return f"{'-' if sign else ''}{digits[0]}{point}{fraction}e{exponent:+03d}"
