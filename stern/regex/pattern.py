"""`Pattern`: one compiled regular expression over bytes, exact to RE2 and never exponential."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stern.regex import nodes
from stern.regex.python_form import bytes_pattern, text_pattern
from stern.regex.syntax import parse

if TYPE_CHECKING:
    from stern.regex.linear import LinearMatcher

_STEP_BUDGET = 3e8
"""How many steps `re` may need at worst for one line, before the linear matcher takes over."""
_NO_LIMIT = 2**62


class Pattern:
    """Any of some expressions; `re` does the work where it is quick, else a linear matcher."""

    def __init__(self, tree: nodes.Node) -> None:
        self._tree = tree
        self._longest = _longest_safe_line(tree)
        self._longest_to_mark = -1 if nodes.loops_on_nothing(tree) else self._longest
        as_bytes = bytes_pattern(tree)
        self._bytes = None if as_bytes is None else re.compile(as_bytes)
        literal = nodes.literal_text(tree)
        self._literal = literal.encode() if literal else None
        self._is_tied_to_ends = nodes.has_places(tree, nodes.Place.TEXT_START, nodes.Place.TEXT_END)
        self.can_cross_lines = nodes.can_match_newline(tree)

    @functools.cached_property
    def _text(self) -> re.Pattern[str]:
        return re.compile(text_pattern(self._tree), re.ASCII)

    @functools.cached_property
    def _linear(self) -> LinearMatcher:
        from stern.regex.linear import LinearMatcher

        return LinearMatcher(self._tree)

    @functools.cached_property
    def _lines(self) -> re.Pattern[bytes] | None:
        """The form that runs over many lines at once; each match stays in its line."""
        pattern = bytes_pattern(self._tree, lines=True)
        return None if pattern is None else re.compile(b"(" + pattern + b")")

    def matches(self, lines: Sequence[bytes]) -> list[object]:
        """For each line something true when the expression matches in it."""
        literal = self._literal
        if literal is not None:
            return [literal in line for line in lines]
        if self._bytes is not None and self._longest >= _NO_LIMIT:
            return list(map(self._bytes.search, lines))
        return [self.search(line) for line in lines]

    def search(self, line: bytes) -> bool:
        """Whether the expression matches in these bytes, whatever their length."""
        if len(line) > self._longest:
            return self._linear.search(_decoded(line))
        if self._bytes is not None:
            return self._bytes.search(line) is not None
        return self._text.search(_decoded(line)) is not None

    def finds_line(self, chunk: bytes) -> bool:
        """Whether some line of a chunk may match, whatever stands before it; False is certain."""
        if self._lines is None or self._is_tied_to_ends or not self._has_short_lines(chunk):
            return True
        if self._literal is not None:
            return self._literal in chunk
        return self._lines.search(chunk) is not None

    def _has_short_lines(self, chunk: bytes) -> bool:
        """Whether no line is too long for `re`; a search over lines never leaves one."""
        start = 0
        while len(chunk) - start > self._longest:
            start = chunk.rfind(b"\n", start, start + self._longest + 1) + 1
            if not start:
                return False
        return True

    def wrap(self, data: bytes, before: bytes, after: bytes) -> bytes:
        """The data with every match between the two."""
        if len(data) > self._longest_to_mark:
            return self._wrap_linear(data, before, after)
        if self._literal is not None:
            return data.replace(self._literal, before + self._literal + after)
        if self._bytes is not None:
            return self._bytes.sub(before + rb"\g<0>" + after, data)
        text = _decoded(data)
        parts = []
        position = 0
        for start, end in _spans(self._text, text):
            parts += [text[position:start], before.decode(), text[start:end], after.decode()]
            position = end
        return _encoded("".join([*parts, text[position:]]))

    def replace(self, line: bytes, replacement: bytes) -> bytes:
        """The line with every match that is not empty replaced."""
        text = _decoded(line)
        is_long = len(line) > self._longest_to_mark
        spans = self._linear.spans(text) if is_long else _spans(self._text, text)
        parts = []
        position = 0
        for start, end in spans:
            if end > start:
                parts += [text[position:start], replacement.decode()]
                position = end
        return _encoded("".join([*parts, text[position:]])) if parts else line

    def wrap_lines(self, chunk: bytes, before: bytes, after: bytes) -> bytes | None:
        """The same for records that each end with a newline; None when it must be done by one."""
        plain = not self._is_tied_to_ends and not self.can_cross_lines
        plain = plain and self._longest_to_mark >= 0
        if self._lines is None or not plain or not self._has_short_lines(chunk):
            return None
        if self._literal is not None:
            return chunk.replace(self._literal, before + self._literal + after)
        parts = self._lines.split(chunk)  # what does not match and what does, in turn
        parts[1::2] = [before + found + after for found in parts[1::2]]
        return b"".join(parts)

    def _wrap_linear(self, data: bytes, before: bytes, after: bytes) -> bytes:
        text = _decoded(data)
        parts = []
        position = 0
        for start, end in self._linear.spans(text):
            parts += [text[position:start], before.decode(), text[start:end], after.decode()]
            position = end
        return _encoded("".join([*parts, text[position:]]))


def compile_pattern(text: str, *, ignore_case: bool = False) -> Pattern:
    """The pattern of one regular expression.

    Raises:
        PatternError: As Go reports it.
    """
    return Pattern(parse(text, fold=ignore_case))


def compile_any(texts: Sequence[str], *, ignore_case: bool = False) -> Pattern | None:
    """A pattern that matches where any of the expressions does; None for none.

    Raises:
        PatternError: As Go reports it, of the first that is wrong.
    """
    trees = tuple(parse(text, fold=ignore_case) for text in texts)
    if not trees:
        return None
    return Pattern(trees[0] if len(trees) == 1 else nodes.Choice(trees))


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """The matches as Go counts them: an empty one that touches the one before does not."""
    position = 0
    last_end = -1
    while position <= len(text):
        found = pattern.search(text, position)
        if found is None:
            return
        start, end = found.span()
        position = end if end > start else end + 1
        if start < end or start != last_end:
            yield start, end
            last_end = end


def _longest_safe_line(tree: nodes.Node) -> int:
    degree = _degree(tree)
    if degree == 0:
        return _NO_LIMIT
    return 0 if degree > 4 else int(_STEP_BUDGET ** (1 / (degree + 1)))


_HOPELESS = 99


def _degree(node: nodes.Node) -> int:
    """How many unlimited loops a backtracking search may have to try against each other."""
    match node:
        case nodes.Sequence(items):
            return sum(_degree(item) for item in items)
        case nodes.Choice(items):
            return max((_degree(item) for item in items), default=0)
        case nodes.Repeat(item, _, None, _):
            return 1 if _is_fixed(item) else _HOPELESS
        case nodes.Repeat(item, _, most, _):
            return _degree(item) * (most or 1) or (0 if _is_fixed(item) or most == 1 else 1)
        case _:
            return 0


def _is_fixed(node: nodes.Node) -> bool:
    """Whether the node can match in one way only, so that a loop of it need not be unwound."""
    if isinstance(node, nodes.Sequence):
        return bool(node.items) and all(isinstance(item, nodes.Chars) for item in node.items)
    return isinstance(node, nodes.Chars)
