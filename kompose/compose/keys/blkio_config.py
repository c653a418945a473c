"""``blkio_config``: bounds on block devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kompose.compose.decode import size
from kompose.compose.form import Form, list_of, optional, record
from kompose.compose.key import Key, unread
from kompose.compose.values import NUMBER, TEXT


def _limits(name: str, amount: Form) -> Form:
    """Limits of devices, which the model shows under the names of Docker's API."""
    limit = record({"path": TEXT, name: amount})
    names = {"path": "Path", name: name.capitalize()}

    def decode(value: Any) -> dict[str, Any]:
        shown: Mapping[str, Any] = limit.decode(value) if limit.decode else {}
        return {names[key]: amount for key, amount in shown.items()}

    return list_of(limit._replace(decode=decode))


_RATES = _limits("rate", NUMBER._replace(decode=size))
BLKIO_CONFIG = Key(
    "blkio_config",
    optional(
        record(
            {
                "weight": NUMBER,
                "weight_device": _limits("weight", NUMBER),
                "device_read_bps": _RATES,
                "device_read_iops": _RATES,
                "device_write_bps": _RATES,
                "device_write_iops": _RATES,
            }
        )
    ),
    read=unread,
    instead="",
)
