"""One target's chunks to the bytes that are written, a chunk at a time. Pure.

Every line goes the same way: stamp cut off, exclude, include, time, renderer, highlight; but
the steps are taken for whole chunks wherever that is the same, which is what makes it fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import compress
from operator import itemgetter
from typing import TYPE_CHECKING

from stern.output import OutputOptions, renderer_for
from stern.renderers import PrefixRenderer
from stern.target import Target
from stern.timestamps import StampError, StampFormat

if TYPE_CHECKING:
    from stern.line_keeper import LineKeeper

_STAMP_WIDTH = 31  # 2026-01-31T12:00:00.123456789Z and a blank
_STAMP = rb"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)"
_BLANK = itemgetter(_STAMP_WIDTH - 1)
_ONLY_BLANK = {0x20}
_MESSAGE = itemgetter(slice(_STAMP_WIDTH, -1))
_ALL_BUT_END = itemgetter(slice(None, -1))
MISSING_STAMP = b"[missing timestamp] "

_CONTROLS = rb"\x1b\[[0-9;:]*m|(?P<line_end>\r(?=\n))|[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]"
_CONTROLS_AND_STRAYS = _CONTROLS + (
    rb"|(?P<text>[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
    rb"|(?P<stray>[\x80-\x9f])"
)


class Pipeline:
    """The way of one target's lines."""

    def __init__(
        self, target: Target, options: OutputOptions, on_failure: Callable[[str], None]
    ) -> None:
        self._options = options
        self._filter = options.line_filter
        self._renderer = renderer_for(target, options, on_failure)
        self._is_guarded = options.is_terminal and not options.raw_control
        self._shows_stamps_first = isinstance(self._renderer, PrefixRenderer) and (
            options.humanizer is None
        )
        self._keeper = _keeper_of(options)

    def feed(self, chunk: bytes) -> bytes:
        """What to write for these whole lines; the last may lack its newline."""
        ended_lines = _ended_lines(chunk)
        if self._keeper is not None:
            return self._feed_by_line(_without_ends(ended_lines), self._keeper)
        if not self._options.has_stamps:
            return self.render(None, self._kept(chunk, _without_ends(ended_lines)))
        if not are_usual(ended_lines):
            return self._feed_oddly(_without_ends(ended_lines))
        if not self._filter.keeps_all and not self._filter.may_keep(chunk):
            return b""
        if self._options.stamps is not None:
            return self._feed_timed(chunk, _without_ends(ended_lines), self._options.stamps)
        return self.render(None, self._kept(chunk, list(map(_MESSAGE, ended_lines))))

    def _kept(self, chunk: bytes, messages: list[bytes]) -> list[bytes]:
        """Those of the messages of a chunk that the filter keeps."""
        if self._filter.keeps_all or not self._filter.may_drop(chunk):
            return messages
        return list(compress(messages, self._filter.kept(messages)))

    def _feed_timed(self, chunk: bytes, lines: list[bytes], stamps: StampFormat) -> bytes:
        if not self._filter.keeps_all and self._filter.may_drop(chunk):
            lines = list(
                compress(lines, self._filter.kept([line[_STAMP_WIDTH:] for line in lines]))
            )
        try:
            if lines and self._shows_stamps_first and stamps.leaves(lines[0][:30], lines[-1][:30]):
                return self.render(None, lines)  # stamp, blank and message, as they came
            shown = stamps.format_all([line[:30] for line in lines])
        except StampError:
            return self._feed_oddly(lines)
        return self.render(shown, [line[_STAMP_WIDTH:] for line in lines])

    def _feed_oddly(self, lines: Sequence[bytes]) -> bytes:
        """The same for lines of any shape: other stamps, or none at all."""
        stamps: list[bytes] = []
        messages: list[bytes] = []
        for line in lines:
            stamp, message = cut_stamp(line)
            if stamp is None:
                stamps.append(b"")
                messages.append(MISSING_STAMP + line)
            elif self._filter.keeps(message):
                shown, message = self._shown(stamp, message, line)
                stamps.append(shown)
                messages.append(message)
        return self.render(None if self._options.stamps is None else stamps, messages)

    def _feed_by_line(self, lines: Sequence[bytes], keeper: LineKeeper) -> bytes:
        """The same where the lines around decide whether a line is shown."""
        stamps: list[bytes] = []
        messages: list[bytes] = []
        for line in lines:
            stamp, message = cut_stamp(line) if self._options.has_stamps else (b"", line)
            if stamp is None:
                stamps.append(b"")
                messages.append(MISSING_STAMP + line)
                continue
            for kept in keeper.select(stamp, message):
                shown, message = self._shown(kept.stamp, kept.message, kept.message)
                stamps.append(shown)
                messages.append(message)
        return self.render(None if self._options.stamps is None else stamps, messages)

    def _shown(self, stamp: bytes, message: bytes, line: bytes) -> tuple[bytes, bytes]:
        if self._options.stamps is None:
            return b"", message
        try:
            return self._options.stamps.format(stamp), message
        except StampError:
            return b"", MISSING_STAMP + line

    def render(self, stamps: Sequence[bytes] | None, messages: Sequence[bytes]) -> bytes:
        """The bytes of messages that are to be shown."""
        if not messages:
            return b""
        if self._options.humanizer is not None:
            messages = [self._options.humanizer.show(message) for message in messages]
        renderer, highlighter = self._renderer, self._options.highlighter
        if highlighter is None:
            block = renderer.block(stamps, messages)
        elif renderer.is_line_based:
            block = highlighter.block(renderer.block(stamps, messages))
        else:
            records = renderer.records(stamps, messages)
            block = b"".join(highlighter.record(record) for record in records)
        return neutralised(block) if self._is_guarded else block


def _keeper_of(options: OutputOptions) -> LineKeeper | None:
    if options.keep is None:
        return None
    from stern.line_keeper import LineKeeper

    return LineKeeper(options.keep, options.line_filter)


def _has_usual_stamp(line: bytes) -> bool:
    """Whether a line begins like 2026-01-31T12:00:00.123456789Z and a blank."""
    marks = line[4:5] + line[7:8] + line[10:11] + line[13:14] + line[16:17] + line[19:20]
    return marks + line[29:31] == b"--T::.Z " and line[20:29].isdigit() and line[:4].isdigit()


def _ended_lines(chunk: bytes) -> list[bytes]:
    """The lines of a chunk, each with a newline; `split` takes twice the time."""
    return BytesIO(chunk if chunk.endswith(b"\n") else chunk + b"\n").readlines()


def _without_ends(ended_lines: list[bytes]) -> list[bytes]:
    return list(map(_ALL_BUT_END, ended_lines))


def are_usual(ended_lines: list[bytes]) -> bool:
    """Whether every line begins with a kubelet's usual stamp, all of one day.

    What lies between the least and the greatest line begins as both of them do, and a line with
    the day in front and a blank where the stamps end is a stamped one.
    """
    least, greatest = min(ended_lines), max(ended_lines)
    if not (_has_usual_stamp(least) and greatest.startswith(least[:11])):
        return False
    try:
        return set(map(_BLANK, ended_lines)) == _ONLY_BLANK
    except IndexError:
        return False


def cut_stamp(line: bytes) -> tuple[bytes | None, bytes]:
    """Stamp and message of a line; no stamp where the line does not begin with one."""
    stamp, blank, message = line.partition(b" ")
    if not blank or re.fullmatch(_STAMP, stamp) is None:
        return None, line
    return stamp, message


def neutralised(block: bytes) -> bytes:
    """The bytes with control sequences other than colours made visible, for a terminal."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return re.sub(_CONTROLS_AND_STRAYS, _visible_or_text, block)
    return re.sub(_CONTROLS, _visible, block)


def _visible_or_text(found: re.Match[bytes]) -> bytes:
    """The same among bytes that are no UTF-8, where one byte alone may be a control."""
    if found["text"]:
        return found["text"]
    return b"\\x%02x" % found["stray"][0] if found["stray"] else _visible(found)


def _visible(found: re.Match[bytes]) -> bytes:
    control = found[0]
    if len(control) > 1 and control[:1] == b"\x1b":
        return control
    if found["line_end"]:
        return b""
    if control[:1] == b"\xc2":
        return b"\\x%02x" % control[1]
    return b"^?" if control == b"\x7f" else b"^%c" % (control[0] + 64)
