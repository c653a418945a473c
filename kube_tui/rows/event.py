"""Events: what happened to whom, how often, when last."""

from __future__ import annotations

from datetime import datetime

import msgspec

from kube_client.objects import KubeObject, KubeStruct
from kube_client.resource import ObjectKey
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_cell,
    namespace_column,
    number_cell,
    text_cell,
)


class InvolvedObject(KubeStruct):
    """Whom an event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    field_path: str = ""


class EventSource(KubeStruct):
    """Who said it."""

    component: str = ""
    host: str = ""


class EventSeries(KubeStruct):
    """How often a repeated event happened."""

    count: int = 0
    last_observed_time: datetime | None = None


class Event(KubeObject):
    """An Event of core/v1."""

    involved_object: InvolvedObject = msgspec.field(default_factory=InvolvedObject)
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    source: EventSource = msgspec.field(default_factory=EventSource)
    reporting_component: str = ""
    series: EventSeries | None = None

    @property
    def last_seen(self) -> datetime | None:
        """When it happened last."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.event_time or self.metadata.creation_timestamp

    @property
    def times(self) -> int:
        """How often it happened."""
        return (self.series.count if self.series else self.count) or 1

    @property
    def subject(self) -> ObjectKey:
        """The object it is about."""
        return ObjectKey(self.involved_object.namespace, self.involved_object.name)


def _type(event: Event, _: Moment) -> Cell:
    return Cell(event.type, event.type, Tone.ATTENTION if event.type == "Warning" else Tone.WELL)


EVENT_COLUMNS: tuple[Column[Event], ...] = (
    namespace_column(),
    Column(
        "LAST SEEN",
        lambda event, moment: age_cell(event.last_seen, moment.now),
        right=True,
        rank=0,
        letter="A",
        ages=True,
    ),
    Column("TYPE", _type, rank=1, letter="T"),
    Column("REASON", lambda event, _: text_cell(event.reason), rank=0, letter="R"),
    Column(
        "OBJECT",
        lambda event, _: text_cell(f"{event.involved_object.kind.lower()}/{event.subject.name}"),
        rank=0,
        letter="O",
    ),
    Column("COUNT", lambda event, _: number_cell(event.times), right=True, rank=3, letter="C"),
    Column("MESSAGE", lambda event, _: text_cell(event.message), rank=1, letter="M"),
)


def explain_event(event: Event, _: Moment) -> str:
    """The whole message."""
    source = event.source.component or event.reporting_component
    return f"{event.message} ({source})" if source else event.message
