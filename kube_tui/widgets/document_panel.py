"""Text to read: only the visible lines are painted; search moves to the next match."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kube_tui.clean import one_line, width_of
from kube_tui.text.document import Line, Piece, Role, line_text


class DocumentPanel(ScrollView, can_focus=True):
    """Shows lines of pieces; knows roles, not what they are about."""

    DEFAULT_CSS = """
    DocumentPanel { height: 1fr; padding: 0 1; scrollbar-size: 0 1; }
    DocumentPanel > .document--value { color: $tone-well; }
    DocumentPanel > .document--name { color: $tone-busy; }
    DocumentPanel > .document--heading { color: $accent; text-style: bold; }
    DocumentPanel > .document--number { color: $tone-attention; }
    DocumentPanel > .document--word { color: $tone-done; }
    DocumentPanel > .document--quiet { color: $tone-quiet; }
    DocumentPanel > .document--broken { color: $tone-broken; text-style: bold; }
    DocumentPanel > .document--attention { color: $tone-attention; text-style: bold; }
    DocumentPanel > .document--match { background: $tone-attention; color: $background; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"document--{role.value}" for role in Role),
        "document--match",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
        Binding("ctrl+f,space", "page_down", show=False),
        Binding("ctrl+b", "page_up", show=False),
        Binding("h", "scroll_left", show=False),
        Binding("l", "scroll_right", show=False),
    ]

    wrap: reactive[bool] = reactive(False)

    def __init__(self) -> None:
        super().__init__()
        self._source: Sequence[Line] = ()
        self._lines: list[Line] = []
        self._pattern: re.Pattern[str] | None = None

    def show(self, lines: Sequence[Line]) -> None:
        """Show these from now on; the place read stays."""
        self._source = [_clean(line) for line in lines]
        self._arrange()

    def search(self, pattern: re.Pattern[str] | None) -> int:
        """Mark what matches; how many lines do."""
        self._pattern = pattern
        self.refresh()
        return len(self._matches())

    def go_to_match(self, step: int) -> int:
        """Scroll to the next (1) or last (-1) matching line; its number among them, or 0."""
        matches = self._matches()
        if not matches:
            return 0
        here = self.scroll_offset.y
        if step > 0:
            found = next((m for m in matches if m > here), matches[0])
        else:
            found = next((m for m in reversed(matches) if m < here), matches[-1])
        self.scroll_to(y=found, animate=False)
        return matches.index(found) + 1

    def go_to_first_match(self) -> None:
        """Bring the first match from here on into sight."""
        matches = self._matches()
        if matches:
            here = self.scroll_offset.y
            found = next((m for m in matches if m >= here), matches[0])
            if not here <= found < here + self.scrollable_size.height:
                self.scroll_to(y=found, animate=False)

    def _matches(self) -> list[int]:
        pattern = self._pattern
        if pattern is None:
            return []
        return [i for i, line in enumerate(self._lines) if pattern.search(line_text(line))]

    def watch_wrap(self) -> None:
        """Long lines go on below, or out of sight."""
        self._arrange()

    def on_resize(self) -> None:
        """Wrapped lines break elsewhere."""
        if self.wrap:
            self._arrange()

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self.refresh()

    def _arrange(self) -> None:
        width = self.scrollable_size.width
        if self.wrap and width > 0:
            self._lines = [part for line in self._source for part in _wrapped(line, width)]
        else:
            self._lines = list(self._source)
        widest = max((width_of(line_text(line)) for line in self._lines), default=0)
        self.virtual_size = Size(0 if self.wrap else widest, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        ground = self.rich_style
        row, width = self.scroll_offset.y + y, self.scrollable_size.width
        if row >= len(self._lines):
            return Strip.blank(width, ground)
        line = self._lines[row]
        segments = [Segment(p.text, ground + self._style(p.role.value)) for p in line]
        if self._pattern is not None:
            segments = _marked(segments, self._pattern, self._style("match"))
        left = self.scroll_offset.x
        strip = Strip(segments).crop(left, left + width)
        return strip.extend_cell_length(width, ground).apply_style(ground)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"document--{name}", partial=name != "match")


def _clean(line: Line) -> Line:
    return tuple(Piece(one_line(piece.text), piece.role) for piece in line)


def _wrapped(line: Line, width: int) -> list[Line]:
    lines: list[Line] = []
    current: list[Piece] = []
    room = width
    for piece in line:
        text = piece.text
        while len(text) > room:
            current.append(Piece(text[:room], piece.role))
            lines.append(tuple(current))
            current, text, room = [], text[room:], width
        current.append(Piece(text, piece.role))
        room -= len(text)
    lines.append(tuple(current))
    return lines


def _marked(segments: list[Segment], pattern: re.Pattern[str], match: Style) -> list[Segment]:
    """The same text with what matches marked, also across pieces."""
    text = "".join(segment.text for segment in segments)
    cuts = sorted({edge for found in pattern.finditer(text) for edge in found.span()})
    spans = [found.span() for found in pattern.finditer(text) if found.end() > found.start()]
    if not spans:
        return segments
    result: list[Segment] = []
    at = 0
    for segment in segments:
        end = at + len(segment.text)
        edges = [at, *(cut for cut in cuts if at < cut < end), end]
        for start, stop in pairwise(edges):
            is_match = any(a <= start < b for a, b in spans)
            style = match if is_match else segment.style
            result.append(Segment(segment.text[start - at : stop - at], style))
        at = end
    return result
