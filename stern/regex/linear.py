"""A matcher that takes one step per character, whatever the pattern: for those `re` may hang on.

The simulation of a non-deterministic automaton, remembered as a deterministic one as it goes:
forwards to where the first match ends, then backwards to where it begins (Thompson; Cox, "Regular
Expression Matching in the Wild").
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from stern.regex.nodes import (
    At,
    Chars,
    Choice,
    Node,
    Place,
    Ranges,
    Repeat,
    Sequence,
    can_be_empty,
    contains,
)

_MAX_REMEMBERED = 1_000_000
"""How many threads all remembered states may have together: some 40 MB."""
_WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


@dataclass(slots=True)
class _Step:
    """One instruction: take a character, check a place, or go on in order of preference."""

    ranges: Ranges | None = None
    place: Place | None = None
    next: list[int] = field(default_factory=list)
    is_match: bool = False


class _Program:
    """The steps of a tree; step 0 is the match."""

    def __init__(self, node: Node) -> None:
        self.steps = [_Step(is_match=True)]
        self.start = self._add(node, 0)

    def _new(self, step: _Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _add(self, node: Node, after: int) -> int:
        match node:
            case Chars(ranges):
                return self._new(_Step(ranges=ranges, next=[after]))
            case At(place):
                return self._new(_Step(place=place, next=[after]))
            case Sequence(items):
                for item in reversed(items):
                    after = self._add(item, after)
                return after
            case Choice(items):
                return self._new(_Step(next=[self._add(item, after) for item in items]))
            case Repeat():
                return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            return self._loop(node, after)
        end = after
        for _ in range(node.most - node.least):
            body = self._add(node.item, after)
            after = self._either(node, body, end)
        for _ in range(node.least):
            after = self._add(node.item, after)
        return after

    def _loop(self, node: Repeat, after: int) -> int:
        """Without end: as `x+` where x may be empty, so that an empty round is the last one."""
        end = after
        loop = self._new(_Step())
        body = self._add(node.item, loop)
        self.steps[loop].next = [body, after] if node.greedy else [after, body]
        if node.least == 0:
            return self._either(node, body, end) if can_be_empty(node.item) else loop
        after = body
        for _ in range(node.least - 1):
            after = self._add(node.item, after)
        return after

    def _either(self, node: Repeat, body: int, after: int) -> int:
        return self._new(_Step(next=[body, after] if node.greedy else [after, body]))


def _holds(place: Place, before: str, after: str) -> bool:
    """Whether a condition holds between two characters; empty means the end of the text."""
    if place is Place.TEXT_START:
        return not before
    if place is Place.TEXT_END:
        return not after
    if place is Place.LINE_START:
        return before in ("", "\n")
    if place is Place.LINE_END:
        return after in ("", "\n")
    is_edge = (before in _WORD) != (after in _WORD)
    return is_edge is (place is Place.WORD_EDGE)


@dataclass(frozen=True, slots=True)
class _State:
    """Threads in order of preference, before their empty steps are gone through.

    `before` is what kind of character was passed last; `is_open` says that a match may still begin.
    """

    threads: tuple[int, ...]
    before: str
    is_open: bool


_Move = tuple[_State | None, bool]
"""The state behind a character, None when no match can come; and whether one ends before it."""


class _Automaton:
    """Runs a program over characters, and remembers every move.

    With `is_first` it is the first match by preference that counts, wherever it begins; else the
    longest of those that begin where the run does.
    """

    def __init__(self, program: _Program, *, is_first: bool) -> None:
        self._steps = program.steps
        self._start = program.start
        self._is_first = is_first
        self._moves: dict[_State, dict[str, _Move]] = {}
        self._remembered = 0

    def state(self, before: str) -> _State:
        """Where a run begins behind this character."""
        return _State((self._start,), _kind(before), is_open=self._is_first)

    def moves(self, state: _State) -> dict[str, _Move]:
        """What is known of a state, to be filled with `move`."""
        known = self._moves.get(state)
        if known is None:
            self._remembered += len(state.threads) + 1
            if self._remembered > _MAX_REMEMBERED:
                self._moves.clear()
                self._remembered = 0
            known = self._moves[state] = {}
        return known

    def move(self, state: _State, char: str) -> _Move:
        """Go on by a character; the empty one is the end of the text."""
        moved: dict[int, None] = {}
        has_matched = False
        for at in self._reach(state.threads, state.before, char):
            step = self._steps[at]
            if step.is_match:
                has_matched = True
                if self._is_first:
                    break  # what follows is less preferred
            elif char and step.ranges is not None and contains(step.ranges, ord(char)):
                moved[step.next[0]] = None
        is_open = state.is_open and not has_matched
        if is_open:
            moved.setdefault(self._start)
        if not moved:
            return None, has_matched
        return _State(tuple(moved), _kind(char), is_open), has_matched

    def _reach(self, threads: tuple[int, ...], before: str, after: str) -> list[int]:
        """The steps that take a character or match, reached by empty steps, in preference."""
        found: list[int] = []
        left = list(reversed(threads))
        seen = set()
        while left:
            at = left.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._steps[at]
            if step.is_match or step.ranges is not None:
                found.append(at)
            elif step.place is None or _holds(step.place, before, after):
                left.extend(reversed(step.next))
        return found


def _kind(char: str) -> str:
    """A character in place of all that are the same to every condition on places."""
    return char if char in ("", "\n") else "a" if char in _WORD else " "


_MIRRORED = {
    Place.TEXT_START: Place.TEXT_END,
    Place.TEXT_END: Place.TEXT_START,
    Place.LINE_START: Place.LINE_END,
    Place.LINE_END: Place.LINE_START,
}


def _mirrored(node: Node) -> Node:
    """What matches the same texts read from their ends."""
    match node:
        case Sequence(items):
            return Sequence(tuple(_mirrored(item) for item in reversed(items)))
        case Choice(items):
            return Choice(tuple(_mirrored(item) for item in items))
        case Repeat(item, least, most, greedy):
            return Repeat(_mirrored(item), least, most, greedy)
        case At(place):
            return At(_MIRRORED.get(place, place))
        case _:
            return node


class LinearMatcher:
    """Finds in time proportional to the text, over text decoded with surrogateescape."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._forwards = _Automaton(_Program(node), is_first=True)

    @functools.cached_property
    def _backwards(self) -> _Automaton:
        return _Automaton(_Program(_mirrored(self._node)), is_first=False)

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere."""
        return self._end(text, 0, is_any_enough=True) >= 0

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of every match, leftmost first, none overlapping."""
        at = 0
        last_end = -1
        while at <= len(text):
            end = self._end(text, at)
            if end < 0:
                return
            start = self._start(text, at, end)
            if start == end == last_end:
                at = start + 1  # an empty match that touches the one before does not count
                continue
            yield start, end
            last_end = end
            at = end if end > start else end + 1

    def _end(self, text: str, at: int, *, is_any_enough: bool = False) -> int:
        """Where the first match from a place on ends; -1 for none."""
        automaton = self._forwards
        state: _State | None = automaton.state(text[at - 1] if at else "")
        end = -1
        for here in range(at, len(text) + 1):
            assert state is not None
            char = text[here : here + 1]
            known = automaton.moves(state)
            found = known.get(char)
            if found is None:
                found = known[char] = automaton.move(state, char)
            state, has_matched = found
            if has_matched:
                end = here
            if state is None or (has_matched and is_any_enough):
                break
        return end

    def _start(self, text: str, at: int, end: int) -> int:
        """Where the match that ends there begins, at a place or after it."""
        automaton = self._backwards
        state: _State | None = automaton.state(text[end : end + 1])
        start = end
        for here in range(end, at - 1, -1):
            assert state is not None
            char = text[here - 1] if here else ""
            known = automaton.moves(state)
            found = known.get(char)
            if found is None:
                found = known[char] = automaton.move(state, char)
            state, has_matched = found
            if has_matched:
                start = here
            if state is None:
                break
        return start
