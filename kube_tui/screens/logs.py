"""Logs of a container, a pod or a workload; the tailer is stern's."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from kube_client.client import Client
from kube_client.errors import KubeError
from kube_tui.actions.action import LogsWanted
from kube_tui.rows.row import Tone
from kube_tui.text.log_book import LogBook, LogLine, log_lines, plain_text
from kube_tui.widgets.log_panel import LogPanel
from kube_tui.widgets.prompt import FILTER, Prompt
from kube_tui.widgets.status_lines import Crumbs, Explanation, KeyMenu

if TYPE_CHECKING:
    from stern.entry import Entry
    from stern.options import TailOptions
    from stern.target import Target

FRAME_SECONDS = 0.06
RATE_SECONDS = 2.0
FLOOD_LINES = 20_000
_MENU = (
    ("esc", "back"),
    ("/", "filter"),
    ("s", "follow"),
    ("w", "wrap"),
    ("t", "time"),
    ("x", "raw"),
    ("0-6", "from when"),
    ("^s", "save"),
    ("c", "copy"),
    ("C", "clear"),
)


@dataclass(frozen=True, slots=True)
class _Span:
    """From when a log is read."""

    words: str
    since: timedelta | None
    tail_lines: int | None


_SPANS = {
    "0": _Span("last 500 lines", None, 500),
    "1": _Span("from the beginning", None, None),
    "2": _Span("last minute", timedelta(minutes=1), None),
    "3": _Span("last 5 minutes", timedelta(minutes=5), None),
    "4": _Span("last 15 minutes", timedelta(minutes=15), None),
    "5": _Span("last 30 minutes", timedelta(minutes=30), None),
    "6": _Span("last hour", timedelta(hours=1), None),
}


class _PanelSink:
    """Where stern's tailer puts its lines: a list that the screen empties with every frame."""

    def __init__(self) -> None:
        self.waiting: list[LogLine] = []
        self.targets: set[Target] = set()
        self._pods: set[str] = set()
        self._containers: set[str] = set()
        self._emptied = asyncio.Event()

    async def entry(self, entry: Entry) -> None:
        """Some more lines; a flood gives way to the screen."""
        self.waiting += log_lines(self._source(entry.target), entry.lines())
        if len(self.waiting) > FLOOD_LINES:
            self._emptied.clear()
            await self._emptied.wait()

    def take(self) -> list[LogLine]:
        """What has come since the last take."""
        taken, self.waiting = self.waiting, []
        self._emptied.set()
        return taken

    def started(self, target: Target) -> None:
        """A container joins."""
        self.targets.add(target)
        self._pods.add(target.pod)
        self._containers.add(target.container)
        self._notice(target, "joins")

    def ended(self, target: Target) -> None:
        """A container leaves."""
        self.targets.discard(target)
        self._notice(target, "has ended")

    def trouble(self, message: str) -> None:
        """Something could not be read."""
        self.waiting.append(LogLine("", "", message, is_notice=True))

    def _notice(self, target: Target, words: str) -> None:
        text = f"── {target.container} of {target.pod} {words}"
        self.waiting.append(LogLine(self._source(target), "", text, is_notice=True))

    def _source(self, target: Target) -> str:
        """As much of pod and container as tells the sources apart."""
        if len(self._pods) < 2:
            return target.container
        return target.pod if len(self._containers) < 2 else f"{target.pod} {target.container}"


class LogsScreen(Screen[None]):
    """Follows what was asked for until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "back"),
        Binding("slash", "filter", "filter", priority=True),
        Binding("s", "follow", "follow, or stay"),
        Binding("w", "switch('wrap')", "wrap"),
        Binding("t", "switch('shows_time')", "time"),
        Binding("x", "switch('raw')", "raw"),
        Binding("n", "switch('shows_source')", "who"),
        Binding("c", "copy", "copy"),
        Binding("C", "clear", "clear"),
        Binding("ctrl+s", "save", "save"),
        *(Binding(key, f"span('{key}')", span.words) for key, span in _SPANS.items()),
    ]

    def __init__(self, client: Client, wanted: LogsWanted) -> None:
        super().__init__()
        self._client = client
        self._wanted = wanted
        self._book = LogBook()
        self._sink = _PanelSink()
        self._span = _SPANS["0"]
        self._filter = ""
        self._trouble = ""
        self._counted = (time.monotonic(), 0)
        self._rate = 0.0

    def compose(self) -> ComposeResult:
        """Who is followed, the lines, news, keys."""
        yield Crumbs()
        yield LogPanel(self._book)
        yield Explanation()
        yield KeyMenu()
        yield Prompt(lambda _: "")

    def on_mount(self) -> None:
        """Begin."""
        kind = "previous logs" if self._wanted.previous else "logs"
        self.query_one(Crumbs).trail = (self._wanted.title, kind)
        self.query_one(KeyMenu).entries = _MENU
        self.query_one(LogPanel).focus()
        self.set_interval(FRAME_SECONDS, self._flush)
        self.set_interval(0.5, self._show_state)
        self._follow()

    @work(exclusive=True, group="tail")
    async def _follow(self) -> None:
        """Let the tailer run; what ends it is said."""
        from stern.errors import SternError
        from stern.tailer import tail

        self._trouble = ""
        try:
            await tail(self._client, tail_options(self._wanted, self._span), sink=self._sink)
        except (KubeError, SternError) as error:
            self._trouble = str(error)
            self.query_one(Explanation).news = (self._trouble, Tone.BROKEN)
        self._show_state()

    def _flush(self) -> None:
        """What has come since the last frame."""
        waiting = self._sink.take()
        if waiting:
            gone = self._book.add(waiting)
            panel = self.query_one(LogPanel)
            panel.shows_source = self._has_several_sources()
            panel.grown(gone)

    def _has_several_sources(self) -> bool:
        return len({(t.pod, t.container) for t in self._sink.targets}) > 1 or (
            self._wanted.container == "" and len(self._sources()) > 1
        )

    def _sources(self) -> set[str]:
        return {line.source for line in self._book.shown[-200:] if line.source}

    def _show_state(self) -> None:
        now, received = time.monotonic(), self._book.received
        then, before = self._counted
        if now - then >= RATE_SECONDS:
            self._rate = (received - before) / (now - then)
            self._counted = (now, received)
        panel = self.query_one(LogPanel)
        parts = [self._span.words, f"{len(self._sink.targets)} followed"]
        if self._filter:
            parts.append(f"{len(self._book.shown):,} of {self._book.kept:,} match /{self._filter}")
        else:
            parts.append(f"{self._book.kept:,} lines")
        if self._book.dropped:
            parts.append(f"{self._book.dropped:,} oldest left out")
        if self._rate:
            parts.append(f"{self._rate:,.0f}/s")
        parts.append("● live" if panel.follows else "‖ paused")
        self.query_one(Crumbs).counts = " · ".join(parts)

    # -- keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, its sign is a character like any other."""
        if action == "filter":
            return not self.query_one(Prompt).is_open
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Forget the filter first, then leave."""
        if self._filter:
            self._narrow("")
        else:
            self.dismiss()

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one(Prompt).open(FILTER, self._filter)

    def action_follow(self) -> None:
        """Go to the end and stay there, or stay here."""
        panel = self.query_one(LogPanel)
        panel.follows = not panel.follows
        panel.grown()
        self._show_state()

    def action_switch(self, name: str) -> None:
        """Show it the other way."""
        panel = self.query_one(LogPanel)
        setattr(panel, name, not getattr(panel, name))

    def action_span(self, key: str) -> None:
        """Read again from another time on."""
        self._span = _SPANS[key]
        self._sink = _PanelSink()
        self._book.clear()
        self.query_one(LogPanel).grown()
        self._follow()

    def action_clear(self) -> None:
        """Forget the lines so far."""
        self._book.clear()
        self.query_one(LogPanel).grown()

    def action_copy(self) -> None:
        """Copy the lines shown."""
        self.app.copy_to_clipboard(self._text())
        self.query_one(Explanation).news = (f"Copied {len(self._book.shown):,} lines.", Tone.DONE)

    def action_save(self) -> None:
        """Write the lines shown to a file in the present folder."""
        name = "".join(c if c.isalnum() or c in "-." else "-" for c in self._wanted.title)
        file = Path.cwd() / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
        try:
            file.write_text(self._text(), encoding="utf-8")
        except OSError as error:
            news = (f"{file} could not be written: {error.strerror}.", Tone.BROKEN)
        else:
            news = (f"Saved {len(self._book.shown):,} lines to {file}.", Tone.DONE)
        self.query_one(Explanation).news = news

    def _text(self) -> str:
        panel = self.query_one(LogPanel)
        return plain_text(self._book.shown, stamps=panel.shows_time, sources=panel.shows_source)

    # -- the prompt ------------------------------------------------------------------------------

    def _narrow(self, text: str) -> None:
        prompt, panel = self.query_one(Prompt), self.query_one(LogPanel)
        try:
            self._book.narrow(text)
        except re.error as error:
            prompt.complain(f"no regular expression: {error}")
            return
        self._filter = text
        prompt.complain("")
        is_marked = bool(text) and not text.startswith("!")
        panel.mark(re.compile(text, re.IGNORECASE) if is_marked else None)
        panel.grown()
        self._show_state()

    @on(Prompt.Narrowed)
    def _narrowed(self, event: Prompt.Narrowed) -> None:
        event.stop()
        self._narrow(event.text)

    @on(Prompt.Entered)
    def _entered(self, event: Prompt.Entered) -> None:
        event.stop()
        self._close_prompt()

    @on(Prompt.Closed)
    def _given_up(self, event: Prompt.Closed) -> None:
        event.stop()
        self._narrow("")
        self._close_prompt()

    def _close_prompt(self) -> None:
        self.query_one(Prompt).close()
        self.set_focus(self.query_one(LogPanel))


def tail_options(wanted: LogsWanted, span: _Span) -> TailOptions:
    """What the tailer is asked for."""
    from stern.options import TailOptions

    return TailOptions(
        queries=(wanted.query,) if wanted.query else (),
        namespaces=(wanted.namespace,),
        label_selector=wanted.labels,
        container=f"^{re.escape(wanted.container)}$" if wanted.container else ".*",
        since=span.since,
        tail_lines=span.tail_lines,
        previous=wanted.previous,
        follow=not wanted.previous,
    )
