"""Where a value is in a tree, and faults that know it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

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


@contextmanager
def told_at(path: KeyPath) -> Iterator[None]:
    """Gives a fault that knows no place the one where it was asked for.

    Raises:
        PathError: In place of any other error without a position.
    """
    try:
        yield
    except ComposeError as error:
        if isinstance(error, PathError) or error.position is not None:
            raise
        raise PathError(str(error), path) from error


class Faults:
    """Gathers the faults of one pass, so that all are told at once."""

    def __init__(self) -> None:
        self._found: list[PathError] = []

    def add(self, fault: PathError) -> None:
        """Keeps a fault, and what was found with it."""
        self._found += [fault, *fault.more]

    def __enter__(self) -> None:
        """Begins a step whose fault is kept, so that the next step is taken."""

    def __exit__(
        self, _kind: object, fault: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        if not isinstance(fault, PathError):
            return False
        self.add(fault)
        return True

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
