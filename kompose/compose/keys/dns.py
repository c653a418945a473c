"""``dns``: name servers."""

from __future__ import annotations

from typing import Any

from kompose.compose.entry_keys import name_key
from kompose.compose.key import Key, unread
from kompose.compose.merging import add_up
from kompose.compose.values import ONE_OR_MORE


def _long(value: Any) -> Any:
    """A list without the empty ones that unset variables leave."""
    entries = [value] if isinstance(value, str) else value
    return [entry for entry in entries if entry != ""] if isinstance(entries, list) else entries


DNS = Key(
    "dns",
    ONE_OR_MORE._replace(merge=add_up, entry_key=name_key),
    read=unread,
    long=_long,
    instead="",
)
