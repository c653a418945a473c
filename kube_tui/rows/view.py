"""A View is a value: which objects, in which columns, and where Enter goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from kube_client.objects import KubeObject
from kube_client.resource import ResourceType
from kube_tui.rows.row import Column, ItemT, Moment


@dataclass(frozen=True, slots=True)
class Place:
    """Where the objects of a table come from, and how a person says it.

    `namespace` None means all; `owner_uid` keeps only what that object controls, `subject` is the
    crumb ("service checkout") that led here.
    """

    namespace: str | None = None
    labels: str = ""
    fields: str = ""
    owner_uid: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Enter: the view to open, and where."""

    view: str
    """A view's name or any word that names a kind."""
    place: Place


@dataclass(frozen=True, slots=True)
class Said:
    """Enter leads nowhere; this is why."""

    words: str


Target = Step | Said | None
"""Where Enter goes; None opens the description."""


def _nothing(_: Any, __: Moment) -> str:
    return ""


def _itself(item: Any) -> list[Any]:
    return [item]


def _describe(_: Any) -> Target:
    return None


@dataclass(frozen=True)
class View(Generic[ItemT]):
    """One way to look at objects of one kind."""

    name: str
    resource: ResourceType | None
    """None: the rows are not the cluster's (contexts)."""
    decode_to: type[KubeObject] | None
    """None: the server prints the rows itself."""
    columns: Sequence[Column[ItemT]]
    enter: Callable[[ItemT], Target] = _describe
    explain: Callable[[ItemT, Moment], str] = _nothing
    expand: Callable[[Any], Iterable[ItemT]] = _itself
    """The rows that one object of the kind makes: most make one."""
    sort_by: str = "NAME"
    descending: bool = False
    uses_usage: bool = False
    aliases: tuple[str, ...] = field(default=())

    def column(self, name: str) -> Column[ItemT] | None:
        """The column with this name, in any case."""
        wanted = name.upper()
        return next((column for column in self.columns if column.name == wanted), None)

    def without(self, name: str) -> View[ItemT]:
        """The same view, but for one column."""
        columns = tuple(column for column in self.columns if column.name != name)
        return replace(self, columns=columns)

    @property
    def is_namespaced(self) -> bool:
        """Whether the rows live in namespaces."""
        return self.resource is not None and self.resource.namespaced
