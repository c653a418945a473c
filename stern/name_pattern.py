"""Patterns on the names of pods and containers; the usual ones need no parser of expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from stern.errors import SternError

_PLAIN = r"\^?(?:[A-Za-z0-9-]|\.\*?)*\$?"
_MOST_STARS = 3


class NamePattern(Protocol):
    """An expression by RE2's rules."""

    def search(self, line: bytes) -> bool:
        """Whether it matches somewhere in a name."""
        ...


class PlainPattern:
    """Letters, digits, dashes, dots and `.*`, which mean the same in Go and in Python."""

    def __init__(self, text: str) -> None:
        ended = text[:-1] + r"\Z" if text.endswith("$") else text
        self._pattern = re.compile(ended.encode())

    def search(self, line: bytes) -> bool:
        """Whether it matches somewhere in a name."""
        return self._pattern.search(line) is not None


def compile_name(text: str, what: str) -> NamePattern:
    """The pattern of one expression.

    Raises:
        SternError: It does not compile; `what` says what it is for.
    """
    if text.count("*") <= _MOST_STARS and re.fullmatch(_PLAIN, text):
        return PlainPattern(text)
    from stern.regex.pattern import compile_pattern
    from stern.regex.syntax import PatternError

    try:
        return compile_pattern(text)
    except PatternError as error:
        raise SternError(f"failed to compile regular expression {what}: {error}") from error


def compile_names(texts: Sequence[str], what: str) -> NamePattern | None:
    """A pattern that matches where any of the expressions does; None for none.

    Raises:
        SternError: One does not compile; `what` says what they are for.
    """
    if not texts:
        return None
    from stern.regex.pattern import compile_any
    from stern.regex.syntax import PatternError

    try:
        return compile_any(texts)
    except PatternError as error:
        raise SternError(f"failed to compile regular expression {what}: {error}") from error
