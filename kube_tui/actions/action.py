"""An action is a value: its key, its words, the kinds it is for, and the coroutine it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from kube_client.objects import Pod
from kube_client.resource import ObjectKey, ResourceType
from kube_tui.actions.question import Choice, Confirm, Form
from kube_tui.forwards import Forwards
from kube_tui.rows.row import Tone
from kube_tui.session import Session
from kube_tui.text.document import Document


@dataclass(frozen=True, slots=True)
class Subject:
    """One object that an action is about; `container` when the row was a container."""

    type: ResourceType
    namespace: str
    name: str
    uid: str
    item: Any
    container: str = ""

    @property
    def key(self) -> ObjectKey:
        """The object's name within its kind."""
        return ObjectKey(self.namespace, self.name)

    @property
    def item_pod(self) -> Pod:
        """The row's pod: the row itself, or the pod that the container is in."""
        pod: Pod = self.item.pod if self.container else self.item
        return pod

    @property
    def words(self) -> str:
        """The object as a person says it: pod checkout-1 in shop."""
        kind = self.type.singular or self.type.kind.lower()
        return f"{kind} {self.name}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, slots=True)
class LogsWanted:
    """Whose logs to open."""

    title: str
    namespace: str
    query: str = ""
    """A `kind/name` or an anchored expression on pod names."""
    labels: str = ""
    container: str = ""
    previous: bool = False


class Desk(Protocol):
    """What an action may ask of the screen that it was started from."""

    @property
    def session(self) -> Session:
        """The cluster."""
        ...

    @property
    def forwards(self) -> Forwards:
        """The port-forwards of this run."""
        ...

    async def confirm(self, question: Confirm) -> bool:
        """Whether the person says yes."""
        ...

    async def fill(self, form: Form) -> dict[str, str] | None:
        """The answers; None when the person thinks better of it."""
        ...

    async def pick(self, choice: Choice) -> str | None:
        """The chosen one; None when the person thinks better of it."""
        ...

    def say(self, words: str, tone: Tone = Tone.DONE) -> None:
        """One line of news."""
        ...

    def copy(self, text: str) -> None:
        """Put the text on the clipboard."""
        ...

    def show_document(self, title: str, read: Callable[[], Awaitable[Document]]) -> None:
        """Open text to read, which `read` brings (again, when asked)."""
        ...

    def show_logs(self, wanted: LogsWanted) -> None:
        """Open logs."""
        ...

    def go(self, word: str, namespace: str | None, cursor: str = "") -> None:
        """Open a view with the cursor on the object of this name."""
        ...

    def terminal(self, banner: str = "") -> AbstractContextManager[None]:
        """The terminal is the caller's for a while; the screen comes back afterwards.

        With a banner it begins empty but for that line.
        """
        ...


Run = Callable[[Desk, Sequence[Subject]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Action:
    """What a key does to the rows under the cursor or marked."""

    key: str
    """As Textual names it: d, D, ctrl+d."""
    words: str
    run: Run
    views: frozenset[str] = frozenset()
    """The names of the views it is for; empty: all that show objects of the cluster."""
    changes: bool = False
    """It changes the cluster: absent when read-only."""
    each: bool = False
    """It works on all marked rows, not only on the one under the cursor."""
    verb: str = ""
    """The right it needs on the kind; its key is dim without."""
    needs_subresource: str = ""
    rank: int = 5
    """Place in the key menu; 9 stays behind `?`."""

    def is_for(self, view_name: str, subject_type: ResourceType | None) -> bool:
        """Whether the action is offered in this view."""
        if self.views:
            return view_name in self.views
        if subject_type is None or view_name == "containers":
            return False
        return not self.needs_subresource or self.needs_subresource in subject_type.subresources


def views(*names: str) -> frozenset[str]:
    """A set of view names."""
    return frozenset(names)
