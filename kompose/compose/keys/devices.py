"""``devices``: devices of the host inside a container, ``source[:target[:permissions]]``."""

from __future__ import annotations

from typing import Any

from kompose.compose.entry_keys import indexed
from kompose.compose.form import either, list_of, record
from kompose.compose.key import Key, unread
from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.scalars import scalar_text
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import TEXT


def _long(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [_device(entry) if isinstance(entry, str) else entry for entry in value]


def _device(spec: str) -> dict[str, Any]:
    source, *rest = spec.split(":")
    if len(rest) > 2:
        raise ValueError(f"confusing device mapping, please use long syntax: {spec}")
    target = (rest[0] if rest else "") or source
    return {
        "source": source,
        "target": target,
        "permissions": rest[1] if len(rest) > 1 else "rwm",
    }


def _target(entry: Any, path: KeyPath) -> str:
    if isinstance(entry, dict):
        target = entry.get("target")
        if not isinstance(target, str):
            raise PathError(f"service device {indexed(path)} is missing a mount target", path)
        return target
    source, _, rest = scalar_text(entry).partition(":")
    return rest.partition(":")[0] or source


_DEVICE = record({"source": TEXT, "target": TEXT, "permissions": TEXT}, required=("source",))
DEVICES = Key(
    "devices",
    list_of(either(one_of_kinds("string"), _DEVICE))._replace(entry_key=_target),
    read=unread,
    long=_long,
    instead="",
)
