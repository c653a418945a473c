"""A table as data: tones, cells and columns. A colour is a meaning until a theme styles it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar

from kube_client.objects import ObjectMeta
from kube_client.resource import ObjectKey
from kube_client.timestamp import age

SortValue = float | str | None
"""What a column is ordered by: all numbers or all text, text as people count (`natural`).

None stands last in both directions.
"""

_NUMBER = re.compile(r"\d+")


class Tone(Enum):
    """The six meanings a colour may have."""

    WELL = "well"
    BUSY = "busy"
    ATTENTION = "attention"
    BROKEN = "broken"
    DONE = "done"
    QUIET = "quiet"


class Cell(NamedTuple):
    """One cell: its text, what it is ordered by, what its colour means."""

    text: str
    sort: SortValue = None
    tone: Tone = Tone.WELL


class Item(Protocol):
    """What a table can show: it has a key, and the metadata of the object that it is part of."""

    @property
    def key(self) -> ObjectKey:
        """Unique within one table."""
        ...

    @property
    def metadata(self) -> ObjectMeta:
        """Of the object itself, or of the one it belongs to (a container's pod)."""
        ...


ItemT = TypeVar("ItemT", bound=Item)
ItemT_contra = TypeVar("ItemT_contra", bound=Item, contravariant=True)


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU in cores, memory in bytes."""

    cores: float
    memory_bytes: float


class UsageBook(Protocol):
    """What is used now, as far as it is known."""

    def pod(self, key: ObjectKey, /) -> Usage | None:
        """All containers of the pod together; None: not known."""
        ...

    def container(self, pod: ObjectKey, name: str, /) -> Usage | None:
        """One container; None: not known."""
        ...

    def node(self, name: str, /) -> Usage | None:
        """One node; None: not known."""
        ...


class NoUsage:
    """The book of a cluster that measures nothing."""

    def pod(self, _key: ObjectKey) -> Usage | None:
        """Not known."""
        return None

    def container(self, _pod: ObjectKey, _name: str) -> Usage | None:
        """Not known."""
        return None

    def node(self, _name: str) -> Usage | None:
        """Not known."""
        return None


NO_USAGE = NoUsage()


@dataclass(frozen=True, slots=True)
class Moment:
    """What a row depends on besides its object: the time, and what is used now."""

    now: datetime
    usage: UsageBook = NO_USAGE


@dataclass(frozen=True, slots=True)
class Column(Generic[ItemT_contra]):
    """One column of a view: how to read a cell from an item."""

    name: str
    cell: Callable[[ItemT_contra, Moment], Cell]
    right: bool = False
    rank: int = 1
    """0 is always there; where the screen is narrow, the highest rank leaves first; 9 waits for
    the wide table."""
    letter: str = ""
    """Shift and this letter sort by the column."""
    ages: bool = False
    """The text changes by time alone; filters skip it."""
    measured: bool = False
    """The text changes with what is used, without an event; filters skip it."""


def natural(text: str) -> str:
    """Text that orders as people count: node-9 before node-10."""
    return _NUMBER.sub(lambda digits: digits[0].zfill(12), text)


def text_cell(text: str, tone: Tone = Tone.WELL) -> Cell:
    """A cell ordered by its text; a missing text is a dash and stands last."""
    return Cell(text, text, tone) if text else MISSING


def number_cell(value: float, tone: Tone = Tone.WELL) -> Cell:
    """A whole number."""
    return Cell(f"{value:.0f}", float(value), tone)


def age_cell(since: datetime | None, now: datetime) -> Cell:
    """How long ago, as kubectl words it; the youngest first."""
    if since is None:
        return MISSING
    return Cell(age(since, now), (now - since).total_seconds())


MISSING = Cell("-", None, Tone.QUIET)


def name_column() -> Column[Item]:
    """The object's own name: frozen at the left."""
    return Column(
        "NAME",
        lambda item, _: Cell(item.key.name, item.key.name),
        rank=0,
        letter="N",
    )


def namespace_column() -> Column[Item]:
    """Where the object lives; shown when rows come from several namespaces."""
    return Column(
        "NAMESPACE",
        lambda item, _: Cell(item.key.namespace, item.key.namespace),
        rank=1,
        letter="P",
    )


def age_column() -> Column[Item]:
    """Time since the object was made."""
    return Column(
        "AGE",
        lambda item, moment: age_cell(item.metadata.creation_timestamp, moment.now),
        right=True,
        rank=2,
        letter="A",
        ages=True,
    )


def labels_column() -> Column[Item]:
    """All labels, for the wide table."""
    return Column(
        "LABELS",
        lambda item, _: text_cell(
            ",".join(f"{name}={value}" for name, value in sorted(item.metadata.labels.items()))
        ),
        rank=9,
    )
