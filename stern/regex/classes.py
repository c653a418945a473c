"""Named sets of characters: Perl's, POSIX' and Unicode's, and what case folding adds."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable

from stern.regex.nodes import MAX_RUNE, Ranges, merge_ranges

PERL: dict[str, Ranges] = {
    "d": ((48, 57),),
    "s": ((9, 10), (12, 13), (32, 32)),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
}

POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}

_SCRIPTS = {
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek", "Hangul",
    "Hebrew", "Hiragana", "Katakana", "Latin", "Tamil", "Thai",
}  # fmt: skip
_FOLDS = {0x6B: 0x212A, 0x73: 0x17F, 0xE5: 0x212B, 0x3C9: 0x2126, 0xB5: 0x3BC, 0x3C3: 0x3C2}
"""Lower-case letters that fold together with a character that no case conversion finds."""


@functools.cache
def unicode_class(name: str) -> Ranges | None:
    """The code points of a general category (`L`, `Lu`) or a common script (`Greek`), or None.

    Scripts are told by the characters' names, which for letters is what the script says.
    """
    if name == "Any":
        return ((0, MAX_RUNE),)
    if name == "Han":
        return _ranges_where(lambda char: "CJK" in unicodedata.name(char, "")[:4])
    if name in _SCRIPTS:
        prefix = f"{name.upper()} "
        return _ranges_where(lambda char: unicodedata.name(char, "").startswith(prefix))
    if name[:1] in "CLMNPSZ" and len(name) in (1, 2):
        ranges = _ranges_where(lambda char: unicodedata.category(char).startswith(name))
        return ranges or None
    return None


def _ranges_where(holds: Callable[[str], bool]) -> Ranges:
    found: list[tuple[int, int]] = []
    start = -1
    for rune in range(MAX_RUNE + 2):
        inside = rune <= MAX_RUNE and not 0xD800 <= rune <= 0xDFFF and holds(chr(rune))
        if inside and start < 0:
            start = rune
        elif not inside and start >= 0:
            found.append((start, rune - 1))
            start = -1
    return tuple(found)


def fold_orbit(rune: int) -> set[int]:
    """Every code point that is the same as this one when case does not count."""
    found = {rune}
    for other, special in _FOLDS.items():
        if rune in (special, other, ord(chr(other).upper()[0])):
            found |= {other, special}
    for known in list(found):
        for text in (chr(known).lower(), chr(known).upper(), chr(known).swapcase()):
            if len(text) == 1:
                found.add(ord(text))
    return found


def fold_ranges(ranges: Ranges) -> Ranges:
    """The ranges with both cases of each letter."""
    if sum(high - low + 1 for low, high in ranges) > 70_000:
        return ranges  # a negated class: it has both cases of nearly everything
    found = list(ranges)
    for low, high in ranges:
        for rune in range(low, high + 1):
            found.extend((other, other) for other in fold_orbit(rune))
    return merge_ranges(found)
