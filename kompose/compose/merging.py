"""How a value goes over another: what replaces, what adds up. The rules of a key stand with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.compose.scalars import scalar_text

Merger = Callable[[Any, Any, KeyPath], Any]
"""Takes the base, the override and where they are; changes neither.

Raises:
    ComposeError: They do not go over each other.
"""
Rule = Merger | Mapping[str, Any] | None
"""A merger, a table of rules for what is inside (``*`` is any key), or None for the plain way:
mappings merge, lists add up, all else is replaced."""


def merge_mappings(
    base: Mapping[str, Any], override: Mapping[str, Any], path: KeyPath, table: Any = None
) -> dict[str, Any]:
    """The base with the override's values over it."""
    merged = dict(base)
    for key, value in override.items():
        if key not in merged:
            merged[key] = value
            continue
        rule = (table.get(key) or table.get("*")) if table else None
        merged[key] = _merge(merged[key], value, (*path, key), rule)
    return merged


def _merge(base: Any, override: Any, path: KeyPath, rule: Any) -> Any:
    if callable(rule):
        return rule(base, override, path)
    if override is None:
        return base
    if isinstance(base, dict):
        if not isinstance(override, dict):
            raise cannot_override(path)
        return merge_mappings(base, override, path, rule)
    if isinstance(base, list):
        if not isinstance(override, list):
            raise cannot_override(path)
        return base + override
    return override


def cannot_override(path: KeyPath) -> PathError:
    """What is said when a mapping meets a list."""
    return PathError(f"cannot override {dotted(path)}", path)


def replace(_base: Any, override: Any, _path: KeyPath) -> Any:
    """A merger: the last one counts."""
    return override


def add_up(base: Any, override: Any, _path: KeyPath) -> list[Any]:
    """A merger: one list of both, in whatever form they were written."""
    return as_list(base) + as_list(override)


def as_list(value: Any) -> list[Any]:
    """A list, whatever form it was written in: mapping, list or single value."""
    if isinstance(value, dict):
        return sorted(entry for key in value for entry in _pairs(key, value[key]))
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _pairs(key: str, value: Any) -> list[str]:
    if value is None:
        return [key]
    if isinstance(value, list):
        return [f"{key}={scalar_text(item)}" for item in value]
    return [f"{key}={scalar_text(value)}"]


def merge_by_name(base: Any, override: Any, path: KeyPath) -> Any:
    """A merger: mappings, also from lists of names."""
    return merge_mappings(by_name(base), by_name(override), path)


def by_name(value: Any, entry: dict[str, Any] | None = None) -> dict[str, Any]:
    """A mapping, also from a list of names."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {str(name): entry for name in value}
