"""What tells one entry of a list from another: of those with the same key, the last stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.scalars import scalar_text

EntryKey = Callable[[Any, KeyPath], str]
"""Takes an entry and where it is.

Raises:
    ComposeError: The entry has no key.
"""


def unique(value: Any, table: Any, path: KeyPath = ()) -> Any:
    """The tree without list entries that a later entry of the same key replaces.

    Raises:
        ComposeError: An entry has no key.
    """
    if callable(table):
        return _unique_list(value, path, table) if isinstance(value, list) else value
    if not isinstance(value, dict):
        return value
    changed = None
    children = value if "*" in table else [key for key in table if key in value]
    for key in children:
        rule = table.get(key) or table["*"]
        child = value[key]
        kept = unique(child, rule, (*path, key))
        if kept is not child:
            changed = changed if changed is not None else dict(value)
            changed[key] = kept
    return value if changed is None else changed


def _unique_list(entries: list[Any], path: KeyPath, key_of: EntryKey) -> list[Any]:
    places: dict[str, int] = {}
    kept: list[Any] = []
    for index, entry in enumerate(entries):
        key = key_of(entry, (*path, index))
        place = places.setdefault(key, len(kept))
        if place < len(kept):
            kept[place] = entry
        else:
            kept.append(entry)
    return kept if len(kept) < len(entries) else entries


def name_key(entry: Any, path: KeyPath) -> str:
    """The name of a ``name=value``."""
    if entry.__class__ is not str:
        raise PathError(f"{indexed(path)}: unexpected type {kind_name(entry)}", path)
    name: str = entry.partition("=")[0]
    return name


def text_key(entry: Any, path: KeyPath) -> str:
    """The text or whole number itself."""
    if entry.__class__ is not str and entry.__class__ is not int:
        raise unsupported(entry, path)
    return str(entry)


def unsupported(entry: Any, path: KeyPath) -> PathError:
    """The words for an entry that is no text, with the slip that the original makes in them."""
    value = "%!s(<nil>)" if entry is None else _as_text(entry)
    return PathError(f"{indexed(path)}: unsupported expose value {value}", path)


def _as_text(value: Any) -> str:
    """A value where a text was wanted, as Go prints one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(map(_as_text, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_as_text(value[key])}' for key in sorted(value))}]"
    return "<nil>" if value is None else f"%!s({kind_name(value)}={scalar_text(value)})"


def indexed(path: KeyPath) -> str:
    """The path as these messages have it: ``services.web.ports.[0]``."""
    return ".".join(f"[{part}]" if isinstance(part, int) else part for part in path)


def kind_name(value: Any) -> str:
    """The kind of a value as the original's messages name it."""
    return _KINDS.get(value.__class__, "<nil>")


_KINDS = {
    bool: "bool",
    int: "int",
    float: "float64",
    str: "string",
    dict: "map[string]interface {}",
    list: "[]interface {}",
}
