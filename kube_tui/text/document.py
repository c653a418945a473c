"""Text to read, line by line, each piece with what it is: a name, a value, a heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Role(Enum):
    """What a piece of text is."""

    VALUE = "value"
    NAME = "name"
    HEADING = "heading"
    NUMBER = "number"
    WORD = "word"
    QUIET = "quiet"
    BROKEN = "broken"
    ATTENTION = "attention"


class Piece(NamedTuple):
    """Some text of one line."""

    text: str
    role: Role = Role.VALUE


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Lines, and whether something in it is masked until asked for."""

    lines: Sequence[Line]

    def text(self) -> str:
        """Without roles, as it is copied or saved."""
        return "\n".join(line_text(line) for line in self.lines) + "\n"


def line_text(line: Line) -> str:
    """The line without roles."""
    return "".join(piece.text for piece in line)
