"""What `$((...))` comes to: C's integer operators over shell variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping

TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<=|>>=|\*\*|\+\+|--|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%()<>!~&|^=?:,])"
)


class ArithmeticSyntaxError(Exception):
    """The expression is none."""


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise ArithmeticSyntaxError("divide by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _rest(left: int, right: int) -> int:
    return left - right * _divide(left, right)


PRECEDENCE: list[dict[str, Callable[[int, int], int]]] = [
    {"||": lambda a, b: int(bool(a) or bool(b))},
    {"&&": lambda a, b: int(bool(a) and bool(b))},
    {"|": lambda a, b: a | b},
    {"^": lambda a, b: a ^ b},
    {"&": lambda a, b: a & b},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<=": lambda a, b: int(a <= b),
        ">=": lambda a, b: int(a >= b),
        "<": lambda a, b: int(a < b),
        ">": lambda a, b: int(a > b),
    },
    {"<<": lambda a, b: a << min(b & 63, 63), ">>": lambda a, b: a >> min(b & 63, 63)},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": _divide, "%": _rest},
]
ASSIGNING = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
OPERATIONS = {sign: act for level in PRECEDENCE for sign, act in level.items()}


def evaluate(text: str, variables: MutableMapping[str, str]) -> int:
    """The value of the expression, as a 64-bit integer; assignments change `variables`."""
    tokens = _tokens(text)
    if not tokens:
        return 0
    reader = _Reader(tokens, variables)
    value = reader.comma()
    if reader.tokens:
        raise ArithmeticSyntaxError("arithmetic syntax error")
    return value


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = TOKEN.match(text, position)
        if match is None:
            raise ArithmeticSyntaxError("arithmetic syntax error")
        tokens.append(match[1])
        position = match.end()
    return tokens


def _wrapped(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def number(text: str, variables: Mapping[str, str]) -> int:
    """A literal (decimal, octal, hexadecimal) or the value of a variable."""
    try:
        if re.fullmatch(r"0[0-7]+", text):
            return int(text, 8)
        return int(text, 0) if text else 0
    except ValueError:
        inner = variables.get(text, "")
        if inner == text:
            raise ArithmeticSyntaxError("arithmetic syntax error") from None
        return number(inner.strip(), variables) if inner else 0


class _Reader:
    def __init__(self, tokens: list[str], variables: MutableMapping[str, str]) -> None:
        self.tokens = tokens
        self.variables = variables

    def take(self) -> str:
        if not self.tokens:
            raise ArithmeticSyntaxError("arithmetic syntax error")
        return self.tokens.pop(0)

    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def comma(self) -> int:
        value = self.assignment()
        while self.next() == ",":
            self.take()
            value = self.assignment()
        return value

    def assignment(self) -> int:
        sign = self.tokens[1] if len(self.tokens) > 1 else ""
        if sign in ASSIGNING and re.match(r"[A-Za-z_]", self.next()):
            name = self.take()
            self.take()
            value = self.assignment()
            if sign != "=":
                value = OPERATIONS[sign[:-1]](number(name, self.variables), value)
            self.variables[name] = str(_wrapped(value))
            return _wrapped(value)
        return self.ternary()

    def ternary(self) -> int:
        condition = self.binary(0)
        if self.next() != "?":
            return condition
        self.take()
        yes = self.assignment()
        if self.take() != ":":
            raise ArithmeticSyntaxError("arithmetic syntax error")
        no = self.assignment()
        return yes if condition else no

    def binary(self, level: int) -> int:
        if level == len(PRECEDENCE):
            return self.unary()
        value = self.binary(level + 1)
        while self.next() in PRECEDENCE[level]:
            operation = PRECEDENCE[level][self.take()]
            value = _wrapped(operation(value, self.binary(level + 1)))
        return value

    def unary(self) -> int:
        sign = self.next()
        if sign in ("-", "+", "!", "~"):
            self.take()
            value = self.unary()
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[sign]
        if sign in ("++", "--"):
            self.take()
            return self._step(self.take(), sign, before=True)
        return self.primary()

    def _step(self, name: str, sign: str, *, before: bool) -> int:
        old = number(name, self.variables)
        new = old + (1 if sign == "++" else -1)
        self.variables[name] = str(new)
        return new if before else old

    def primary(self) -> int:
        token = self.take()
        if token == "(":  # noqa: S105 - a parenthesis
            value = self.comma()
            if self.take() != ")":
                raise ArithmeticSyntaxError("arithmetic syntax error")
            return value
        if not (token[0].isalnum() or token[0] == "_"):
            raise ArithmeticSyntaxError("arithmetic syntax error")
        if self.next() in ("++", "--") and not token[0].isdigit():
            return self._step(token, self.take(), before=False)
        return number(token, self.variables)
