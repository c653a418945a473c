"""A tree as a pattern for Python's `re`: over text always, over bytes where that is the same."""

from __future__ import annotations

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
    can_be_empty,
    has_places,
)

_NOTHING = "(?!)"
_ALL_BEYOND_ASCII = (0x80, MAX_RUNE)
_FEW = 64


class _Emitter:
    """Writes one form; in `lines` form, text is many lines and no match leaves its line."""

    def __init__(self, *, as_bytes: bool, lines: bool) -> None:
        self._as_bytes = as_bytes
        self._lines = lines

    def emit(self, node: Node) -> str:
        match node:
            case Chars(ranges):
                return self._chars(ranges)
            case At(place):
                return self._place(place)
            case Sequence(items):
                return "".join(self._part(item) for item in items)
            case Choice(items):
                return "|".join(self.emit(item) for item in items)
            case Repeat(item, least, most, greedy):
                return self._group(item) + _operator(least, most) + ("" if greedy else "?")

    def _part(self, node: Node) -> str:
        return f"(?:{self.emit(node)})" if isinstance(node, Choice) else self.emit(node)

    def _group(self, node: Node) -> str:
        text = self.emit(node)
        alone = isinstance(node, Chars) and (text.startswith("[") or len(text) == 1)
        return text if alone else f"(?:{text})"

    def _place(self, place: Place) -> str:
        if place is Place.TEXT_START:
            return "(?m:^)" if self._lines else r"\A"
        if place is Place.TEXT_END:
            return "(?m:$)" if self._lines else r"\Z"
        if place is Place.NO_WORD_EDGE:
            return r"(?:\B|\A\Z)"  # re says that no \B is in an empty text
        return str(place.value)

    def _chars(self, ranges: Ranges) -> str:
        if self._lines:
            ranges = _without_newline(ranges)
        if not ranges:
            return _NOTHING
        if not self._as_bytes or ranges[-1][1] < 0x80:
            return _bracket(ranges)
        if ranges[-1] == (ranges[-1][0], MAX_RUNE) and ranges[-1][0] <= 0x80:
            ascii_ranges = (*ranges[:-1], (ranges[-1][0], 0x7F))
            return _bracket((*(each for each in ascii_ranges if each[0] < 0x80), (0x80, 0xFF)))
        return self._encoded(ranges)

    def _encoded(self, ranges: Ranges) -> str:
        """Few characters, as the alternatives of their encodings."""
        plain = tuple(each for each in ranges if each[1] < 0x80)
        words = [_bracket(plain)] if plain else []
        for low, high in ranges:
            words.extend(
                "".join(f"\\x{byte:02x}" for byte in chr(rune).encode())
                for rune in range(max(low, 0x80), high + 1)
            )
        return f"(?:{'|'.join(words)})"


def text_pattern(node: Node, *, lines: bool = False) -> str:
    """The pattern for `re` with the ASCII flag, over text decoded with surrogateescape."""
    return _Emitter(as_bytes=False, lines=lines).emit(node)


def bytes_pattern(node: Node, *, lines: bool = False) -> bytes | None:
    """The pattern over UTF-8 itself, several times faster; None where that would differ.

    It differs where a match could begin or end inside a character.
    """
    if can_be_empty(node) or has_places(node, Place.NO_WORD_EDGE) or not _is_byte_safe(node):
        return None
    return _Emitter(as_bytes=True, lines=lines).emit(node).encode("latin-1")


def _is_byte_safe(node: Node) -> bool:
    match node:
        case Chars(ranges):
            return _is_countable(ranges)
        case At():
            return True
        case Sequence(items) | Choice(items):
            return all(_is_byte_safe(item) for item in items)
        case Repeat(Chars(ranges), least, None, greedy) if _covers_beyond_ascii(ranges):
            return greedy and least <= 1
        case Repeat(item, _, _, _):
            return _is_byte_safe(item)


def _covers_beyond_ascii(ranges: Ranges) -> bool:
    return bool(ranges) and ranges[-1][0] <= 0x80 and ranges[-1][1] == MAX_RUNE


def _is_countable(ranges: Ranges) -> bool:
    """Only characters that can be listed one by one in their encodings."""
    beyond = [(max(low, 0x80), high) for low, high in ranges if high >= 0x80]
    no_surrogate = all(high < 0xD800 or low > 0xDFFF for low, high in beyond)
    return no_surrogate and sum(high - low + 1 for low, high in beyond) <= _FEW


def _operator(least: int, most: int | None) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    if (least, most) in known:
        return known[least, most]
    return f"{{{least},{'' if most is None else most}}}"


def _without_newline(ranges: Ranges) -> Ranges:
    result = []
    for low, high in ranges:
        if low <= 10 <= high:
            result += [each for each in ((low, 9), (11, high)) if each[0] <= each[1]]
        else:
            result.append((low, high))
    return tuple(result)


def _bracket(ranges: Ranges) -> str:
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _escaped(ranges[0][0])
    inside = "".join(
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in ranges
    )
    return f"[{inside}]"


def _escaped(rune: int) -> str:
    char = chr(rune)
    if char.isascii() and char.isalnum():
        return char
    if rune < 0x100:
        return f"\\x{rune:02x}"
    return f"\\u{rune:04x}" if rune < 0x10000 else f"\\U{rune:08x}"
