"""ReplicaSets (and replication controllers): as many pods as wanted, and their counts."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import (
    PODS,
    available_in,
    by_uselessness,
    controller_of,
    is_active,
    is_ready,
    is_terminating,
    matches,
    owned_pods,
    owner_reference,
    pod_from_template,
    update_status,
)
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

REPLICA_SETS = kind_of("replicasets", "apps")
REPLICATION_CONTROLLERS = kind_of("replicationcontrollers")
BURST = 500


class ReplicaSetController:
    """Keeps the number of pods of every ReplicaSet."""

    def __init__(
        self, storage: Storage, clock: Clock, events: EventRecorder, kind: Kind = REPLICA_SETS
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._kind = kind
        self._component = (
            "replicaset-controller" if kind is REPLICA_SETS else "replication-controller"
        )
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A set changed, or a pod that belongs to one (or could)."""
        if event.kind.storage_key == self._kind.storage_key:
            if event.type != "DELETED":
                self._queue.add(key_of(event.obj))
        elif event.kind.storage_key == ("", "pods"):
            for pod in (event.obj, event.old):
                if pod:
                    self._add_owner(pod, is_new=event.type != "DELETED" and pod is event.obj)

    def _add_owner(self, pod: Obj, *, is_new: bool) -> None:
        owner = controller_of(pod)
        namespace = pod["metadata"]["namespace"]
        if owner:
            if owner["kind"] == self._kind.kind:
                self._queue.add((namespace, owner["name"]))
        elif is_new and pod["metadata"].get("labels"):
            for each in self._storage.list(self._kind, namespace):
                if self._selects(each, pod):
                    self._queue.add(key_of(each))

    def _selects(self, owner: Obj, pod: Obj) -> bool:
        selector = owner["spec"].get("selector") or {}
        if self._kind is REPLICATION_CONTROLLERS:
            selector = {"matchLabels": selector}
        return bool(selector) and matches(selector, pod["metadata"].get("labels"))

    def _sync(self, key: Key) -> None:
        owner = self._storage.get(self._kind, *key)
        if owner is None:
            return
        pods = self._claim(owner)
        active = [pod for pod in pods if is_active(pod)]
        failure = None
        if not owner["metadata"].get("deletionTimestamp"):
            failure = self._settle(owner, active)
        self._write_status(owner, pods, failure.message if failure else "")
        if failure:
            raise failure

    def _claim(self, owner: Obj) -> list[Obj]:
        """Its pods: those it owns and selects, adopting orphans and releasing strangers."""
        mine = []
        for pod in owned_pods(self._storage, owner):
            if self._selects(owner, pod):
                mine.append(pod)
            else:
                self._release(owner, pod)
        if not owner["metadata"].get("deletionTimestamp"):
            mine += self._adopt(owner)
        return mine

    def _release(self, owner: Obj, pod: Obj) -> None:
        uid = owner["metadata"]["uid"]

        def change(obj: Obj) -> None:
            references = obj["metadata"].get("ownerReferences") or []
            obj["metadata"]["ownerReferences"] = [r for r in references if r["uid"] != uid]
            if not obj["metadata"]["ownerReferences"]:
                del obj["metadata"]["ownerReferences"]

        self._storage.modify(PODS, *key_of(pod), change, by=CONTROLLERS)

    def _adopt(self, owner: Obj) -> list[Obj]:
        adopted = []
        reference = owner_reference(owner)

        def change(obj: Obj) -> None:
            obj["metadata"].setdefault("ownerReferences", []).append(reference)

        for pod in self._storage.pods_without_owner(owner["metadata"]["namespace"]):
            if is_active(pod) and self._selects(owner, pod):
                stored = self._storage.modify(PODS, *key_of(pod), change, by=CONTROLLERS)
                adopted += [stored] if stored else []
        return adopted

    def _settle(self, owner: Obj, active: list[Obj]) -> Failure | None:
        """Make or delete pods; why one could not be made."""
        wanted = owner["spec"].get("replicas", 1)
        if len(active) < wanted:
            for _ in range(min(wanted - len(active), BURST)):
                failure = self._create(owner)
                if failure:
                    return failure
        surplus = max(len(active) - wanted, 0)
        for pod in by_uselessness(active)[:surplus] if surplus else ():
            self._storage.request_delete(PODS, *key_of(pod))
            self._say(owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return None

    def _create(self, owner: Obj) -> Failure | None:
        try:
            pod = self._storage.create(
                PODS, pod_from_template(owner, owner["spec"]["template"]), by=CONTROLLERS
            )
        except Failure as failure:
            self._say(owner, "FailedCreate", f"Error creating: {failure.message}", warning=True)
            return failure
        self._say(owner, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return None

    def _say(self, owner: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(owner, reason, message, component=self._component, warning=warning)

    def _write_status(self, owner: Obj, pods: list[Obj], failure: str) -> None:
        stored = self._storage.get(self._kind, *key_of(owner))
        if stored is None:
            return
        counted = [pod for pod in pods if is_active(pod)]
        labels = (owner["spec"].get("template", {}).get("metadata") or {}).get("labels") or {}
        waits = [
            available_in(pod, owner["spec"].get("minReadySeconds", 0), self._clock.now())
            for pod in counted
        ]
        counts = {
            "replicas": len(counted),
            "fullyLabeledReplicas": sum(
                labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in counted
            ),
            "readyReplicas": sum(is_ready(pod) for pod in counted),
            "availableReplicas": sum(wait == 0 for wait in waits),
        }
        status: Obj = {"replicas": counts.pop("replicas")}
        status |= {name: count for name, count in counts.items() if count}
        if self._kind is REPLICA_SETS:
            status["terminatingReplicas"] = sum(is_terminating(pod) for pod in pods)
        status["observedGeneration"] = stored["metadata"].get("generation", 1)
        conditions = self._conditions(stored, failure)
        if conditions:
            status["conditions"] = conditions
        update_status(self._storage, self._kind, stored, status)
        self._look_when_available(owner, waits)

    def _conditions(self, owner: Obj, failure: str) -> list[Obj]:
        """The owner's conditions, with ReplicaFailure as long as pods cannot be made."""
        conditions: list[Obj] = owner.get("status", {}).get("conditions") or []
        if not failure:
            return [each for each in conditions if each["type"] != "ReplicaFailure"]
        if any(each["type"] == "ReplicaFailure" for each in conditions):
            return conditions
        news = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": timestamp(self._clock.now()),
            "reason": "FailedCreate",
            "message": failure,
        }
        return [*conditions, news]

    def _look_when_available(self, owner: Obj, waits: list[float | None]) -> None:
        later = [wait for wait in waits if wait]
        if later:
            self._queue.add_after(key_of(owner), min(later) + 0.01)
