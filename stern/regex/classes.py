"""Named sets of characters: Perl's, POSIX' and Unicode's, and what case folding adds."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata

from stern.regex.nodes import MAX_RUNE, Ranges, complement, merge_ranges

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

_ORBITS = (
    "Kk\u212a", "Ss\u017f", "\u00b5\u039c\u03bc", "\u00c5\u00e5\u212b", "\u00df\u1e9e",
    "\u01c4\u01c5\u01c6", "\u01c7\u01c8\u01c9", "\u01ca\u01cb\u01cc", "\u01f1\u01f2\u01f3",
    "\u0345\u0399\u03b9\u1fbe", "\u0392\u03b2\u03d0", "\u0395\u03b5\u03f5",
    "\u0398\u03b8\u03d1\u03f4", "\u039a\u03ba\u03f0", "\u03a0\u03c0\u03d6", "\u03a1\u03c1\u03f1",
    "\u03a3\u03c2\u03c3", "\u03a6\u03c6\u03d5", "\u03a9\u03c9\u2126", "\u0412\u0432\u1c80",
    "\u0414\u0434\u1c81", "\u041e\u043e\u1c82", "\u0421\u0441\u1c83", "\u0422\u0442\u1c84\u1c85",
    "\u042a\u044a\u1c86", "\u0462\u0463\u1c87", "\u1c88\ua64a\ua64b", "\u1e60\u1e61\u1e9b",
    "\u0131",
)  # fmt: skip
"""Letters that fold together in another way than by their two or three cases."""
_FOLDING = (0x41, 0x1E943)
"""The first and last code point that has another case."""
_CATEGORIES = {
    "Other": "C", "Control": "Cc", "Cntrl": "Cc", "Format": "Cf", "Unassigned": "Cn",
    "Privateuse": "Co", "Surrogate": "Cs", "Letter": "L", "Casedletter": "LC", "Lc": "LC",
    "Lowercaseletter": "Ll", "Modifierletter": "Lm", "Otherletter": "Lo", "Titlecaseletter": "Lt",
    "Uppercaseletter": "Lu", "Mark": "M", "Combiningmark": "M", "Spacingmark": "Mc",
    "Enclosingmark": "Me", "Nonspacingmark": "Mn", "Number": "N", "Decimalnumber": "Nd",
    "Digit": "Nd", "Letternumber": "Nl", "Othernumber": "No", "Punctuation": "P", "Punct": "P",
    "Connectorpunctuation": "Pc", "Dashpunctuation": "Pd", "Closepunctuation": "Pe",
    "Finalpunctuation": "Pf", "Initialpunctuation": "Pi", "Otherpunctuation": "Po",
    "Openpunctuation": "Ps", "Symbol": "S", "Currencysymbol": "Sc", "Modifiersymbol": "Sk",
    "Mathsymbol": "Sm", "Othersymbol": "So", "Separator": "Z", "Lineseparator": "Zl",
    "Paragraphseparator": "Zp", "Spaceseparator": "Zs",
}  # fmt: skip


@functools.cache
def unicode_class(name: str) -> Ranges | None:
    """The code points of a general category (`L`, `Lu`, `Letter`) or a script (`Greek`), or None.

    Case, blanks, hyphens and underscores in the name do not count.
    """
    if not name.isascii():
        return None
    plain = re.sub("[ _-]", "", name).capitalize()
    if plain == "Any":
        return ((0, MAX_RUNE),)
    if plain == "Assigned":
        return complement(unicode_class("Cn") or ())
    if plain == "Ascii":
        return POSIX["ascii"]
    category = _CATEGORIES.get(plain, plain)
    if category == "LC":
        return _of_categories("Lu", "Ll", "Lt")
    if category[0:1] in tuple("CLMNPSZ") and len(category) <= 2:
        return _of_categories(category) or None
    from stern.regex.scripts import SCRIPTS

    found = SCRIPTS.get(name) or SCRIPTS.get(plain)
    return None if found is None else tuple(_range(word) for word in found.split())


def _range(word: str) -> tuple[int, int]:
    low, _, high = word.partition("-")
    return int(low, 16), int(high or low, 16)


@functools.cache
def _runs() -> tuple[tuple[int, int, str], ...]:
    """All code points in order, as runs of one general category."""
    bounds = itertools.groupby(range(MAX_RUNE + 1), lambda rune: unicodedata.category(chr(rune)))
    runs = []
    start = 0
    for category, members in bounds:
        end = start + sum(1 for _ in members)
        runs.append((start, end - 1, category))
        start = end
    return tuple(runs)


def _of_categories(*prefixes: str) -> Ranges:
    return merge_ranges(
        [(low, high) for low, high, category in _runs() if category.startswith(prefixes)]
    )


@functools.cache
def _irregular() -> dict[str, str]:
    return {char: orbit for orbit in _ORBITS for char in orbit}


def fold_orbit(rune: int) -> set[int]:
    """Every code point that is the same as this one when case does not count."""
    char = chr(rune)
    orbit = _irregular().get(char)
    if orbit is not None:
        return set(map(ord, orbit))
    texts = (char, char.lower(), char.upper(), char.title())
    return {ord(text) for text in texts if len(text) == 1}


@functools.cache
def _cased() -> tuple[int, ...]:
    first, last = _FOLDING
    return tuple(rune for rune in range(first, last + 1) if len(fold_orbit(rune)) > 1)


def fold_ranges(ranges: Ranges) -> Ranges:
    """The ranges with both cases of each letter."""
    found = list(ranges)
    for low, high in ranges:
        if low <= _FOLDING[0] and high >= _FOLDING[1]:
            continue
        runes = range(low, high + 1)
        near = runes if len(runes) < 200 else (rune for rune in _cased() if rune in runes)
        for rune in near:
            found.extend((other, other) for other in fold_orbit(rune))
    return merge_ranges(found)
