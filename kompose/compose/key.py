"""One attribute of a service: its form, and what is done with it on its way to a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from kompose.compose.form import Form

T = TypeVar("T")
Change = Callable[[Any], Any]
Absolute = Callable[[str], str]
"""Joins a path of the host to the directory that it is seen from."""


class Key(NamedTuple, Generic[T]):
    """A compose key of a service. `kompose.compose.service` lists them all, a line each."""

    name: str
    form: Form
    read: Callable[[Any], T]
    """What the project makes of the model's value; of None when there is no such key."""
    long: Change | None = None
    """The long syntax for any syntax.

    Raises:
        ValueError: It cannot be read; a `ShapeError` when no syntax has such a value.
    """
    with_defaults: Change | None = None
    """The long syntax with the attributes that always have a value."""
    resolved: Callable[[Any, Absolute], Any] | None = None
    """The long syntax with its paths of the host made absolute."""
    instead: str | None = None
    """What to write for a cluster, where the original converts nothing; empty: there is nothing."""


class ShapeError(ValueError):
    """A value has a kind that no syntax of its key has; ``below`` leads to it from the key's."""

    def __init__(self, why: str, *below: str | int) -> None:
        super().__init__(why)
        self.below = below


def unread(_value: Any) -> None:
    """Reads nothing: the key means something to the loader only, or to nobody."""


def text(value: Any) -> str:
    """Reads a text; empty for none."""
    return value or ""


def texts(value: Any) -> tuple[str, ...]:
    """Reads a list of texts; empty for none."""
    return tuple(value or ())


def pairs(value: Any) -> Mapping[str, Any]:
    """Reads a mapping; empty for none."""
    return value or {}
