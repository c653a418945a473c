"""A place in a shell script's text: what comes next, and going past it."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.toybox.syntax import ShellSyntaxError, UnfinishedError

BLANK = " \t"
ENDS_WORD = " \t\n;&|<>()"
OPERATORS = ("&&", "||", ";;", "&", "|", ";", "\n", "(", ")")
NAME_START = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
NAME = NAME_START + "0123456789"


class Scanner:
    """The text and the place in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.pending: list[Callable[[], None]] = []
        """What is to be read as soon as this line is over: here-documents."""

    @property
    def is_at_end(self) -> bool:
        """Whether the text is over."""
        return self.position >= len(self.text)

    def up_to(self, characters: str) -> str:
        """Go past everything before one of these."""
        start = self.position
        while not self.is_at_end and self.peek() not in characters:
            self.position += 1
        return self.text[start : self.position]

    def peek(self, length: int = 1) -> str:
        """The next characters."""
        return self.text[self.position : self.position + length]

    def upcoming(self) -> str:
        """The operator or the word that comes next, for a message."""
        for operator in OPERATORS:
            if self.text.startswith(operator, self.position):
                return "newline" if operator == "\n" else operator
        end = self.position
        while end < len(self.text) and self.text[end] not in ENDS_WORD:
            end += 1
        return self.text[self.position : end]

    def skip_blank(self) -> None:
        """Go past blanks, joined lines and comments."""
        while not self.is_at_end:
            if self.peek() in BLANK:
                self.position += 1
            elif self.peek(2) == "\\\n":
                self.position += 2
            elif self.peek() == "#":
                while not self.is_at_end and self.peek() != "\n":
                    self.position += 1
            else:
                return

    def skip_lines(self) -> None:
        """Go past empty lines, too."""
        self.skip_blank()
        while self.peek() == "\n":
            self.newline()
            self.skip_blank()

    def newline(self) -> None:
        """Go past the end of a line, and read what was to be read then."""
        self.position += 1
        pending, self.pending = self.pending, []
        for read in pending:
            read()

    def line(self) -> str:
        """The rest of this line, without its end.

        Raises:
            UnfinishedError: The text is over.
        """
        if self.is_at_end:
            raise UnfinishedError("syntax error: here-document is not closed")
        stop = self.text.find("\n", self.position)
        stop = len(self.text) if stop < 0 else stop
        line = self.text[self.position : stop]
        self.position = min(stop + 1, len(self.text))
        return line

    def take(self, operator: str) -> bool:
        """Go past these characters, if they come next."""
        if self.text.startswith(operator, self.position):
            self.position += len(operator)
            return True
        return False

    def is_word(self, word: str) -> bool:
        """Whether this word comes next."""
        if not self.text.startswith(word, self.position):
            return False
        after = self.text[self.position + len(word) : self.position + len(word) + 1]
        return not after or after in ENDS_WORD or not word.isalpha()

    def expect(self, word: str) -> None:
        """Go past this word, wherever it stands after blanks and lines.

        Raises:
            ShellSyntaxError: Something else comes.
        """
        self.skip_lines()
        if not self.is_word(word):
            if self.is_at_end:
                raise UnfinishedError(f'syntax error: unexpected end of file (expecting "{word}")')
            raise ShellSyntaxError(
                f'syntax error: unexpected "{self.upcoming()}" (expecting "{word}")'
            )
        self.position += len(word)

    def name(self) -> str:
        """Go past a variable's name.

        Raises:
            ShellSyntaxError: There is none.
        """
        start = self.position
        while self.peek() and self.peek() in NAME:
            self.position += 1
        if start == self.position:
            raise ShellSyntaxError("syntax error: bad variable name")
        return self.text[start : self.position]

    def expect_end(self) -> None:
        """Nothing may follow.

        Raises:
            ShellSyntaxError: Something does.
        """
        if self.position < len(self.text):
            raise ShellSyntaxError(f'syntax error: unexpected "{self.upcoming()}"')
