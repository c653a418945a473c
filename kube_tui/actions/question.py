"""Questions as values: what an action asks before it does anything. A dialog shows each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

FieldKind = Literal["text", "number", "bool", "choice"]


@dataclass(frozen=True, slots=True)
class Confirm:
    """Yes or no; no is the default."""

    sentence: str
    """The whole deed with its full target, as a question."""
    consequence: str = ""
    """What else will happen, or how it will be done."""
    yes: str = "Yes"
    is_destructive: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    kind: FieldKind = "text"
    value: str = ""
    options: tuple[str, ...] = ()
    required: bool = False


def _anything(_: dict[str, str]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Form:
    """Some lines to fill in."""

    sentence: str
    fields: tuple[Field, ...]
    yes: str = "OK"
    check: Callable[[dict[str, str]], str] = field(default=_anything)
    """What is wrong with the answers, or ''."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    sentence: str
    options: tuple[tuple[str, str], ...]
    """What is returned, and the words for it. The first has the focus."""
