"""Template text to tokens: literal text, and what stands inside the actions. Pure."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum

from kube_client.go_quote import quoted
from stern.errors import TemplateError


class Token(Enum):
    """What a piece of a template is."""

    TEXT = "text"
    LEFT = "{{"
    RIGHT = "}}"
    SPACE = "space"
    STRING = "string"
    CHAR = "character constant"
    NUMBER = "number"
    BOOL = "bool"
    NIL = "nil"
    DOT = "."
    FIELD = "field"
    VARIABLE = "variable"
    IDENTIFIER = "identifier"
    KEYWORD = "keyword"
    DECLARE = ":="
    ASSIGN = "="
    PIPE = "|"
    COMMA = ","
    OPEN = "("
    CLOSE = ")"
    END = "EOF"


KEYWORDS = frozenset(
    ("if", "else", "end", "range", "with", "define", "template", "block", "break", "continue")
)

_PARTS = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<char>'(?:[^'\\\n]|\\.[^']*)')
  | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?\d+)?
        |0[bB][01_]+|0[oO][0-7_]+
        |(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
  | (?P<field>\.[^\W\d]\w*)
  | (?P<dot>\.)
  | (?P<variable>\$\w*)
  | (?P<word>[^\W\d]\w*)
  | (?P<declare>:=)
  | (?P<symbol>[=|,()])
    """,
    re.VERBOSE,
)
_SYMBOLS = {
    "=": Token.ASSIGN,
    "|": Token.PIPE,
    ",": Token.COMMA,
    "(": Token.OPEN,
    ")": Token.CLOSE,
}
_KINDS = {
    "space": Token.SPACE,
    "string": Token.STRING,
    "char": Token.CHAR,
    "number": Token.NUMBER,
    "field": Token.FIELD,
    "dot": Token.DOT,
    "variable": Token.VARIABLE,
    "declare": Token.DECLARE,
}
_SPACES = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Item:
    """One token, its text, and where it stands."""

    token: Token
    text: str
    offset: int


def failure(source: str, offset: int, reason: str) -> TemplateError:
    """A template that does not parse, in Go's words."""
    line = source.count("\n", 0, offset) + 1
    return TemplateError(f"unable to parse template: template: log:{line}: {reason}")


def tokens(source: str) -> Iterator[Item]:
    """All tokens, the end last.

    Raises:
        TemplateError: An action is not closed, or holds what cannot stand there.
    """
    at = 0
    trims_next = False
    while True:
        left = source.find("{{", at)
        text = source[at:] if left < 0 else source[at:left]
        shown = text.lstrip(_SPACES) if trims_next else text
        offset = at + len(text) - len(shown)
        trims = left >= 0 and source[left + 2 : left + 3] == "-" and _is_space(source, left + 3)
        if trims:
            shown = shown.rstrip(_SPACES)
        if shown:
            yield Item(Token.TEXT, shown, offset)
        if left < 0:
            yield Item(Token.END, "", len(source))
            return
        inside = left + (4 if trims else 2)
        if source.startswith("/*", inside):
            at, trims_next = _comment_end(source, inside)
            continue
        yield Item(Token.LEFT, "{{", left)
        at, trims_next = yield from _action(source, inside, left)


def _is_space(source: str, at: int) -> bool:
    return source[at : at + 1] in tuple(_SPACES)


def _comment_end(source: str, at: int) -> tuple[int, bool]:
    end = source.find("*/", at)
    if end < 0:
        raise failure(source, at, "unclosed comment")
    end += 2
    if source.startswith("}}", end):
        return end + 2, False
    if _is_space(source, end) and source.startswith("-}}", end + 1):
        return end + 4, True
    raise failure(source, at, "comment ends before closing delimiter")


def _action(source: str, at: int, left: int) -> Generator[Item, None, tuple[int, bool]]:
    """The tokens of one action; returns where text goes on, and whether it is trimmed."""
    depth = 0
    while True:
        closing = _closing(source, at)
        if closing is not None and depth:
            raise failure(source, at, "unclosed left paren")
        if closing is not None:
            yield Item(Token.RIGHT, "}}", at)
            return closing
        found = _PARTS.match(source, at)
        if at >= len(source):
            raise failure(source, left, "unclosed action")
        if found is None:
            raise failure(source, at, _complaint(source, at))
        item = _item(found, at)
        _check_end(source, item, found.end())
        depth += (item.token is Token.OPEN) - (item.token is Token.CLOSE)
        if depth < 0:
            raise failure(source, at, "unexpected right paren")
        yield item
        at = found.end()


def _check_end(source: str, item: Item, end: int) -> None:
    """Refuse names and numbers that run into something else."""
    after = source[end : end + 1]
    if item.token is Token.NUMBER and (after == "_" or after.isalnum()):
        raise failure(source, end, f"bad number syntax: {quoted(item.text + after)}")
    is_name = item.token in _NAMES
    if is_name and after not in _TERMINATORS and not source.startswith("}}", end):
        shown = f" '{after}'" if after.isprintable() else ""
        raise failure(source, end, f"bad character U+{ord(after):04X}{shown}")


_NAMES = frozenset(
    (Token.FIELD, Token.VARIABLE, Token.IDENTIFIER, Token.KEYWORD, Token.BOOL, Token.NIL)
)
_TERMINATORS = frozenset(("", " ", "\t", "\r", "\n", ".", ",", "|", ":", "(", ")"))


def _closing(source: str, at: int) -> tuple[int, bool] | None:
    """Where text goes on behind the action that ends here, and whether it is trimmed."""
    if source.startswith("}}", at):
        return at + 2, False
    if _is_space(source, at) and source.startswith("-}}", at + 1):
        return at + 4, True
    return None


def _complaint(source: str, at: int) -> str:
    char = source[at]
    if char == '"':
        return "unterminated quoted string"
    if char == "`":
        return "unterminated raw quoted string"
    if char == "'":
        return "unterminated character constant"
    return f"unexpected {quoted(char)} in command"


def _item(found: re.Match[str], at: int) -> Item:
    name, text = str(found.lastgroup), found[0]
    if name == "symbol":
        return Item(_SYMBOLS[text], text, at)
    if name != "word":
        return Item(_KINDS[name], text, at)
    if text in KEYWORDS:
        return Item(Token.KEYWORD, text, at)
    if text in ("true", "false"):
        return Item(Token.BOOL, text, at)
    return Item(Token.NIL if text == "nil" else Token.IDENTIFIER, text, at)
