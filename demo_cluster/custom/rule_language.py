"""The expressions of validation rules in a custom kind's schema: parsed, and worked out. Pure.

Knows the common part of CEL: literals, fields and items, operators, the condition `a ? b : c`,
`has`, `size`, the text functions, and the macros over lists and maps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

Names: TypeAlias = dict[str, Any]
Term: TypeAlias = Callable[[Names], Any]


class RuleError(Exception):
    """The expression cannot be read, or not be worked out for these values."""


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d+|\d+)u?|(?P<text>r?\"(?:\\.|[^\"\\])*\"|r?'(?:\\.|[^'\\])*')"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\|\||&&|[=!<>]=|[-+*/%!<>?:.,()\[\]{}]))"
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARED = ("==", "!=", "<=", ">=", "<", ">", "in")
_MACROS = ("all", "exists", "exists_one", "filter", "map")


@lru_cache(1024)
def parsed(rule: str) -> Term:
    """The expression, to be worked out with values for its names.

    Raises:
        RuleError: It cannot be read.
    """
    reader = _Reader(list(_tokens(rule)))
    try:
        term = reader.condition()
    except RecursionError as error:
        raise RuleError("expression recursion limit exceeded") from error
    if reader.peek():
        raise RuleError(f"unexpected {reader.peek()!r}")
    return term


def names_in(rule: str) -> frozenset[str]:
    """Every name that the expression mentions."""
    return frozenset(token for token in _tokens(rule) if re.fullmatch(r"[A-Za-z_]\w*", token))


def _tokens(rule: str) -> Iterator[str]:
    position, end = 0, len(rule.rstrip())
    while position < end:
        match = _TOKEN.match(rule, position)
        if match is None:
            raise RuleError(f"unexpected {rule[position:].strip()[:1]!r}")
        yield match[match.lastgroup or 0].strip()
        position = match.end()


@dataclass(slots=True)
class _Reader:
    """Reads tokens from the left; every method reads one level of binding."""

    tokens: list[str]
    position: int = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """The next token when it is one of these, else ""."""
        token = self.peek()
        if token in wanted:
            self.position += 1
            return token
        return ""

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise RuleError(f"expected {wanted!r}, got {self.peek()!r}")

    def condition(self) -> Term:
        test = self.either()
        if not self.take("?"):
            return test
        then = self.either()
        self.need(":")
        other = self.condition()
        return lambda names: then(names) if _truth(test(names)) else other(names)

    def either(self) -> Term:
        left = self.both()
        while self.take("||"):
            left = _joined(left, self.both(), decides=True)
        return left

    def both(self) -> Term:
        left = self.relation()
        while self.take("&&"):
            left = _joined(left, self.relation(), decides=False)
        return left

    def relation(self) -> Term:
        left = self.sum()
        while sign := self.take(*_COMPARED):
            left = _binary(sign, left, self.sum())
        return left

    def sum(self) -> Term:
        left = self.product()
        while sign := self.take("+", "-"):
            left = _binary(sign, left, self.product())
        return left

    def product(self) -> Term:
        left = self.unary()
        while sign := self.take("*", "/", "%"):
            left = _binary(sign, left, self.unary())
        return left

    def unary(self) -> Term:
        if self.take("!"):
            inner = self.unary()
            return lambda names: not _truth(inner(names))
        if self.take("-"):
            inner = self.unary()
            return lambda names: -inner(names)
        return self.member()

    def member(self) -> Term:
        term = self.primary()
        while sign := self.take(".", "["):
            if sign == "[":
                index = self.condition()
                self.need("]")
                term = _item(term, index)
                continue
            name = self.peek()
            self.position += 1
            term = self.method(term, name) if self.take("(") else _field(term, name)
        return term

    def method(self, target: Term, name: str) -> Term:
        if name in _MACROS:
            variable = self.peek()
            self.position += 1
            self.need(",")
            body = self.condition()
            self.need(")")
            return lambda names: _macro(name, target(names), variable, body, names)
        arguments = self.arguments()
        function = _METHODS.get(name)
        if function is None:
            raise RuleError(f"undeclared reference to '{name}'")
        return lambda names: _called(function, target(names), *(each(names) for each in arguments))

    def arguments(self) -> list[Term]:
        found: list[Term] = []
        while not self.take(")"):
            found.append(self.condition())
            if not self.take(","):
                self.need(")")
                break
        return found

    def primary(self) -> Term:
        piece = self.peek()
        self.position += 1
        if piece == "(":
            inner = self.condition()
            self.need(")")
            return inner
        if piece == "[":
            return self.list()
        if not piece:
            raise RuleError("unexpected end")
        if piece[0].isdigit():
            number = float(piece) if "." in piece else int(piece)
            return lambda _names: number
        if piece[-1] in "\"'":
            text = _text(piece)
            return lambda _names: text
        if piece in _CONSTANTS:
            return lambda _names: _CONSTANTS[piece]
        if self.take("("):
            return self.function(piece)
        return lambda names: _named(names, piece)

    def list(self) -> Term:
        items: list[Term] = []
        while not self.take("]"):
            items.append(self.condition())
            if not self.take(","):
                self.need("]")
                break
        return lambda names: [item(names) for item in items]

    def function(self, name: str) -> Term:
        arguments = self.arguments()
        if name == "has" and len(arguments) == 1:
            return lambda names: _is_there(arguments[0], names)
        function = _FUNCTIONS.get(name)
        if function is None or len(arguments) != 1:
            raise RuleError(f"undeclared reference to '{name}'")
        return lambda names: _called(function, arguments[0](names))


def _called(function: Callable[..., Any], *values: Any) -> Any:
    try:
        return function(*values)
    except (AttributeError, TypeError, ValueError) as error:
        raise RuleError("no such overload") from error


def _joined(left: Term, right: Term, *, decides: bool) -> Term:
    """`||` and `&&`: the value that decides wins over an error on the other side."""

    def work(names: Names) -> bool:
        try:
            if _truth(left(names)) is decides:
                return decides
        except RuleError:
            if _truth(right(names)) is decides:
                return decides
            raise
        return _truth(right(names))

    return work


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise RuleError("no such overload")
    return value


def _named(names: Names, name: str) -> Any:
    if name not in names:
        raise RuleError(f"undeclared reference to '{name}'")
    return names[name]


def _field(target: Term, name: str) -> Term:
    def work(names: Names) -> Any:
        value = target(names)
        if not isinstance(value, dict) or name not in value:
            raise RuleError(f"no such key: {name}")
        return value[name]

    return work


def _item(target: Term, index: Term) -> Term:
    def work(names: Names) -> Any:
        value, key = target(names), index(names)
        if isinstance(value, dict) and key in value:
            return value[key]
        if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            return value[key]
        word = "index out of bounds" if isinstance(value, list) else "no such key"
        raise RuleError(f"{word}: {key}")

    return work


def _is_there(term: Term, names: Names) -> bool:
    try:
        term(names)
    except RuleError as error:
        if str(error).startswith("no such key"):
            return False
        raise
    return True


def _macro(name: str, over: Any, variable: str, body: Term, names: Names) -> Any:
    if not isinstance(over, list | dict):
        raise RuleError("no such overload")
    found = [(each, body({**names, variable: each})) for each in over]
    if name == "map":
        return [value for _, value in found]
    if name == "filter":
        return [each for each, value in found if _truth(value)]
    held = sum(_truth(value) for _, value in found)
    return {"all": held == len(found), "exists": held > 0, "exists_one": held == 1}[name]


def _binary(sign: str, left: Term, right: Term) -> Term:
    work = _OPERATORS[sign]

    def worked(names: Names) -> Any:
        try:
            return work(left(names), right(names))
        except TypeError as error:
            raise RuleError("no such overload") from error
        except ZeroDivisionError as error:
            raise RuleError("division by zero") from error

    return worked


def _quotient(left: Any, right: Any) -> Any:
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _quotient,
    "%": lambda left, right: left - right * _quotient(left, right),
}


def _matches(text: str, pattern: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise RuleError(f"error parsing regexp: {error}") from error


_METHODS: dict[str, Callable[..., Any]] = {
    "contains": lambda text, part: part in text,
    "endsWith": lambda text, part: text.endswith(part),
    "lowerAscii": lambda text: text.lower(),
    "matches": _matches,
    "size": len,
    "split": lambda text, separator: text.split(separator),
    "startsWith": lambda text, part: text.startswith(part),
    "trim": lambda text: text.strip(),
    "upperAscii": lambda text: text.upper(),
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "double": float,
    "int": int,
    "size": len,
    "string": str,
}


def _text(token: str) -> str:
    if token.startswith("r"):
        return token[2:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), token[1:-1])


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
