"""What a pass has to say about the user's files: a text, how grave it is, and where."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """How grave a finding is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Position(NamedTuple):
    """A line of a file, counted from one; zero when only the file is known."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Diagnostic(NamedTuple):
    """One finding about the user's files."""

    message: str
    severity: Severity = Severity.WARNING
    position: Position | None = None

    def __str__(self) -> str:
        if self.position is None:
            return self.message
        file = self.position.file
        bare = self.message
        for opening in (f"validating {file}: ", f"failed to read {file}: ", f"{file}: "):
            bare = bare.removeprefix(opening)
        return f"{self.position}: {bare.lstrip()}"
