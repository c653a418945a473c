"""The kubeconfig's contexts as rows."""

from __future__ import annotations

from dataclasses import dataclass

from kube_client.objects import ObjectMeta
from kube_client.resource import ObjectKey
from kube_tui.rows.row import Cell, Column, Moment, Tone, name_column, text_cell


@dataclass(frozen=True, slots=True)
class ContextLine:
    """One context."""

    name: str
    cluster: str
    user: str
    namespace: str
    is_current: bool

    @property
    def key(self) -> ObjectKey:
        """Its name."""
        return ObjectKey("", self.name)

    @property
    def metadata(self) -> ObjectMeta:
        """None worth the name."""
        return ObjectMeta(name=self.name)


def _here(line: ContextLine, _: Moment) -> Cell:
    return Cell("here", "a", Tone.DONE) if line.is_current else Cell("", "b")


CONTEXT_COLUMNS: tuple[Column[ContextLine], ...] = (
    name_column(),
    Column("CURRENT", _here, rank=1),
    Column("CLUSTER", lambda line, _: text_cell(line.cluster), rank=2, letter="C"),
    Column("USER", lambda line, _: text_cell(line.user), rank=3, letter="U"),
    Column("NAMESPACE", lambda line, _: text_cell(line.namespace), rank=2),
)
