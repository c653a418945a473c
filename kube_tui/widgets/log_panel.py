"""Log lines on screen: only the visible ones are painted; follows the end until scrolled away."""

from __future__ import annotations

import re
import zlib
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kube_tui.clean import fit_middle, one_line, width_of
from kube_tui.text.document import Role
from kube_tui.text.log_book import LogBook, LogLine
from kube_tui.text.log_line import dress

_SOURCES = 6
_GUTTER_AT_MOST = 24
_STAMP_WIDTH = 12


class LogPanel(ScrollView, can_focus=True):
    """Shows the lines of a book; knows nothing of pods."""

    DEFAULT_CSS = """
    LogPanel { height: 1fr; scrollbar-size: 0 1; }
    LogPanel > .logs--source-0 { color: $accent; }
    LogPanel > .logs--source-1 { color: $tone-busy; }
    LogPanel > .logs--source-2 { color: $tone-done; }
    LogPanel > .logs--source-3 { color: $tone-attention; }
    LogPanel > .logs--source-4 { color: $primary; text-style: italic; }
    LogPanel > .logs--source-5 { color: $tone-quiet; text-style: bold; }
    LogPanel > .logs--time { color: $tone-quiet; }
    LogPanel > .logs--value { color: $tone-well; }
    LogPanel > .logs--name { color: $tone-busy; }
    LogPanel > .logs--heading { color: $accent; }
    LogPanel > .logs--number { color: $tone-well; }
    LogPanel > .logs--word { color: $tone-done; }
    LogPanel > .logs--quiet { color: $tone-quiet; }
    LogPanel > .logs--broken { color: $tone-broken; text-style: bold; }
    LogPanel > .logs--attention { color: $tone-attention; text-style: bold; }
    LogPanel > .logs--match { background: $tone-attention; color: $background; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "logs--time",
        "logs--match",
        *(f"logs--source-{number}" for number in range(_SOURCES)),
        *(f"logs--{role.value}" for role in Role),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
        Binding("ctrl+f", "page_down", show=False),
        Binding("ctrl+b", "page_up", show=False),
        Binding("h", "scroll_left", show=False),
    ]

    follows: reactive[bool] = reactive(True)
    shows_time: reactive[bool] = reactive(False)
    shows_source: reactive[bool] = reactive(True)
    raw: reactive[bool] = reactive(False)
    wrap: reactive[bool] = reactive(False)

    def __init__(self, book: LogBook) -> None:
        super().__init__()
        self._book = book
        self._widest = 0
        self._gutter = 0
        self._rows: list[tuple[LogLine, int]] = []
        self._match: re.Pattern[str] | None = None
        self._styles_now: dict[str, Style] = {}

    def mark(self, pattern: re.Pattern[str] | None) -> None:
        """Mark what matches in the lines shown."""
        self._match = pattern
        self.refresh()

    def grown(self, gone: int = 0) -> None:
        """New lines have come to the book, and this many old ones have left it."""
        if self.wrap:
            self._wrap_all()
        new = self._book.shown[-min(len(self._book.shown), 512) :]
        for line in new:
            self._gutter = max(self._gutter, min(width_of(line.source), _GUTTER_AT_MOST))
            self._widest = max(self._widest, width_of(line.message))
        width = 0 if self.wrap else self._lead_width() + self._widest + 40
        self.virtual_size = Size(width, self._height())
        if self.follows:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        elif gone:
            self.scroll_to(y=max(self.scroll_y - gone, 0), animate=False, immediate=True)
        self.refresh()

    def _height(self) -> int:
        return len(self._rows) if self.wrap else len(self._book.shown)

    def _wrap_all(self) -> None:
        width = max(self.scrollable_size.width - self._lead_width(), 20)
        self._rows = [
            (line, start)
            for line in self._book.shown
            for start in range(0, max(width_of(self._text(line)), 1), width)
        ]

    def _text(self, line: LogLine) -> str:
        return "".join(piece.text for piece in dress(line.message, raw=self.raw))

    def _lead_width(self) -> int:
        lead = self._gutter + 1 if self.shows_source and self._gutter else 0
        return lead + (_STAMP_WIDTH + 1 if self.shows_time else 0)

    def _redraw(self) -> None:
        self.grown()

    watch_shows_time = watch_shows_source = watch_raw = watch_wrap = _redraw

    def on_resize(self) -> None:
        """Wrapped lines break elsewhere, and the end may be elsewhere."""
        self.grown()

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self._styles_now.clear()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled up: stay there. Down at the end again: follow."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and self.is_attached:
            self.follows = self.is_vertical_scroll_end
        elif self.is_vertical_scroll_end:
            self.follows = True

    def action_scroll_end(self) -> None:
        """To the end, and on with it: lines may come faster than a scroll is drawn."""
        self.follows = True
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def on_mouse_scroll_up(self) -> None:
        """The wheel leaves the end."""
        self.follows = False

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        ground, width = self.rich_style, self.scrollable_size.width
        row = self.scroll_offset.y + y
        if row >= self._height():
            return Strip.blank(width, ground)
        if self.wrap:
            if row >= len(self._rows):
                return Strip.blank(width, ground)
            line, start = self._rows[row]
            return self._strip(line, ground, width, start, is_first=start == 0)
        line = self._book.shown[row]
        return self._strip(line, ground, width, self.scroll_offset.x, is_first=True)

    def _strip(
        self, line: LogLine, ground: Style, width: int, start: int, *, is_first: bool
    ) -> Strip:
        lead = self._lead(line, ground) if is_first else []
        lead_strip = Strip(lead).adjust_cell_length(self._lead_width(), ground)
        if line.is_notice:
            pieces = [Segment(one_line(line.message), ground + self._style("quiet"))]
        else:
            pieces = [
                Segment(one_line(piece.text), ground + self._style(piece.role.value))
                for piece in dress(line.message, raw=self.raw)
            ]
        if self._match is not None:
            pieces = _marked(pieces, self._match, self._style("match"))
        room = max(width - self._lead_width(), 1)
        body = Strip(pieces).crop(start, start + room)
        return Strip.join([lead_strip, body]).extend_cell_length(width, ground).apply_style(ground)

    def _lead(self, line: LogLine, ground: Style) -> list[Segment]:
        segments = []
        if self.shows_source and self._gutter:
            number = zlib.crc32(line.source.encode()) % _SOURCES
            text = fit_middle(one_line(line.source), self._gutter)
            segments.append(Segment(text + " ", ground + self._style(f"source-{number}")))
        if self.shows_time:
            segments.append(
                Segment(f"{line.stamp[11:23]:<{_STAMP_WIDTH}} ", ground + self._style("time"))
            )
        return segments

    def _style(self, name: str) -> Style:
        style = self._styles_now.get(name)
        if style is None:
            style = self._styles_now[name] = self.get_component_rich_style(
                f"logs--{name}", partial=name != "match"
            )
        return style


def _marked(segments: list[Segment], pattern: re.Pattern[str], match: Style) -> list[Segment]:
    """Each segment with its matches marked."""
    result: list[Segment] = []
    for segment in segments:
        at = 0
        for found in pattern.finditer(segment.text):
            if found.end() == found.start():
                continue
            result.append(Segment(segment.text[at : found.start()], segment.style))
            result.append(Segment(found[0], match))
            at = found.end()
        result.append(Segment(segment.text[at:], segment.style))
    return result
