"""`TableModel`: which rows, in which order. Work is in proportion to what changed. Pure.

Cells are not kept: a row's cells are read from its object when the row is painted, its place in
the order from the one sort value that is made when the object arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from kube_client.resource import ObjectKey
from kube_tui.rows.filters import SHOW_ALL, RowFilter, parse_filter
from kube_tui.rows.row import Column, ItemT, Moment, SortValue, Tone, natural
from kube_tui.rows.view import View


@dataclass(frozen=True, slots=True)
class Sort:
    """The column that orders the rows, and the direction."""

    column: str
    descending: bool = False


class _Place(NamedTuple):
    """Where a row stands: by value, then by namespace and name."""

    value: SortValue
    tie: tuple[str, str]
    key: ObjectKey


class TableModel(Generic[ItemT]):
    """The rows of one view: put objects in, read an ordered, filtered list."""

    def __init__(self, view: View[ItemT], moment: Moment) -> None:
        self._view = view
        self._moment = moment
        self._items: dict[ObjectKey, ItemT] = {}
        self._places: dict[ObjectKey, _Place] = {}
        self._texts: dict[ObjectKey, str] = {}
        self._order: list[_Place] = []
        self._filter: RowFilter = SHOW_ALL
        self.sort = Sort(view.sort_by, view.descending)
        self.marked: set[ObjectKey] = set()
        self.shows_only_faults = False

    @property
    def view(self) -> View[ItemT]:
        """What is shown."""
        return self._view

    @property
    def filter_text(self) -> str:
        """The filter as typed; '' shows all."""
        return self._filter.text

    @property
    def total(self) -> int:
        """How many rows there are without the filter."""
        return len(self._items)

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> ItemT:
        return self._items[self._order[index].key]

    def keys(self, start: int, stop: int) -> list[ObjectKey]:
        """The keys of the rows in this stretch."""
        return [place.key for place in self._order[start:stop]]

    def items(self) -> list[ItemT]:
        """All items, shown or not, in no order."""
        return list(self._items.values())

    def get(self, key: ObjectKey) -> ItemT | None:
        """The item with this key, shown or not."""
        return self._items.get(key)

    def position(self, key: ObjectKey) -> int | None:
        """The row of this key; None where the filter hides it or it is gone."""
        place = self._places.get(key)
        if place is None:
            return None
        index = self._bisect(place)
        if index < len(self._order) and self._order[index].key == key:
            return index
        return None

    def apply(
        self, changes: Iterable[tuple[Sequence[ItemT], Sequence[ItemT]]], moment: Moment
    ) -> set[ObjectKey]:
        """Take the rows that each change removed and brought; the keys that were new or differ."""
        self._moment = moment
        gone: set[ObjectKey] = set()
        come: dict[ObjectKey, ItemT] = {}
        for before, after in changes:
            for item in before:
                gone.add(item.key)
                come.pop(item.key, None)
            come.update((item.key, item) for item in after)
        self._update(gone, come)
        return set(come)

    def _update(self, gone: set[ObjectKey], come: dict[ObjectKey, ItemT]) -> None:
        is_much = len(come) + len(gone) > 64 and (len(come) + len(gone)) * 8 > len(self._order)
        for key in gone | come.keys():
            if not is_much:
                self._take_out(key)
            self._items.pop(key, None)
            self._texts.pop(key, None)
            self._places.pop(key, None)
        self._items.update(come)
        self.marked -= gone - come.keys()
        if is_much:
            self._arrange()
            return
        column = self._sort_column()
        for key, item in come.items():
            place = self._places[key] = self._place(item, column)
            if self._shows(item):
                self._order.insert(self._bisect(place), place)

    def _take_out(self, key: ObjectKey) -> None:
        index = self.position(key)
        if index is not None:
            del self._order[index]

    def order_by(self, sort: Sort, moment: Moment) -> None:
        """Order all rows anew."""
        self._moment = moment
        self.sort = sort
        self._places.clear()
        self._arrange()

    def refresh(self, moment: Moment) -> None:
        """Read sort values anew: what is used has changed without an event."""
        self.order_by(self.sort, moment)

    def narrow(self, text: str, moment: Moment) -> None:
        """Show only what matches.

        Raises:
            FilterError: The filter is malformed; the old one stays.
        """
        self._filter = parse_filter(text, tuple(self._view.columns), moment)
        self._moment = moment
        self._arrange()

    def only_faults(self, wanted: bool, moment: Moment) -> None:
        """Show only rows of which a cell asks for attention, or all again."""
        self.shows_only_faults = wanted
        self._moment = moment
        self._arrange()

    def reveal(self, view: View[ItemT], moment: Moment) -> None:
        """Show the same items in other columns (the server has named them now)."""
        self._view = view
        self._texts.clear()
        if view.column(self.sort.column) is None:
            self.sort = Sort(view.sort_by, view.descending)
        self.order_by(self.sort, moment)

    def _arrange(self) -> None:
        column = self._sort_column()
        for key, item in self._items.items():
            if key not in self._places:
                self._places[key] = self._place(item, column)
        shown = [self._places[key] for key, item in self._items.items() if self._shows(item)]
        shown.sort(key=lambda place: place.tie)
        present = [place for place in shown if place.value is not None]
        present.sort(key=lambda place: place.value, reverse=self.sort.descending)  # type: ignore[arg-type, return-value]  # one column gives one type
        self._order = present + [place for place in shown if place.value is None]

    def _sort_column(self) -> Column[ItemT]:
        column = self._view.column(self.sort.column)
        return column if column is not None else self._view.columns[0]

    def _place(self, item: ItemT, column: Column[ItemT]) -> _Place:
        key = item.key
        value = column.cell(item, self._moment).sort
        if column.ages and isinstance(value, float):
            value += _epoch(self._moment)
        return _Place(value, (key.namespace, natural(key.name)), key)

    def _shows(self, item: ItemT) -> bool:
        if self.shows_only_faults and not self._is_faulty(item):
            return False
        text = self._row_text(item) if self._filter.reads_text else ""
        return self._filter.matches(item, text)

    def _is_faulty(self, item: ItemT) -> bool:
        cells = (column.cell(item, self._moment) for column in self._view.columns)
        return any(cell.tone in (Tone.BROKEN, Tone.ATTENTION, Tone.BUSY) for cell in cells)

    def _row_text(self, item: ItemT) -> str:
        """All cells but labels, and but those that time alone changes, joined by blanks."""
        text = self._texts.get(item.key)
        if text is None:
            moment = self._moment
            cells = (column.cell(item, moment).text for column in self._view.columns
                     if not column.ages and column.name != "LABELS")  # fmt: skip
            text = self._texts[item.key] = " ".join(cells)
        return text

    def _bisect(self, place: _Place) -> int:
        low, high = 0, len(self._order)
        while low < high:
            middle = (low + high) // 2
            if self._precedes(self._order[middle], place):
                low = middle + 1
            else:
                high = middle
        return low

    def _precedes(self, one: _Place, other: _Place) -> bool:
        a: Any = one.value
        b: Any = other.value
        if a is None or b is None:
            return one.tie < other.tie if a is b else b is None
        if a == b:
            return one.tie < other.tie
        return bool(b < a if self.sort.descending else a < b)


def _epoch(moment: Moment) -> float:
    """Makes ages that were read at different times comparable: all grow at the same pace."""
    return -moment.now.timestamp()
