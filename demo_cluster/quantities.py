"""Quantities of the API (`250m`, `1Gi`) as exact numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

_UNITS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
_FORM = re.compile(r"([-+]?\d*\.?\d*(?:[eE][-+]?\d+)?)([numkKMGTPE]?i?)")


@lru_cache(4096)
def quantity(text: str | float) -> Decimal:
    """The number that a quantity stands for; 0 for what is none."""
    match = _FORM.fullmatch(str(text).strip())
    if match is None or match[1] in ("", "+", "-", ".") or match[2] not in _UNITS:
        return Decimal(0)
    return Decimal(match[1]) * _UNITS[match[2]]


def total_resources(containers: Iterable[Mapping[str, Any]], section: str) -> dict[str, str]:
    """The requests or limits of some containers together, as quantities."""
    found: dict[str, list[str]] = {}
    for container in containers:
        for name, text in ((container.get("resources") or {}).get(section) or {}).items():
            found.setdefault(name, []).append(str(text))
    return {
        name: texts[0] if len(texts) == 1 else written(name, sum(map(quantity, texts), Decimal(0)))
        for name, texts in found.items()
    }


def written(name: str, value: Decimal) -> str:
    """The quantity of a resource (`cpu`, `limits.memory`, `pods`), as the API writes it."""
    if name.rpartition(".")[2] == "cpu":
        return str(int(value)) if value == int(value) else f"{int(value * 1000)}m"
    for unit in ("Gi", "Mi", "Ki"):
        if value and value % _UNITS[unit] == 0:
            return f"{int(value / _UNITS[unit])}{unit}"
    return str(int(value))
