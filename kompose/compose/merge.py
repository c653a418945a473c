"""One compose file over another, and what may stand only once in it."""

from __future__ import annotations

from typing import Any

from kompose.compose.compose_file import COMPOSE_FILE, SERVICE
from kompose.compose.entry_keys import unique
from kompose.compose.merging import merge_mappings
from kompose.compose.service import SERVICE_KEYS

_ENTRIES_OF_LONG_FORMS = {
    "services": {
        "*": {
            key.name: key.form.entry_key
            for key in SERVICE_KEYS
            if key.long is not None and callable(key.form.entry_key)
        }
    }
}


def merge_trees(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """The base with the override's values over it; neither is changed.

    Raises:
        ComposeError: A mapping meets a list, or a list entry has no key.
    """
    merged: dict[str, Any] = merge_mappings(base, override, (), COMPOSE_FILE.merge)
    return unique_entries(merged)


def merge_service(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """A service's definition over the one it extends.

    Raises:
        ComposeError: As merging trees.
    """
    path = ("services", "x")
    return merge_mappings(base, override, path, SERVICE.merge)


def unique_entries(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree without list entries that a later entry of the same key replaces.

    Raises:
        ComposeError: An entry has no key.
    """
    kept: dict[str, Any] = unique(tree, COMPOSE_FILE.entry_key)
    return kept


def unique_long_entries(tree: dict[str, Any]) -> dict[str, Any]:
    """The same once short syntax became long, for the lists in which there was some.

    Raises:
        ComposeError: An entry has no key.
    """
    kept: dict[str, Any] = unique(tree, _ENTRIES_OF_LONG_FORMS)
    return kept
