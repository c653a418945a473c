"""Where a value is in a tree, and faults that know it."""

from __future__ import annotations

from kompose.errors import ComposeError

KeyPath = tuple[str | int, ...]
"""Keys and list indexes, from the top down."""


class PathError(ComposeError):
    """A fault at a path; the reader of the files turns the path into a position."""

    def __init__(self, message: str, path: KeyPath) -> None:
        super().__init__(message)
        self.path = path


def dotted(path: KeyPath) -> str:
    """The path as messages have it: ``services.web.ports.0``."""
    return ".".join(str(part) for part in path)
