"""The recorder of Events: one object per happening, counted when it happens again."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from demo_cluster.clock import Clock
from demo_cluster.containers.logbook import nanoseconds
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage
from demo_cluster.timestamps import micro_timestamp, parse_timestamp, timestamp

EVENTS = kind_of("events")
LIFETIME = timedelta(hours=1)
REMEMBERED = 20_000

EventKey = tuple[str, str, str, str, str]


class EventRecorder:
    """Writes what components have to say about objects."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._known: OrderedDict[EventKey, tuple[str, str]] = OrderedDict()
        self._last = 0

    def record(
        self,
        about: Obj,
        reason: str,
        message: str,
        *,
        component: str,
        warning: bool = False,
        host: str = "",
        field_path: str = "",
    ) -> None:
        """An event of the old form, as controllers and kubelets write it."""
        key = (about["metadata"]["uid"], field_path, reason, message, component)
        if self._repeat(key):
            return
        now = self._clock.now()
        source = {"component": component, **({"host": host} if host else {})}
        event = {
            **self._head(about, field_path),
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": timestamp(now),
            "lastTimestamp": timestamp(now),
            "count": 1,
            "type": "Warning" if warning else "Normal",
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        }
        self._create(key, event)

    def scheduler(self, pod: Obj, reason: str, message: str, action: str) -> None:
        """An event of the new form, as the scheduler writes it."""
        warning = reason == "FailedScheduling"
        key = (pod["metadata"]["uid"], "", reason, message, "default-scheduler")
        if warning and self._repeat_series(key):
            return
        event = {
            **self._head(pod, ""),
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": "Warning" if warning else "Normal",
            "eventTime": micro_timestamp(self._clock.now()),
            "action": action,
            "reportingComponent": "default-scheduler",
            "reportingInstance": "default-scheduler-control-plane",
        }
        self._create(key, event)

    def _head(self, about: Obj, field_path: str) -> Obj:
        meta = about["metadata"]
        namespace = meta.get("namespace", "default")
        self._last = max(nanoseconds(self._clock.now()), self._last + 1)
        involved = {
            "kind": about["kind"],
            **({"namespace": meta["namespace"]} if "namespace" in meta else {}),
            "name": meta["name"],
            "uid": meta["uid"],
            "apiVersion": about["apiVersion"],
            "resourceVersion": meta.get("resourceVersion", ""),
            **({"fieldPath": field_path} if field_path else {}),
        }
        name = f"{meta['name']}.{self._last:x}"
        return {
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
        }

    def _create(self, key: EventKey, event: Obj) -> None:
        stored = self._storage.create(EVENTS, event)
        self._known[key] = (stored["metadata"]["namespace"], stored["metadata"]["name"])
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _repeat(self, key: EventKey) -> bool:
        place = self._known.get(key)
        if place is None:
            return False
        now = timestamp(self._clock.now())

        def count(event: Obj) -> None:
            event["count"] = event.get("count", 1) + 1
            event["lastTimestamp"] = now

        return self._storage.modify(EVENTS, *place, count) is not None

    def _repeat_series(self, key: EventKey) -> bool:
        place = self._known.get(key)
        if place is None:
            return False
        now = micro_timestamp(self._clock.now())

        def count(event: Obj) -> None:
            before = event.get("series", {}).get("count", 1)
            event["series"] = {"count": before + 1, "lastObservedTime": now}

        return self._storage.modify(EVENTS, *place, count) is not None

    def forget_old(self) -> None:
        """Remove events that nothing has renewed for an hour, as etcd's leases do."""
        oldest = self._clock.now() - LIFETIME
        for event in self._storage.list(EVENTS):
            if last_seen(event) < oldest:
                meta = event["metadata"]
                self._storage.remove(EVENTS, meta.get("namespace", ""), meta["name"])


def last_seen(event: Obj) -> datetime:
    """When it happened last."""
    series = event.get("series") or {}
    text = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_timestamp(text or event["metadata"]["creationTimestamp"])
