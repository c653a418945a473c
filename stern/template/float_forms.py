"""A float in the forms that Go's verbs give it: e, f, g, and in powers of two b and x. Pure."""

from __future__ import annotations

import math

from stern.template.values import float_text

_LEADING = 6
"""How many digits `#` shows where no precision says otherwise."""


def float_form(value: float, verb: str, precision: int | None, *, keeps_point: bool) -> str:
    """The number with a `-` where it is negative; no precision means as few digits as name it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    sign = "-" if math.copysign(1, value) < 0 else ""
    text = _unsigned(abs(value), verb, precision)
    if keeps_point and verb != "b":
        text = _with_point(text, verb, precision)
    return sign + text


def _unsigned(value: float, verb: str, precision: int | None) -> str:
    match verb:
        case "b":
            return _binary(value)
        case "x" | "X":
            text = _hexadecimal(value, precision)
            return text.upper() if verb == "X" else text
        case "g" | "G":
            text = float_text(value) if precision is None else f"{value:.{precision or 1}g}"
            return text.upper() if verb == "G" else text
    return f"{value:.{precision}{verb}}"


def _with_point(text: str, verb: str, precision: int | None) -> str:
    """With a decimal point, and for g and x the zeros that are otherwise left out."""
    split = next((at for at, char in enumerate(text) if char in _exponents(verb)), len(text))
    number, tail = text[:split], text[split:]
    missing = 0
    if verb in "gGx":
        wanted = _LEADING if precision is None else precision
        digits = number.replace(".", "").lstrip("0")
        missing = wanted - len(digits)
    if "." not in number:
        if number == "0":
            missing -= 1
        number += "."
    return number + "0" * missing + tail


def _exponents(verb: str) -> str:
    return "pP" if verb in "xX" else "eE"


def _binary(value: float) -> str:
    if not value:
        return "0p-1074"
    fraction, exponent = math.frexp(value)
    exponent = max(exponent - 53, -1074)
    mantissa = (
        int(math.ldexp(value, -exponent))
        if exponent > -1000
        else int(math.ldexp(math.ldexp(value, 1000), -exponent - 1000))
    )
    _ = fraction
    return f"{mantissa}p{exponent:+d}"


def _hexadecimal(value: float, precision: int | None) -> str:
    if not value:
        digits = "." + "0" * precision if precision else ""
        return f"0x0{digits}p+00"
    fraction, exponent = math.frexp(value)
    mantissa, exponent = int(fraction * (1 << 53)), exponent - 1
    if precision is not None and precision < 13:
        dropped = 52 - 4 * precision
        half, rest = 1 << (dropped - 1), mantissa & ((1 << dropped) - 1)
        mantissa >>= dropped
        if rest > half or (rest == half and mantissa & 1):
            mantissa += 1
        mantissa <<= dropped
        if mantissa >> 53:
            mantissa, exponent = mantissa >> 1, exponent + 1
    digits = f"{mantissa & ((1 << 52) - 1):013x}"
    digits = digits.rstrip("0") if precision is None else digits.ljust(precision, "0")[:precision]
    point = f".{digits}" if digits else ""
    return f"0x1{point}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
