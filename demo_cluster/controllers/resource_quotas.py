"""ResourceQuotas: their status says how much of what they limit is used."""

from __future__ import annotations

from demo_cluster.admission.quota import CLAIMS, PODS, QUOTAS, SERVICES, hard_of, used_of
from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import update_status
from demo_cluster.kinds import Obj
from demo_cluster.quantities import written
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.work_queue import Key, WorkQueue


class ResourceQuotaController:
    """Counts again whenever something in a quota's namespace comes, goes or needs more."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A quota changed, or what it counts."""
        if event.kind.storage_key == QUOTAS.storage_key and event.type != "DELETED":
            self._queue.add(key_of(event.obj))
        if _may_count(event):
            for quota in self._storage.list(QUOTAS, event.obj["metadata"]["namespace"]):
                self._queue.add(key_of(quota))

    def _sync(self, key: Key) -> None:
        quota = self._storage.get(QUOTAS, *key)
        if quota is None:
            return
        hard = hard_of(quota)
        used = used_of(self._storage, quota, hard)
        shown = {name: written(name, number) for name, number in used.items()}
        update_status(self._storage, QUOTAS, quota, {"hard": hard, "used": shown})


def _may_count(event: StorageEvent) -> bool:
    key = event.kind.storage_key
    if key == ("", "events") or not event.obj["metadata"].get("namespace"):
        return False
    if event.type != "MODIFIED" or event.old is None:
        return True
    if key == PODS.storage_key:
        return _phase(event.obj) != _phase(event.old)
    return key in (SERVICES.storage_key, CLAIMS.storage_key)


def _phase(pod: Obj) -> str:
    return str(pod.get("status", {}).get("phase", ""))
