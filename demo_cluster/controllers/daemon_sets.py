"""DaemonSets: one pod on every node that suits."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import (
    PODS,
    available_in,
    controller_of,
    int_or_percent,
    is_ready,
    owned_pods,
    pod_from_template,
    update_status,
)
from demo_cluster.controllers.revisions import current_revision
from demo_cluster.defaults.workloads import TEMPLATE_GENERATION
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.scheduler import node_matches, untolerated_taint
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.work_queue import Key, WorkQueue

DAEMON_SETS = kind_of("daemonsets", "apps")
NODES = kind_of("nodes")
REVISION = "controller-revision-hash"
TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


class DaemonSetController:
    """Keeps a pod of every DaemonSet on every node."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A set, one of its pods, or the nodes changed."""
        key = event.kind.storage_key
        if key == DAEMON_SETS.storage_key and event.type != "DELETED":
            self._queue.add(key_of(event.obj))
        elif key == PODS.storage_key:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "DaemonSet":
                self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))
        elif key == NODES.storage_key and (event.old is None or _changed(event)):
            for each in self._storage.list(DAEMON_SETS):
                self._queue.add(key_of(each))

    def _sync(self, key: Key) -> None:
        owner = self._storage.get(DAEMON_SETS, *key)
        if owner is None:
            return
        revision = current_revision(self._storage, owner, REVISION)
        mark = revision["metadata"]["labels"][REVISION]
        by_node: dict[str, list[Obj]] = {}
        for pod in owned_pods(self._storage, owner):
            by_node.setdefault(_node_of(pod), []).append(pod)
        self._write_status(owner, by_node, mark)
        if not owner["metadata"].get("deletionTimestamp"):
            self._settle(owner, by_node, mark)

    def _settle(self, owner: Obj, by_node: dict[str, list[Obj]], mark: str) -> None:
        suited = {node["metadata"]["name"] for node in self._suited(owner)}
        for name in sorted(suited):
            pods = by_node.get(name, [])
            for pod in pods:
                if pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
                    self._delete(owner, pod)
            if not [pod for pod in pods if not _is_over(pod)]:
                self._create(owner, name, mark)
        for name, pods in by_node.items():
            if name not in suited:
                for pod in pods:
                    self._delete(owner, pod)
        self._roll(owner, suited, by_node, mark)

    def _suited(self, owner: Obj) -> list[Obj]:
        spec = dict(owner["spec"]["template"]["spec"])
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *_tolerations(spec)]
        return [
            node
            for node in self._storage.list(NODES)
            if node_matches(spec, node) and untolerated_taint(spec, node) is None
        ]

    def _roll(self, owner: Obj, suited: set[str], by_node: dict[str, list[Obj]], mark: str) -> None:
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        allowed = int_or_percent(
            (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1),
            len(suited),
            round_up=True,
        )
        alive = [pod for name in suited for pod in by_node.get(name, []) if not _is_over(pod)]
        unready = len(suited) - sum(
            is_ready(pod) for pod in alive if not pod["metadata"].get("deletionTimestamp")
        )
        for pod in sorted(alive, key=is_ready):
            outdated = (pod["metadata"].get("labels") or {}).get(REVISION) != mark
            if not outdated or pod["metadata"].get("deletionTimestamp"):
                continue
            if not is_ready(pod):
                self._delete(owner, pod)
            elif unready < max(allowed, 1):
                self._delete(owner, pod)
                unready += 1

    def _create(self, owner: Obj, node: str, mark: str) -> None:
        generation = (owner["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION)
        labels = {REVISION: mark}
        labels["pod-template-generation"] = generation or str(
            owner["metadata"].get("generation", 1)
        )
        pod = pod_from_template(owner, owner["spec"]["template"], labels=labels)
        spec = pod["spec"]
        fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
        spec["affinity"] = {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchFields": fields}]
                }
            }
        }
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *_tolerations(spec)]
        try:
            stored = self._storage.create(PODS, pod, by=CONTROLLERS)
        except Failure as failure:
            self._say(owner, "FailedCreate", f"Error creating: {failure.message}", warning=True)
            raise
        self._say(owner, "SuccessfulCreate", f"Created pod: {stored['metadata']['name']}")

    def _delete(self, owner: Obj, pod: Obj) -> None:
        if not pod["metadata"].get("deletionTimestamp"):
            self._storage.request_delete(PODS, *key_of(pod))
            self._say(owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _say(self, owner: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(
            owner, reason, message, component="daemonset-controller", warning=warning
        )

    def _write_status(self, owner: Obj, by_node: dict[str, list[Obj]], mark: str) -> None:
        suited = {node["metadata"]["name"] for node in self._suited(owner)}
        now, patience = self._clock.now(), owner["spec"].get("minReadySeconds", 0)
        scheduled = misplaced = ready = available = updated = 0
        for name, pods in by_node.items():
            alive = [pod for pod in pods if not _is_over(pod)]
            if name not in suited:
                misplaced += bool(alive)
                continue
            newest = next((p for p in alive if not p["metadata"].get("deletionTimestamp")), None)
            shown = newest or (alive[0] if alive else None)
            if shown is None:
                continue
            scheduled += 1
            ready += is_ready(shown)
            available += is_ready(shown) and available_in(shown, patience, now) == 0
            updated += (shown["metadata"].get("labels") or {}).get(REVISION) == mark
        status: Obj = {
            "currentNumberScheduled": scheduled,
            "numberMisscheduled": misplaced,
            "desiredNumberScheduled": len(suited),
            "numberReady": ready,
            "observedGeneration": owner["metadata"].get("generation", 1),
        }
        optional = {
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberUnavailable": len(suited) - available,
        }
        status |= {name: count for name, count in optional.items() if count}
        update_status(self._storage, DAEMON_SETS, owner, status)


def _tolerations(spec: Obj) -> list[Obj]:
    found = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in TOLERATED]
    if spec.get("hostNetwork"):
        key = "node.kubernetes.io/network-unavailable"
        found.append({"key": key, "operator": "Exists", "effect": "NoSchedule"})
    return found


def _node_of(pod: Obj) -> str:
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    terms = pod["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    return str(terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


def _is_over(pod: Obj) -> bool:
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _changed(event: StorageEvent) -> bool:
    old = event.old or {}
    same_labels = old["metadata"].get("labels") == event.obj["metadata"].get("labels")
    return not (same_labels and old.get("spec") == event.obj.get("spec"))
