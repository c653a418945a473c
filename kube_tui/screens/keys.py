"""What the keys of the browser do here and now: keys, menu and help come from this table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kube_tui.actions.action import Action
from kube_tui.plugin_files import Plugin
from kube_tui.rows.view import View

_SHOWN = {
    "enter": "↵",
    "escape": "esc",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "space": "space",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "minus": "-",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
}


@dataclass(frozen=True, slots=True)
class ScreenKey:
    """A key that the browser has in every view."""

    key: str
    words: str
    method: str
    """Of the browser screen: action_<method>."""
    rank: int = 9
    argument: str = ""


SCREEN_KEYS: tuple[ScreenKey, ...] = (
    ScreenKey("slash", "filter", "filter", rank=4),
    ScreenKey("colon", "go", "go_to", rank=4),
    ScreenKey("question_mark", "more", "help", rank=9),
    ScreenKey("escape", "back", "back", rank=5),
    ScreenKey("q", "back", "back"),
    ScreenKey("0", "all namespaces", "all_namespaces", rank=6),
    ScreenKey("space", "mark", "mark", rank=8),
    ScreenKey("ctrl+space", "mark up to here", "mark_range"),
    ScreenKey("ctrl+backslash", "clear marks", "clear_marks"),
    ScreenKey("ctrl+z", "only what is not well", "faults", rank=7),
    ScreenKey("ctrl+w", "all columns", "wide", rank=8),
    ScreenKey("shift+left", "sort by the column to the left", "sort_step", argument="-1"),
    ScreenKey("shift+right", "sort by the column to the right", "sort_step", argument="1"),
    ScreenKey("O", "choose the sort column", "choose_sort"),
    ScreenKey("r", "ask the cluster again", "retry"),
    ScreenKey("ctrl+r", "ask the cluster again", "retry"),
    ScreenKey("f2", "views", "views", rank=5),
    ScreenKey("minus", "the view before", "previous"),
    ScreenKey("f12", "next theme", "next_theme"),
)

MOVING_KEYS: tuple[tuple[str, str], ...] = (
    ("↑ ↓ / k j", "up, down"),
    ("PgUp PgDn / ctrl+b ctrl+f", "a screen up, down"),
    ("Home End / g G", "first row, last row"),
    ("← → / h", "columns to the left, to the right; NAME stays"),
    ("↵", "open what the row holds"),
)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of the present view."""

    key: str
    words: str
    source: str
    rank: int
    target: Action | ScreenKey | Plugin | str
    """A string is a column to sort by."""

    @property
    def shown(self) -> str:
        """The key as it is printed: ^d for ctrl+d."""
        return shown_key(self.key)


def shown_key(key: str) -> str:
    """A key's name as people write it."""
    if key.startswith("ctrl+"):
        inner = key.removeprefix("ctrl+")
        return "^" + {"backslash": "\\"}.get(inner, inner)
    if key in _SHOWN:
        return _SHOWN[key]
    return key.capitalize() if len(key) > 1 and key[0] == "f" and key[1:].isdigit() else key


def key_table(
    view: View[Any],
    actions: Mapping[str, Action],
    plugins: Iterable[KeyEntry],
    *,
    is_deep: bool,
    is_narrowed: bool,
) -> dict[str, KeyEntry]:
    """Every key of a view.

    `is_deep`: there is a way back. `is_narrowed`: the rows are of one namespace. An action's key
    beats a screen's; a plugin takes a free one, or one that it says it overrides; sorting takes
    what is left.
    """
    table: dict[str, KeyEntry] = {}
    for action in actions.values():
        table[action.key] = KeyEntry(action.key, action.words, view.name, action.rank, action)
    idle = {"back": not is_deep, "all_namespaces": not is_narrowed}
    for each in SCREEN_KEYS:
        rank = 9 if idle.get(each.method) else each.rank
        table.setdefault(each.key, KeyEntry(each.key, each.words, "every table", rank, each))
    for entry in plugins:
        if entry.key not in table or (isinstance(entry.target, Plugin) and entry.target.override):
            table[entry.key] = entry
    for column in view.columns:
        if column.letter:
            words = f"sort by {column.name}"
            table.setdefault(
                column.letter, KeyEntry(column.letter, words, "sorting", 9, column.name)
            )
    return table


def menu(table: Mapping[str, KeyEntry], enter: str) -> tuple[tuple[str, str], ...]:
    """The keys for the last line, the most useful first."""
    entries = sorted((e for e in table.values() if e.rank < 9), key=lambda e: e.rank)
    seen: set[str] = set()
    shown = [("↵", enter)] if enter else []
    for entry in entries:
        if entry.words not in seen:
            seen.add(entry.words)
            shown.append((entry.shown, entry.words))
    return tuple(shown)
