"""A flag's text to its value, with the error texts of Go's strconv, time and csv packages."""

from __future__ import annotations

import re

from stern.flags import Flag, Kind

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_INT = r"[+-]?(0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+|0[oO]?(_?[0-7])+|[1-9](_?\d)*|0)"
_DIGITS = r"\d(?:_?\d)*"
_FLOAT = (
    rf"(?i:[+-]?(?:(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:e[+-]?\d+)?|inf(?:inity)?)|nan)"
)


class FlagValueError(ValueError):
    """The text is no value of the flag's kind; the message is Go's own."""


def parse_value(flag: Flag, text: str) -> object:
    """The value that a flag's text means; of a list flag, the items that the text adds."""
    match flag.kind:
        case Kind.BOOL:
            return parse_bool(text)
        case Kind.INT:
            return parse_int(text)
        case Kind.FLOAT:
            return parse_float(text)
        case Kind.DURATION:
            return _duration(text)
        case Kind.SLICE:
            return parse_record(text)
        case Kind.ARRAY:
            return (text,)
        case Kind.TEXT:
            return text


def parse_bool(text: str) -> bool:
    """Go's booleans, no others."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise FlagValueError(f"strconv.ParseBool: parsing {quoted(text)}: invalid syntax")


def parse_int(text: str) -> int:
    """A whole number in Go's base 0: `0x10`, `0b11`, `017` and `1_000` are numbers."""
    if text.isdecimal() and text.isascii() and text[0] != "0" and len(text) < 19:
        return int(text)
    if not re.fullmatch(_INT, text):
        raise FlagValueError(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax")
    digits = text.replace("_", "")
    octal = re.fullmatch(r"([+-]?)0([0-7]+)", digits)
    value = int(octal[1] + octal[2], 8) if octal else int(digits, 0)
    if not -(2**63) <= value < 2**63:
        raise FlagValueError(f"strconv.ParseInt: parsing {quoted(text)}: value out of range")
    return value


def parse_float(text: str) -> float:
    """A decimal number."""
    if not re.fullmatch(_FLOAT, text):
        raise FlagValueError(f"strconv.ParseFloat: parsing {quoted(text)}: invalid syntax")
    return float(text)


def parse_record(text: str) -> tuple[str, ...]:
    """One record of comma-separated values; double quotes keep commas together."""
    if not text:
        return ()
    if '"' not in text:
        return tuple(text.split(","))
    return tuple(_quoted_record(text))


def _quoted_record(text: str) -> list[str]:
    items = []
    position = 0
    while True:
        if text.startswith('"', position):
            item, position = _quoted_item(text, position)
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            item = text[position:end]
            if '"' in item:
                column = _column(text, position + item.index('"') + 1)
                raise FlagValueError(
                    f'parse error on line 1, column {column}: bare " in non-quoted-field'
                )
            position = end
        items.append(item)
        if position >= len(text):
            return items
        position += 1


def _quoted_item(text: str, start: int) -> tuple[str, int]:
    """The item that opens with the quote at `start`, and where it ends."""
    position = start + 1
    item = ""
    while True:
        end = text.find('"', position)
        if end < 0:
            raise FlagValueError(
                f"parse error on line 1, column {_column(text, len(text) + 1)}: "
                'extraneous or missing " in quoted-field'
            )
        item += text[position:end]
        after = text[end + 1 : end + 2]
        if after == '"':
            item += '"'
            position = end + 2
        elif after in ("", ","):
            return item, end + 1
        else:
            raise FlagValueError(
                f"parse error on line 1, column {_column(text, end + 1)}: "
                'extraneous or missing " in quoted-field'
            )


def _column(text: str, column: int) -> int:
    """The same place counted in bytes."""
    return len(text[: column - 1].encode("utf-8", "surrogateescape")) + 1


def _duration(text: str) -> object:
    from kube_client.duration import DurationError, parse_duration

    try:
        return parse_duration(text)
    except DurationError as error:
        raise FlagValueError(str(error)) from error


def quoted(text: str) -> str:
    """The text as Go's %q prints it."""
    from kube_client.go_quote import quoted as as_go_quotes

    return as_go_quotes(text)
