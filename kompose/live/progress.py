"""News of a run on a cluster as lines: redrawn in place on a terminal, one after the other else."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from kompose.cluster.apply import Applied, Outcome
from kompose.cluster.down import Removal
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
_GREY, _GREEN = 90, 32
_WIDEST = 32
"""How long a name may be that others are aligned with."""
_HIDDEN_WHEN_LIVE = frozenset((Outcome.UNCHANGED,))
_SAID_WITH_REASON = frozenset((Phase.TROUBLE, Phase.FAILED))


class LiveBlock:
    """Lines at the bottom of a terminal that are redrawn in place; other lines scroll by above.

    Where it is no terminal there is no block, only the other lines.
    """

    def __init__(self, stream: TextIO, *, is_live: bool, colours: bool) -> None:
        self.is_live = is_live
        self._stream = stream
        self._colours = colours
        self._lines: Sequence[tuple[int, str]] = ()
        self._drawn = 0

    def draw(self, lines: Sequence[tuple[int, str]]) -> None:
        """Show these lines, each with its colour, in place of the block there is."""
        self._lines = lines
        self._write("")

    def say(self, line: str) -> None:
        """A line of its own, above the block."""
        self._write(f"{line}\n")

    def end(self) -> None:
        """Leave the block as it stands; what follows comes below it."""
        self._lines, self._drawn = (), 0

    def _write(self, above: str) -> None:
        erased = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        block = self._block() if self.is_live else []
        self._drawn = len(block)
        self._stream.write(f"{erased}{above}{''.join(block)}")
        self._stream.flush()

    def _block(self) -> list[str]:
        columns, rows = shutil.get_terminal_size()
        room = max(rows - 2, 1)
        shown = list(self._lines[:room])
        if len(self._lines) > room:
            shown[-1] = (_GREY, f"  and {len(self._lines) - room + 1} more")
        cut = ((colour, line[: columns - 1]) for colour, line in shown)
        if not self._colours:
            return [f"{line}\n" for _, line in cut]
        return [f"\x1b[{colour}m{line}\x1b[0m\n" for colour, line in cut]


class ProgressScreen:
    """Shows a project on its way up.

    What happens once (an object made, the last words of a crash) is a line; how each service is
    stands in the block, and is a line whenever its state becomes another where there is no block.
    `hide` takes secrets out of what the cluster says; `names` are services that will come. In a
    dry run objects are only what they would be.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        is_live: bool,
        colours: bool = False,
        hide: Callable[[str], str] = lambda text: text,
        names: Iterable[str] = (),
        is_dry: bool = False,
    ) -> None:
        self._block = LiveBlock(stream, is_live=is_live, colours=colours)
        self._hide = hide
        self._is_dry = is_dry
        self._least_width = max(map(len, names), default=0)
        self._services: dict[str, Health] = {}

    def __call__(self, news: Progress) -> None:
        """Show one piece of news."""
        if news.applied is not None:
            if not (self._block.is_live and news.applied.outcome in _HIDDEN_WHEN_LIVE):
                self._block.say(applied_line(news.applied, is_dry=self._is_dry))
            return
        if news.notice:
            self.notice(news.notice)
        if news.health is None:
            return
        before = self._services.get(news.service)
        health = news.health._replace(why=self._hide(news.health.why))
        self._services[news.service] = health
        if not self._block.is_live and _is_worth_a_line(before, health):
            self._block.say(health_line(news.service, health, self._width()))
        for line in news.lines:
            self._block.say(f"    {news.service} | {one_line(self._hide(line))}")
        self._block.draw(self._lines())

    def notice(self, words: str) -> None:
        """A sentence for the person, above the block."""
        self._block.say(f"! {one_line(self._hide(words))}")

    def end(self) -> None:
        """Leave the block as it stands; what follows comes below it."""
        self._block.end()
        self._services.clear()

    def _lines(self) -> list[tuple[int, str]]:
        """Each service in the order of the file; where room is short, the unready ones first."""
        width = self._width()
        rows = sorted(self._services.items(), key=lambda item: item[1].is_good)
        if len(rows) < shutil.get_terminal_size().lines - 2:
            rows = list(self._services.items())
        return [(_COLOURS[health.phase], health_line(name, health, width)) for name, health in rows]

    def _width(self) -> int:
        return min(max(self._least_width, *map(len, self._services), 0), _WIDEST)


class RemovalScreen:
    """Shows a project on its way down: what is leaving, and what is gone."""

    def __init__(self, stream: TextIO, *, is_live: bool, colours: bool = False) -> None:
        self._block = LiveBlock(stream, is_live=is_live, colours=colours)
        self._leaving: dict[str, bool] = {}

    def __call__(self, news: Removal) -> None:
        """Show one piece of news."""
        is_known = news.title in self._leaving
        self._leaving[news.title] = news.is_gone
        if not self._block.is_live and (news.is_gone or not is_known):
            self._block.say(removal_line(news.title, is_gone=news.is_gone))
        rows = sorted(self._leaving.items(), key=lambda item: item[1])
        if len(rows) < shutil.get_terminal_size().lines - 2:
            rows = list(self._leaving.items())
        self._block.draw(
            [
                (_GREEN if is_gone else _GREY, removal_line(title, is_gone=is_gone))
                for title, is_gone in rows
            ]
        )

    def notice(self, words: str) -> None:
        """A sentence for the person, above the block."""
        self._block.say(f"! {one_line(words)}")

    def end(self) -> None:
        """Leave the block as it stands; what follows comes below it."""
        self._block.end()


def health_line(service: str, health: Health, width: int = 0) -> str:
    """How a service is, in one line: `✓ web  ready 1/1`."""
    numbers = f" {health.ready}/{health.wanted}" if health.wanted else ""
    why = f"  {one_line(health.why)}" if health.why else ""
    return f"{_MARKS[health.phase]} {service:<{width}}  {health.phase.value}{numbers}{why}"


def applied_line(applied: Applied, *, is_dry: bool = False) -> str:
    """What became of an object, `deployment/web created`, or would become of it."""
    would = "would be " if is_dry and applied.outcome is not Outcome.UNCHANGED else ""
    return f"{applied.title} {would}{applied.outcome.value}"


def removal_line(title: str, *, is_gone: bool) -> str:
    """How far an object is on its way out: `✓ deployment/web removed`."""
    return f"✓ {title} removed" if is_gone else f"… {title} is being removed"


def _is_worth_a_line(before: Health | None, now: Health) -> bool:
    """Whether a reader of a file wants to know: another state, another trouble."""
    if before is None or before.phase is not now.phase or before.ready != now.ready:
        return True
    return now.phase in _SAID_WITH_REASON and before.why != now.why
