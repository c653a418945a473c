"""The lines of a log screen: bounded in lines and bytes, filtered as they come. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from kube_tui.clean import lines_of, without_colours

LINES_AT_MOST = 100_000
BYTES_AT_MOST = 64 << 20
_TRIMMED_AT_ONCE = 1_000


class LogLine(NamedTuple):
    """One line: who said it, when, what; a notice of ours has no time."""

    source: str
    stamp: str
    message: str
    is_notice: bool = False


class LogBook:
    """Keeps the newest lines; what had to go is counted, never silent."""

    def __init__(self, *, lines_at_most: int = LINES_AT_MOST) -> None:
        self._lines_at_most = lines_at_most
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._size_bytes = 0
        self._pattern: re.Pattern[str] | None = None
        self._is_inverse = False
        self.dropped = 0
        self.received = 0

    @property
    def shown(self) -> list[LogLine]:
        """The lines that match, the oldest first. Not to be changed."""
        return self._shown

    @property
    def kept(self) -> int:
        """How many lines there are with those that do not match."""
        return len(self._lines)

    def add(self, lines: Iterable[LogLine]) -> int:
        """Take new lines; how many of the oldest shown lines had to go for them."""
        for line in lines:
            self._lines.append(line)
            self.received += not line.is_notice
            self._size_bytes += len(line.message)
            if self._shows(line):
                self._shown.append(line)
        return self._trim()

    def _trim(self) -> int:
        excess = max(len(self._lines) - self._lines_at_most, 0)
        if self._size_bytes > BYTES_AT_MOST:
            excess = max(excess, len(self._lines) // 4)
        if not excess:
            return 0
        excess = min(max(excess, _TRIMMED_AT_ONCE), len(self._lines))
        gone, self._lines = self._lines[:excess], self._lines[excess:]
        self._size_bytes -= sum(len(line.message) for line in gone)
        self.dropped += excess
        hidden = sum(self._shows(line) for line in gone)
        del self._shown[:hidden]
        return hidden

    def narrow(self, text: str) -> None:
        """Show only lines that match the expression, or with `!` those that do not.

        Raises:
            re.error: It is no regular expression; the filter before stays.
        """
        is_inverse = text.startswith("!")
        expression = text.removeprefix("!")
        self._pattern = re.compile(expression, re.IGNORECASE) if expression else None
        self._is_inverse = is_inverse
        self._shown = [line for line in self._lines if self._shows(line)]

    def clear(self) -> None:
        """Forget all lines."""
        self._lines, self._shown, self._size_bytes = [], [], 0

    def _shows(self, line: LogLine) -> bool:
        pattern = self._pattern
        if pattern is None:
            return True
        return (pattern.search(line.message) is not None) != self._is_inverse


def log_lines(source: str, lines: Iterable[tuple[bytes, bytes]]) -> list[LogLine]:
    """Stamps and messages as they came, as lines that are safe to show."""
    result = []
    for stamp, message in lines:
        text = without_colours(message.decode("utf-8", "replace").rstrip("\r"))
        result.append(LogLine(source, stamp.decode("ascii", "replace"), " ".join(lines_of(text))))
    return result


def plain_text(lines: Iterable[LogLine], *, stamps: bool, sources: bool) -> str:
    """The lines as they are saved or copied."""
    return "".join(
        (f"{line.source} " if sources else "")
        + (f"{line.stamp} " if stamps and line.stamp else "")
        + f"{line.message}\n"
        for line in lines
    )
