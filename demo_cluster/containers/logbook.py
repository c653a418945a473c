"""What containers wrote: stored as a kubelet stores it, and read back as it is asked for.

Follows the CRI log format: a line is stored in pieces of at most 16 KiB, each with its time; a line
is stored when its end has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

PIECE = 16384
UNFINISHED_LIMIT = 1 << 20
KEPT_PIECES = 20_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Follower = Callable[[list["Entry"]], None]


class Entry(NamedTuple):
    """One stored piece of a line."""

    stamp: int
    """Nanoseconds since the epoch."""
    data: bytes
    """With its line feed when the line ends here."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What to read; times in nanoseconds since the epoch."""

    tail: int | None = None
    since: int | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


class Log(Protocol):
    """The log of one run of one container."""

    def read(self, tail: int | None, since: int | None) -> list[Entry]:
        """Entries until now: the last `tail` pieces, of them those not older than `since`."""
        ...

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Hand over what is written from now on; an empty list is the end. Returns how to stop."""
        ...

    def read_on(
        self, tail: int | None, since: int | None, follower: Follower
    ) -> tuple[list[Entry], Callable[[], None]]:
        """Both: what is there, and from the same moment on what comes; nothing falls between."""
        ...


def nanoseconds(moment: datetime) -> int:
    """A moment as nanoseconds since the epoch."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def stamp_text(stamp: int) -> bytes:
    """`2026-11-21T00:20:03.472527862Z`: always nine digits here."""
    seconds, rest = divmod(stamp, 1_000_000_000)
    moment = EPOCH + timedelta(seconds=seconds)
    return b"%s.%09dZ" % (moment.strftime("%Y-%m-%dT%H:%M:%S").encode(), rest)


class WrittenLog:
    """A log that a process writes into."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: deque[Entry] = deque(maxlen=KEPT_PIECES)
        self._unfinished = {"stdout": b"", "stderr": b""}
        self._followers: list[Follower] = []
        self._last = 0
        self.is_ended = False

    def write(self, data: bytes, stream: str = "stdout") -> None:
        """Output of the process; stored when a line is complete."""
        *lines, rest = (self._unfinished[stream] + data).split(b"\n")
        new = [entry for line in lines for entry in self._pieces(line.removesuffix(b"\r"), b"\n")]
        if len(rest) > UNFINISHED_LIMIT:
            new += self._pieces(rest, b"")
            rest = b""
        self._unfinished[stream] = rest
        self._store(new)

    def _pieces(self, line: bytes, end: bytes) -> Iterator[Entry]:
        for start in range(0, max(len(line), 1), PIECE):
            piece = line[start : start + PIECE]
            last = start + PIECE >= len(line)
            yield Entry(self._stamp(), piece + (end if last else b""))

    def _stamp(self) -> int:
        """The present; later than any before, as a clock of nanoseconds would be."""
        self._last = max(nanoseconds(self._now()) + 417, self._last + 1213)
        return self._last

    def _store(self, entries: list[Entry]) -> None:
        if not entries:
            return
        self._entries.extend(entries)
        for follower in list(self._followers):
            follower(entries)

    def end(self) -> None:
        """The process has gone: store what has no line end, and tell the followers."""
        if self.is_ended:
            return
        for stream, rest in self._unfinished.items():
            self._unfinished[stream] = b""
            if rest:
                self._store(list(self._pieces(rest, b"")))
        self.is_ended = True
        followers, self._followers = self._followers, []
        for follower in followers:
            follower([])

    def read(self, tail: int | None, since: int | None) -> list[Entry]:
        """Entries until now."""
        return chosen(self._entries, tail, since)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Hand over what is written from now on."""
        if self.is_ended:
            follower([])
            return lambda: None
        self._followers.append(follower)

        def stop() -> None:
            if follower in self._followers:
                self._followers.remove(follower)

        return stop

    def read_on(
        self, tail: int | None, since: int | None, follower: Follower
    ) -> tuple[list[Entry], Callable[[], None]]:
        """What is there, and from now on what comes."""
        return self.read(tail, since), self.follow(follower)


def chosen(entries: Iterable[Entry], tail: int | None, since: int | None) -> list[Entry]:
    """The last `tail` entries, and of them those that are not older than `since`."""
    found = list(entries)
    if tail is not None:
        found = found[len(found) - tail :] if 0 < tail < len(found) else found[: tail and None]
    if since is not None:
        found = [entry for entry in found if entry.stamp >= since]
    return found


class Formatter:
    """Entries to the bytes of a reply; knows where a line goes on and when the limit is reached."""

    def __init__(self, query: LogQuery) -> None:
        self._stamped = query.timestamps
        self._left = query.limit_bytes
        self._inside = False

    @property
    def is_full(self) -> bool:
        """The limit is reached; nothing more will come."""
        return self._left == 0

    def format(self, entries: Iterable[Entry]) -> bytes:
        """The bytes that these entries add."""
        parts: list[bytes] = []
        for entry in entries:
            if self._stamped and not self._inside:
                parts.append(stamp_text(entry.stamp) + b" ")
            parts.append(entry.data)
            self._inside = not entry.data.endswith(b"\n")
        data = b"".join(parts)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return data
