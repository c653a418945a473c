"""A `TableModel` on screen: only visible lines are laid out; the cursor keeps its object."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kube_client.resource import ObjectKey
from kube_tui.clean import fit, fit_middle, one_line, width_of
from kube_tui.rows.layout import GAP, Slot, is_frozen, lay_out
from kube_tui.rows.row import Cell, Moment, Tone
from kube_tui.rows.table import TableModel

GUTTER = 3
_GLYPHS = {Tone.BROKEN: "✕", Tone.ATTENTION: "!", Tone.BUSY: "◌"}
_WORST = (Tone.BROKEN, Tone.ATTENTION, Tone.BUSY)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row as it is painted now."""

    key: ObjectKey
    cells: list[Cell]
    quiet_from: int

    @property
    def tone(self) -> Tone:
        """The worst of its cells."""
        tones = {cell.tone for cell in self.cells}
        return next((tone for tone in _WORST if tone in tones), Tone.WELL)


class ResourceTable(ScrollView, can_focus=True):
    """Shows a model and moves a cursor over it; knows neither kinds nor the cluster."""

    DEFAULT_CSS = """
    ResourceTable { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: auto; }
    ResourceTable > .table--head { color: $tone-quiet; text-style: bold; }
    ResourceTable > .table--sorted { color: $accent; text-style: bold; }
    ResourceTable > .table--well { color: $tone-well; }
    ResourceTable > .table--busy { color: $tone-busy; }
    ResourceTable > .table--attention { color: $tone-attention; }
    ResourceTable > .table--broken { color: $tone-broken; text-style: bold; }
    ResourceTable > .table--done { color: $tone-done; }
    ResourceTable > .table--quiet { color: $tone-quiet; }
    ResourceTable > .table--cursor { background: $cursor-ground; color: $accent; }
    ResourceTable > .table--fresh { text-style: bold; }
    ResourceTable > .table--mark { color: $accent; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--head",
        "table--sorted",
        *(f"table--{tone.value}" for tone in Tone),
        "table--cursor",
        "table--fresh",
        "table--mark",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False),
        Binding("home,g", "edge(-1)", "first row", show=False),
        Binding("end,G", "edge(1)", "last row", show=False),
        Binding("left,h", "sideways(-1)", "columns to the left", show=False),
        Binding("right", "sideways(1)", "columns to the right", show=False),
        Binding("enter", "choose", "open", show=False),
    ]

    wide: reactive[bool] = reactive(False)
    first_column: reactive[int] = reactive(0)
    sentence: reactive[str] = reactive("")
    """Stands where there are no rows."""

    @dataclass
    class Moved(Message):
        """The cursor stands on another row, or on none."""

        key: ObjectKey | None

    @dataclass
    class Chosen(Message):
        """Enter was pressed on this row."""

        key: ObjectKey

    @dataclass
    class HeadPressed(Message):
        """A column's head was clicked."""

        column: str

    def __init__(self, now: Callable[[], Moment]) -> None:
        super().__init__()
        self._now = now
        self._model: TableModel[Any] | None = None
        self._cursor: ObjectKey | None = None
        self._row = 0
        self._lines: dict[int, _Line] = {}
        self._widths: dict[str, int] = {}
        self._slots: list[Slot] = []
        self._fresh: frozenset[ObjectKey] = frozenset()
        self._styles_now: dict[str, Style] = {}

    # -- what is shown ---------------------------------------------------------------------------

    def show(
        self,
        model: TableModel[Any],
        *,
        cursor: ObjectKey | None = None,
    ) -> None:
        """Show this model from now on, with the cursor on that row if it is there."""
        self._model = model
        self._cursor = cursor
        self._row = 0
        self._fresh = frozenset()
        self._widths = {}
        self.first_column = 0
        self.changed()

    def changed(self, fresh: frozenset[ObjectKey] = frozenset()) -> None:
        """The model has changed: paint it again, with these rows brighter for a moment."""
        model = self._model
        if model is None:
            return
        self._fresh = fresh
        offset = self._row - self.scroll_offset.y
        self._keep_cursor(model)
        self._lines.clear()
        self.virtual_size = Size(self.scrollable_size.width, len(model) + 1)
        if self._row != offset + self.scroll_offset.y:
            self._reveal(keep_offset=offset)
        self.refresh()

    def reset_widths(self) -> None:
        """Forget the widest values seen: the rows are others now."""
        self._widths = {}
        self._lines.clear()
        self.refresh()

    @property
    def cursor(self) -> ObjectKey | None:
        """The row that keys act on."""
        return self._cursor

    def move_to(self, key: ObjectKey) -> None:
        """Put the cursor on this row, if it is shown."""
        position = self._model.position(key) if self._model else None
        if position is not None:
            self._put(position)

    def _keep_cursor(self, model: TableModel[Any]) -> None:
        """The cursor stays on its object; when that has gone, on the row that took its place."""
        before = self._cursor
        if not len(model):
            self._cursor, self._row = None, 0
        else:
            position = model.position(before) if before is not None else None
            self._row = min(self._row, len(model) - 1) if position is None else position
            self._cursor = model.keys(self._row, self._row + 1)[0]
        if self._cursor != before:
            self.post_message(self.Moved(self._cursor))

    # -- moving ----------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Go up or down."""
        self._put(self._row + step)

    def action_page(self, pages: int) -> None:
        """Go a screen up or down."""
        self._put(self._row + pages * max(self._body_height - 1, 1))

    def action_edge(self, end: int) -> None:
        """Go to the first or the last row."""
        self._put(0 if end < 0 else len(self._model or ()) - 1)

    def action_sideways(self, step: int) -> None:
        """Show the columns further left or right; NAME stays."""
        if self._model is None:
            return
        others = sum(not is_frozen(column) for column in self._model.view.columns)
        self.first_column = min(max(self.first_column + step, 0), max(others - 1, 0))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Chosen(self._cursor))

    def _put(self, row: int) -> None:
        model = self._model
        if model is None or not len(model):
            return
        row = min(max(row, 0), len(model) - 1)
        [key] = model.keys(row, row + 1)
        old, self._row = self._row, row
        if key != self._cursor:
            self._cursor = key
            self.post_message(self.Moved(key))
        before = self.scroll_offset.y
        self._reveal()
        if self.scroll_offset.y == before:
            for line in (old, row):
                y = line - before + 1
                if 0 < y < self.scrollable_size.height:
                    self.refresh(Region(0, y, self.scrollable_size.width, 1))

    def _reveal(self, keep_offset: int | None = None) -> None:
        """Scroll as little as needed; or so that the cursor stays on its line of the screen."""
        top, height = self.scroll_offset.y, self._body_height
        if keep_offset is not None and 0 <= keep_offset < height:
            target = max(self._row - keep_offset, 0)
        elif self._row < top:
            target = self._row
        elif self._row >= top + height:
            target = self._row - height + 1
        else:
            return
        self.scroll_to(y=target, animate=False, immediate=True, force=True)

    @property
    def _body_height(self) -> int:
        return max(self.scrollable_size.height - 1, 1)

    # -- painting --------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows come into sight."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._forget_far_lines()

    def watch_wide(self) -> None:
        """All columns, or those that fit."""
        self.refresh()

    def watch_first_column(self) -> None:
        """Scrolled sideways."""
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self._styles_now.clear()

    def tick(self, fresh: frozenset[ObjectKey]) -> None:
        """Time has passed: ages are others now, and other rows are bright."""
        self._fresh = fresh
        self._lines.clear()
        self.refresh()

    def _forget_far_lines(self) -> None:
        top = self.scroll_offset.y
        near = range(top, top + self.scrollable_size.height)
        self._lines = {row: line for row, line in self._lines.items() if row in near}

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lay the columns out for what is in sight, then paint the lines asked for."""
        self._prepare()
        return super().render_lines(crop)

    def _prepare(self) -> None:
        model = self._model
        if model is None:
            return
        top = self.scroll_offset.y
        moment = self._now()
        columns = model.view.columns
        for row in range(top, min(top + self._body_height, len(model))):
            if row not in self._lines:
                self._lines[row] = self._line(model, row, columns, moment)
        self._slots = lay_out(
            columns,
            self._widths,
            self.scrollable_size.width - GUTTER,
            first=self.first_column,
            wide=self.wide,
        )

    def _line(self, model: TableModel[Any], row: int, columns: Any, moment: Moment) -> _Line:
        item = model[row]
        cells = [column.cell(item, moment) for column in columns]
        cells = [cell._replace(text=one_line(cell.text)) for cell in cells]
        for column, cell in zip(columns, cells, strict=True):
            if width_of(cell.text) > self._widths.get(column.name, 0):
                self._widths[column.name] = width_of(cell.text)
        return _Line(item.key, cells, _quiet_from(item))

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the head, a row, or nothing."""
        model = self._model
        width = self.scrollable_size.width
        ground = self.rich_style
        if model is None:
            return Strip.blank(width, ground)
        if y == 0:
            return self._head(model, ground).adjust_cell_length(width, ground)
        row = self.scroll_offset.y + y - 1
        line = self._lines.get(row)
        if line is None:
            return self._sentence_line(y, ground)
        is_here = line.key == self._cursor
        if is_here:
            ground += Style(bgcolor=self._style("cursor").bgcolor)
        segments = self._row_segments(model, line, ground, is_here=is_here)
        return Strip(segments).adjust_cell_length(width, ground).apply_style(ground)

    def _sentence_line(self, y: int, ground: Style) -> Strip:
        width = self.scrollable_size.width
        if not self.sentence or len(self._model or ()):
            return Strip.blank(width, ground)
        lines = textwrap.wrap(one_line(self.sentence), max(min(width - 8, 76), 10))
        number = y - max((self.scrollable_size.height - len(lines)) // 3, 1)
        if not 0 <= number < len(lines):
            return Strip.blank(width, ground)
        text = lines[number]
        left = max((width - max(map(width_of, lines))) // 2, 0)
        return Strip([Segment(" " * left + text, ground)]).adjust_cell_length(width, ground)

    def _head(self, model: TableModel[Any], ground: Style) -> Strip:
        columns, sort = model.view.columns, model.sort
        segments = [Segment(" " * GUTTER, ground)]
        for slot in self._slots:
            column = columns[slot.column]
            if column.name == sort.column:
                title = f"{column.name}{'↓' if sort.descending else '↑'}"
                text = fit(title, slot.width + 1, right=column.right) + " " * (GAP - 1)
                segments.append(Segment(text, ground + self._style("sorted")))
            else:
                text = fit(column.name, slot.width, right=column.right) + " " * GAP
                segments.append(Segment(text, ground + self._style("head")))
        return Strip(segments)

    def _row_segments(
        self, model: TableModel[Any], line: _Line, ground: Style, *, is_here: bool
    ) -> list[Segment]:
        bar = "▌" if is_here else "•" if line.key in model.marked else " "
        bar_style = self._style("cursor" if is_here else "mark")
        tone = line.tone
        segments = [
            Segment(bar, ground + Style(color=bar_style.color)),
            Segment(_GLYPHS.get(tone, " ") + " ", ground + self._style(tone.value)),
        ]
        bright = self._style("fresh") if line.key in self._fresh else Style.null()
        if line.key in model.marked:
            bright += Style(color=self._style("mark").color)
        columns = model.view.columns
        for slot in self._slots:
            column, cell = columns[slot.column], line.cells[slot.column]
            style = ground + self._style(cell.tone.value) + bright
            if column.name == "NAME":
                segments += self._name_segments(line, cell, slot.width, style, ground)
            else:
                segments.append(Segment(fit(cell.text, slot.width, right=column.right), style))
            segments.append(Segment(" " * GAP, ground))
        return segments

    def _name_segments(
        self, line: _Line, cell: Cell, width: int, style: Style, ground: Style
    ) -> list[Segment]:
        """The name, its changing end dimmed."""
        text = fit_middle(cell.text, width)
        cut = line.quiet_from
        if not cut or len(cell.text) > width:
            return [Segment(text, style)]
        return [Segment(text[:cut], style), Segment(text[cut:], ground + self._style("quiet"))]

    def _style(self, name: str) -> Style:
        style = self._styles_now.get(name)
        if style is None:
            component = self.get_component_rich_style(f"table--{name}", partial=name != "cursor")
            style = self._styles_now[name] = component
        return style

    # -- the mouse -------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Choose a row; on the head, sort by the column; twice, open the row."""
        if self._model is None:
            return
        if event.y > 0:
            row = self.scroll_offset.y + event.y - 1
            if row < len(self._model):
                self._put(row)
                if event.chain == 2:
                    self.action_choose()
            return
        x = GUTTER
        for slot in self._slots:
            if x <= event.x < x + slot.width + GAP:
                self.post_message(self.HeadPressed(self._model.view.columns[slot.column].name))
                return
            x += slot.width + GAP


def _quiet_from(item: Any) -> int:
    """Where the name's generated end begins; 0 when it has none."""
    meta = item.metadata
    base: str = meta.generate_name
    if not base or not item.key.name.startswith(base):
        return 0
    template = meta.labels.get("pod-template-hash", "")
    return len(base.removesuffix(f"{template}-")) - 1 if template else len(base) - 1
