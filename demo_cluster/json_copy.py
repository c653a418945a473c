"""A deep copy of plain JSON, several times as fast as `copy.deepcopy`, which must mind all."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def json_copy(value: T) -> T:
    """The value with dicts and lists of its own; everything else in JSON cannot change."""
    copied: Any = _copied(value)
    found: T = copied
    return found


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {
            key: _copied(each) if type(each) is dict or type(each) is list else each
            for key, each in value.items()
        }
    if kind is list:
        return [
            _copied(each) if type(each) is dict or type(each) is list else each for each in value
        ]
    return value
