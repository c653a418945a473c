"""What can go wrong in kompose, as a small tree of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kompose.diagnostics import Diagnostic, Position


class KomposeError(Exception):
    """Something that the user can mend; its text is what to print."""


class ComposeError(KomposeError):
    """The compose files cannot be made into a model.

    The text is the one that compose users know; ``position`` says where, when that is known, and
    ``others`` holds every further finding of the same pass, so that a user can mend all at once;
    ``warnings`` what was said before the files turned out to be wrong.
    """

    def __init__(
        self,
        message: str,
        *,
        position: Position | None = None,
        others: tuple[Diagnostic, ...] = (),
    ) -> None:
        super().__init__(message)
        self.position = position
        self.others = others
        self.warnings: tuple[Diagnostic, ...] = ()


class VariablesError(ComposeError):
    """The file with the variables of the project cannot be read, before any compose file is."""
