"""The cluster's text, made safe for a terminal.

Names, statuses, log lines and errors are written by others. A control sequence in them must not
reach the terminal: it could move the cursor, fake a screen or, on some terminals, run commands.
"""

from __future__ import annotations

import re
import unicodedata

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_TAB, _NEWLINE = 0x09, 0x0A
_SOFT = {**_PICTURES, _TAB: " ", _NEWLINE: " ", 0x0D: " "}
_BAD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def one_line(text: str) -> str:
    """The text on one line: line ends and tabs are blanks, other controls are pictures."""
    if text.isascii() and text.isprintable():
        return text
    return _BAD.sub(lambda match: _SOFT.get(ord(match[0]), "\ufffd"), text)


def lines_of(text: str, tab_size: int = 8) -> list[str]:
    """The text's lines, tabs as blanks, other control characters as pictures."""
    return [one_line(line.expandtabs(tab_size)) for line in text.splitlines() or [""]]


def without_colours(text: str) -> str:
    """The text without colour sequences; any other control sequence stays for `one_line`."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


def cell_width(character: str) -> int:
    """How many cells the terminal gives to a character: 0, 1 or 2."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width_of(text: str) -> int:
    """How many cells a line takes."""
    return len(text) if text.isascii() else sum(map(cell_width, text))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly this many cells: filled with blanks, or cut with an ellipsis."""
    length = width_of(text)
    if length > width:
        text = _cut(text, width - 1) + "…" if width > 0 else ""
        length = width_of(text)
    blanks = " " * (width - length)
    return blanks + text if right else text + blanks


def fit_middle(text: str, width: int) -> str:
    """As `fit`, but both ends stay: names differ at their ends."""
    if width_of(text) <= width or width < 8:
        return fit(text, width)
    tail = _cut(text[::-1], min(6, (width - 1) // 2))[::-1]
    return fit(f"{_cut(text, width - 1 - width_of(tail))}…{tail}", width)


def _cut(text: str, width: int) -> str:
    if text.isascii():
        return text[: max(width, 0)]
    taken = 0
    for index, character in enumerate(text):
        taken += cell_width(character)
        if taken > width:
            return text[:index]
    return text
