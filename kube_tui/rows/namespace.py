"""Namespaces as rows."""

from __future__ import annotations

import msgspec

from kube_client.objects import KubeObject, KubeStruct
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    labels_column,
    name_column,
)


class NamespaceStatus(KubeStruct):
    """Active or Terminating."""

    phase: str = ""


class Namespace(KubeObject):
    """A Namespace."""

    status: NamespaceStatus = msgspec.field(default_factory=NamespaceStatus)


def _status(namespace: Namespace, _: Moment) -> Cell:
    phase = namespace.status.phase
    return Cell(phase, phase, Tone.BUSY if phase == "Terminating" else Tone.WELL)


NAMESPACE_COLUMNS: tuple[Column[Namespace], ...] = (
    name_column(),
    Column("STATUS", _status, rank=1, letter="S"),
    labels_column(),
    age_column(),
)


def explain_namespace(namespace: Namespace, _: Moment) -> str:
    """Why a namespace is still here, or ''."""
    if namespace.status.phase == "Terminating":
        return "is being deleted; it goes when everything in it has gone"
    return ""
