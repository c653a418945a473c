"""Resource quantities (`250m`, `1Gi`, `1e3`) to exact numbers and back.

Follows apimachinery's resource.Quantity.
"""

import re
from decimal import ROUND_CEILING, Decimal
from enum import Enum
from functools import lru_cache

_DECIMAL_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_DECIMAL_POWERS["E"] = 18
_BINARY_POWERS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_QUANTITY = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?", re.ASCII
)


class QuantityError(ValueError):
    """The text is no resource quantity."""


class QuantityStyle(Enum):
    """How a quantity is written."""

    DECIMAL = "decimal"
    BINARY = "binary"
    EXPONENT = "exponent"


def parse_quantity(text: str | float) -> Decimal:
    """The exact value of a quantity.

    Raises:
        QuantityError: The text is no quantity.
    """
    if not isinstance(text, str):
        return Decimal(str(text))
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a quantity such as 250m, 1.5 or 128Mi")
    number, suffix, exponent = match.groups()
    value = Decimal(number)
    if exponent:
        if len(exponent) > 5:
            raise QuantityError(f"{text!r} is too large or too small for a quantity")
        return value.scaleb(int(exponent))
    if not suffix:
        return value
    if suffix in _BINARY_POWERS:
        return value * (1 << _BINARY_POWERS[suffix])
    return value.scaleb(_DECIMAL_POWERS[suffix])


@lru_cache(maxsize=8192)
def parse_cores(text: str | float) -> float:
    """A CPU quantity in cores: `250m` is 0.25.

    Raises:
        QuantityError: The text is no quantity.
    """
    return float(parse_quantity(text))


@lru_cache(maxsize=8192)
def parse_bytes(text: str | float) -> int:
    """A memory or storage quantity in whole bytes, rounded up.

    Raises:
        QuantityError: The text is no quantity.
    """
    return int(parse_quantity(text).to_integral_value(ROUND_CEILING))


def quantity_style(text: str) -> QuantityStyle:
    """How the text is written: `1Ki` binary, `1e3` exponent, everything else decimal."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a quantity such as 250m, 1.5 or 128Mi")
    if match.group(3):
        return QuantityStyle.EXPONENT
    return QuantityStyle.BINARY if match.group(2) in _BINARY_POWERS else QuantityStyle.DECIMAL


def canonical_quantity(text: str | float) -> str:
    """The quantity as the API server writes it: `1000m` as `1`, `1024Mi` as `1Gi`."""
    style = quantity_style(text) if isinstance(text, str) else QuantityStyle.DECIMAL
    return format_quantity(parse_quantity(text), style)


def format_quantity(value: Decimal, style: QuantityStyle = QuantityStyle.DECIMAL) -> str:
    """The shortest exact form with the largest suffix; below nano is rounded up.

    A binary form of a value that has a fraction, or lies under 1024, is written as decimal.
    """
    value = value.quantize(Decimal("1e-9"), ROUND_CEILING) if value % Decimal("1e-9") else value
    if value == 0:
        return "0"
    if style is QuantityStyle.BINARY and (abs(value) < 1024 or value != value.to_integral_value()):
        style = QuantityStyle.DECIMAL
    if style is QuantityStyle.BINARY:
        return _format_binary(int(value))
    mantissa, exponent = int(value.scaleb(9)), -9
    while exponent < 18 and mantissa % 1000 == 0:
        mantissa, exponent = mantissa // 1000, exponent + 3
    if style is QuantityStyle.EXPONENT:
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    suffix = next(suffix for suffix, power in _DECIMAL_POWERS.items() if power == exponent)
    return f"{mantissa}{suffix}"


def _format_binary(value: int) -> str:
    suffix = ""
    for candidate in _BINARY_POWERS:
        if value % 1024:
            break
        value, suffix = value // 1024, candidate
    return f"{value}{suffix}"


def format_millicores(cores: float) -> str:
    """Cores as kubectl top prints them: whole millicores, `250m`."""
    return f"{round(cores * 1000)}m"


def format_mebibytes(size_bytes: int) -> str:
    """Bytes as kubectl top prints them: whole mebibytes, `128Mi`."""
    return f"{size_bytes // (1 << 20)}Mi"
