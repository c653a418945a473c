"""Whether a tree has the shape of a compose file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.compose_file import COMPOSE_FILE
from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.compose.shape import Finding, findings, specificity
from kompose.diagnostics import Diagnostic, Position, Severity


class SchemaError(PathError):
    """The files have a shape that no compose file has; the text is the gravest finding."""

    def __init__(self, file: str, found: list[Finding]) -> None:
        path, why = max(found, key=specificity)
        super().__init__(f"validating {file}: {dotted(path)} {why}", path)
        self.found = [finding for finding in found if finding != (path, why)]

    def tell_others(self, locate: Callable[[KeyPath], Position | None]) -> None:
        """Makes diagnostics of the other findings, with the positions that ``locate`` knows."""
        self.others = tuple(
            Diagnostic(f"{dotted(path)} {why}".strip(), Severity.ERROR, locate(path))
            for path, why in self.found
        )


def check_schema(tree: dict[str, Any], file: str) -> None:
    """Checks the shape of a tree.

    Raises:
        SchemaError: With all that is wrong.
    """
    found = findings(COMPOSE_FILE.shape, tree)
    if found:
        raise SchemaError(file, found)
