"""Which lines to show (include, exclude) and what to light up in them (highlight). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stern.errors import SternError
from stern.palette import HIGHLIGHT, Palette

if TYPE_CHECKING:
    from stern.regex.pattern import Pattern


class LineFilter:
    """Keeps a message when some include pattern matches and no exclude pattern does."""

    def __init__(self, include: Pattern | None, exclude: Pattern | None) -> None:
        self._include = include
        self._exclude = exclude
        self.keeps_all = include is None and exclude is None

    def keeps(self, message: bytes) -> bool:
        """Whether to show a message."""
        if self.excludes(message):
            return False
        return self._include is None or self._include.search(message)

    def excludes(self, message: bytes) -> bool:
        """Whether an exclude pattern matches."""
        return self._exclude is not None and self._exclude.search(message)

    def kept(self, messages: Sequence[bytes]) -> list[object]:
        """For each message something true when it is to be shown."""
        if self._include is None:
            assert self._exclude is not None
            return [not found for found in self._exclude.matches(messages)]
        included = self._include.matches(messages)
        if self._exclude is None:
            return included
        excluded = self._exclude.matches(messages)
        return [yes and not no for yes, no in zip(included, excluded, strict=True)]

    def may_keep(self, chunk: bytes) -> bool:
        """Whether some line of a chunk may be kept; False is certain for all of them."""
        return self._include is None or self._include.finds_line(chunk)

    def may_drop(self, chunk: bytes) -> bool:
        """Whether some line of a chunk may be dropped; False is certain for all of them."""
        if self._include is not None:
            return True
        return self._exclude is not None and self._exclude.finds_line(chunk)


class Highlighter:
    """Lights up matches in what is written, prefixes and all, as the Go program does."""

    def __init__(self, pattern: Pattern, palette: Palette) -> None:
        self._pattern = pattern
        color = palette.color(HIGHLIGHT)
        self._before, self._after = color.before, color.after

    def block(self, block: bytes) -> bytes:
        """Records of one line each, in one piece."""
        wrapped = self._pattern.wrap_lines(block, self._before, self._after)
        if wrapped is not None:
            return wrapped
        return b"".join(self.record(line) for line in _lines(block))

    def record(self, record: bytes) -> bytes:
        """One record, with its newline if it has one."""
        return self._pattern.wrap(record, self._before, self._after)


def compile_filter(
    include: Sequence[str], exclude: Sequence[str], *, ignore_case: bool = False
) -> LineFilter:
    """The filter of --include and --exclude.

    Raises:
        SternError: A pattern does not compile.
    """
    excluded = _compile(exclude, "exclusion filter", ignore_case=ignore_case)
    included = _compile(include, "inclusion filter", ignore_case=ignore_case)
    return LineFilter(included, excluded)


def compile_highlighter(
    include: Sequence[str],
    highlight: Sequence[str],
    palette: Palette,
    *,
    ignore_case: bool = False,
) -> Highlighter | None:
    """The highlighter of --include and --highlight; None when nothing would change.

    Raises:
        SternError: A pattern does not compile.
    """
    _compile(highlight, "highlight filter", ignore_case=ignore_case)
    texts = [*include, *highlight]
    if not texts or not palette.enabled:
        return None
    longest_first = sorted(texts, key=lambda text: len(text.encode()), reverse=True)
    joined = f"({'|'.join(longest_first)})"
    pattern = _compile([joined], "highlight filter", ignore_case=ignore_case)
    return Highlighter(pattern, palette) if pattern is not None else None


def _compile(texts: Sequence[str], what: str, *, ignore_case: bool) -> Pattern | None:
    if not texts:
        return None
    from stern.regex.pattern import compile_any
    from stern.regex.syntax import PatternError

    try:
        return compile_any(texts, ignore_case=ignore_case)
    except PatternError as error:
        raise SternError(f"failed to compile regular expression for {what}: {error}") from error


def _lines(block: bytes) -> list[bytes]:
    return [line + b"\n" for line in block[:-1].split(b"\n")]
