"""HorizontalPodAutoscalers: as many replicas as the measured use asks for."""

from __future__ import annotations

import math
from datetime import timedelta

from demo_cluster.controllers.owned_pods import PODS, is_active, matches, set_condition
from demo_cluster.events import EventRecorder
from demo_cluster.history import HistoryClock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.quantities import quantity
from demo_cluster.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.usage import Usage
from demo_cluster.work_queue import Key, WorkQueue

AUTOSCALERS = kind_of("horizontalpodautoscalers", "autoscaling")
TARGETS = {
    "Deployment": kind_of("deployments", "apps"),
    "StatefulSet": kind_of("statefulsets", "apps"),
    "ReplicaSet": kind_of("replicasets", "apps"),
}
PERIOD = 15.0
TOLERANCE = 0.1
SHRINK_AFTER = timedelta(minutes=5)


class PodAutoscaler:
    """Looks at every autoscaler now and then."""

    def __init__(
        self, storage: Storage, clock: HistoryClock, events: EventRecorder, usage: Usage
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._usage = usage
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """An autoscaler appeared or was changed by somebody."""
        if event.kind.storage_key != AUTOSCALERS.storage_key or event.type == "DELETED":
            return
        if (event.old or {}).get("spec") != event.obj["spec"]:
            self._clock.when_live(lambda: self._queue.add(key_of(event.obj)))

    def _sync(self, key: Key) -> None:
        scaler = self._storage.get(AUTOSCALERS, *key)
        if scaler is None:
            return
        self._queue.add_after(key, PERIOD)
        reference = scaler["spec"]["scaleTargetRef"]
        kind = TARGETS.get(reference["kind"])
        target = self._storage.get(kind, key[0], reference["name"]) if kind else None
        if kind is None or target is None:
            name = f'{reference["kind"].lower()}s.apps "{reference["name"]}" not found'
            self._conditions(
                scaler,
                [
                    (
                        "AbleToScale",
                        "False",
                        "FailedGetScale",
                        f"the HPA controller was unable to get the target's current scale: {name}",
                    )
                ],
            )
            return
        present = target["spec"].get("replicas", 1)
        measured = self._measure(scaler, target)
        if measured is None:
            self._conditions(scaler, _UNMEASURED)
            return
        use, wanted, metric = measured
        ratio = use / wanted if wanted else 1.0
        proposed = present if abs(ratio - 1) <= TOLERANCE else math.ceil(present * ratio)
        low, high = scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]
        bounded = max(low, min(high, proposed))
        if bounded < present and not self._may_shrink(scaler):
            bounded = present
        if bounded != present:
            self._scale(scaler, kind.plural, target, bounded, grows=bounded > present)
        self._report(scaler, present, bounded, metric, proposed)

    def _may_shrink(self, scaler: Obj) -> bool:
        last = (scaler.get("status") or {}).get("lastScaleTime")
        return not last or self._clock.now() - parse_timestamp(last) >= SHRINK_AFTER

    def _measure(self, scaler: Obj, target: Obj) -> tuple[float, float, Obj] | None:
        """Mean use in percent of the requests, the wanted percentage, and the metric's status."""
        for metric in scaler["spec"].get("metrics") or ():
            resource = metric.get("resource") or {}
            wanted = (resource.get("target") or {}).get("averageUtilization")
            if metric.get("type") != "Resource" or wanted is None:
                continue
            name = resource["name"]
            used, requested, pods = self._totals(target, name)
            if not requested or not pods:
                return None
            percent = 100 * used / requested
            mean = used / pods
            text = f"{math.ceil(mean * 1000)}m" if name == "cpu" else str(int(mean))
            current = {"averageUtilization": int(percent), "averageValue": text}
            status = {"type": "Resource", "resource": {"name": name, "current": current}}
            return percent, float(wanted), status
        return None

    def _totals(self, target: Obj, name: str) -> tuple[float, float, int]:
        used = requested = 0.0
        pods = 0
        for pod in self._storage.list(PODS, target["metadata"]["namespace"]):
            labels = pod["metadata"].get("labels")
            if not (is_active(pod) and matches(target["spec"].get("selector"), labels)):
                continue
            if pod.get("status", {}).get("phase") != "Running":
                continue
            pods += 1
            for container in pod["spec"]["containers"]:
                requests = (container.get("resources") or {}).get("requests") or {}
                requested += float(quantity(requests.get(name, "0")))
            for cores, memory in self._usage.containers(pod).values():
                used += cores if name == "cpu" else memory
        return used, requested, pods

    def _scale(self, scaler: Obj, plural: str, target: Obj, replicas: int, *, grows: bool) -> None:
        def change(obj: Obj) -> None:
            obj["spec"]["replicas"] = replicas

        self._storage.modify(kind_of(plural, "apps"), *key_of(target), change)
        way = "above target" if grows else "below target"
        reason = (
            f"cpu resource utilization (percentage of request) {way}"
            if grows
            else "All metrics below target"
        )
        message = f"New size: {replicas}; reason: {reason}"
        self._events.record(
            scaler, "SuccessfulRescale", message, component="horizontal-pod-autoscaler"
        )
        now = timestamp(self._clock.now())

        def note(obj: Obj) -> None:
            obj.setdefault("status", {})["lastScaleTime"] = now

        self._storage.modify(AUTOSCALERS, *key_of(scaler), note)

    def _report(self, scaler: Obj, present: int, wanted: int, metric: Obj, proposed: int) -> None:
        limited = proposed > scaler["spec"]["maxReplicas"]
        rows = [
            ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
            (
                "ScalingActive",
                "True",
                "ValidMetricFound",
                (
                    "the HPA was able to successfully calculate a replica count from cpu resource "
                    "utilization (percentage of request)"
                ),
            ),
            (
                "ScalingLimited",
                "True",
                "TooManyReplicas",
                "the desired replica count is more than the maximum replica count",
            )
            if limited
            else (
                "ScalingLimited",
                "False",
                "DesiredWithinRange",
                "the desired count is within the acceptable range",
            ),
        ]
        self._conditions(scaler, rows, present, wanted, metric)

    def _conditions(
        self,
        scaler: Obj,
        rows: list[tuple[str, str, str, str]],
        present: int | None = None,
        wanted: int | None = None,
        metric: Obj | None = None,
    ) -> None:
        now = timestamp(self._clock.now())

        def change(obj: Obj) -> None:
            status = obj.setdefault("status", {})
            conditions = list(status.get("conditions") or ())
            for kind, value, reason, message in rows:
                condition = {
                    "type": kind,
                    "status": value,
                    "lastTransitionTime": now,
                    "reason": reason,
                    "message": message,
                }
                conditions = set_condition(conditions, condition)
            status["conditions"] = sorted(conditions, key=lambda each: str(each["type"]))
            status["currentReplicas"] = (
                status.get("currentReplicas", 0) if present is None else present
            )
            status["desiredReplicas"] = (
                status.get("desiredReplicas", 0) if wanted is None else wanted
            )
            if metric is not None:
                status["currentMetrics"] = [metric]

        self._storage.modify(AUTOSCALERS, *key_of(scaler), change)


_UNMEASURED = [
    (
        "AbleToScale",
        "True",
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
    ),
    (
        "ScalingActive",
        "False",
        "FailedGetResourceMetric",
        (
            "the HPA was unable to compute the replica count: failed to get cpu utilization: "
            "missing request for cpu"
        ),
    ),
]
