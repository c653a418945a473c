"""HorizontalPodAutoscalers: as many replicas as the measured use asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.controllers.pod_metrics import Measured, MetricsError, PodMetrics
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.store.history import HistoryClock
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
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
COMPONENT = "horizontal-pod-autoscaler"


@dataclass(slots=True)
class _Look:
    """What one look at one autoscaler has found; written at its end."""

    scaler: Obj
    now: datetime
    status: Obj = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = dict(self.scaler.get("status") or {})
        self.status["conditions"] = list(self.status.get("conditions") or ())

    def say(self, kind: str, value: str, reason: str, message: str) -> None:
        """A condition, in place of the one of its type."""
        conditions: list[Obj] = self.status["conditions"]
        old = next((each for each in conditions if each["type"] == kind), None)
        since = old["lastTransitionTime"] if old and old["status"] == value else timestamp(self.now)
        news = {
            "type": kind,
            "status": value,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        self.status["conditions"] = [news if each is old else each for each in conditions]
        if old is None:
            self.status["conditions"].append(news)


class PodAutoscaler:
    """Looks at every autoscaler now and then. Follows reconcileAutoscaler."""

    def __init__(
        self, storage: Storage, clock: HistoryClock, events: EventRecorder, usage: Usage
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._metrics = PodMetrics(storage, usage)
        self._queue = WorkQueue(clock, self._sync)
        self._proposals: dict[str, list[tuple[datetime, int]]] = {}
        """What was proposed in the last five minutes, by the autoscaler's uid."""

    def on_event(self, event: StorageEvent) -> None:
        """An autoscaler appeared or was changed by somebody."""
        if event.kind.storage_key != AUTOSCALERS.storage_key:
            return
        if event.type == "DELETED":
            self._proposals.pop(event.obj["metadata"]["uid"], None)
        elif (event.old or {}).get("spec") != event.obj["spec"]:
            self._clock.when_live(lambda: self._queue.add(key_of(event.obj)))

    def _sync(self, key: Key) -> None:
        scaler = self._storage.get(AUTOSCALERS, *key)
        if scaler is None:
            return
        self._queue.add_after(key, PERIOD)
        look = _Look(scaler, self._clock.now())
        reference = scaler["spec"]["scaleTargetRef"]
        kind = TARGETS.get(reference["kind"])
        target = self._storage.get(kind, key[0], reference["name"]) if kind else None
        if kind is None or target is None:
            why = f'{reference["kind"].lower()}s.apps "{reference["name"]}" not found'
            self._record(scaler, "FailedGetScale", why, warning=True)
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            look.say("AbleToScale", "False", "FailedGetScale", text)
        else:
            text = "the HPA controller was able to get the target's current scale"
            look.say("AbleToScale", "True", "SucceededGetScale", text)
            self._decide(look, kind, target)
        self._write(look)

    def _decide(self, look: _Look, kind: Kind, target: Obj) -> None:
        spec = look.scaler["spec"]
        present = target["spec"].get("replicas", 1)
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        wanted, reason = present, ""
        metrics: list[Obj] = []
        if not present and low:
            text = "scaling is disabled since the replica count of the target is zero"
            look.say("ScalingActive", "False", "ScalingDisabled", text)
            wanted = 0
        elif present > high:
            wanted, reason = high, "Current number of replicas above Spec.MaxReplicas"
        elif present < low:
            wanted, reason = low, "Current number of replicas below Spec.MinReplicas"
        else:
            found = self._measure(look, target)
            if found is None:
                nothing = [{"type": ""} for _ in spec.get("metrics") or ()]
                look.status |= {"currentReplicas": present, "currentMetrics": nothing or None}
                return
            metrics = [each.status for each in found]
            wanted, reason = self._proposal(look, present, found)
        if wanted != present:
            self._scale(look, kind, target, wanted, reason)
        look.status |= {"currentReplicas": present, "desiredReplicas": wanted}
        look.status["currentMetrics"] = metrics or None

    def _measure(self, look: _Look, target: Obj) -> list[Measured] | None:
        """All metrics; None when none of them can be had, which is said."""
        found: list[Measured] = []
        problems: list[tuple[str, str]] = []
        metrics = look.scaler["spec"].get("metrics") or ()
        for metric in metrics:
            try:
                found.append(self._metrics.measure(metric, target))
            except MetricsError as error:
                self._record(look.scaler, "FailedGetResourceMetric", str(error), warning=True)
                name = (metric.get("resource") or {}).get("name")
                problems.append(
                    (f"failed to get {name} resource metric value: {error}", str(error))
                )
        if problems and not found:
            first, why = problems[0]
            text = f"the HPA was unable to compute the replica count: {why}"
            look.say("ScalingActive", "False", "FailedGetResourceMetric", text)
            message = (
                f"invalid metrics ({len(problems)} invalid out of {len(metrics)}), first error is: "
                f"{first}"
            )
            self._record(look.scaler, "FailedComputeMetricsReplicas", message, warning=True)
            return None
        if found:
            words = max(found, key=lambda each: each.ratio).words
            text = f"the HPA was able to successfully calculate a replica count from {words}"
            look.say("ScalingActive", "True", "ValidMetricFound", text)
        return found

    def _proposal(self, look: _Look, present: int, found: list[Measured]) -> tuple[int, str]:
        """The size that the metrics ask for, within bounds and without haste, and why."""
        highest = max(found, key=lambda each: each.ratio, default=None)
        ratio = highest.ratio if highest else 1.0
        proposed = present if abs(ratio - 1) <= TOLERANCE else math.ceil(present * ratio)
        reason = "All metrics below target"
        if highest and proposed > present:
            reason = f"{highest.words} above target"
        settled = self._settled(look, proposed)
        if settled != proposed:
            text = (
                "recent recommendations were higher than current one, applying the highest recent "
                "recommendation"
            )
            look.say("AbleToScale", "True", "ScaleDownStabilized", text)
        else:
            text = "recommended size matches current size"
            look.say("AbleToScale", "True", "ReadyForNewScale", text)
        return self._bounded(look, present, settled), reason

    def _settled(self, look: _Look, proposed: int) -> int:
        """The highest of what was proposed lately: shrinking takes patience."""
        uid = look.scaler["metadata"]["uid"]
        recent = [
            (at, size) for at, size in self._proposals.get(uid, []) if look.now - at < SHRINK_AFTER
        ]
        self._proposals[uid] = [*recent, (look.now, proposed)]
        return max(size for _, size in self._proposals[uid])

    @staticmethod
    def _bounded(look: _Look, present: int, wanted: int) -> int:
        spec = look.scaler["spec"]
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        fastest = max(2 * present, 4)
        if wanted < low:
            text = "the desired replica count is less than the minimum replica count"
            look.say("ScalingLimited", "True", "TooFewReplicas", text)
            return int(low)
        if wanted > min(high, fastest):
            if high <= fastest:
                text = "the desired replica count is more than the maximum replica count"
                look.say("ScalingLimited", "True", "TooManyReplicas", text)
            else:
                text = "the desired replica count is increasing faster than the maximum scale rate"
                look.say("ScalingLimited", "True", "ScaleUpLimit", text)
            return int(min(high, fastest))
        text = "the desired count is within the acceptable range"
        look.say("ScalingLimited", "False", "DesiredWithinRange", text)
        return wanted

    def _scale(self, look: _Look, kind: Kind, target: Obj, replicas: int, reason: str) -> None:
        def change(obj: Obj) -> None:
            obj["spec"]["replicas"] = replicas

        self._storage.modify(kind, *key_of(target), change, by=CONTROLLERS, through="scale")
        text = f"the HPA controller was able to update the target scale to {replicas}"
        look.say("AbleToScale", "True", "SucceededRescale", text)
        self._record(look.scaler, "SuccessfulRescale", f"New size: {replicas}; reason: {reason}")
        look.status["lastScaleTime"] = timestamp(look.now)

    def _record(self, scaler: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(scaler, reason, message, component=COMPONENT, warning=warning)

    def _write(self, look: _Look) -> None:
        def change(obj: Obj) -> None:
            obj["status"] = look.status

        self._storage.modify(AUTOSCALERS, *key_of(look.scaler), change, by=CONTROLLERS)
