"""What template values are: truth, comparison, printing, and Go's names for their types. Pure.

A value is a str, bool, int (Go's int), float (float64), None, dict (map), list (slice), or one of
`NumberText` (json.Number), `GoTime` and `ColorValue`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from stern.errors import RenderError
from stern.go_json import NumberText
from stern.palette import Color
from stern.template.go_time import GoTime

_EXPONENT_FROM = 6  # 123456 is written out, 1234567 is 1.234567e+06


@dataclass(frozen=True, slots=True)
class ColorValue:
    """A colour as a template value."""

    color: Color


class StringMap(dict[str, str]):
    """Labels or annotations: Go's map[string]string, which may be nil and empty at once."""

    def __init__(self, found: Mapping[str, str] | None) -> None:
        super().__init__(found or {})
        self.is_nil = found is None


class NilMap(dict[str, object]):
    """What is left of a text that is no JSON object: a nil map, which has no keys either."""


class Missing:
    """What stands behind a key that a map does not have; all that stands behind it is missing."""

    def __bool__(self) -> bool:
        return False


MISSING = Missing()


class NamedInt(int):
    """A number that prints as a word: time.Month, time.Weekday, time.Duration."""

    def __new__(cls, value: int, word: str, kind: str) -> Self:
        """The number, its word, and the name of its type."""
        made = super().__new__(cls, value)
        made.word, made.kind = word, kind
        return made

    word: str
    kind: str

    def __str__(self) -> str:
        return self.word


def is_true(value: object) -> bool:
    """Whether `if` takes its first branch: not for zero, empty, false and nothing."""
    return bool(value) or isinstance(value, GoTime | ColorValue)


_TYPE_NAMES = (
    (bool, "bool"),
    (NumberText, "json.Number"),
    (str, "string"),
    (int, "int"),
    (float, "float64"),
    (StringMap, "map[string]string"),
    (Mapping, "map[string]interface {}"),
    (list | tuple, "[]interface {}"),
    (GoTime, "time.Time"),
    (ColorValue, "*color.Color"),
)


def type_name(value: object) -> str:
    """Go's name of a value's type."""
    if value is None:
        return "<nil>"
    if isinstance(value, NamedInt):
        return value.kind
    return next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), "stern.Log")


def float_text(value: float) -> str:
    """A float as %v prints it: shortest, with an exponent where Go has one."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    mantissa, exponent = _shortest(value)
    if value and (exponent < -4 or exponent >= _EXPONENT_FROM):
        sign = "-" if exponent < 0 else "+"
        return f"{mantissa}e{sign}{abs(exponent):02d}"
    if value.is_integer():
        return "-0" if str(value) == "-0.0" else str(int(value))
    return repr(value)


def _shortest(value: float) -> tuple[str, int]:
    """Mantissa and exponent, in as few digits as name the number."""
    from decimal import Decimal

    shown = Decimal(repr(value))
    sign, digits, _ = shown.normalize().as_tuple()
    text = "".join(map(str, digits))
    mantissa = ("-" if sign else "") + text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return mantissa, shown.adjusted()


def text_of(value: object) -> str:
    """A value as %v prints it."""
    match value:
        case str():
            return str(value)
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return float_text(value)
        case Mapping():
            items = (f"{text_of(key)}:{text_of(value[key])}" for key in sorted(value))
            return f"map[{' '.join(items)}]"
        case list() | tuple():
            return f"[{' '.join(text_of(item) for item in value)}]"
        case _:
            return str(value)


def printed(value: object) -> str:
    """A value as an action prints it."""
    return "<no value>" if value is None or value is MISSING else text_of(value)


_KINDS = ((bool, "bool"), (str, "string"), (int, "int"), (float, "float"))


def _basic_kind(value: object) -> str:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return ""


def equal(one: object, other: object) -> bool:
    """Whether two values are the same.

    Raises:
        RenderError: They are of kinds that cannot be compared.
    """
    is_nil, is_other_nil = _is_nil(one), _is_nil(other)
    if one is None or other is None:
        return is_nil and is_other_nil
    first, second = _basic_kind(one), _basic_kind(other)
    if first and second and first != second:
        raise RenderError(_incompatible(one, other))
    if not (first or second) and (is_nil or is_other_nil):
        if isinstance(one, Mapping) is not isinstance(other, Mapping):
            raise RenderError(f"non-comparable types {type_name(one)}, {type_name(other)}")
        return is_nil and is_other_nil
    if not (first and second) and not isinstance(one, GoTime):
        raise RenderError(f"non-comparable type {text_of(one)}: {type_name(one)}")
    return one == other


def _is_nil(value: object) -> bool:
    """Whether a value is nil; of maps only nil ones can be compared."""
    if isinstance(value, StringMap):
        return value.is_nil
    return value is None or isinstance(value, NilMap)


def _incompatible(one: object, other: object) -> str:
    return f"incompatible types for comparison: {type_name(one)} and {type_name(other)}"


def less(one: object, other: object) -> bool:
    """Whether one value comes before another.

    Raises:
        RenderError: They have no order.
    """
    first, second = _basic_kind(one), _basic_kind(other)
    if not first or not second or first == "bool":
        raise RenderError("invalid type for comparison")
    if first != second:
        raise RenderError(_incompatible(one, other))
    assert isinstance(one, str | int | float)
    assert isinstance(other, str | int | float)
    return bool(one < other)  # type: ignore[operator]  # both are of one kind
