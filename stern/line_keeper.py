"""Which lines of a target are shown when that depends on the lines around them. Pure.

Records of several lines are kept or dropped as one, and lines around a kept one are shown as grep
shows them. Nothing is waited for: what is decided is given at once.
"""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

import msgspec

from stern.line_filter import LineFilter

_CONTINUATION = re.compile(
    rb"[ \t]|Caused by: |Suppressed: |\.\.\. \d+ more|goroutine \d+ |created by |[\]})]|$"
    rb"|Traceback \(most recent call last\):"
    rb"|During handling of the above exception|The above exception was"
)
_EXCEPTION_END = re.compile(rb"[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit)\b")
_TRACEBACK = re.compile(rb"Traceback \(most recent call last\):")
_RECORD_LIMIT = 10_000


class Line(NamedTuple):
    """A message and its stamp."""

    stamp: bytes
    message: bytes


class KeepOptions(msgspec.Struct, frozen=True):
    """What decides beside the filter: lines around, records of several lines, a level."""

    before: int = 0
    after: int = 0
    joins_records: bool = False
    level: int | None = None


class LineKeeper:
    """Decides line by line for one target, remembering what it must."""

    def __init__(self, options: KeepOptions, line_filter: LineFilter) -> None:
        self._options = options
        self._keeps = line_filter.keeps
        self._excludes = line_filter.excludes
        self._earlier: deque[Line] = deque(maxlen=options.before)
        self._still_after = 0
        self._record: list[Line] = []  # the lines of the current record that were not shown
        self._record_is_kept = False
        self._record_is_lost = False  # excluded by its first line
        self._in_traceback = False

    def select(self, stamp: bytes, message: bytes) -> list[Line]:
        """The lines to show now, in order: none, this one, or earlier ones too."""
        line = Line(stamp, message)
        if self._options.joins_records and self._continues(line.message):
            return self._continued(line)
        kept = self._is_wanted(line.message)
        self._record_is_kept = kept
        self._record_is_lost = not kept and self._excludes(line.message)
        self._record = [] if kept else [line]
        return self._with_context(line, kept=kept)

    def _is_wanted(self, message: bytes) -> bool:
        if not self._keeps(message):
            return False
        if self._options.level is None:
            return True
        from stern.structured import is_at_least

        return is_at_least(message, self._options.level)

    def _continues(self, message: bytes) -> bool:
        """Whether a line belongs to the record of the line before."""
        if self._in_traceback and _EXCEPTION_END.match(message):
            self._in_traceback = False
            return True
        if _TRACEBACK.match(message):
            self._in_traceback = True
        return _CONTINUATION.match(message) is not None

    def _continued(self, line: Line) -> list[Line]:
        if self._record_is_kept:
            return [line]
        if self._record_is_lost:
            return self._with_context(line, kept=False)
        if len(self._record) < _RECORD_LIMIT:
            self._record.append(line)
        if not self._record[:-1] or not self._may_be_found(line.message):
            return self._with_context(line, kept=False)
        self._record_is_kept = True
        shown, self._record = self._record, []
        earlier = [each for each in self._earlier if each not in shown]
        self._earlier.clear()
        self._still_after = self._options.after
        return [*earlier, *shown]

    def _may_be_found(self, message: bytes) -> bool:
        return self._options.level is None and self._keeps(message)

    def _with_context(self, line: Line, *, kept: bool) -> list[Line]:
        if kept:
            shown = [*self._earlier, line]
            self._earlier.clear()
            self._still_after = self._options.after
            return shown
        if self._still_after > 0:
            self._still_after -= 1
            return [line]
        if self._options.before:
            self._earlier.append(line)
        return []
