"""Open port-forwards as rows."""

from __future__ import annotations

from typing import Protocol

from kube_client.objects import ObjectMeta
from kube_client.resource import ObjectKey
from kube_tui.rows.row import Cell, Column, Moment, Tone, namespace_column, number_cell, text_cell


class ForwardLine(Protocol):
    """A port-forward as the table reads it."""

    context: str
    namespace: str
    pod: str
    remote_port: int
    local_port: int
    trouble: str

    @property
    def key(self) -> ObjectKey:
        """Unique for each forward."""
        ...

    @property
    def metadata(self) -> ObjectMeta:
        """Of no object."""
        ...


def _state(line: ForwardLine, _: Moment) -> Cell:
    return Cell("trouble", "a", Tone.BROKEN) if line.trouble else Cell("open", "b")


FORWARD_COLUMNS: tuple[Column[ForwardLine], ...] = (
    namespace_column(),
    Column("NAME", lambda line, _: text_cell(line.pod), rank=0, letter="N"),
    Column("STATE", _state, rank=1, letter="S"),
    Column("LOCAL", lambda line, _: number_cell(line.local_port), right=True, rank=0),
    Column("REMOTE", lambda line, _: number_cell(line.remote_port), right=True, rank=1),
    Column("URL", lambda line, _: text_cell(f"http://127.0.0.1:{line.local_port}"), rank=1),
    Column("CONTEXT", lambda line, _: text_cell(line.context), rank=3),
)


def explain_forward(line: ForwardLine, _: Moment) -> str:
    """What went wrong last, or ''."""
    return line.trouble
