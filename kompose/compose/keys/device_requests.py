"""Requests for devices such as GPUs: ``gpus``, and ``devices`` of ``deploy``."""

from __future__ import annotations

from typing import Any

from kompose.compose.decode import number
from kompose.compose.form import Form
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import PAIRS, TEXT, TEXTS


def _count(value: Any) -> Any:
    if value == "all":
        return -1
    try:
        return number(value)
    except ValueError:
        raise ValueError(
            f"invalid value \"{value}\", the only value allowed is 'all' or a number"
        ) from None


REQUEST_FIELDS: dict[str, Form] = {
    "capabilities": TEXTS,
    "driver": TEXT,
    "count": Form(one_of_kinds("integer", "string"), _count),
    "device_ids": TEXTS,
    "options": PAIRS,
}


def with_counts(devices: Any) -> Any:
    """Requests that say how many; those that name none want all."""
    return [
        {**device, "count": "all"}
        if isinstance(device, dict) and "count" not in device and "device_ids" not in device
        else device
        for device in devices
    ]
