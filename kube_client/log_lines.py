"""Whole lines out of the chunks of a log, and each line once however often the stream is cut.

Bytes in, bytes out: nothing here opens a connection or knows the time. While nothing has to be
skipped, only the ends of a chunk are looked at, however many lines it holds.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Self

import msgspec

_STAMP = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)(?= )"
_USUAL_STAMP = b"2026-01-31T12:00:00.123456789Z"
_HEAD_BYTES = 1024
_NEWLINE = 0x0A
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@cache
def _stamp_pattern() -> re.Pattern[bytes]:
    """Compiled when it is needed: most logs have stamps of one shape, known without it."""
    return re.compile(_STAMP)


class LineCutter:
    """Chunks in, whole lines out; what follows the last newline waits for the next chunk."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        """The lines that this chunk completes, each with its newline; often the chunk itself."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            if chunk:
                self._pieces.append(chunk)
            return b""
        pieces = self._pieces
        if end == len(chunk):
            if not pieces:
                return chunk
            self._pieces = []
            return b"".join((*pieces, chunk))
        self._pieces = [chunk[end:]]
        return b"".join((*pieces, memoryview(chunk)[:end]))

    def take_unfinished(self) -> bytes:
        """The piece of a line that waits for its end, which is then forgotten."""
        piece = b"".join(self._pieces)
        self._pieces = []
        return piece


class Mark(msgspec.Struct, frozen=True):
    """The last line that was given, so that it is known again in a replay.

    `run` lines in a row up to this one carried its stamp. `head` is the line's beginning and
    `length` its size without the newline.
    """

    stamp: bytes
    run: int
    head: bytes
    length: int

    @property
    def since_time(self) -> str:
        """The second to ask the server to replay from, in UTC; kubelets drop fractions."""
        whole_seconds = nanoseconds(self.stamp) // 1_000_000_000
        return (_EPOCH + whole_seconds * _SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")


class Replay:
    """Skips what was given already in a log that is read again from a mark.

    The lines of a log stand in the order of writing, which is not always that of their stamps: two
    writers race by microseconds, and clocks are set back. So what is new is what stands behind
    the marked line, and later lines are held until it is found. When it does not come (the log
    was rotated, or belongs to a new run of the container), everything held is new: only the
    caller can know, by the end of the stream or by waiting, and then calls `release`.
    """

    __slots__ = ("_equal", "_held", "_known_text", "_mark", "found", "held_bytes")

    def __init__(self, mark: Mark, known_text: bytes = b"") -> None:
        self.found = False
        self.held_bytes = 0
        self._mark = mark
        self._known_text = known_text
        self._equal = 0
        self._held: list[bytes] = []

    def feed(self, block: bytes) -> bytes:
        """Those of these whole lines that are known to be new."""
        if self.found:
            return block
        if self._mark.run == 1:
            behind = self._behind_the_mark(block)
            if behind is not None:
                return block[behind:]
            if self._is_old(block):
                return b""
        return self._line_by_line(block)

    def release(self) -> bytes:
        """The held lines, as new: the caller knows that the marked line will not come."""
        held = self._held
        for number in range(len(held) - 1, -1, -1):
            if self._looks_marked(held[number]):  # equal stamps whose beginning is rotated away
                held = held[number + 1 :]
                break
        self._settle()
        return b"".join(held)

    def _settle(self) -> None:
        self.found = True
        self.held_bytes = 0
        self._held = []

    def _behind_the_mark(self, block: bytes) -> int | None:
        """Where the first new line starts, when the marked line is in this block."""
        mark = self._mark
        start = block.find(mark.head)
        while start >= 0:
            end = start + mark.length
            if (start == 0 or block[start - 1] == _NEWLINE) and block[end : end + 1] == b"\n":
                self._settle()
                return end + 1
            start = block.find(mark.head, start + 1)
        return None

    def _is_old(self, block: bytes) -> bool:
        """Whether every line was given before: the last one is stamped before the mark."""
        last = _stamp_pattern().match(block, _last_line(block))
        return last is not None and not _at_or_before(self._mark.stamp, last[0])

    def _line_by_line(self, block: bytes) -> bytes:
        fresh: list[bytes] = []
        lines = _lines(block)
        for number, line in enumerate(lines):
            found = _stamp_pattern().match(line)
            if found is None:
                if line != self._known_text:
                    fresh.append(line)
            elif self._is_mark(line, found[0]):
                self._settle()
                fresh.extend(lines[number + 1 :])
                break
            elif _at_or_before(self._mark.stamp, found[0]):
                self._held.append(line)
                self.held_bytes += len(line)
        return b"".join(fresh)

    def _is_mark(self, line: bytes, stamp: bytes) -> bool:
        if stamp != self._mark.stamp:
            return False
        self._equal += 1
        return self._equal >= self._mark.run and self._looks_marked(line)

    def _looks_marked(self, line: bytes) -> bool:
        return len(line) == self._mark.length + 1 and line.startswith(self._mark.head)


class LogResume:
    """The chunks of one log, over any number of connections, as each line exactly once.

    Feed it what arrives; tell it `cut` when a connection ended and another begins at
    `mark.since_time`. Every stamped line stays as the server sent it. Lines without a stamp are
    the server's own words about the log: they pass, but not twice in a row.
    """

    __slots__ = (
        "_cutter",
        "_echo",
        "_head",
        "_last_text",
        "_length",
        "_run",
        "_stamp",
        "replay",
    )

    def __init__(self) -> None:
        self.replay: Replay | None = None
        self._cutter = LineCutter()
        self._stamp = self._head = self._last_text = self._echo = b""
        self._run = self._length = 0

    @classmethod
    def at(cls, mark: Mark) -> Self:
        """One that has given everything up to this mark, and reads on in another log."""
        resume = cls()
        resume._stamp, resume._run = mark.stamp, mark.run
        resume._head, resume._length = mark.head, mark.length
        resume.cut()
        return resume

    @property
    def mark(self) -> Mark | None:
        """The last stamped line given, or None before the first."""
        if not self._stamp:
            return None
        return Mark(self._stamp, self._run, self._head, self._length)

    def feed(self, chunk: bytes) -> bytes:
        """The new whole lines that this chunk completes."""
        block = self._cutter.feed(chunk)
        if self.replay is not None and block:
            block = self.replay.feed(block)
            if self.replay.found:
                self.replay = None
        if block and self._echo:
            block, self._echo = block.removeprefix(self._echo), b""
        if block:
            self._remember(block)
        return block

    def cut(self) -> bytes:
        """Forget the unfinished line, which comes again, and skip in what follows.

        Returns the unfinished piece, for those who want to quote it.
        """
        piece = self._cutter.take_unfinished()
        mark = self.mark
        self._echo = self._last_text
        if mark is not None:
            self.replay = Replay(mark, self._last_text)
        return piece

    def release(self) -> bytes:
        """The lines held back in a replay, as new ones."""
        if self.replay is None:
            return b""
        block = self.replay.release()
        self.replay = None
        if block:
            self._remember(block)
        return block

    def finish(self) -> bytes:
        """What is left at the true end of the log: held lines, and a last line without newline."""
        piece = self._cutter.take_unfinished()
        if not piece:
            return self.release()
        fresh = self.replay.feed(piece + b"\n") if self.replay else piece + b"\n"
        rest = self.release() + fresh
        return rest[:-1] if rest.endswith(piece + b"\n") else rest

    def _remember(self, block: bytes) -> None:
        start = block.rfind(b"\n", 0, -1) + 1
        if not self._remember_quickly(block, start):
            self._remember_carefully(block, start)

    def _remember_quickly(self, block: bytes, start: int) -> bool:
        """Remember an ordinary block: its last line has a stamp of the usual shape, alone."""
        last = self._stamp or _USUAL_STAMP
        width = len(last)
        stamp = block[start : start + width]
        if not (
            block[start + width : start + width + 1] == b" "
            and stamp[10:11] == b"T"
            and stamp[19:20] == b"."
            and stamp[29:] == last[29:]
            and stamp[:4].isdigit()
            and stamp[20:29].isdigit()
            and stamp != last
        ):
            return False
        if start and block.startswith(stamp, block.rfind(b"\n", 0, start - 1) + 1):
            return False
        self._stamp = stamp
        self._run = 1
        self._length = len(block) - 1 - start
        self._head = block[start : min(len(block) - 1, start + _HEAD_BYTES)]
        return True

    def _remember_carefully(self, block: bytes, start: int) -> None:
        found = _stamp_pattern().match(block, start)
        if found is None:
            self._last_text = block[start:]
            block = _up_to_last_stamped(block)
            if not block:
                return
            start = _last_line(block)
            found = _stamp_pattern().match(block, start)
            assert found is not None
        stamp = found[0]
        self._run = self._run_length(block, start, stamp)
        self._stamp = stamp
        self._length = len(block) - 1 - start
        self._head = block[start : min(len(block) - 1, start + _HEAD_BYTES)]

    def _run_length(self, block: bytes, start: int, stamp: bytes) -> int:
        """How many lines in a row, this block's last one included, carry this stamp."""
        run = 1
        while start > 0:
            start = _last_line(block, start)
            if not block.startswith(stamp, start):
                return run
            run += 1
        return run + self._run if stamp == self._stamp else run


def nanoseconds(stamp: bytes) -> int:
    """The time that an RFC 3339 stamp names, in nanoseconds since 1970."""
    text = stamp.decode("ascii")
    head, tail = text[:19], text[19:]
    zone = "+00:00" if tail.endswith("Z") else tail[-6:]
    fraction = tail[1 : -1 if tail.endswith("Z") else -6]
    try:
        moment = datetime.fromisoformat(head + zone)
    except ValueError:
        return 0
    return (moment - _EPOCH) // _SECOND * 1_000_000_000 + int(fraction.ljust(9, "0") or "0")


def is_stamp_beginning(piece: bytes) -> bool:
    """Whether a piece of a line could be the start of a stamped one."""
    return piece[:4].isdigit() and piece[4:5] in (b"", b"-")


def _at_or_before(one: bytes, other: bytes) -> bool:
    """Whether a stamp is not later than another; bytes compare when the shapes are alike."""
    if len(one) == len(other) and (one[-1:] == b"Z" == other[-1:] or one[-6:] == other[-6:]):
        return one <= other
    return nanoseconds(one) <= nanoseconds(other)


def _last_line(block: bytes, end: int | None = None) -> int:
    """Where the last line before `end` starts; `end` stands behind its newline."""
    return block.rfind(b"\n", 0, (len(block) if end is None else end) - 1) + 1


def _lines(block: bytes) -> list[bytes]:
    """Whole lines with their newlines, cut at newlines only."""
    return [line + b"\n" for line in block[:-1].split(b"\n")]


def _up_to_last_stamped(block: bytes) -> bytes:
    """The block without the lines behind its last stamped one; empty when none is stamped."""
    end = len(block)
    while end > 0:
        start = _last_line(block, end)
        if _stamp_pattern().match(block, start):
            return block[:end]
        end = start
    return b""
