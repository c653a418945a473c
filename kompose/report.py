"""What a conversion tells the person besides its result: one line per event, in order."""

from collections.abc import Callable
from enum import Enum


class Level(Enum):
    """How grave an event is; the value is the word that stands before the line."""

    DEBUG = "DEBU"
    INFO = "INFO"
    WARNING = "WARN"
    ERROR = "ERRO"
    FATAL = "FATA"


class ConvertError(Exception):
    """The conversion cannot go on; the text says why.

    `exit_code` is 2 where the original crashes instead of saying anything.
    """

    def __init__(self, text: str, *, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Report:
    """Hands each event to a listener as it happens."""

    def __init__(self, listener: Callable[[Level, str], None]) -> None:
        self._listener = listener

    def debug(self, text: str) -> None:
        """Says what the program is doing."""
        self._listener(Level.DEBUG, text)

    def info(self, text: str) -> None:
        """Says what was done."""
        self._listener(Level.INFO, text)

    def warn(self, text: str) -> None:
        """Says what was left out or changed."""
        self._listener(Level.WARNING, text)

    def error(self, text: str) -> None:
        """Says what went wrong before the run ends."""
        self._listener(Level.ERROR, text)
