"""A command line as text taken apart into its words, as the reference loader does it.

It is no shell: what follows an unquoted ``;``, ``&``, ``|``, ``<`` or ``>`` is not read at all.
Follows mattn/go-shellwords.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_BLANKS = frozenset(" \t\r\n")
_OPERATORS = frozenset(";&|<>")
_QUOTES = frozenset("'\"")
_DIGITS = frozenset("0123456789")
_BLIND_TO = {
    "'": frozenset('")'),
    '"': frozenset("')"),
    "`": frozenset("'\")"),
    "(": frozenset("'\"`"),
    ")": frozenset("'\"`"),
}
"""What, when open, makes a character one like any other."""
_WRONG = "invalid command line string"
_VARIABLE = re.compile(r"\$(?:\{(\w*)\}|(\w+))")


class CommandLine(NamedTuple):
    """The words of a command, and the text from the first shell operator on."""

    words: list[str]
    unread: str = ""


def split_words(text: str) -> CommandLine:
    """The words of a command line.

    Raises:
        ValueError: A quote is open at the end, or a parenthesis stands alone.
    """
    return _Splitter(text).split()


def expanded_words(text: str, variables: Mapping[str, str]) -> list[str]:
    """The words of a command line with variables for their values, also between quotes.

    What is not set is empty. A value between quotes stays one word, another is taken apart.

    Raises:
        ValueError: A quote is open at the end, or a parenthesis stands alone.
    """
    return _Splitter(text, variables).split().words


class _Splitter:
    """Reads a text character by character.

    A double or a single quote is open, or a command substitution is, whose text stays as it is.
    """

    def __init__(self, text: str, variables: Mapping[str, str] | None = None) -> None:
        self._text = text
        self._variables = variables
        self._words: list[str] = []
        self._word = ""
        self._is_word = False
        """Whether a word has begun; an empty pair of quotes is one, too."""
        self._ends_quoted = False
        """Whether the last that the word has is a quote."""
        self._open: set[str] = set()
        """What is open: quotes, a backtick, a parenthesis. More than one can be."""

    def split(self) -> CommandLine:
        """All words up to the first operator."""
        characters = iter(enumerate(self._text))
        for position, character in characters:
            if character == "\\" and "'" not in self._open:
                _, following = next(characters, (0, ""))
                if not following:
                    raise ValueError(_WRONG)
                self._append(following)
            elif character in _BLANKS:
                self._take_blank(character)
            elif character in _OPERATORS and not self._open:
                return self._cut(position)
            else:
                self._take(character)
        if self._open:
            raise ValueError(_WRONG)
        self._end_word()
        return CommandLine(self._words)

    def _take_blank(self, character: str) -> None:
        if self._open:
            self._word += character
        else:
            self._end_word()

    def _take(self, character: str) -> None:
        blind = _BLIND_TO.get(character)
        if blind is None or self._open & blind:
            self._append(character)
        elif character in _QUOTES:
            self._ends_quoted = character in self._open
            self._is_word = self._is_word or self._ends_quoted
            self._open ^= {character}
        elif character == "(":
            if ")" in self._open or not self._word.endswith("$"):
                raise ValueError(_WRONG)
            self._open.add(")")
            self._word += character
        else:
            self._open ^= {character}
            self._append(character)

    def _append(self, text: str) -> None:
        self._word += text
        self._is_word, self._ends_quoted = True, False

    def _end_word(self) -> None:
        if self._is_word:
            self._words += [self._word] if self._variables is None else self._expanded()
        self._word, self._is_word = "", False

    def _expanded(self) -> list[str]:
        variables = self._variables or {}
        text = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), self._word)
        return [text] if self._ends_quoted else split_words(text).words

    def _cut(self, position: int) -> CommandLine:
        """Ends at an operator; a digit before ``>`` belongs to it."""
        if self._text[position] == ">" and self._word[:1] in _DIGITS:
            self._is_word = False
        self._end_word()
        return CommandLine(self._words, self._text[position:])
