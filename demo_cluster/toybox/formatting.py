"""The texts of `echo` and `printf`: escapes and conversions."""

from __future__ import annotations

import re

ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "\\": "\\",
}
ESCAPE = re.compile(r"\\(0?[0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|c|.)", re.DOTALL)
CONVERSION = re.compile(r"%([-+ 0#]*)(\d+|\*)?(?:\.(\d+))?([diouxXcsbeEfgG%])")


def unescaped(text: str) -> tuple[str, bool]:
    r"""Backslash escapes as characters; the flag says that `\c` ended the text."""
    pieces = bytearray()
    position = 0
    for match in ESCAPE.finditer(text):
        pieces += _bytes(text[position : match.start()])
        position = match.end()
        code = match[1]
        if code == "c":
            return _text(pieces), True
        pieces += _escape(code)
    pieces += _bytes(text[position:])
    return _text(pieces), False


def _escape(code: str) -> bytes:
    if code[0] == "x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[0] == "u" and len(code) > 1:
        return chr(int(code[1:], 16)).encode(errors="replace")
    if code[0].isdigit() and code[0] in "01234567":
        return bytes([int(code, 8) & 0xFF])
    return _bytes(ESCAPES.get(code, "\\" + code))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes | bytearray) -> str:
    return bytes(data).decode("utf-8", "surrogateescape")


def echoed(arguments: list[str]) -> str:
    """What `echo` prints, with its -n and -e."""
    newline, escapes = True, False
    rest = list(arguments)
    while rest and re.fullmatch(r"-[neE]+", rest[0]):
        flags = rest.pop(0)
        newline = newline and "n" not in flags
        escapes = escapes or "e" in flags
    text = " ".join(rest)
    if escapes:
        text, stopped = unescaped(text)
        newline = newline and not stopped
    return text + ("\n" if newline else "")


def format_text(template: str, arguments: list[str]) -> str:
    """What `printf` prints; the template is used again while arguments are left."""
    literal, stopped = unescaped(template)
    rest = list(arguments)
    printed = []
    while True:
        before = len(rest)
        printed.append(CONVERSION.sub(lambda match: _convert(match, rest), literal))
        if stopped or not rest or len(rest) == before:
            return "".join(printed)


def _convert(match: re.Match[str], rest: list[str]) -> str:
    flags, width, precision, kind = match.groups()
    if kind == "%":
        return "%"
    if width == "*":
        width = rest.pop(0) if rest else "0"
    value = rest.pop(0) if rest else ""
    layout = f"%{flags}{_size(width)}{'.' + _size(precision) if precision is not None else ''}"
    if kind in "diouxX":
        return (layout + ("d" if kind in "iu" else kind)) % _integer(value)
    if kind in "eEfgG":
        return (layout + kind) % _float(value)
    if kind == "b":
        return (layout + "s") % unescaped(value)[0]
    return (layout + "s") % (value[:1] if kind == "c" else value)


def _size(text: str | None) -> str:
    """A width or precision, no wider than a page."""
    return str(min(abs(_integer(text or "")), _WIDEST)) if text else ""


_WIDEST = 65536


def _integer(text: str) -> int:
    if text[:1] in ("'", '"'):
        return ord(text[1]) if len(text) > 1 else 0
    try:
        return int(text, 0) if text else 0
    except ValueError:
        digits = re.match(r"[-+]?\d+", text)
        return int(digits[0]) if digits else 0


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
