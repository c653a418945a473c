"""``networks``: what a service is attached to, and as what."""

from __future__ import annotations

from typing import Any

from kompose.compose.decode import number
from kompose.compose.form import Form, either, mapping_of, or_null, record
from kompose.compose.key import Key
from kompose.compose.merging import merge_by_name
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import DRIVER_OPTIONS, ENTRY_NAMES, NAMES, TEXT, TEXTS


def long_names(value: Any) -> Any:
    """A mapping without values, of a list of names."""
    return {str(name): None for name in value} if isinstance(value, list) else value


def _read(value: dict[str, Any] | None) -> tuple[str, ...]:
    return tuple(value or ())


_PRIORITY = Form(one_of_kinds("number"), number)
_ATTACHMENT = record(
    {
        "aliases": NAMES,
        "driver_opts": DRIVER_OPTIONS,
        "gw_priority": _PRIORITY,
        **dict.fromkeys(("interface_name", "ipv4_address", "ipv6_address"), TEXT),
        "link_local_ips": NAMES,
        "mac_address": TEXT,
        "priority": _PRIORITY,
    }
)
NETWORKS = Key(
    "networks",
    either(TEXTS.shape, mapping_of(or_null(_ATTACHMENT, is_choice=True), ENTRY_NAMES))._replace(
        merge=merge_by_name
    ),
    read=_read,
    long=long_names,
)
