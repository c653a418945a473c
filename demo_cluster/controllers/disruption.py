"""PodDisruptionBudgets: how many pods may be evicted right now."""

from __future__ import annotations

from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import (
    PODS,
    controller_of,
    int_or_percent,
    is_active,
    is_ready,
    matches,
    set_condition,
    update_status,
)
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

BUDGETS = kind_of("poddisruptionbudgets", "policy")
SCALED = {
    "ReplicaSet": kind_of("replicasets", "apps"),
    "StatefulSet": kind_of("statefulsets", "apps"),
    "ReplicationController": kind_of("replicationcontrollers"),
}


class DisruptionController:
    """Keeps the status of budgets."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A budget changed, or a pod that one protects."""
        if event.kind.storage_key == BUDGETS.storage_key and event.type != "DELETED":
            self._queue.add(key_of(event.obj))
        elif event.kind.storage_key == PODS.storage_key:
            for budget in self._storage.list(BUDGETS, event.obj["metadata"]["namespace"]):
                if matches(budget["spec"].get("selector"), event.obj["metadata"].get("labels")):
                    self._queue.add(key_of(budget))

    def _sync(self, key: Key) -> None:
        budget = self._storage.get(BUDGETS, *key)
        if budget is None:
            return
        spec = budget["spec"]
        pods = [
            pod
            for pod in self._storage.list(PODS, key[0])
            if is_active(pod) and matches(spec.get("selector"), pod["metadata"].get("labels"))
        ]
        expected = self._expected(pods)
        if "maxUnavailable" in spec:
            wanted = expected - int_or_percent(spec["maxUnavailable"], expected, round_up=True)
        else:
            wanted = int_or_percent(spec.get("minAvailable", 1), expected, round_up=True)
        wanted = max(wanted, 0)
        healthy = sum(is_ready(pod) for pod in pods)
        allowed = max(healthy - wanted, 0) if expected else 0
        condition = {
            "type": "DisruptionAllowed",
            "status": "True" if allowed else "False",
            "observedGeneration": budget["metadata"].get("generation", 1),
            "lastTransitionTime": timestamp(self._clock.now()),
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
        }
        status = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": wanted,
            "expectedPods": expected,
            "conditions": set_condition(
                (budget.get("status") or {}).get("conditions") or [], condition
            ),
        }
        update_status(self._storage, BUDGETS, budget, status)

    def _expected(self, pods: list[Obj]) -> int:
        """How many pods there should be, by their controllers."""
        owners: dict[str, int] = {}
        loose = 0
        for pod in pods:
            reference = controller_of(pod)
            kind = SCALED.get(reference["kind"]) if reference else None
            if reference is None or kind is None:
                loose += 1
                continue
            owner = self._storage.get(kind, pod["metadata"]["namespace"], reference["name"])
            owners[reference["uid"]] = owner["spec"].get("replicas", 1) if owner else 1
        return sum(owners.values()) + loose
