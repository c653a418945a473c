"""Jobs and cron jobs: how far they are, when they ran, when they run next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kube_client.objects import Condition, KubeObject, KubeStruct
from kube_client.selector import LabelSelector
from kube_client.timestamp import age
from kube_tui.rows.row import (
    MISSING,
    Cell,
    Column,
    Moment,
    Tone,
    age_cell,
    age_column,
    labels_column,
    name_column,
    namespace_column,
    number_cell,
    text_cell,
)


class JobSpec(KubeStruct):
    """How much work there is."""

    completions: int | None = None
    parallelism: int | None = None
    suspend: bool = False
    selector: dict[str, Any] = msgspec.field(default_factory=dict)


class JobStatus(KubeStruct):
    """How much of it is done."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: list[Condition] = msgspec.field(default_factory=list)


class Job(KubeObject):
    """A Job."""

    spec: JobSpec = msgspec.field(default_factory=JobSpec)
    status: JobStatus = msgspec.field(default_factory=JobStatus)

    @property
    def selector(self) -> str:
        """Of its pods, as the API's labelSelector takes it."""
        return str(LabelSelector.from_object(self.spec.selector))


def job_words(job: Job) -> tuple[str, Tone]:
    """A job's state in a word, as kubectl has it."""
    true = {c.type for c in job.status.conditions if c.status == "True"}
    if "Failed" in true:
        return "Failed", Tone.BROKEN
    if "Complete" in true:
        return "Complete", Tone.DONE
    if job.metadata.deletion_timestamp is not None:
        return "Terminating", Tone.BUSY
    if "Suspended" in true or job.spec.suspend:
        return "Suspended", Tone.QUIET
    return "Running", Tone.BUSY


def _state(job: Job, _: Moment) -> Cell:
    words, tone = job_words(job)
    return Cell(words, words, tone)


def _completions(job: Job, _: Moment) -> Cell:
    wanted = 1 if job.spec.completions is None else job.spec.completions
    return Cell(
        f"{job.status.succeeded}/{wanted}", job.status.succeeded / wanted if wanted else 1.0
    )


def _duration(job: Job, moment: Moment) -> Cell:
    start, end = job.status.start_time, job.status.completion_time
    if start is None:
        return MISSING
    end = end or moment.now
    return Cell(age(start, end), (end - start).total_seconds())


def _failed(job: Job, _: Moment) -> Cell:
    return number_cell(job.status.failed, Tone.ATTENTION if job.status.failed else Tone.WELL)


JOB_COLUMNS: tuple[Column[Job], ...] = (
    namespace_column(),
    name_column(),
    Column("STATE", _state, rank=0, letter="S"),
    Column("COMPLETIONS", _completions, right=True, rank=1, letter="R"),
    Column("FAILED", _failed, right=True, rank=3),
    Column("DURATION", _duration, right=True, rank=2, ages=True),
    labels_column(),
    age_column(),
)


def explain_job(job: Job, _: Moment) -> str:
    """Why the job failed, or ''."""
    for condition in job.status.conditions:
        if condition.type == "Failed" and condition.status == "True":
            return f"{condition.reason}: {condition.message}"
    return ""


class CronJobSpec(KubeStruct):
    """When it runs."""

    schedule: str = ""
    suspend: bool = False
    time_zone: str = ""


class ObjectName(KubeStruct):
    """An active job's name."""

    name: str = ""


class CronJobStatus(KubeStruct):
    """When it ran."""

    active: list[ObjectName] = msgspec.field(default_factory=list)
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None


class CronJob(KubeObject):
    """A CronJob."""

    spec: CronJobSpec = msgspec.field(default_factory=CronJobSpec)
    status: CronJobStatus = msgspec.field(default_factory=CronJobStatus)


def _suspended(job: CronJob, _: Moment) -> Cell:
    return Cell("yes", "yes", Tone.ATTENTION) if job.spec.suspend else Cell("no", "no")


CRON_JOB_COLUMNS: tuple[Column[CronJob], ...] = (
    namespace_column(),
    name_column(),
    Column("SCHEDULE", lambda job, _: text_cell(job.spec.schedule), rank=0),
    Column("SUSPENDED", _suspended, rank=1, letter="S"),
    Column("ACTIVE", lambda job, _: number_cell(len(job.status.active)), right=True, rank=2),
    Column(
        "LAST RUN",
        lambda job, moment: age_cell(job.status.last_schedule_time, moment.now),
        right=True,
        rank=2,
        ages=True,
    ),
    Column(
        "LAST SUCCESS",
        lambda job, moment: age_cell(job.status.last_successful_time, moment.now),
        right=True,
        rank=4,
        ages=True,
    ),
    labels_column(),
    age_column(),
)
