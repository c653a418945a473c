"""Taking back what earlier files said: the effect of ``!reset`` and ``!override``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kompose.compose.key_path import KeyPath


def apply_resets(tree: dict[str, Any], resets: Sequence[KeyPath]) -> dict[str, Any]:
    """The tree without the values at the given paths; entries of lists stay."""
    for path in resets:
        tree = _without(tree, path)
    return tree


def _without(tree: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    key = path[0] if path else None
    if key not in tree:
        return tree
    if len(path) == 1:
        return {name: value for name, value in tree.items() if name != key}
    child = tree[key]
    if not isinstance(child, dict):
        return tree
    reduced = _without(child, path[1:])
    return tree if reduced is child else {**tree, key: reduced}
