"""What a regular expression is once it is parsed: a small tree of frozen values.

Structs and not dataclasses: they stand on the way to the first line, and cost nothing to define.
"""

from __future__ import annotations

from enum import Enum

import msgspec

MAX_RUNE = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of code points, sorted and apart."""


class Place(Enum):
    """A condition on a place between two characters."""

    TEXT_START = r"\A"
    TEXT_END = r"\z"
    LINE_START = "(?m:^)"
    LINE_END = "(?m:$)"
    WORD_EDGE = r"\b"
    NO_WORD_EDGE = r"\B"


class Chars(msgspec.Struct, frozen=True):
    """One character out of these ranges; no ranges match nothing."""

    ranges: Ranges


class At(msgspec.Struct, frozen=True):
    """No character: a condition on the place."""

    place: Place


class Sequence(msgspec.Struct, frozen=True):
    """One after the other; empty matches the empty text."""

    items: tuple[Node, ...]


class Choice(msgspec.Struct, frozen=True):
    """The first that leads to a match."""

    items: tuple[Node, ...]


class Repeat(msgspec.Struct, frozen=True):
    """The item `least` to `most` times; None means without end."""

    item: Node
    least: int
    most: int | None
    greedy: bool


Node = Chars | At | Sequence | Choice | Repeat


def merge_ranges(ranges: list[tuple[int, int]]) -> Ranges:
    """The same code points, sorted and without overlaps."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Every other code point."""
    result = []
    next_low = 0
    for low, high in ranges:
        if low > next_low:
            result.append((next_low, low - 1))
        next_low = high + 1
    if next_low <= MAX_RUNE:
        result.append((next_low, MAX_RUNE))
    return tuple(result)


def contains(ranges: Ranges, rune: int) -> bool:
    """Whether a code point lies in the ranges."""
    return any(low <= rune <= high for low, high in ranges)


def can_be_empty(node: Node) -> bool:
    """Whether the empty text matches somewhere."""
    match node:
        case Chars():
            return False
        case At():
            return True
        case Sequence(items):
            return all(can_be_empty(item) for item in items)
        case Choice(items):
            return any(can_be_empty(item) for item in items)
        case Repeat(item, least, _, _):
            return least == 0 or can_be_empty(item)


def loops_on_nothing(node: Node) -> bool:
    """Whether something that may be empty is repeated; each engine has its own way with that."""
    if isinstance(node, Repeat) and node.most not in (0, 1) and can_be_empty(node.item):
        return True
    return any(loops_on_nothing(child) for child in children(node))


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node."""
    match node:
        case Sequence(items) | Choice(items):
            return items
        case Repeat(item, _, _, _):
            return (item,)
        case _:
            return ()


def can_match_newline(node: Node) -> bool:
    """Whether some match may contain a newline."""
    if isinstance(node, Chars):
        return contains(node.ranges, 10)
    return any(can_match_newline(child) for child in children(node))


def has_places(node: Node, *places: Place) -> bool:
    """Whether one of the conditions occurs in the tree."""
    if isinstance(node, At):
        return node.place in places
    return any(has_places(child, *places) for child in children(node))


def literal_text(node: Node) -> str | None:
    """The one text that matches, where there is only one."""
    match node:
        case Chars(((low, high),)) if low == high:
            return chr(low)
        case Sequence(items):
            parts = [literal_text(item) for item in items]
            return None if None in parts else "".join(part for part in parts if part)
        case _:
            return None
