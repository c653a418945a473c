"""Go's literals: strings, characters and numbers, as text to values. Pure."""

from __future__ import annotations

import math
import re

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def string(text: str) -> str:
    """The value of a quoted or raw string literal."""
    inside = text[1:-1]
    return inside if text[0] == "`" else _ESCAPE.sub(_unescaped, inside)


def character(text: str) -> int:
    """The code point of a character constant."""
    return ord(string(f'"{text[1:-1]}"')[0])


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] == "x" and len(code) > 1:
        return bytes([int(code[1:], 16)]).decode("utf-8", "surrogateescape")
    if code.isdigit() and len(code) == 3:
        return bytes([int(code, 8) & 0xFF]).decode("utf-8", "surrogateescape")
    return _SIMPLE.get(code, code)


def number(text: str) -> int | float | None:
    """An integer or a float; None when the text is neither."""
    from stern.flag_values import FlagValueError, parse_int

    try:
        return parse_int(text)
    except FlagValueError:
        pass
    is_binary = "p" in text.lower()
    try:
        value = float.fromhex(text) if is_binary else float(text)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(value) or (text.lstrip("+-").isdigit() and text.lstrip("+-")[0] == "0"):
        return None
    return int(value) if value.is_integer() and is_binary else value
