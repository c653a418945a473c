"""Events: whom they are about, and what an event of the new kind has to say."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import invalid, invalid_for, required

_SHORT, _LONG = 128, 1024
_CLUSTER_WIDE = ("default", "kube-system")
"""Where events about objects without a namespace may be."""
_UNSET = ("firstTimestamp", "lastTimestamp", "count", "source.component", "source.host")
_NEW = "events.k8s.io"


def event_causes(kind: Kind, event: Obj) -> Iterator[Cause]:
    """What is wrong with a new event, by the rules of the kind that it is written as."""
    yield from _common_causes(kind, event)
    if kind.group != _NEW:
        return
    if not event.get("eventTime"):
        yield required("eventTime")
    if event.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {event.get('type') or ''}")
    source = event.get("source") or {}
    given = {**event, **{f"source.{name}": value for name, value in source.items()}}
    for field in _UNSET:
        if given.get(field):
            yield invalid(field, "", "needs to be unset")


def _common_causes(kind: Kind, event: Obj) -> Iterator[Cause]:
    home = event["metadata"].get("namespace") or ""
    about = (event.get("involvedObject") or {}).get("namespace") or ""
    where = "involvedObject.namespace"
    is_new = bool(event.get("eventTime"))
    free = _CLUSTER_WIDE if is_new else _CLUSTER_WIDE[:1]
    if (not about and home not in free) or (about and about != home and not is_new):
        yield invalid(where, about, "does not match event.namespace")
    if not is_new:
        return
    reporter = event.get("reportingComponent") or ""
    field = "reportingController" if kind.group == _NEW else "reportingComponent"
    if not reporter:
        yield required(field)
    yield from invalid_for(field, reporter, formats.qualified_name(reporter))
    for name, limit in (("reportingInstance", _SHORT), ("action", _SHORT), ("reason", _SHORT)):
        text = event.get(name) or ""
        if not text:
            yield required(name)
        elif len(text) > limit:
            yield invalid(name, "", f"can have at most {limit} characters")
    if len(event.get("message") or "") > _LONG:
        yield invalid("message", "", f"can have at most {_LONG} characters")
