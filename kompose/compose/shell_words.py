"""A command line as text taken apart into its words, as the reference loader does it.

It is no shell: what follows an unquoted ``;``, ``&``, ``|``, ``<`` or ``>`` is not read at all.
Follows mattn/go-shellwords.
"""

from __future__ import annotations

from typing import NamedTuple

_BLANKS = frozenset(" \t\r\n")
_OPERATORS = frozenset(";&|<>")
_ESCAPED = {"t": "\t", "n": "\n"}
_WRONG = "invalid command line string"


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


class _Splitter:
    """Reads a text character by character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: list[str] = []
        self._word: str | None = None
        self._quote = ""
        """The quote, backtick or parenthesis that is open."""

    def split(self) -> CommandLine:
        """All words up to the first operator."""
        position = 0
        text = self._text
        while position < len(text):
            character = text[position]
            if character == "\\" and self._quote != "'":
                following = text[position + 1 : position + 2]
                if not following:
                    raise ValueError(_WRONG)
                self._append(_ESCAPED.get(following, following))
                position += 2
                continue
            if character in _OPERATORS and not self._quote:
                return self._cut(position)
            self._take(character)
            position += 1
        if self._quote:
            raise ValueError(_WRONG)
        self._end_word()
        return CommandLine(self._words)

    def _take(self, character: str) -> None:
        if character in _BLANKS and not self._quote:
            self._end_word()
        elif character in "'\"" and self._quote in {"", character}:
            self._quote = "" if self._quote else character
            self._append("")
        elif character in "`()" and self._quote in {"", "`", "("}:
            self._toggle(character)
            self._append(character)
        else:
            self._append(character)

    def _toggle(self, character: str) -> None:
        """Opens or closes a command substitution, whose text stays as it is."""
        if character == "`":
            self._quote = "" if self._quote == "`" else self._quote or "`"
        elif character == "(":
            if self._quote or not (self._word or "").endswith("$"):
                raise ValueError(_WRONG)
            self._quote = "("
        elif self._quote == "(":
            self._quote = ""
        elif not self._quote:
            raise ValueError(_WRONG)

    def _append(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append(self._word)
            self._word = None

    def _cut(self, position: int) -> CommandLine:
        """Ends at an operator; a digit before ``>`` belongs to it."""
        is_stream = self._text[position] == ">" and (self._word or "")[:1].isdigit()
        if is_stream:
            self._word = None
        self._end_word()
        return CommandLine(self._words, self._text[position:])
