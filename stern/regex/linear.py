"""A matcher that takes one step per character, whatever the pattern: for those `re` may hang on.

The simulation of a non-deterministic automaton, remembered as a deterministic one as it goes
(Thompson; Cox, "Regular Expression Matching: the Virtual Machine Approach").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from stern.regex.nodes import At, Chars, Choice, Node, Place, Ranges, Repeat, Sequence, contains

_MAX_STATES = 10_000
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
            loop = self._new(_Step())
            body = self._add(node.item, loop)
            self.steps[loop].next = [body, after] if node.greedy else [after, body]
            after = loop
        else:
            end = after
            for _ in range(node.most - node.least):
                body = self._add(node.item, after)
                after = self._new(_Step(next=[body, end] if node.greedy else [end, body]))
        for _ in range(node.least):
            after = self._add(node.item, after)
        return after


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


_State = tuple[tuple[int, ...], str]
"""Threads before the empty steps are gone through, and the character before."""


class LinearMatcher:
    """Finds in time proportional to the text, over text decoded with surrogateescape."""

    def __init__(self, node: Node) -> None:
        self._program = _Program(node)
        self._moves: dict[_State, dict[str, _State | None]] = {}

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere."""
        state: _State = ((self._program.start,), "")
        moves = self._moves
        table = moves.setdefault(state, {})
        for char in text:
            if char not in table:
                table[char] = self._move(state, char)
            found = table[char]
            if found is None:
                return True
            state = found
            table = moves.setdefault(state, {})
        if len(moves) > _MAX_STATES:
            moves.clear()
        return any(self._steps[at].is_match for at in self._reach(state[0], state[1], ""))

    @property
    def _steps(self) -> list[_Step]:
        return self._program.steps

    def _reach(self, threads: tuple[int, ...], before: str, after: str) -> list[int]:
        """The steps that take a character or match, reached by empty steps, in preference."""
        found: dict[int, None] = {}
        left = list(reversed(threads))
        seen = set()
        while left:
            at = left.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._steps[at]
            if step.is_match or step.ranges is not None:
                found[at] = None
            elif step.place is None or _holds(step.place, before, after):
                left.extend(reversed(step.next))
        return list(found)

    def _move(self, state: _State, char: str) -> _State | None:
        """The state after a character; None when the pattern has matched before it."""
        threads, before = state
        reached = self._reach(threads, before, char)
        if any(self._steps[at].is_match for at in reached):
            return None
        rune = ord(char)
        moved = dict.fromkeys(
            step.next[0]
            for step in (self._steps[at] for at in reached)
            if step.ranges is not None and contains(step.ranges, rune)
        )
        moved[self._program.start] = None
        kind = char if char == "\n" else "a" if char in _WORD else " "
        return tuple(moved), kind

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of every match, leftmost first, none overlapping."""
        at = 0
        last_end = -1
        while at <= len(text):
            span = self._first(text, at)
            if span is None:
                return
            start, end = span
            if start == end == last_end:
                at = start + 1  # an empty match that touches the one before does not count
                continue
            yield span
            last_end = end
            at = end if end > start else end + 1

    def _first(self, text: str, at: int) -> tuple[int, int] | None:
        """The leftmost match from a place on, preferring as the pattern says."""
        threads: dict[int, int] = {}  # step -> where its match began, in preference
        best: tuple[int, int] | None = None
        for here in range(at, len(text) + 1):
            if best is None:
                threads.setdefault(self._program.start, here)
            elif not threads:
                break
            before, after = text[here - 1 : here] if here else "", text[here : here + 1]
            moved: dict[int, int] = {}
            for start, reached in self._reach_from(threads, before, after):
                step = self._steps[reached]
                if step.is_match:
                    best = (start, here)
                    break
                assert step.ranges is not None
                if after and contains(step.ranges, ord(after)):
                    moved.setdefault(step.next[0], start)
            threads = moved
        return best

    def _reach_from(
        self, threads: dict[int, int], before: str, after: str
    ) -> Iterator[tuple[int, int]]:
        seen: set[int] = set()
        for thread, start in threads.items():
            for reached in self._reach((thread,), before, after):
                if reached not in seen:
                    seen.add(reached)
                    yield start, reached
