"""The lines that a run writes to stderr: level, colour and text as the original has them."""

import os
import sys
from typing import TextIO

from kompose.report import Level

_COLOURS = {
    Level.DEBUG: 37,
    Level.INFO: 36,
    Level.WARNING: 33,
    Level.ERROR: 31,
    Level.FATAL: 31,
}
_WIDTH = 44


class FatalWarningError(Exception):
    """A warning that counts as an error."""


class Console:
    """Writes each event as one line, or leaves it out."""

    def __init__(
        self,
        *,
        is_verbose: bool = False,
        is_quiet: bool = False,
        fails_on_warning: bool = False,
        is_coloured: bool = True,
    ) -> None:
        self._is_coloured = is_coloured
        self._is_verbose = is_verbose
        self._is_quiet = is_quiet
        self._fails_on_warning = fails_on_warning and not is_quiet

    def __call__(self, level: Level, text: str) -> None:
        """Shows one event.

        Raises:
            FatalWarningError: It is a warning, and warnings are errors in this run.
        """
        if level is Level.DEBUG and not self._is_verbose:
            return
        if self._is_quiet and level in (Level.DEBUG, Level.INFO, Level.WARNING):
            return
        if self._fails_on_warning and level is Level.WARNING:
            raise FatalWarningError(text)
        write_line(level, text, coloured=self._is_coloured)


def write_line(level: Level, text: str, *, coloured: bool = True) -> None:
    """One line on stderr; the original's are coloured also where stderr is no terminal."""
    sys.stdout.flush()
    if coloured:
        sys.stderr.write(f"\x1b[{_COLOURS[level]}m{level.value}\x1b[0m {text:<{_WIDTH}} \n")
    else:
        sys.stderr.write(f"{level.value} {text}\n")


def uses_colour(stream: TextIO) -> bool:
    """Whether a person wants colours there: it is a terminal, and NO_COLOR is not set."""
    is_able = stream.isatty() and os.environ.get("TERM") != "dumb"
    return is_able and not os.environ.get("NO_COLOR")
