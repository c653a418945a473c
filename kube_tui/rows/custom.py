"""Any kind at all: the columns that the server itself prints for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    labels_column,
    name_column,
    namespace_column,
    text_cell,
)

if TYPE_CHECKING:
    from kube_client.tables import TableColumn, TableRow

_TONES = {
    **dict.fromkeys(("failed", "error", "lost", "unknown", "invalid", "degraded"), Tone.BROKEN),
    **dict.fromkeys(("pending", "terminating", "progressing", "creating"), Tone.BUSY),
    **dict.fromkeys(("warning", "suspended", "outofsync", "released"), Tone.ATTENTION),
    **dict.fromkeys(("complete", "completed", "succeeded"), Tone.DONE),
}
_STATE_COLUMNS = frozenset({"status", "phase", "state", "health", "type"})


def table_columns(columns: Iterable[TableColumn], *, namespaced: bool) -> tuple[Column[Any], ...]:
    """Columns for rows of a server-side table; ages are counted here, so that they go on."""
    own: list[Column[Any]] = [namespace_column()] if namespaced else []
    own.append(name_column())
    letters = {"N", "A", "P", "F", "G", "J"}  # the last three are keys of the table
    for index, column in enumerate(columns):
        title = column.name.upper()
        if title in ("NAME", "AGE", "NAMESPACE"):
            continue
        letter = next((c for c in title[:1] if c.isalpha() and c not in letters), "")
        letters.add(letter)
        own.append(_table_column(index, column, letter))
    return (*own, labels_column(), age_column())


def _table_column(index: int, column: TableColumn, letter: str) -> Column[TableRow]:
    is_number = column.type in ("integer", "number")
    is_state = column.name.lower() in _STATE_COLUMNS

    def cell(row: TableRow, _: Moment) -> Cell:
        value = row.cells[index] if index < len(row.cells) else None
        return _number(value) if is_number else _words(value, is_state=is_state)

    rank = 9 if column.priority > 0 else min(2 + index, 8)
    return Column(column.name.upper(), cell, right=is_number, rank=rank, letter=letter)


def _number(value: Any) -> Cell:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Cell(f"{value:g}" if isinstance(value, float) else str(value), float(value))
    return text_cell("") if value is None else Cell(str(value))


def _words(value: Any, *, is_state: bool) -> Cell:
    if value is None or value == "":
        return text_cell("")
    text = str(value)
    tone = _TONES.get(text.lower(), Tone.WELL) if is_state else Tone.WELL
    return Cell(text, text, tone)
