"""ClusterRoles that are put together from others. Follows the aggregation controller."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.selection import selector_matcher
from demo_cluster.store.storage import Storage, StorageEvent
from demo_cluster.work_queue import Key, WorkQueue

CLUSTER_ROLES = kind_of("clusterroles", "rbac.authorization.k8s.io")


class ClusterRoleAggregation:
    """Keeps the rules of a role with an `aggregationRule` those of the roles that it selects."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A role changed: whoever selects it may have other rules now."""
        if event.kind.storage_key != CLUSTER_ROLES.storage_key:
            return
        for role in self._storage.list(CLUSTER_ROLES):
            if role.get("aggregationRule"):
                self._queue.add(("", role["metadata"]["name"]))

    def _sync(self, key: Key) -> None:
        role = self._storage.get(CLUSTER_ROLES, *key)
        if role is None or not role.get("aggregationRule"):
            return
        rules = self._selected_rules(role)

        def change(obj: Obj) -> None:
            obj["rules"] = rules

        self._storage.modify(CLUSTER_ROLES, *key, change, by=CONTROLLERS)

    def _selected_rules(self, role: Obj) -> list[Obj]:
        found: list[Obj] = []
        for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
            matches = selector_matcher(selector)
            for other in self._storage.list(CLUSTER_ROLES):
                meta = other["metadata"]
                if meta["name"] != role["metadata"]["name"] and matches(meta.get("labels") or {}):
                    found += [rule for rule in other.get("rules") or () if rule not in found]
        return found
