"""Variables in text: ``$NAME``, ``${NAME:-default}`` and their kin.

Pure: text and a lookup in, text out. The grammar is the one of the compose specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Lookup = Callable[[str], str | None]
"""The value of a variable, or None when it is not set."""
Warn = Callable[[str], None]
"""Hears what is odd, though not wrong."""

_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_OPERATOR = re.compile(r":?[-+?]")


class InvalidTemplateError(ValueError):
    """A ``${`` without a name or an end; ``template`` is the whole text."""

    def __init__(self, template: str) -> None:
        super().__init__(f'Invalid template: "{template}"')
        self.template = template


class MissingVariableError(ValueError):
    """A variable that must have a value has none."""

    def __init__(self, name: str, message: str) -> None:
        reason = f": {message}" if message else ""
        super().__init__(f"required variable {name} is missing a value{reason}")


class _Braced(NamedTuple):
    name: str
    operator: str
    operand: str
    end: int


def substitute(text: str, lookup: Lookup, warn: Warn) -> str:
    """The text with its variables replaced.

    Raises:
        InvalidTemplateError: A ``${`` that is no variable.
        MissingVariableError: ``${NAME:?message}`` without a value.
    """
    start = text.find("$")
    if start < 0:
        return text
    parts: list[str] = []
    position = 0
    while start >= 0:
        parts.append(text[position:start])
        value, position = _dollar(text, start, lookup, warn)
        parts.append(value)
        start = text.find("$", position)
    parts.append(text[position:])
    return "".join(parts)


def _dollar(text: str, start: int, lookup: Lookup, warn: Warn) -> tuple[str, int]:
    """What the ``$`` at ``start`` becomes, and where the rest begins."""
    after = text[start + 1 : start + 2]
    if after == "$":
        return "$", start + 2
    if after == "{":
        braced = _braced(text, start)
        return _expand(braced, lookup, warn), braced.end
    if name := _NAME.match(text, start + 1):
        return _value_of(name.group(), lookup, warn), name.end()
    return "$", start + 1


def _value_of(name: str, lookup: Lookup, warn: Warn) -> str:
    value = lookup(name)
    if value is None:
        warn(f'The "{name}" variable is not set. Defaulting to a blank string.')
        return ""
    return value


def _braced(text: str, start: int) -> _Braced:
    """Takes ``${name<operator>operand}`` apart."""
    name = _NAME.match(text, start + 2)
    if name is None:
        raise InvalidTemplateError(text)
    if text[name.end() : name.end() + 1] == "}":
        return _Braced(name.group(), "", "", name.end() + 1)
    operator = _OPERATOR.match(text, name.end())
    end = _closing_brace(text, start + 1)
    if operator is None or end < operator.end():
        raise InvalidTemplateError(text)
    return _Braced(name.group(), operator.group(), text[operator.end() : end], end + 1)


def _closing_brace(text: str, opening: int) -> int:
    """The brace that closes the one at ``opening``, counting those within.

    Where they do not pair up, the last one of the line serves.
    """
    line_end = text.find("\n", opening)
    line_end = len(text) if line_end < 0 else line_end
    depth = 0
    position = opening
    while position < line_end:
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        elif text[position] == "{":
            depth += 1
            position += 1
        position += 1
    return text.rfind("}", opening, line_end)


def _expand(braced: _Braced, lookup: Lookup, warn: Warn) -> str:
    name, operator, operand, _ = braced
    if not operator:
        return _value_of(name, lookup, warn)
    other = substitute(operand, lookup, warn)
    value = lookup(name)
    has_value = bool(value) if operator[0] == ":" else value is not None
    match operator[-1]:
        case "-":
            return value or "" if has_value else other
        case "+":
            return other if has_value else ""
        case _:
            if not has_value:
                raise MissingVariableError(name, other)
            return value or ""
