"""``logging``: where Docker sends what a container writes."""

from __future__ import annotations

from typing import Any

from kompose.compose.decode import plain_mapping
from kompose.compose.form import Form, optional, record
from kompose.compose.key import Key, unread
from kompose.compose.key_path import KeyPath
from kompose.compose.merging import merge_mappings
from kompose.compose.shape import mapping_of, one_of_kinds
from kompose.compose.values import TEXT


def _merge(base: Any, override: Any, path: KeyPath) -> Any:
    """Options add up while the driver stays the same."""
    if not isinstance(base, dict) or not isinstance(override, dict):
        return override
    drivers = base.get("driver"), override.get("driver")
    if None in drivers or drivers[0] == drivers[1]:
        return merge_mappings(base, override, path)
    return override


_OPTIONS = Form(mapping_of(one_of_kinds("string", "number", "null")), plain_mapping)
LOGGING = Key(
    "logging",
    optional(record({"driver": TEXT, "options": _OPTIONS}))._replace(merge=_merge),
    read=unread,
    instead="",
)
