"""Text to tree: the grammar of Go's regexp/syntax with Perl flags, error texts included."""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec
from msgspec.structs import replace

from stern.errors import SternError
from stern.regex.classes import PERL, POSIX, fold_orbit, fold_ranges, unicode_class
from stern.regex.nodes import (
    MAX_RUNE,
    At,
    Chars,
    Choice,
    Node,
    Place,
    Ranges,
    Repeat,
    Sequence,
    children,
    complement,
    contains,
    merge_ranges,
)

MAX_REPEAT = 1000
_MAX_SIZE = (128 << 20) // 40
_SURROGATES = (0xD800, 0xDFFF)
"""Among them what bytes that are not UTF-8 are decoded to."""
_NUMBER = "(?:0|[1-9][0-9]*)"
_COUNT = re.compile(rf"\{{(?P<least>{_NUMBER})(?P<comma>,(?P<most>{_NUMBER})?)?\}}")
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_PLACES = {
    "A": Place.TEXT_START,
    "b": Place.WORD_EDGE,
    "B": Place.NO_WORD_EDGE,
    "z": Place.TEXT_END,
}


class PatternError(SternError):
    """The text is no regular expression; the message is Go's own."""

    def __init__(self, reason: str, part: str) -> None:
        super().__init__(f"error parsing regexp: {reason}: `{part}`")


class _Flags(msgspec.Struct, frozen=True):
    fold: bool = False
    multi_line: bool = False
    dot_all: bool = False
    lazy: bool = False


def parse(text: str, *, fold: bool = False) -> Node:
    """The tree of a regular expression; `fold` means that case does not count.

    Raises:
        PatternError: As Go reports it.
    """
    try:
        return _Parser(text, _Flags(fold=fold)).whole()
    except RecursionError as error:
        raise PatternError("expression nests too deeply", text) from error


class _Parser:
    def __init__(self, text: str, flags: _Flags) -> None:
        self._text = text
        self._at = 0
        self._flags = flags

    def whole(self) -> Node:
        tree = self._choice()
        if self._at < len(self._text):
            raise PatternError("unexpected )", self._text)
        if _size(tree) > _MAX_SIZE:
            raise PatternError("expression too large", self._text)
        return tree

    def _peek(self, prefix: str) -> bool:
        return self._text.startswith(prefix, self._at)

    def _take(self, prefix: str) -> bool:
        found = self._peek(prefix)
        if found:
            self._at += len(prefix)
        return found

    def _next(self) -> str:
        char = self._text[self._at : self._at + 1]
        if _is_byte(char):
            raise PatternError("invalid UTF-8", self._text[self._at :])
        self._at += 1
        return char

    def _choice(self) -> Node:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        items: list[Node] = []
        repeated_from = -1  # where the last item's repetition began
        while self._at < len(self._text) and not self._peek("|") and not self._peek(")"):
            start = self._at
            bounds = self._repetition()
            if bounds is None:
                items.extend(self._atom())
                repeated_from = -1
                continue
            greedy = self._take("?") is self._flags.lazy
            if repeated_from >= 0:
                raise PatternError(
                    "invalid nested repetition operator", self._text[repeated_from : self._at]
                )
            if not items:
                raise PatternError(
                    "missing argument to repetition operator", self._text[start : self._at]
                )
            items[-1] = Repeat(items[-1], *bounds, greedy)
            if max(bounds[0], bounds[1] or 0) > 1 and not _is_within(items[-1], MAX_REPEAT):
                raise PatternError("invalid repeat count", self._text[start : self._at])
            repeated_from = start
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _repetition(self) -> tuple[int, int | None] | None:
        """The bounds of the operator that stands here; None when what stands here is none."""
        for operator, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(operator):
                return bounds
        return self._counted() if self._peek("{") else None

    def _counted(self) -> tuple[int, int | None] | None:
        found = _COUNT.match(self._text, self._at)
        if found is None:
            return None  # a brace like any other character
        low = int(found["least"])
        high = (int(found["most"]) if found["most"] else None) if found["comma"] else low
        self._at = found.end()
        if max(low, high or 0) > MAX_REPEAT or (high is not None and low > high):
            raise PatternError("invalid repeat count", found[0])
        return low, high

    def _atom(self) -> list[Node]:
        """What stands here; nothing for a group of flags alone."""
        char = self._text[self._at]
        if char == "(":
            return self._group()
        if char == "[":
            return [_chars(self._bracket())]
        if char == "\\":
            return self._escape()
        return [self._plain(self._next())]

    def _plain(self, char: str) -> Node:
        if char == ".":
            newline: Ranges = ((10, 10),)
            return _chars(((0, MAX_RUNE),) if self._flags.dot_all else complement(newline))
        if char == "^":
            return At(Place.LINE_START if self._flags.multi_line else Place.TEXT_START)
        if char == "$":
            return At(Place.LINE_END if self._flags.multi_line else Place.TEXT_END)
        return self._literal(ord(char))

    def _refuse_invalid_utf8(self, start: int) -> None:
        """Refuse what is no text from a place on."""
        self._refuse_invalid_utf8_in(self._text[start:])

    def _refuse_invalid_utf8_in(self, text: str) -> None:
        for at, char in enumerate(text):
            if _is_byte(char):
                raise PatternError("invalid UTF-8", text[at:])

    def _literal(self, rune: int) -> Node:
        if self._flags.fold:
            return _chars(merge_ranges([(each, each) for each in fold_orbit(rune)]))
        return _chars(((rune, rune),))

    def _group(self) -> list[Node]:
        outer = self._flags
        if self._take("(?"):
            if self._names_group():
                self._group_name()
            elif self._flag_letters():
                return []
        else:
            self._at += 1
        inner = self._choice()
        if not self._take(")"):
            raise PatternError("missing closing )", self._text)
        self._flags = outer
        return [inner]

    def _names_group(self) -> bool:
        """Go on behind `P<` or `<`, where something follows."""
        at = self._at
        is_named = self._take("P<") or self._take("<")
        if is_named and self._at >= len(self._text):
            self._at, is_named = at, False
        return is_named

    def _group_name(self) -> None:
        start = self._text.rfind("(", 0, self._at)
        end = self._text.find(">", self._at)
        if end < 0:
            self._refuse_invalid_utf8(start)
            raise PatternError("invalid named capture", self._text[start:])
        name = self._text[self._at : end]
        self._at = end + 1
        if not name.isascii() or not name.replace("_", "a").isalnum():
            raise PatternError("invalid named capture", self._text[start : self._at])

    def _flag_letters(self) -> bool:
        """Read `i-s:` or `i)`: True when the flags stand alone and hold to the group's end."""
        start = self._at - 2
        value = True
        letters = {"i": "fold", "m": "multi_line", "s": "dot_all", "U": "lazy"}
        while char := self._next():
            if char in letters:
                self._flags = replace(self._flags, **{letters[char]: value})
            elif char == "-" and value:
                value = False
            elif char in ":)" and self._text[self._at - 2] != "-":
                return char == ")"
            else:
                break
        raise PatternError("invalid or unsupported Perl syntax", self._text[start : self._at])

    def _escape(self) -> list[Node]:
        if self._take(r"\Q"):
            end = self._text.find(r"\E", self._at)
            end = len(self._text) if end < 0 else end
            quoted = self._text[self._at : end]
            self._at = min(end + 2, len(self._text))
            self._refuse_invalid_utf8_in(quoted)
            return [self._literal(ord(char)) for char in quoted]
        letter = self._text[self._at + 1 : self._at + 2]
        if letter == "C":
            raise PatternError("invalid escape sequence", r"\C")
        if letter in _PLACES and letter:
            self._at += 2
            return [At(_PLACES[letter])]
        ranges = self._class_escape()
        if ranges is not None:
            return [_chars(ranges)]
        return [self._literal(self._escaped_rune())]

    def _class_escape(self) -> Ranges | None:
        r"""The set that `\d`, `\W` or `\pL` stands for; None when no set stands here."""
        letter = self._text[self._at + 1 : self._at + 2]
        if letter.lower() in PERL and letter:
            self._at += 2
            ranges = self._folded(PERL[letter.lower()])
            return ranges if letter.islower() else complement(ranges)
        if letter in ("p", "P"):
            return self._unicode_escape(negative=letter == "P")
        return None

    def _unicode_escape(self, *, negative: bool) -> Ranges:
        start = self._at
        self._at += 2
        name = self._next()
        if not name:
            raise PatternError("invalid character class range", self._text[start:])
        if name == "{":
            end = self._text.find("}", self._at)
            if end < 0:
                self._refuse_invalid_utf8(start)
                raise PatternError("invalid character class range", self._text[start:])
            name = self._text[self._at : end]
            self._at = end + 1
        if name.startswith("^"):
            name, negative = name[1:], not negative
        ranges = unicode_class(name)
        if ranges is None:
            raise PatternError("invalid character class range", self._text[start : self._at])
        ranges = self._folded(ranges)
        return complement(ranges) if negative else ranges

    def _folded(self, ranges: Ranges) -> Ranges:
        return fold_ranges(ranges) if self._flags.fold else ranges

    def _escaped_rune(self) -> int:
        start = self._at
        self._at += 1
        char = self._next()
        if not char:
            raise PatternError("trailing backslash at end of expression", "")
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            return self._hex_rune(start)
        if char == "0" or (char in "1234567" and self._text[self._at : self._at + 1] in "01234567"):
            return self._octal_rune(start)
        if ord(char) < 128 and not char.isalnum():
            return ord(char)
        raise PatternError("invalid escape sequence", self._text[start : self._at])

    def _octal_rune(self, start: int) -> int:
        digits = self._text[start + 1 : start + 2]
        if digits != "0" and self._at >= len(self._text):
            raise PatternError("invalid escape sequence", self._text[start : self._at])
        while len(digits) < 3 and self._text[self._at : self._at + 1] in tuple("01234567"):
            digits += self._next()
        return int(digits, 8)

    def _hex_rune(self, start: int) -> int:
        if self._take("{"):
            return self._braced_rune(start)
        digits = self._next() + (self._next() if self._at < len(self._text) else "")
        if len(digits) < 2 or not all(map(_is_hex, digits)):
            self._refuse_escape(start)
        return int(digits, 16)

    def _braced_rune(self, start: int) -> int:
        rune, count = 0, 0
        while (char := self._next()) != "}":
            if not _is_hex(char):
                self._refuse_escape(start)
            rune, count = rune * 16 + int(char, 16), count + 1
            if rune > MAX_RUNE:
                self._refuse_escape(start)
        if not count:
            self._refuse_escape(start)
        return rune

    def _refuse_escape(self, start: int) -> NoReturn:
        raise PatternError("invalid escape sequence", self._text[start : self._at])

    def _bracket(self) -> Ranges:
        start = self._at
        self._at += 1
        negative = self._take("^")
        found: list[tuple[int, int]] = []
        first = True
        while first or not self._peek("]"):
            if self._at >= len(self._text):
                raise PatternError("missing closing ]", self._text[start:])
            found.extend(self._bracket_item(start))
            first = False
        self._at += 1
        ranges = merge_ranges(found)
        return complement(ranges) if negative else ranges

    def _bracket_item(self, start: int) -> Ranges:
        named = self._posix_class() if self._peek("[:") else None
        if named is None and self._peek("\\"):
            named = self._class_escape()
        if named is not None:
            return named
        item_start = self._at
        low = high = self._bracket_rune(start)
        if self._peek("-") and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
            self._at += 1
            high = self._bracket_rune(start)
            if high < low:
                part = self._text[item_start : self._at]
                raise PatternError("invalid character class range", part)
        return self._folded(((low, high),))

    def _bracket_rune(self, start: int) -> int:
        if self._at >= len(self._text):
            raise PatternError("missing closing ]", self._text[start:])
        return self._escaped_rune() if self._peek("\\") else ord(self._next())

    def _posix_class(self) -> Ranges | None:
        end = self._text.find(":]", self._at + 2)
        if end < 0:
            return None
        name = self._text[self._at + 2 : end]
        start, self._at = self._at, end + 2
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise PatternError("invalid character class range", self._text[start : self._at])
        ranges = self._folded(ranges)
        return complement(ranges) if name.startswith("^") else ranges


def _chars(ranges: Ranges) -> Chars:
    """One character of these; a byte that is not UTF-8 counts as U+FFFD, as in Go."""
    if not ranges or ranges[-1][1] < _SURROGATES[0]:
        return Chars(ranges)
    if contains(ranges, 0xFFFD):
        return Chars(merge_ranges([*ranges, _SURROGATES]))
    return Chars(complement(merge_ranges([*complement(ranges), _SURROGATES])))


def _is_hex(char: str) -> bool:
    return char != "" and char in "0123456789abcdefABCDEF"


def _is_byte(char: str) -> bool:
    """Whether a character stands for a byte that is not UTF-8."""
    return "\udc80" <= char <= "\udcff"


def _is_within(node: Node, limit: int) -> bool:
    """Whether repetitions of repetitions make no more copies than that."""
    if isinstance(node, Repeat):
        copies = node.least if node.most is None else node.most
        if node.most == 0:
            return True
        is_counted = (node.least, node.most) not in ((0, None), (1, None), (0, 1))
        if is_counted and copies > limit:
            return False
        if is_counted and copies:
            limit //= copies
    return all(_is_within(child, limit) for child in children(node))


def _size(node: Node) -> int:
    """About how many steps Go's own matcher would have."""
    match node:
        case Sequence(items):
            return max(1, sum(map(_size, items)))
        case Choice(items):
            return sum(map(_size, items)) + len(items) - 1
        case Repeat(item, least, None, _):
            return 2 + _size(item) if least == 0 else 1 + least * _size(item)
        case Repeat(item, least, most, _):
            return max(1, (most or 0) * _size(item) + (most or 0) - least)
        case _:
            return 1
