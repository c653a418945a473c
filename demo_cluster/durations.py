"""Durations as people write them. Pure."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd]?)")
_DURATION = re.compile(r"(\d+(\.\d+)?(ms|[smhd]))+|\d+(\.\d+)?")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(value: str | float) -> float:
    """`90`, `1.5s`, `1h30m`, `3d` in seconds.

    Raises:
        ValueError: It is no duration.
    """
    text = str(value)
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{value!r} is no duration; write 90s, 1.5s or 1h30m.")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in _PART.findall(text))
