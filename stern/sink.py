"""`Sink`: where the lines of a run go: a terminal, a screen, a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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


class EntrySink:
    """The sink of a program that wants entries, and words on what could not be read; no more."""

    def __init__(
        self, write: Callable[[Entry], Awaitable[None]], on_trouble: Callable[[str], None]
    ) -> None:
        self._write = write
        self._on_trouble = on_trouble

    async def entry(self, entry: Entry) -> None:
        """Hand it on."""
        await self._write(entry)

    def started(self, target: Target) -> None:
        """Nobody asked."""

    def ended(self, target: Target) -> None:
        """Nobody asked."""

    def trouble(self, message: str) -> None:
        """Hand it on."""
        self._on_trouble(message)
