"""JSON text as Go's encoding/json writes it: escapes, sorted keys, number forms. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_MARK = b"\x7f"  # JSON leaves it as it is, and hardly any log has it
_HTML = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))
_SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r"}
_ESCAPES: dict[int, str] = {
    **{rune: f"\\u{rune:04x}" for rune in (*range(0x20), 0x3C, 0x3E, 0x26, 0x2028, 0x2029)},
    **dict.fromkeys(range(0xDC80, 0xDD00), "\\ufffd"),  # bytes that are no UTF-8
    **_SHORT,
    0x22: '\\"',
    0x5C: "\\\\",
}


def quote_all(texts: Sequence[bytes], between: bytes) -> bytes:
    """The texts as one JSON string, with `between` in it, as it is, where two of them meet.

    All texts are escaped in one piece where that is possible, which is several times faster.
    """
    import msgspec

    joined = _MARK.join(texts)
    try:
        decoded = joined.decode()
    except UnicodeDecodeError:
        return _quote_each(texts, between)
    if _MARK in b"".join(texts):
        return _quote_each(texts, between)
    quoted = msgspec.json.encode(decoded)
    for char, code in _HTML if joined.isascii() else (*_HTML, *_SEPARATORS):
        if char in quoted:
            quoted = quoted.replace(char, code)
    return quoted.replace(_MARK, between)


def _quote_each(texts: Sequence[bytes], between: bytes) -> bytes:
    return b'"' + between.join([escape(text) for text in texts]) + b'"'


def escape_each(texts: Sequence[bytes]) -> list[bytes]:
    """What stands between the quotes of each text's JSON string."""
    return quote_all(texts, b"\0")[1:-1].split(b"\0") if texts else []


def escape(text: bytes) -> bytes:
    """What stands between the quotes of the text's JSON string."""
    decoded = text.decode("utf-8", "surrogateescape")
    return decoded.translate(_ESCAPES).encode("utf-8", "replace")


def quote(text: bytes) -> bytes:
    """The text as a JSON string."""
    return b'"' + escape(text) + b'"'


def is_valid(text: bytes) -> bool:
    """Whether the text is one JSON value, by JSON's own rules."""
    try:
        _STRICT.decode(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


class _StrictDecoder(json.JSONDecoder):
    """The standard decoder without its extensions, and without building numbers."""

    def __init__(self) -> None:
        super().__init__(
            parse_constant=_refuse_constant,
            parse_int=str,
            parse_float=str,
        )


_STRICT = _StrictDecoder()


def format_float(value: float) -> str:
    """A float as encoding/json prints it: shortest, an exponent below 1e-6 and from 1e21."""
    if not value:
        return str(value).removesuffix(".0")
    if 1e-6 <= abs(value) < 1e21:
        from decimal import Decimal

        return format(Decimal(repr(value)), "f").removesuffix(".0")
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa}e{sign}{exponent.lstrip('+-0')}"


def encode(value: object) -> str:
    """A value as one line of JSON, keys sorted.

    Raises:
        TypeError: The value has no JSON form.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, str):
        return quote(value.encode("utf-8", "surrogateescape")).decode()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, Mapping):
        items = (f"{encode(str(key))}:{encode(value[key])}" for key in sorted(value))
        return f"{{{','.join(items)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(encode(item) for item in value)}]"
    raise TypeError(f"json: unsupported type: {type(value).__name__}")


class NumberText(str):
    """A number of a JSON document with its own digits."""

    __slots__ = ()


def indent(value: object, depth: int = 0) -> str:
    """A value as JSON with two blanks for each level, keys sorted."""
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, Mapping) and value:
        items = (
            f"{inner}{encode(str(key))}: {indent(value[key], depth + 1)}" for key in sorted(value)
        )
        return "{\n" + ",\n".join(items) + f"\n{outer}}}"
    if isinstance(value, list) and value:
        listed = ",\n".join(f"{inner}{indent(item, depth + 1)}" for item in value)
        return f"[\n{listed}\n{outer}]"
    return encode(value)
