"""Pods leave nodes whose taints they do not bear, or bear for some time only.

Follows the taint eviction controller.
"""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock, TimerHandle
from demo_cluster.controllers.owned_pods import set_condition
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.scheduler import tolerates
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp

NODES = kind_of("nodes")
PODS = kind_of("pods")


class TaintEviction:
    """Deletes the pods of a node with NoExecute taints, each when its patience is over."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._due: dict[str, TimerHandle] = {}
        """By the pod's uid."""

    def on_event(self, event: StorageEvent) -> None:
        """A node got or lost taints, or a pod came to a node."""
        key = event.kind.storage_key
        if key == NODES.storage_key and event.type != "DELETED":
            taints = _driving(event.obj)
            if taints != _driving(event.old):
                for pod in self._storage.pods_on_node(event.obj["metadata"]["name"]):
                    self._look(pod, taints)
        elif key == PODS.storage_key:
            name = event.obj["spec"].get("nodeName")
            if event.type == "DELETED":
                self._spare(event.obj)
            elif name and (event.old is None or event.old["spec"].get("nodeName") != name):
                taints = _driving(self._storage.get(NODES, "", name))
                if taints:
                    self._look(event.obj, taints)

    def _look(self, pod: Obj, taints: list[Obj]) -> None:
        self._spare(pod)
        seconds = patience(pod["spec"].get("tolerations") or [], taints)
        if seconds is None or pod["metadata"].get("deletionTimestamp"):
            return
        uid, place = pod["metadata"]["uid"], key_of(pod)
        self._due[uid] = self._clock.call_later(seconds, lambda: self._evict(place, uid))

    def _spare(self, pod: Obj) -> None:
        timer = self._due.pop(pod["metadata"]["uid"], None)
        if timer is not None:
            timer.cancel()

    def _evict(self, place: tuple[str, str], uid: str) -> None:
        self._due.pop(uid, None)
        pod = self._storage.get(PODS, *place)
        if pod is None or pod["metadata"]["uid"] != uid:
            return
        text = f"Marking for deletion Pod {place[0]}/{place[1]}"
        component = "taint-eviction-controller"
        self._events.record(pod, "TaintManagerEviction", text, component=component)
        self._note_disruption(place)
        self._storage.request_delete(PODS, *place)

    def _note_disruption(self, place: tuple[str, str]) -> None:
        now = timestamp(self._clock.now())

        def change(obj: Obj) -> None:
            condition = {
                "type": "DisruptionTarget",
                "observedGeneration": obj["metadata"].get("generation", 1),
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": now,
                "reason": "DeletionByTaintManager",
                "message": "Taint manager: deleting due to NoExecute taint",
            }
            status = obj.setdefault("status", {})
            status["conditions"] = set_condition(list(status.get("conditions") or ()), condition)

        self._storage.modify(PODS, *place, change, by=CONTROLLERS)


def _driving(node: Obj | None) -> list[Obj]:
    """The taints that drive pods away."""
    taints = (node or {}).get("spec", {}).get("taints") or ()
    return [taint for taint in taints if taint.get("effect") == "NoExecute"]


def patience(tolerations: list[Obj], taints: list[Obj]) -> float | None:
    """How many seconds a pod bears all these taints; None: for ever."""
    shortest: float | None = None
    for taint in taints:
        bearing = [each for each in tolerations if tolerates(each, taint)]
        if not bearing:
            return 0.0
        limits = [each.get("tolerationSeconds") for each in bearing]
        for limit in limits:
            if limit is not None:
                seconds = max(float(limit), 0.0)
                shortest = seconds if shortest is None else min(shortest, seconds)
    return shortest
