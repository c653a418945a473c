"""Texts as values of other kinds, with the original's words for those that are none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from kube_client.go_quote import quoted

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_MOST_DIGITS = 40
_FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:e[-+]?[0-9]+)?"
    r"|inf(?:inity)?|nan)\Z",
    re.IGNORECASE | re.ASCII,
)
_HEXADECIMAL = re.compile(
    r"[-+]?0x(?=_?[0-9a-f]|\.[0-9a-f])(?:_?[0-9a-f]+)*\.?(?:[0-9a-f]+(?:_[0-9a-f]+)*)?p[-+]?[0-9]+\Z",
    re.IGNORECASE | re.ASCII,
)
_TRUE = frozenset({"y", "yes", "on"})
_FALSE = frozenset({"n", "no", "off"})


def to_int(text: str, _warn: Callable[[str], None]) -> int:
    """A whole number of at most 64 bits.

    Raises:
        ValueError: The text is none.
    """
    if not _INTEGER.match(text):
        raise ValueError(f"strconv.Atoi: parsing {quoted(text)}: invalid syntax")
    number = int(text) if len(text) <= _MOST_DIGITS else 2**63
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"strconv.Atoi: parsing {quoted(text)}: value out of range")
    return number


def to_int64(text: str, warn: Callable[[str], None]) -> int:
    """The same; only the words of its fault differ.

    Raises:
        ValueError: The text is none.
    """
    try:
        return to_int(text, warn)
    except ValueError as error:
        raise ValueError(str(error).replace("Atoi", "ParseInt")) from None


def to_float(text: str, _warn: Callable[[str], None] | None = None) -> float:
    """A number with a fraction, decimal or hexadecimal.

    Raises:
        ValueError: The text is none.
    """
    if _FLOAT.match(text):
        number = float(text)
    elif _HEXADECIMAL.match(text):
        number = _from_hexadecimal(text)
    else:
        raise ValueError(f"strconv.ParseFloat: parsing {quoted(text)}: invalid syntax")
    if math.isinf(number) and "i" not in text.lower():
        raise ValueError(f"strconv.ParseFloat: parsing {quoted(text)}: value out of range")
    return number


def _from_hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text.replace("_", ""))
    except OverflowError:
        return math.inf


def to_boolean(text: str, warn: Callable[[str], None]) -> bool:
    """A truth; words of older YAML are taken with a warning.

    Raises:
        ValueError: The text is none.
    """
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    if lowered in _TRUE or lowered in _FALSE:
        word = "true" if lowered in _TRUE else "false"
        warn(f'"{text}" for boolean is not supported by YAML 1.2, please use `{word}`')
        return lowered in _TRUE
    raise ValueError(f"invalid boolean: {text}")
