"""News of a run on a cluster as lines: redrawn in place on a terminal, one after the other else."""

import shutil
from typing import TextIO

from kompose.cluster.apply import Applied, Outcome
from kompose.cluster.health import Health, Phase
from kompose.cluster.up import Progress
from kube_client.errors import one_line

_MARKS = {
    Phase.WAITING: "·",
    Phase.PENDING: "·",
    Phase.PULLING: "↓",
    Phase.STARTING: "…",
    Phase.TROUBLE: "!",
    Phase.FAILED: "✗",
    Phase.READY: "✓",
    Phase.COMPLETED: "✓",
}
_COLOURS = {
    Phase.WAITING: 90,
    Phase.PENDING: 90,
    Phase.PULLING: 36,
    Phase.STARTING: 36,
    Phase.TROUBLE: 33,
    Phase.FAILED: 31,
    Phase.READY: 32,
    Phase.COMPLETED: 32,
}
_HIDDEN_WHEN_LIVE = frozenset((Outcome.UNCHANGED,))


class ProgressScreen:
    """Shows progress on one stream.

    On a terminal the services stand in a block at the bottom that is redrawn; what happens once
    (an object made, the last words of a crash) scrolls by above it.
    """

    def __init__(self, stream: TextIO, *, is_live: bool) -> None:
        self._stream = stream
        self._is_live = is_live
        self._services: dict[str, Health] = {}
        self._drawn = 0

    def __call__(self, news: Progress) -> None:
        """Show one piece of news."""
        if news.applied is not None:
            if not (self._is_live and news.applied.outcome in _HIDDEN_WHEN_LIVE):
                self.say(applied_line(news.applied))
            return
        if news.notice:
            self.say(f"! {one_line(news.notice)}")
        if news.health is None:
            return
        self._services[news.service] = news.health
        if not self._is_live:
            self._write(health_line(news.service, news.health, self._width()) + "\n")
        for line in news.lines:
            self.say(f"    {news.service} | {one_line(line)}")
        self._redraw()

    def say(self, line: str) -> None:
        """A line of its own, above the block."""
        self._erase()
        self._write(line + "\n")
        self._redraw()

    def end(self) -> None:
        """Leave the block as it stands; what follows comes below it."""
        self._drawn = 0
        self._services.clear()

    def _redraw(self) -> None:
        if not self._is_live:
            return
        self._erase()
        columns, rows = shutil.get_terminal_size()
        shown = list(self._services.items())[: max(rows - 2, 1)]
        for service, health in shown:
            line = health_line(service, health, self._width())[: columns - 1]
            self._write(f"\x1b[{_COLOURS[health.phase]}m{line}\x1b[0m\n")
        self._drawn = len(shown)

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _width(self) -> int:
        return max(map(len, self._services), default=0)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def health_line(service: str, health: Health, width: int = 0) -> str:
    """How a service is, in one line: `✓ web  ready 1/1`."""
    numbers = f" {health.ready}/{health.wanted}" if health.wanted else ""
    why = f"  {one_line(health.why)}" if health.why else ""
    return f"{_MARKS[health.phase]} {service:<{width}}  {health.phase.value}{numbers}{why}"


def applied_line(applied: Applied) -> str:
    """What became of an object: `deployment/web created`."""
    return f"{applied.title} {applied.outcome.value}"


class LogPrinter:
    """Whole lines of logs with the name of who said them, as docker compose prints them."""

    _PALETTE = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)

    def __init__(
        self, stream: TextIO, *, colours: bool, prefixes: bool = True, timestamps: bool = False
    ) -> None:
        self._stream = stream
        self._colours = colours
        self._prefixes = prefixes
        self._timestamps = timestamps
        self._width = 0
        self._numbers: dict[str, int] = {}

    def write(self, name: str, block: bytes) -> None:
        """Print a block of lines that begin with their stamps; the last may lack its newline."""
        if not block:
            return
        prefix = self._prefix(name) if self._prefixes else b""
        lines = block[:-1].split(b"\n") if block.endswith(b"\n") else block.split(b"\n")
        if not self._timestamps:
            lines = [_without_stamp(line) for line in lines]
        self._stream.flush()
        self._stream.buffer.write(b"".join(prefix + line + b"\n" for line in lines))
        self._stream.buffer.flush()

    def _prefix(self, name: str) -> bytes:
        self._width = max(self._width, len(name))
        text = f"{name:<{self._width}} | "
        if not self._colours:
            return text.encode()
        number = self._numbers.setdefault(name, len(self._numbers))
        return f"\x1b[{self._PALETTE[number % len(self._PALETTE)]}m{text}\x1b[0m".encode()


def _without_stamp(line: bytes) -> bytes:
    stamp, blank, rest = line.partition(b" ")
    return rest if blank and stamp[10:11] == b"T" and stamp[:4].isdigit() else line
