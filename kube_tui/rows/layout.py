"""Which columns a table of this width shows, and how wide each is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kube_tui.rows.row import Column

GAP = 2
WIDE_RANK = 9
SPARE_RANK = 4
NAME_AT_LEAST = 16
CUT_AT_LEAST = 10
WIDEST = 64


class Slot(NamedTuple):
    """One column on the screen."""

    column: int
    width: int


def is_frozen(column: Column[Any]) -> bool:
    """Whether the column stays when the others scroll sideways."""
    return column.name in ("NAMESPACE", "NAME")


def lay_out(
    columns: Sequence[Column[Any]],
    widths: Mapping[str, int],
    available: int,
    *,
    first: int = 0,
    wide: bool = False,
) -> list[Slot]:
    """The columns from left to right.

    Unscrolled (`first` 0), columns leave by rank until the rest fits: what tells most stays. Long
    text gives way when only columns are left that are worth it.
    Scrolled, the frozen ones and then everything from the `first` other column on.
    """
    frozen = [i for i, column in enumerate(columns) if is_frozen(column)]
    others = [i for i, column in enumerate(columns) if not is_frozen(column)]
    if first:
        return _scrolled(columns, widths, available, frozen, others[first:])
    kept = [i for i in range(len(columns)) if wide or columns[i].rank < WIDE_RANK]
    wanted = {i: _wanted(columns[i], widths) for i in kept}
    while _total(wanted) > available and len(wanted) > 1:
        leaving = max(wanted, key=lambda i: (columns[i].rank, i))
        rank = columns[leaving].rank
        if (rank < SPARE_RANK and _shrink(columns, wanted, available)) or rank == 0:
            break
        del wanted[leaving]
        wanted.update({i: _wanted(columns[i], widths) for i in wanted})
    return _cut_to([Slot(i, wanted[i]) for i in sorted(wanted)], available)


def _wanted(column: Column[Any], widths: Mapping[str, int]) -> int:
    return min(max(widths.get(column.name, 0), len(column.name)), WIDEST)


def _total(wanted: Mapping[int, int]) -> int:
    return sum(wanted.values()) + GAP * (len(wanted) - 1)


def _shrink(columns: Sequence[Column[Any]], wanted: dict[int, int], available: int) -> bool:
    """Make long text give way, the longest first; whether that was enough."""
    excess = _total(wanted) - available
    floors = {i: _floor(columns[i], width) for i, width in wanted.items()}
    if sum(wanted[i] - floors[i] for i in wanted) < excess:
        return False
    while excess > 0:
        longest = max(wanted, key=lambda i: wanted[i] - floors[i])
        wanted[longest] -= 1
        excess -= 1
    return True


def _floor(column: Column[Any], width: int) -> int:
    if column.name == "NAME":
        return min(width, max(NAME_AT_LEAST, width * 2 // 3))
    if column.right or column.rank == 0 or column.name in ("STATUS", "STATE"):
        return width
    return min(width, max(CUT_AT_LEAST, len(column.name), width // 2))


def _scrolled(
    columns: Sequence[Column[Any]],
    widths: Mapping[str, int],
    available: int,
    frozen: Sequence[int],
    others: Sequence[int],
) -> list[Slot]:
    slots = [Slot(i, min(_wanted(columns[i], widths), available // 3)) for i in frozen]
    return _cut_to(slots + [Slot(i, _wanted(columns[i], widths)) for i in others], available)


def _cut_to(slots: Sequence[Slot], available: int) -> list[Slot]:
    shown: list[Slot] = []
    left = available
    for slot in slots:
        width = min(slot.width, left)
        if width <= 0:
            break
        shown.append(Slot(slot.column, width))
        left -= width + GAP
    return shown
