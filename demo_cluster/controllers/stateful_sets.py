"""StatefulSets: named pods in order, each with its own claims."""

from __future__ import annotations

import copy

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import (
    PODS,
    available_in,
    controller_of,
    is_ready,
    owned_pods,
    pod_from_template,
    update_status,
)
from demo_cluster.controllers.revisions import HASH, current_revision
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.work_queue import Key, WorkQueue

STATEFUL_SETS = kind_of("statefulsets", "apps")
CLAIMS = kind_of("persistentvolumeclaims")
REVISION = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"
INDEX = "apps.kubernetes.io/pod-index"


class StatefulSetController:
    """Makes, replaces and removes the pods of StatefulSets one after the other."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A set changed, or one of its pods."""
        if event.kind.storage_key == STATEFUL_SETS.storage_key and event.type != "DELETED":
            self._queue.add(key_of(event.obj))
        elif event.kind.storage_key == PODS.storage_key:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "StatefulSet":
                self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))

    def _sync(self, key: Key) -> None:
        owner = self._storage.get(STATEFUL_SETS, *key)
        if owner is None:
            return
        revision = current_revision(self._storage, owner, HASH)["metadata"]["name"]
        pods = {_ordinal(pod): pod for pod in owned_pods(self._storage, owner)}
        try:
            if not owner["metadata"].get("deletionTimestamp"):
                self._settle(owner, pods, revision)
        finally:
            self._write_status(owner, revision)

    def _settle(self, owner: Obj, pods: dict[int, Obj], revision: str) -> None:
        spec = owner["spec"]
        first = (spec.get("ordinals") or {}).get("start", 0)
        wanted = range(first, first + spec.get("replicas", 1))
        parallel = spec.get("podManagementPolicy") == "Parallel"
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is None:
                self._create(owner, ordinal, revision)
            elif pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
                self._replace(owner, pod)
            if not parallel and (pod is None or not self._is_healthy(owner, pod)):
                return
        extra = sorted((o for o in pods if o not in wanted), reverse=True)
        for ordinal in extra:
            self._delete(owner, pods[ordinal])
            if not parallel:
                return
        if not extra:
            self._update(owner, pods, revision, wanted)

    def _is_healthy(self, owner: Obj, pod: Obj) -> bool:
        if pod["metadata"].get("deletionTimestamp"):
            return False
        wait = available_in(pod, owner["spec"].get("minReadySeconds", 0), self._clock.now())
        if wait:
            self._queue.add_after(key_of(owner), wait + 0.01)
        return wait == 0

    def _update(self, owner: Obj, pods: dict[int, Obj], revision: str, wanted: range) -> None:
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        mark = revision.rpartition("-")[2]
        for ordinal in reversed(wanted):
            pod = pods.get(ordinal)
            if pod is None or ordinal < partition:
                return
            if _mark(pod) != mark and not pod["metadata"].get("deletionTimestamp"):
                self._delete(owner, pod)
                return
            if not self._is_healthy(owner, pod):
                return

    def _create(self, owner: Obj, ordinal: int, revision: str) -> None:
        name = f"{owner['metadata']['name']}-{ordinal}"
        self._make_claims(owner, name)
        labels = {INDEX: str(ordinal), REVISION: revision, POD_NAME: name}
        pod = pod_from_template(owner, owner["spec"]["template"], name=name, labels=labels)
        spec = pod["spec"]
        spec["hostname"] = name
        if owner["spec"].get("serviceName"):
            spec["subdomain"] = owner["spec"]["serviceName"]
        templates = [
            each["metadata"]["name"] for each in owner["spec"].get("volumeClaimTemplates") or ()
        ]
        kept = [v for v in spec.get("volumes") or () if v["name"] not in templates]
        volumes = [
            {"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{name}"}}
            for each in templates
        ]
        if volumes or kept:
            spec["volumes"] = [*volumes, *kept]
        if self._storage.get(PODS, owner["metadata"]["namespace"], name) is None:
            who = owner["metadata"]["name"]
            try:
                self._storage.create(PODS, pod, by=CONTROLLERS)
            except Failure as failure:
                what = f"create Pod {name} in StatefulSet {who} failed"
                self._refused(owner, what, failure)
                raise
            self._say(
                owner, "SuccessfulCreate", f"create Pod {name} in StatefulSet {who} successful"
            )

    def _make_claims(self, owner: Obj, pod: str) -> None:
        namespace = owner["metadata"]["namespace"]
        for template in owner["spec"].get("volumeClaimTemplates") or ():
            name = f"{template['metadata']['name']}-{pod}"
            if self._storage.get(CLAIMS, namespace, name) is not None:
                continue
            labels = owner["spec"]["selector"].get("matchLabels") or {}
            claim = {
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": {**labels, **(template["metadata"].get("labels") or {})},
                },
                "spec": copy.deepcopy(template["spec"]),
            }
            who = owner["metadata"]["name"]
            try:
                self._storage.create(CLAIMS, claim, by=CONTROLLERS)
            except Failure as failure:
                what = f"create Claim {name} for Pod {pod} in StatefulSet {who} failed"
                self._refused(owner, what, failure)
                raise
            self._say(
                owner,
                "SuccessfulCreate",
                f"create Claim {name} Pod {pod} in StatefulSet {who} success",
            )

    def _replace(self, owner: Obj, pod: Obj) -> None:
        """A pod that has ended gives way to a new one of its name."""
        if pod["metadata"].get("deletionTimestamp"):
            return
        meta, has_failed = owner["metadata"], pod["status"]["phase"] == "Failed"
        self._say(
            owner,
            "RecreatingFailedPod" if has_failed else "RecreatingTerminatedPod",
            f"StatefulSet {meta['namespace']}/{meta['name']} is recreating "
            f"{'failed' if has_failed else 'terminated'} Pod {pod['metadata']['name']}",
            warning=has_failed,
        )
        self._delete(owner, pod)

    def _delete(self, owner: Obj, pod: Obj) -> None:
        if pod["metadata"].get("deletionTimestamp"):
            return
        self._storage.request_delete(PODS, *key_of(pod))
        name, who = pod["metadata"]["name"], owner["metadata"]["name"]
        self._say(owner, "SuccessfulDelete", f"delete Pod {name} in StatefulSet {who} successful")

    def _refused(self, owner: Obj, what: str, failure: Failure) -> None:
        self._say(owner, "FailedCreate", f"{what} error: {failure.message}", warning=True)

    def _say(self, owner: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(
            owner, reason, message, component="statefulset-controller", warning=warning
        )

    def _write_status(self, owner: Obj, revision: str) -> None:
        stored = self._storage.get(STATEFUL_SETS, *key_of(owner))
        if stored is None:
            return
        pods = owned_pods(self._storage, owner)
        alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        mark, old = revision, stored.get("status", {})
        current = old.get("currentRevision", revision)
        wanted = stored["spec"].get("replicas", 1)
        updated = [pod for pod in alive if _mark(pod) == mark.rpartition("-")[2]]
        ready = [pod for pod in pods if is_ready(pod)]
        now = self._clock.now()
        patience = stored["spec"].get("minReadySeconds", 0)
        available = [pod for pod in ready if available_in(pod, patience, now) == 0]
        if len(updated) == wanted and len(ready) >= wanted:
            current = revision
        is_current = [pod for pod in alive if _mark(pod) == current.rpartition("-")[2]]
        status: Obj = {
            "observedGeneration": stored["metadata"].get("generation", 1),
            "replicas": len(pods),
        }
        counts = {
            "readyReplicas": len(ready),
            "currentReplicas": len(is_current),
            "updatedReplicas": len(updated),
        }
        status |= {name: count for name, count in counts.items() if count}
        status |= {
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
            "availableReplicas": len(available),
        }
        update_status(self._storage, STATEFUL_SETS, stored, status)


def _ordinal(pod: Obj) -> int:
    text = pod["metadata"]["name"].rpartition("-")[2]
    return int(text) if text.isdigit() else -1


def _mark(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION, "")).rpartition("-")[2]
