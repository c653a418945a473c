"""Where a value is in a tree, and faults that know it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kompose.errors import ComposeError

KeyPath = tuple[str | int, ...]
"""Keys and list indexes, from the top down."""


class PathError(ComposeError):
    """A fault at a path; the reader of the files turns the path into a position."""

    def __init__(self, message: str, path: KeyPath) -> None:
        super().__init__(message)
        self.path = path
        self.more: tuple[PathError, ...] = ()
        """What else the same pass found."""


class Faults:
    """Gathers the faults of one pass, so that all are told at once."""

    def __init__(self) -> None:
        self._found: list[PathError] = []

    def add(self, fault: PathError) -> None:
        """Keeps a fault, and what was found with it."""
        self._found += [fault, *fault.more]

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """A step whose fault is kept, so that the next step is taken."""
        try:
            yield
        except PathError as fault:
            self.add(fault)

    def tell(self) -> None:
        """Ends the pass.

        Raises:
            PathError: The first fault, with all the others.
        """
        if self._found:
            first, *rest = self._found
            first.more = tuple(rest)
            raise first


def dotted(path: KeyPath) -> str:
    """The path as messages have it: ``services.web.ports.0``."""
    return ".".join(str(part) for part in path)
