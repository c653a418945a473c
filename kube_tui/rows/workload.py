"""Deployments, replica sets, stateful sets and daemon sets: how many are wanted, made, ready."""

from __future__ import annotations

from typing import Any

import msgspec

from kube_client.objects import Condition, KubeObject, KubeStruct
from kube_client.selector import LabelSelector
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    labels_column,
    name_column,
    namespace_column,
    number_cell,
    text_cell,
)


class WorkloadSpec(KubeStruct):
    """What the four kinds have in common, and little else."""

    replicas: int | None = None
    selector: dict[str, Any] = msgspec.field(default_factory=dict)
    paused: bool = False
    service_name: str = ""


class WorkloadStatus(KubeStruct):
    """Counts of the four kinds; the daemon set's have names of their own."""

    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    current_replicas: int = 0
    observed_generation: int = 0
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    conditions: list[Condition] = msgspec.field(default_factory=list)


class Workload(KubeObject):
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet."""

    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)
    status: WorkloadStatus = msgspec.field(default_factory=WorkloadStatus)

    @property
    def wanted(self) -> int:
        """Replicas asked for."""
        return 1 if self.spec.replicas is None else self.spec.replicas

    @property
    def selector(self) -> str:
        """Of its pods, as the API's labelSelector takes it."""
        return str(LabelSelector.from_object(self.spec.selector))


def _ready_tone(ready: int, wanted: int) -> Tone:
    if wanted == 0:
        return Tone.QUIET
    if ready >= wanted:
        return Tone.WELL
    return Tone.BROKEN if ready == 0 else Tone.ATTENTION


def _share(ready: int, wanted: int) -> Cell:
    tone = _ready_tone(ready, wanted)
    return Cell(f"{ready}/{wanted}", ready / wanted if wanted else 1.0, tone)


def _state(workload: Workload, _: Moment) -> Cell:
    words, tone = rollout_words(workload)
    return Cell(words, words, tone)


def rollout_words(workload: Workload) -> tuple[str, Tone]:
    """Where the rollout of a Deployment or StatefulSet stands."""
    status, wanted = workload.status, workload.wanted
    if workload.metadata.deletion_timestamp is not None:
        return "Terminating", Tone.BUSY
    if workload.spec.paused:
        return "Paused", Tone.ATTENTION
    if any(c.reason == "ProgressDeadlineExceeded" for c in status.conditions):
        return "Stuck", Tone.BROKEN
    if wanted == 0:
        return "Scaled to 0", Tone.QUIET
    if status.observed_generation < workload.metadata.generation:
        return "Seen soon", Tone.BUSY
    if status.updated_replicas < wanted or status.replicas > max(status.updated_replicas, wanted):
        return "Rolling out", Tone.BUSY
    if status.ready_replicas < wanted:
        return "Not ready", _ready_tone(status.ready_replicas, wanted)
    return "Ready", Tone.WELL


_READY: Column[Workload] = Column(
    "READY",
    lambda w, _: _share(w.status.ready_replicas, w.wanted),
    right=True,
    rank=0,
    letter="R",
)
_UP_TO_DATE: Column[Workload] = Column(
    "UP-TO-DATE", lambda w, _: number_cell(w.status.updated_replicas), right=True, rank=3
)

DEPLOYMENT_COLUMNS: tuple[Column[Workload], ...] = (
    namespace_column(),
    name_column(),
    _READY,
    Column("STATE", _state, rank=1, letter="S"),
    _UP_TO_DATE,
    Column("AVAILABLE", lambda w, _: number_cell(w.status.available_replicas), right=True, rank=3),
    labels_column(),
    age_column(),
)

STATEFUL_SET_COLUMNS: tuple[Column[Workload], ...] = (
    namespace_column(),
    name_column(),
    _READY,
    Column("STATE", _state, rank=1, letter="S"),
    _UP_TO_DATE,
    Column("SERVICE", lambda w, _: text_cell(w.spec.service_name), rank=3),
    labels_column(),
    age_column(),
)

REPLICA_SET_COLUMNS: tuple[Column[Workload], ...] = (
    namespace_column(),
    name_column(),
    Column("DESIRED", lambda w, _: number_cell(w.wanted), right=True, rank=1),
    Column("CURRENT", lambda w, _: number_cell(w.status.replicas), right=True, rank=2),
    _READY,
    labels_column(),
    age_column(),
)

DAEMON_SET_COLUMNS: tuple[Column[Workload], ...] = (
    namespace_column(),
    name_column(),
    Column(
        "DESIRED",
        lambda w, _: number_cell(w.status.desired_number_scheduled),
        right=True,
        rank=1,
    ),
    Column(
        "CURRENT",
        lambda w, _: number_cell(w.status.current_number_scheduled),
        right=True,
        rank=3,
    ),
    Column(
        "READY",
        lambda w, _: _share(w.status.number_ready, w.status.desired_number_scheduled),
        right=True,
        rank=0,
        letter="R",
    ),
    Column(
        "UP-TO-DATE",
        lambda w, _: number_cell(w.status.updated_number_scheduled),
        right=True,
        rank=3,
    ),
    Column("AVAILABLE", lambda w, _: number_cell(w.status.number_available), right=True, rank=3),
    labels_column(),
    age_column(),
)


def explain_workload(workload: Workload, _: Moment) -> str:
    """The message of the condition that says what is wrong, or ''."""
    for condition in workload.status.conditions:
        is_bad = condition.type == "ReplicaFailure" and condition.status == "True"
        if is_bad or (condition.status == "False" and condition.message):
            return f"{condition.reason}: {condition.message}"
    return ""
