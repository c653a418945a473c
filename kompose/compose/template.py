"""Variables in text: ``$NAME``, ``${NAME:-default}`` and their kin.

Pure: text and a lookup in, text out. The grammar is the one of the compose specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from kube_client.go_quote import quoted

Lookup = Callable[[str], str | None]
"""The value of a variable, or None when it is not set."""
Warn = Callable[[str], None]
"""Hears what is odd, though not wrong."""

_NAME = "[_a-zA-Z\u017f\u212a][_a-zA-Z0-9\u017f\u212a]*"  # two letters that are K and s to Go
_VARIABLE = re.compile(
    rf"\$(?:(?P<dollar>\$)|(?P<bare>{_NAME})"
    rf"|\{{(?:(?P<name>{_NAME})(?:(?P<operator>:?[-+?])(?P<rest>.*))?\}})?)"
)
"""A variable; one with an operator goes on to the last brace of the line."""


class InvalidTemplateError(ValueError):
    """A ``${`` without a name or an end; ``template`` is the whole text."""

    def __init__(self, template: str) -> None:
        super().__init__(f"Invalid template: {quoted(template)}")
        self.template = template


class MissingVariableError(ValueError):
    """A variable that must have a value has none."""

    def __init__(self, name: str, message: str) -> None:
        reason = f": {message}" if message else ""
        super().__init__(f"required variable {name} is missing a value{reason}")


def substitute(text: str, lookup: Lookup, warn: Warn) -> str:
    """The text with its variables replaced.

    All of it is read before the first fault is told, so that every warning is heard.

    Raises:
        InvalidTemplateError: A ``${`` that is no variable.
        MissingVariableError: ``${NAME:?message}`` without a value.
    """
    if "$" not in text:
        return text
    faults: list[InvalidTemplateError | MissingVariableError] = []

    def replaced(variable: re.Match[str]) -> str:
        try:
            return _replacement(variable, lookup, warn)
        except (InvalidTemplateError, MissingVariableError) as fault:
            faults.append(fault)
            return ""

    result = _VARIABLE.sub(replaced, text)
    if faults:
        raise faults[0]
    return result


def _replacement(variable: re.Match[str], lookup: Lookup, warn: Warn) -> str:
    """What one variable becomes."""
    if variable["dollar"]:
        return "$"
    name = variable["bare"] or variable["name"]
    if name is None:
        raise InvalidTemplateError(variable.string)
    if variable["operator"] is None:
        value = lookup(name)
        if value is None:
            warn(f"The {quoted(name)} variable is not set. Defaulting to a blank string.")
        return value or ""
    operand, after = _split_at_brace(variable["rest"])
    other = substitute(operand, lookup, warn)
    chosen = _choice(name, variable["operator"], other, lookup(name))
    return chosen + substitute(after, lookup, warn)


class Mention(NamedTuple):
    """A variable that a text names."""

    name: str
    is_required: bool = False
    default: str = ""
    alternate: str = ""


def mentions(text: str) -> Iterator[Mention]:
    """The variables of a text in its order, those within defaults after their own."""
    for variable in _VARIABLE.finditer(text):
        name = variable["bare"] or variable["name"]
        if name is None:
            continue
        operand, after = _split_at_brace(variable["rest"] or "")
        match (variable["operator"] or " ")[-1]:
            case "?":
                yield Mention(name, is_required=True)
            case "-":
                yield Mention(name, default=operand)
            case "+":
                yield Mention(name, alternate=operand)
            case _:
                yield Mention(name)
        yield from mentions(operand)
        yield from mentions(after)


def _split_at_brace(rest: str) -> tuple[str, str]:
    """The operand, up to the brace that closes its variable, and the text after that brace.

    Braces within are counted. Where they do not pair up, all of it is the operand.
    """
    depth = 1
    position = 0
    while position < len(rest):
        if rest[position] == "}":
            depth -= 1
            if depth == 0:
                return rest[:position], f"{rest[position + 1 :]}}}"
        elif rest[position] == "{":
            depth += 1
            position += 1
        position += 1
    return rest, ""


def _choice(name: str, operator: str, other: str, value: str | None) -> str:
    """The value or the operand, as the operator says."""
    has_value = bool(value) if operator[0] == ":" else value is not None
    match operator[-1]:
        case "-":
            return value or "" if has_value else other
        case "+":
            return other if has_value else value or ""
        case _:
            if not has_value:
                raise MissingVariableError(name, other)
            return value or ""
