"""The `/` line: which rows to show. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from kube_client.quantity import QuantityError, parse_quantity
from kube_client.selector import LabelSelector, SelectorError
from kube_tui.rows.row import Column, Item, Moment

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": ge,
    "<=": le,
    "!=": ne,
    "==": eq,
    ">": gt,
    "<": lt,
    "=": eq,
}
_COMPARISON = re.compile(r"([\w%/ -]+?)\s*(>=|<=|!=|==|=|>|<)\s*(\S.*)")
_AGE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class FilterError(ValueError):
    """The filter cannot be understood; says what is wrong with it."""


def _always(_: Item) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Tells whether a row is shown."""

    text: str
    """As typed."""
    matches: Callable[[Item], object] = _always
    """From the item; something true shows it."""
    search: Callable[[str], object] | None = None
    """From the row's text instead, when there is one."""


SHOW_ALL = RowFilter("")


def parse_filter(text: str, columns: tuple[Column[Any], ...], moment: Moment) -> RowFilter:
    """What was typed as a filter.

    `!text` rows that do not match; `-l app=web` by label; `-f text` by letters of the name in
    order; `restarts>5` by a column's value; anything else is a regular expression on the row.

    Raises:
        FilterError: The expression, selector or value is malformed.
    """
    words = text.strip()
    if not words or words == "!":
        return SHOW_ALL
    if words.startswith("-l"):
        return _by_labels(words)
    if words.startswith("-f"):
        return _by_letters(words)
    if compared := _by_column(words, columns, moment):
        return compared
    return _by_expression(words)


def _by_labels(words: str) -> RowFilter:
    try:
        selector = LabelSelector.parse(words.removeprefix("-l").strip())
    except SelectorError as error:
        raise FilterError(str(error)) from error
    return RowFilter(words, lambda item: selector.matches(item.metadata.labels))


def _by_letters(words: str) -> RowFilter:
    letters = words.removeprefix("-f").strip()
    pattern = re.compile(".*?".join(map(re.escape, letters)), re.IGNORECASE)
    return RowFilter(words, lambda item: pattern.search(str(item.key)))


def _by_expression(words: str) -> RowFilter:
    is_inverse = words.startswith("!")
    expression = words.removeprefix("!") if is_inverse else words
    try:
        pattern = re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise FilterError(f"{expression} is no regular expression: {error}") from error
    search = pattern.search
    if is_inverse:
        return RowFilter(words, search=lambda row: search(row) is None)
    return RowFilter(words, search=search)


def _by_column(words: str, columns: tuple[Column[Any], ...], moment: Moment) -> RowFilter | None:
    typed = _COMPARISON.fullmatch(words)
    if typed is None:
        return None
    name, sign, value = typed[1].strip().upper(), typed[2], typed[3].strip()
    column = next((c for c in columns if c.name == name), None)
    if column is None:
        return None
    compare, read = _OPERATORS[sign], column.cell
    amount = _amount(value, is_age=column.ages)

    def matches(item: Item) -> bool:
        cell = read(item, moment)
        if cell.sort is None:
            return sign == "!="
        if isinstance(cell.sort, float):
            return amount is not None and compare(cell.sort, amount)
        return compare(cell.text.lower(), value.lower())

    return RowFilter(words, matches)


def _amount(value: str, *, is_age: bool) -> float | None:
    """A number, a quantity such as 500Mi, or an age such as 2h30m in seconds."""
    if is_age and value and (parts := _AGE.fullmatch(value)):
        days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    try:
        return float(parse_quantity(value.removesuffix("%")))
    except QuantityError:
        return None
