"""The scheduler: finds a node for every pod, or says why there is none."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from demo_cluster.changes.internal_writers import KUBE_SCHEDULER
from demo_cluster.clock import Clock
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.quantities import quantity
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

PODS = kind_of("pods")
NODES = kind_of("nodes")
CLAIMS = kind_of("persistentvolumeclaims")
RETRY = 30.0

Room = tuple[Decimal, Decimal, int]
"""CPU, memory and number of pods."""

SCHEDULER = "default-scheduler"


class Scheduler:
    """Binds pods to nodes."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._used: dict[str, dict[Key, tuple[Decimal, Decimal]]] = {}
        self._sums: dict[str, tuple[Decimal, Decimal]] = {}
        """CPU and memory that the pods of a node ask for; missing = to be summed up."""
        self._waiting: dict[Key, None] = {}
        self._queue = WorkQueue(clock, self._schedule, 0.005)
        self._retry = WorkQueue(clock, lambda _key: self._retry_all(), 0.005)

    def on_event(self, event: StorageEvent) -> None:
        """A pod appeared or went; a node changed."""
        key = event.kind.storage_key
        if key == PODS.storage_key:
            self._pod(event)
        elif self._waiting and (key == NODES.storage_key or _claim_settled(event)):
            self._retry.add(("", "all"))

    def _pod(self, event: StorageEvent) -> None:
        pod, key = event.obj, key_of(event.obj)
        node = pod["spec"].get("nodeName")
        ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        if node and event.type != "DELETED" and not ended:
            used = self._used.setdefault(node, {})
            if key not in used:
                used[key] = requests_of(pod)
                self._sums.pop(node, None)
            return
        if node:
            self._sums.pop(node, None)
            if self._used.get(node, {}).pop(key, None) and self._waiting:
                self._retry.add(("", "all"))
        elif event.type == "DELETED":
            self._waiting.pop(key, None)
        elif pod["spec"].get("schedulerName", SCHEDULER) != SCHEDULER:
            return
        elif event.type == "ADDED" or _changed(event):
            self._queue.add(key)

    def _retry_all(self) -> None:
        for key in list(self._waiting):
            self._queue.add(key)

    def _schedule(self, key: Key) -> None:
        pod = self._storage.get(PODS, *key)
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            self._waiting.pop(key, None)
            return
        if pod["spec"].get("schedulingGates"):
            self._gate(pod)
            return
        reasons: Counter[str] = Counter()
        fitting = []
        nodes = self._storage.list(NODES)
        wanted = self._wanted_node(pod)
        unbound = self._unbound_claim(pod)
        if unbound and nodes:
            message = f"0/{len(nodes)} nodes are available: {unbound}. not found"
            self._refuse_with(pod, message)
            return
        for node in nodes:
            why = self._misfit(pod, node, wanted)
            if why:
                reasons[why] += 1
            else:
                fitting.append(node)
        if fitting:
            self._bind(pod, min(fitting, key=self._load)["metadata"]["name"])
        else:
            self._refuse(pod, len(nodes), reasons)

    def _gate(self, pod: Obj) -> None:
        self._condition(
            pod,
            "SchedulingGated",
            "Scheduling is blocked due to non-empty scheduling gates",
            generation=None,
        )

    @staticmethod
    def _wanted_node(pod: Obj) -> str:
        """The one node that a daemon's pod is made for."""
        affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
        required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
        for term in required.get("nodeSelectorTerms") or ():
            for field in term.get("matchFields") or ():
                if field["key"] == "metadata.name" and field.get("values"):
                    return str(field["values"][0])
        return ""

    def _unbound_claim(self, pod: Obj) -> str:
        for volume in pod["spec"].get("volumes") or ():
            source = volume.get("persistentVolumeClaim")
            if not source:
                continue
            name = source["claimName"]
            claim = self._storage.get(CLAIMS, pod["metadata"]["namespace"], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim["metadata"].get("deletionTimestamp"):
                return f'persistentvolumeclaim "{name}" is being deleted'
            if claim.get("status", {}).get("phase") != "Bound":
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def _misfit(self, pod: Obj, node: Obj, wanted: str) -> str:
        """Why the pod cannot run on this node; empty when it can."""
        meta, spec = node["metadata"], pod["spec"]
        if wanted and meta["name"] != wanted:
            return "node(s) didn't satisfy plugin(s) [NodeAffinity]"
        if node.get("spec", {}).get("unschedulable") and not wanted:
            return "node(s) were unschedulable"
        taint = untolerated_taint(spec, node)
        if taint:
            value = f": {taint['value']}" if taint.get("value") else ": "
            return f"node(s) had untolerated taint {{{taint['key']}{value}}}"
        if not node_matches(spec, node):
            return "node(s) didn't match Pod's node affinity/selector"
        return self._too_small(pod, node)

    def _too_small(self, pod: Obj, node: Obj) -> str:
        cpu, memory = requests_of(pod)
        free_cpu, free_memory, free_pods = self._room(node)
        if free_pods < 1:
            return "Too many pods"
        if cpu > free_cpu:
            return "Insufficient cpu"
        return "Insufficient memory" if memory > free_memory else ""

    def _room(self, node: Obj) -> Room:
        allocatable = node.get("status", {}).get("allocatable") or {}
        name = node["metadata"]["name"]
        used = self._used.get(name, {})
        if name not in self._sums:
            pairs = used.values()
            self._sums[name] = (
                sum((cpu for cpu, _ in pairs), Decimal(0)),
                sum((memory for _, memory in pairs), Decimal(0)),
            )
        cpu, memory = self._sums[name]
        return (
            quantity(allocatable.get("cpu", "0")) - cpu,
            quantity(allocatable.get("memory", "0")) - memory,
            int(allocatable.get("pods", "110")) - len(used),
        )

    def _load(self, node: Obj) -> tuple[int, str]:
        name = node["metadata"]["name"]
        return len(self._used.get(name, {})), name

    def _bind(self, pod: Obj, node: str) -> None:
        now = timestamp(self._clock.now())
        key = key_of(pod)
        self._waiting.pop(key, None)

        def bind(obj: Obj) -> None:
            obj["spec"]["nodeName"] = node
            scheduled = {
                "type": "PodScheduled",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": now,
            }
            status = obj.setdefault("status", {})
            rest = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"]
            status["conditions"] = [*rest, scheduled]
            obj["status"] = _ordered(status)

        self._storage.modify(PODS, *key, bind)
        place = f"{key[0]}/{key[1]}"
        self._events.scheduler(
            pod, "Scheduled", f"Successfully assigned {place} to {node}", "Binding"
        )

    def _refuse(self, pod: Obj, nodes: int, reasons: Counter[str]) -> None:
        listed = ", ".join(sorted(f"{count} {why}" for why, count in reasons.items()))
        message = (
            f"0/{nodes} nodes are available: {listed}."
            if nodes
            else "no nodes available to schedule pods"
        )
        if nodes:
            helps = f"{nodes} Preemption is not helpful for scheduling."
            if any(why.startswith(("Insufficient", "Too many")) for why in reasons) and nodes > 1:
                crowded = sum(n for why, n in reasons.items() if why.startswith(("Insuff", "Too")))
                parts = [f"{crowded} No preemption victims found for incoming pod"]
                if nodes - crowded:
                    parts.append(f"{nodes - crowded} Preemption is not helpful for scheduling")
                helps = ", ".join(sorted(parts)) + "."
            message += (
                f" no new claims to deallocate, preemption: 0/{nodes} nodes are available: {helps}"
            )
        self._refuse_with(pod, message)

    def _refuse_with(self, pod: Obj, message: str) -> None:
        self._waiting[key_of(pod)] = None
        generation = pod["metadata"].get("generation")
        self._condition(pod, "Unschedulable", message, generation)
        self._events.scheduler(pod, "FailedScheduling", message, "Scheduling")

    def _condition(self, pod: Obj, reason: str, message: str, generation: int | None) -> None:
        now = timestamp(self._clock.now())

        def change(obj: Obj) -> None:
            status = obj.setdefault("status", {})
            before = next(
                (c for c in status.get("conditions") or () if c["type"] == "PodScheduled"), None
            )
            since = before["lastTransitionTime"] if before and before["status"] == "False" else now
            condition = {
                "type": "PodScheduled",
                **({"observedGeneration": generation} if generation else {}),
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
            rest = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"]
            status["conditions"] = [*rest, condition]
            obj["status"] = _ordered(status)

        self._storage.modify(PODS, *key_of(pod), change, by=KUBE_SCHEDULER)


def _claim_settled(event: StorageEvent) -> bool:
    """A claim was bound, or is going: pods that wait for it should be looked at again."""
    if event.kind.storage_key != CLAIMS.storage_key:
        return False
    is_bound = (event.obj.get("status") or {}).get("phase") == "Bound"
    is_going = "deletionTimestamp" in event.obj["metadata"]
    return event.type == "ADDED" or (event.type == "MODIFIED" and (is_bound or is_going))


def _ordered(status: Obj) -> Obj:
    head: Obj = {name: status[name] for name in ("phase", "conditions") if name in status}
    return {**head, **{name: value for name, value in status.items() if name not in head}}


def _changed(event: StorageEvent) -> bool:
    old = event.old or {}
    return bool(
        old.get("spec") != event.obj["spec"]
        or old["metadata"].get("labels") != event.obj["metadata"].get("labels")
    )


def requests_of(pod: Obj) -> tuple[Decimal, Decimal]:
    """CPU in cores and memory in bytes that the pod's containers ask for."""
    cpu = memory = Decimal(0)
    for container in pod["spec"]["containers"]:
        requests = (container.get("resources") or {}).get("requests") or {}
        cpu += quantity(requests.get("cpu", "0"))
        memory += quantity(requests.get("memory", "0"))
    return cpu, memory


def untolerated_taint(spec: Obj, node: Obj) -> Obj | None:
    """The first taint of the node that keeps new pods of this spec away."""
    for taint in node.get("spec", {}).get("taints") or ():
        if taint["effect"] == "PreferNoSchedule":
            continue
        if not any(tolerates(each, taint) for each in spec.get("tolerations") or ()):
            found: Obj = taint
            return found
    return None


def tolerates(toleration: Obj, taint: Obj) -> bool:
    """Whether a pod with this toleration bears the taint."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def node_matches(spec: Obj, node: Obj) -> bool:
    """Whether the node has the labels that the pod wants."""
    labels = node["metadata"].get("labels") or {}
    for key, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms")
    return not terms or any(_term_matches(term, labels) for term in terms)


def _term_matches(term: Obj, labels: Obj) -> bool:
    for each in term.get("matchExpressions") or ():
        value, values = labels.get(each["key"]), each.get("values") or ()
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }.get(each["operator"], False)
        if not holds:
            return False
    return True
