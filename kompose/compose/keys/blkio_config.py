"""``blkio_config``: bounds on block devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kompose.compose.decode import DecodeError, size, unsigned
from kompose.compose.form import Form, list_of, optional, record
from kompose.compose.key import Key, unread
from kompose.compose.record import Record
from kompose.compose.values import NUMBER, TEXT


def _limits(name: str, amount: Form, nothing: str | int) -> Form:
    """Limits of devices, which the model shows under the names of Docker's API."""
    limit = record({"path": TEXT, name: amount}, free=None)
    shown_as = name.capitalize()

    def decode(value: Any) -> Record:
        try:
            shown: Mapping[str, Any] = limit.decode(value) if limit.decode else {}
        except DecodeError as error:
            raise DecodeError(
                [(place.replace(name, shown_as), why) for place, why in error.findings]
            ) from None
        values = {"Path": shown.get("path", ""), shown_as: shown.get(name, nothing)}
        return Record(values, tuple(values))

    return list_of(limit._replace(decode=decode))


_WEIGHT = NUMBER._replace(decode=unsigned(16))
_RATES = _limits("rate", NUMBER._replace(decode=size), "0")
BLKIO_CONFIG = Key(
    "blkio_config",
    optional(
        record(
            {
                "weight": _WEIGHT,
                "weight_device": _limits("weight", _WEIGHT, 0),
                "device_read_bps": _RATES,
                "device_read_iops": _RATES,
                "device_write_bps": _RATES,
                "device_write_iops": _RATES,
            },
            free=None,
        )
    ),
    read=unread,
    instead="",
)
