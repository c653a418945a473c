"""`Sink`: where the lines of a run go: a terminal, a screen, a file."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from stern.entry import Entry
from stern.target import Target


class Sink(Protocol):
    """Takes what a run gives, in order per target; a slow sink slows its streams, loses nothing."""

    async def entry(self, entry: Entry) -> None:
        """Some more lines."""
        ...

    def started(self, target: Target) -> None:
        """The target's log is being opened."""
        ...

    def ended(self, target: Target) -> None:
        """The target's log has come to its end; nothing of it follows."""
        ...

    def trouble(self, message: str) -> None:
        """One sentence on what could not be read, and what happens now."""
        ...


@runtime_checkable
class KnowsAll(Protocol):
    """A sink that waits until it knows every target of a run that reads once."""

    def all_started(self) -> None:
        """No more targets will come."""
        ...
