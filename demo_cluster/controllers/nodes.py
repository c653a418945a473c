"""Nodes: heartbeats of those that live, and what becomes of pods when one is lost."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS, KUBELET
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.kubelet.kubelet import Kubelet
from demo_cluster.status import Failure
from demo_cluster.store.history import HistoryClock
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import micro_timestamp, timestamp

NODES = kind_of("nodes")
PODS = kind_of("pods")
LEASES = kind_of("leases", "coordination.k8s.io")
UNREACHABLE = "node.kubernetes.io/unreachable"
CORDONED = "node.kubernetes.io/unschedulable"
TAINT_SECONDS = 0.05
LEASE_SECONDS = 10.0
HEARTBEAT_SECONDS = 300.0
NOTICED_AFTER = 50.0
MANY_NODES = 50
PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


class NodeController:
    """Keeps nodes ready, and marks and taints those that are silent."""

    def __init__(
        self, storage: Storage, clock: HistoryClock, events: EventRecorder, kubelet: Kubelet
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._kubelet = kubelet
        self._count = 0

    def on_event(self, event: StorageEvent) -> None:
        """A node appeared: its kubelet begins to report. Or it was cordoned."""
        if event.kind.storage_key != NODES.storage_key or event.type == "DELETED":
            return
        name = event.obj["metadata"]["name"]
        if event.type == "ADDED":
            self._count += 1
            self._clock.call_later(0.01, lambda: self._join(name))
        if _is_cordoned(event.obj) != _is_tainted(event.obj, CORDONED):
            self._clock.call_later(TAINT_SECONDS, lambda: self._settle_cordon(name))

    def _settle_cordon(self, name: str) -> None:
        """A cordoned node has a taint that says so, and no other node has it."""
        node = self._storage.get(NODES, "", name)
        if node is None or _is_cordoned(node) == _is_tainted(node, CORDONED):
            return
        if _is_cordoned(node):
            now = timestamp(self._clock.now())
            self._taint(name, {"key": CORDONED, "effect": "NoSchedule", "timeAdded": now})
        else:
            self._storage.modify(
                NODES, "", name, lambda obj: _untaint(obj, CORDONED), by=CONTROLLERS
            )

    def _join(self, name: str) -> None:
        node = self._storage.get(NODES, "", name)
        if node is None:
            return
        if not node.get("status", {}).get("conditions"):
            self._set_conditions(name)
            self._events.record(
                node,
                "RegisteredNode",
                f"Node {name} event: Registered Node {name} in Controller",
                component="node-controller",
            )
        self._clock.when_live(lambda: self._begin_reports(name))

    def _begin_reports(self, name: str) -> None:
        self._beat(name)
        self._report(name)

    def _beat(self, name: str) -> None:
        if name in self._kubelet.lost_nodes or self._storage.get(NODES, "", name) is None:
            return
        now = micro_timestamp(self._clock.now())

        def renew(lease: Obj) -> None:
            lease["spec"]["renewTime"] = now

        try:
            renewed = self._storage.modify(LEASES, "kube-node-lease", name, renew, by=KUBELET)
            if renewed is None:
                self._storage.create(LEASES, self._lease(name, now), by=KUBELET)
        except Failure:
            return
        crowd = self._count / MANY_NODES
        self._clock.call_later(LEASE_SECONDS * max(crowd, 1.0), lambda: self._beat(name))

    def _lease(self, name: str, now: str) -> Obj:
        node = (self._storage.get(NODES, "", name) or {"metadata": {}})["metadata"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node.get("uid", "")}
        meta = {"name": name, "namespace": "kube-node-lease", "ownerReferences": [owner]}
        if "creationTimestamp" in node:  # the kubelet renews it since the node joined
            meta["creationTimestamp"] = node["creationTimestamp"]
        return {
            "metadata": meta,
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now},
        }

    def _report(self, name: str) -> None:
        if name in self._kubelet.lost_nodes or self._storage.get(NODES, "", name) is None:
            return
        self._set_conditions(name)
        self._clock.call_later(HEARTBEAT_SECONDS, lambda: self._report(name))

    def _set_conditions(self, name: str) -> None:
        now = timestamp(self._clock.now())
        rows = [(*row, "False") for row in PRESSURES]
        rows.append(("Ready", "KubeletReady", "kubelet is posting ready status", "True"))

        def change(node: Obj) -> None:
            _write_conditions(node, rows, now, heartbeat=True)

        self._storage.modify(NODES, "", name, change, by=KUBELET)

    # -- a node is lost, and comes back

    def lose(self, name: str) -> None:
        """The node falls silent."""
        self._kubelet.lost_nodes.add(name)
        self._clock.call_later(NOTICED_AFTER, lambda: self._notice(name))

    def _notice(self, name: str) -> None:
        node = self._storage.get(NODES, "", name)
        if node is None or name not in self._kubelet.lost_nodes:
            return
        now = timestamp(self._clock.now())
        kinds = [row[0] for row in PRESSURES] + ["Ready"]
        rows = [
            (kind, "NodeStatusUnknown", "Kubelet stopped posting node status.", "Unknown")
            for kind in kinds
        ]

        def change(obj: Obj) -> None:
            _write_conditions(obj, rows, now, heartbeat=False)

        self._storage.modify(NODES, "", name, change, by=CONTROLLERS)
        for effect in ("NoSchedule", "NoExecute"):
            self._taint(name, {"key": UNREACHABLE, "effect": effect, "timeAdded": now})
        self._events.record(
            node,
            "NodeNotReady",
            f"Node {name} status is now: NodeNotReady",
            component="node-controller",
        )
        for pod in self._storage.pods_on_node(name):
            self._mark_pod(pod, now)

    def _taint(self, name: str, taint: Obj) -> None:
        def change(obj: Obj) -> None:
            obj["spec"].setdefault("taints", []).append(taint)

        self._storage.modify(NODES, "", name, change, by=CONTROLLERS)

    def _mark_pod(self, pod: Obj, now: str) -> None:
        def change(obj: Obj) -> None:
            for condition in obj.get("status", {}).get("conditions") or ():
                if condition["type"] == "Ready" and condition["status"] == "True":
                    condition["status"] = "False"
                    condition["lastTransitionTime"] = now

        self._storage.modify(PODS, *key_of(pod), change, by=CONTROLLERS)
        self._events.record(
            pod, "NodeNotReady", "Node is not ready", component="node-controller", warning=True
        )

    def restore(self, name: str) -> None:
        """The node is back: ready again, and what was to be deleted there goes."""
        self._kubelet.lost_nodes.discard(name)
        node = self._storage.get(NODES, "", name)
        if node is None:
            return

        self._storage.modify(
            NODES, "", name, lambda obj: _untaint(obj, UNREACHABLE), by=CONTROLLERS
        )
        self._set_conditions(name)
        self._events.record(
            node,
            "NodeReady",
            f"Node {name} status is now: NodeReady",
            component="kubelet",
            host=name,
        )
        self._beat(name)
        for pod in self._storage.pods_on_node(name):
            worker = self._kubelet.worker(pod)
            if pod["metadata"].get("deletionTimestamp"):
                worker.change(pod)
            else:
                worker.report()


def _is_cordoned(node: Obj) -> bool:
    return bool(node.get("spec", {}).get("unschedulable"))


def _is_tainted(node: Obj, key: str) -> bool:
    return any(taint.get("key") == key for taint in node.get("spec", {}).get("taints") or ())


def _untaint(node: Obj, key: str) -> None:
    taints = [taint for taint in node["spec"].get("taints") or () if taint["key"] != key]
    node["spec"]["taints"] = taints
    if not taints:
        del node["spec"]["taints"]


def _write_conditions(
    node: Obj, rows: list[tuple[str, str, str, str]], now: str, *, heartbeat: bool
) -> None:
    status = node.setdefault("status", {})
    before = {condition["type"]: condition for condition in status.get("conditions") or ()}
    status["conditions"] = [
        {
            "type": kind,
            "status": value,
            "lastHeartbeatTime": now
            if heartbeat or kind not in before
            else before[kind]["lastHeartbeatTime"],
            "lastTransitionTime": before[kind]["lastTransitionTime"]
            if kind in before and before[kind]["status"] == value
            else now,
            "reason": reason,
            "message": message,
        }
        for kind, reason, message, value in rows
    ]
