"""`TableModel`: which rows, in which order. Work is in proportion to what changed. Pure.

Cells are not kept: a row's cells are read from its object when the row is painted, its place in
the order from the one sort value that is made when the object arrives.
"""

from __future__ import annotations

import time
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
        self._cold: dict[ObjectKey, None] = {}
        self._ties: dict[ObjectKey, tuple[str, str]] = {}
        self._all: list[_Place] = []
        self._order: list[_Place] = self._all
        self._filter: RowFilter = SHOW_ALL
        self._read = _read_columns(view)
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
        index = self._bisect(self._order, place)
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
        is_much = len(come) + len(gone) > 64 and (len(come) + len(gone)) * 8 > len(self._all)
        for key in gone | come.keys():
            if not is_much:
                self._take_out(key)
            self._items.pop(key, None)
            self._texts.pop(key, None)
            self._cold.pop(key, None)
            self._places.pop(key, None)
        for key in gone - come.keys():
            self._ties.pop(key, None)
        self._items.update(come)
        self._cold.update(dict.fromkeys(come))
        self.marked -= gone - come.keys()
        if is_much:
            self._arrange()
            return
        column = self._sort_column()
        for key, item in come.items():
            place = self._places[key] = self._place(item, column)
            self._all.insert(self._bisect(self._all, place), place)
            if self._order is not self._all and self._shows(item):
                self._order.insert(self._bisect(self._order, place), place)

    def _take_out(self, key: ObjectKey) -> None:
        place = self._places.get(key)
        if place is None:
            return
        for order in (self._all, self._order) if self._order is not self._all else (self._all,):
            index = self._bisect(order, place)
            if index < len(order) and order[index].key == key:
                del order[index]

    def warm(self, seconds: float) -> bool:
        """Make texts that a filter will want, for at most this long; whether some are missing.

        Called between frames, so that the first key of a filter finds them made.
        """
        until = time.perf_counter() + seconds
        while self._cold and time.perf_counter() < until:
            key, _ = self._cold.popitem()
            self._row_text(key)
        return bool(self._cold)

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
        self._choose()

    def only_faults(self, wanted: bool, moment: Moment) -> None:
        """Show only rows of which a cell asks for attention, or all again."""
        self.shows_only_faults = wanted
        self._moment = moment
        self._choose()

    def reveal(self, view: View[ItemT], moment: Moment) -> None:
        """Show the same items in other columns (the server has named them now)."""
        self._view = view
        self._texts.clear()
        self._cold = dict.fromkeys(self._items)
        self._read = _read_columns(view)
        if view.column(self.sort.column) is None:
            self.sort = Sort(view.sort_by, view.descending)
        self.order_by(self.sort, moment)

    def _arrange(self) -> None:
        """Order everything, then choose what is shown."""
        column = self._sort_column()
        for key, item in self._items.items():
            if key not in self._places:
                self._places[key] = self._place(item, column)
        every = sorted(self._places.values(), key=lambda place: place.tie)
        present = [place for place in every if place.value is not None]
        present.sort(key=lambda place: place.value, reverse=self.sort.descending)  # type: ignore[arg-type, return-value]  # one column gives one type
        self._all = present + [place for place in every if place.value is None]
        self._choose()

    def _choose(self) -> None:
        """Of what is ordered, what is shown."""
        if self._filter is SHOW_ALL and not self.shows_only_faults:
            self._order = self._all
            return
        search, texts, text_of = self._filter.search, self._texts, self._row_text
        if search is not None and not self.shows_only_faults:
            self._order = [p for p in self._all if search(texts.get(p.key) or text_of(p.key))]
        else:
            items, shows = self._items, self._shows
            self._order = [place for place in self._all if shows(items[place.key])]

    def _sort_column(self) -> Column[ItemT]:
        column = self._view.column(self.sort.column)
        return column if column is not None else self._view.columns[0]

    def _place(self, item: ItemT, column: Column[ItemT]) -> _Place:
        key = item.key
        tie = self._ties.get(key)
        if tie is None:
            tie = self._ties[key] = (key.namespace, natural(key.name))
        value = column.cell(item, self._moment).sort
        if value == key.name:
            value = tie[1]
        elif isinstance(value, str):
            value = natural(value)
        elif column.ages and value is not None:
            value += _epoch(self._moment)
        return _Place(value, tie, key)

    def _shows(self, item: ItemT) -> bool:
        if self.shows_only_faults and not self._is_faulty(item):
            return False
        search = self._filter.search
        if search is not None:
            return bool(search(self._texts.get(item.key) or self._row_text(item.key)))
        return bool(self._filter.matches(item))

    def _is_faulty(self, item: ItemT) -> bool:
        cells = (column.cell(item, self._moment) for column in self._view.columns)
        return any(cell.tone in (Tone.BROKEN, Tone.ATTENTION, Tone.BUSY) for cell in cells)

    def _row_text(self, key: ObjectKey) -> str:
        """The cells that a filter reads, joined by blanks."""
        item, moment = self._items[key], self._moment
        text = " ".join([column.cell(item, moment).text for column in self._read])
        self._texts[key] = text
        self._cold.pop(key, None)
        return text

    def _bisect(self, order: list[_Place], place: _Place) -> int:
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if self._precedes(order[middle], place):
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


def _read_columns(view: View[ItemT]) -> list[Column[ItemT]]:
    """The columns that a filter reads: not those that change without an event, and no labels."""
    return [c for c in view.columns if not (c.ages or c.measured or c.name == "LABELS")]


def _epoch(moment: Moment) -> float:
    """Makes ages that were read at different times comparable: all grow at the same pace."""
    return -moment.now.timestamp()
