"""What Go says of a text that is not JSON: the first character that cannot stand where it does."""

from __future__ import annotations

from kube_client.go_quote import quoted

_END = "unexpected end of JSON input"
_SPACES = " \t\r\n"
_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"


class _Wrong(Exception):  # noqa: N818  # the answer, on its way up
    """The character at a place cannot stand there."""

    def __init__(self, at: int, context: str) -> None:
        super().__init__()
        self.at = at
        self.context = context


class _Unfinished(Exception):  # noqa: N818  # the answer, on its way up
    """The text ends too early."""


def json_error(text: str) -> str:
    """The message of encoding/json for a text that is no JSON value; empty for one that is."""
    data = text.encode("utf-8", "surrogateescape").decode("latin-1") + " "  # a blank ends numbers
    try:
        _whole(data)
    except _Wrong as wrong:
        return f"invalid character {_quoted(data[wrong.at])} {wrong.context}"
    except (_Unfinished, RecursionError):
        return _END
    return ""


def _whole(data: str) -> None:
    at = _skip(data, _value(data, _skip(data, 0)))
    if at < len(data):
        raise _Wrong(at, "after top-level value")


def _quoted(char: str) -> str:
    if char in "'\"":
        return "'\\''" if char == "'" else "'\"'"
    return f"'{quoted(char)[1:-1]}'"


def _skip(data: str, at: int) -> int:
    while data[at : at + 1] and data[at] in _SPACES:
        at += 1
    return at


def _char(data: str, at: int) -> str:
    if at >= len(data):
        raise _Unfinished
    return data[at]


def _value(data: str, at: int) -> int:
    """Where the value that begins here ends."""
    char = _char(data, at)
    if char == "{":
        return _object(data, at + 1)
    if char == "[":
        return _array(data, at + 1)
    if char == '"':
        return _string(data, at + 1)
    if char == "-" or char in _DIGITS:
        return _number(data, at)
    for word in ("true", "false", "null"):
        if char == word[0]:
            return _word(data, at, word)
    raise _Wrong(at, "looking for beginning of value")


def _object(data: str, at: int) -> int:
    at = _skip(data, at)
    if _char(data, at) == "}":
        return at + 1
    while True:
        if _char(data, at) != '"':
            raise _Wrong(at, "looking for beginning of object key string")
        at = _skip(data, _string(data, at + 1))
        if _char(data, at) != ":":
            raise _Wrong(at, "after object key")
        at = _skip(data, _value(data, _skip(data, at + 1)))
        if _char(data, at) == "}":
            return at + 1
        if data[at] != ",":
            raise _Wrong(at, "after object key:value pair")
        at = _skip(data, at + 1)


def _array(data: str, at: int) -> int:
    at = _skip(data, at)
    if _char(data, at) == "]":
        return at + 1
    while True:
        at = _skip(data, _value(data, at))
        if _char(data, at) == "]":
            return at + 1
        if data[at] != ",":
            raise _Wrong(at, "after array element")
        at = _skip(data, at + 1)


def _string(data: str, at: int) -> int:
    while (char := _char(data, at)) != '"':
        if char == "\\":
            at = _escape(data, at + 1)
        elif char < " ":
            raise _Wrong(at, "in string literal")
        else:
            at += 1
    return at + 1


def _escape(data: str, at: int) -> int:
    char = _char(data, at)
    if char == "u":
        for place in range(at + 1, at + 5):
            if _char(data, place) not in _HEX:
                raise _Wrong(place, r"in \u hexadecimal character escape")
        return at + 5
    if char not in '"\\/bfnrt':
        raise _Wrong(at, "in string escape code")
    return at + 1


def _number(data: str, at: int) -> int:
    if data[at] == "-":
        at += 1
    if data[at] == "0":
        at += 1
    else:
        at = _digits(data, at, "in numeric literal")
    if data[at] == ".":
        at = _digits(data, at + 1, "after decimal point in numeric literal")
    if data[at] in "eE":
        at += 2 if data[at + 1] in "+-" else 1
        at = _digits(data, at, "in exponent of numeric literal")
    return at


def _digits(data: str, at: int, context: str) -> int:
    start = at
    while data[at] in _DIGITS:
        at += 1
    if at == start:
        raise _Wrong(at, context)
    return at


def _word(data: str, at: int, word: str) -> int:
    for number, expected in enumerate(word[1:], 1):
        if _char(data, at + number) != expected:
            raise _Wrong(at + number, f"in literal {word} (expecting '{expected}')")
    return at + len(word)
