"""Numbers in labels and short texts, as the original's readers take them. Pure."""

import re

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"([-+]?[0-9]*)(?:\.[0-9]*)?", re.ASCII)
_LITERAL = re.compile(
    r"([-+]?)(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)",
    re.ASCII,
)
_LONGEST = 70
"""More digits than any 64 bits have, in whatever base."""


def whole_number(text: str) -> int | None:
    """A decimal number of at most 64 bits, nothing around it; None for any other text."""
    if len(text) > _LONGEST or not _INTEGER.fullmatch(text):
        return None
    return _in_64_bits(int(text))


def loose_number(text: str, bits: int = 32) -> int | None:
    """A number as forgiving readers take it: `80.7` is 80, `0x50` is 80, `010` is 8.

    What has more bits than asked for loses them. None for a text that is no number.
    """
    if "." in text and (decimal := _DECIMAL.fullmatch(text)):
        text = decimal.group(1)
        text += "" if text.strip("+-") else "0"
    if len(text) > _LONGEST or not (found := _LITERAL.fullmatch(text)):
        return None
    digits = text[len(found.group(1)) :].replace("_", "")
    is_octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    number = _in_64_bits((-1 if found.group(1) == "-" else 1) * int(digits, 8 if is_octal else 0))
    return None if number is None else wrapped(number, bits)


def wrapped(number: int, bits: int = 32) -> int:
    """What is left of a number in so many bits, the first of them the sign."""
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half


def _in_64_bits(number: int) -> int | None:
    return number if -(2**63) <= number < 2**63 else None
