"""Text in quotes as Go's strconv.Quote writes it. Pure."""

from __future__ import annotations

import re

_QUOTED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
           "\v": "\\v", "\\": "\\\\", '"': '\\"'}  # fmt: skip
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


def quoted(text: str, *, only_ascii: bool = False) -> str:
    """A string as %q prints it."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return f'"{"".join(_escaped(char, only_ascii=only_ascii) for char in text)}"'


def quoted_rune(char: str, *, only_ascii: bool = False) -> str:
    """A character as %q prints it."""
    if char in "'\"":
        return "'\\''" if char == "'" else "'\"'"
    return f"'{_escaped(char, only_ascii=only_ascii)}'"


def _escaped(char: str, *, only_ascii: bool) -> str:
    if char in _QUOTED:
        return _QUOTED[char]
    rune = ord(char)
    if 0xDC80 <= rune <= 0xDCFF:
        return f"\\x{rune - 0xDC00:02x}"
    if char.isprintable() and (rune < 0x80 or not only_ascii):
        return char
    if rune < 0x80:
        return f"\\x{rune:02x}"
    return f"\\u{rune:04x}" if rune < 0x10000 else f"\\U{rune:08x}"
