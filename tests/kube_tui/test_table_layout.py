"""Which columns a table of some width shows."""

from typing import Any

import pytest

from kube_tui.rows.layout import GAP, lay_out
from kube_tui.rows.pod import POD_COLUMNS
from kube_tui.rows.row import Column

WIDTHS = {
    "NAMESPACE": 8,
    "NAME": 30,
    "READY": 3,
    "STATUS": 16,
    "RESTARTS": 8,
    "CPU": 4,
    "%REQ": 3,
    "MEM": 5,
    "%MLIM": 2,
    "IP": 11,
    "NODE": 6,
    "AGE": 3,
    "LABELS": 60,
}
COLUMNS = tuple(column for column in POD_COLUMNS if column.name != "NAMESPACE")


def shown(width: int, columns: tuple[Column[Any], ...] = COLUMNS, **how: Any) -> list[str]:
    return [columns[slot.column].name for slot in lay_out(columns, WIDTHS, width, **how)]


def test_a_wide_screen_shows_everything_but_what_waits_for_the_wide_table() -> None:
    names = shown(140)

    assert names[:4] == ["NAME", "READY", "STATUS", "RESTARTS"]
    assert "IP" in names
    assert "LABELS" not in names


def test_a_narrow_screen_keeps_what_tells_most() -> None:
    names = shown(77)

    assert {"NAME", "READY", "STATUS", "RESTARTS", "CPU", "MEM", "AGE"} <= set(names)
    assert "IP" not in names


def test_the_wide_table_shows_labels_too_where_there_is_room() -> None:
    assert "LABELS" in shown(220, wide=True)


def test_scrolled_sideways_the_name_stays_and_the_others_go_by() -> None:
    names = shown(60, first=4)

    assert names[0] == "NAME"
    assert names[1] == "CPU" or names[1] == "%REQ"
    assert "READY" not in names


@pytest.mark.parametrize("width", [1, 5, 20, 40, 77, 120, 177, 300])
@pytest.mark.parametrize("first", [0, 3, 12])
def test_columns_never_take_more_than_there_is(width: int, first: int) -> None:
    slots = lay_out(POD_COLUMNS, WIDTHS, width, first=first)

    assert sum(slot.width for slot in slots) + GAP * (len(slots) - 1) <= width
    assert all(slot.width > 0 for slot in slots)
