"""PersistentVolumeClaims: bound to a volume when their class can make one, pending otherwise."""

from __future__ import annotations

from demo_cluster.admission.storage_classes import class_of
from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.persistent_volumes import CLAIMS, VOLUMES, Volumes
from demo_cluster.controllers.persistent_volumes import PROTECTION as VOLUME_PROTECTION
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

PODS = kind_of("pods")
PROTECTION = "kubernetes.io/pvc-protection"
LATE = "WaitForFirstConsumer"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
PROVISIONED = "pv.kubernetes.io/provisioned-by"
RETRY, SETTLE = 15.0, 0.02


class ClaimController:
    """Provisions, binds and protects."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync, 0.03)
        self._volumes = Volumes(storage, clock)

    def on_event(self, event: StorageEvent) -> None:
        """A claim or a volume changed, or a pod that used one went."""
        key = event.kind.storage_key
        if key == CLAIMS.storage_key:
            if event.type == "DELETED":
                self._volumes.release(event.obj)
            else:
                self._queue.add(key_of(event.obj))
        elif key == VOLUMES.storage_key:
            if event.type != "DELETED":
                name = event.obj["metadata"]["name"]
                self._clock.call_later(SETTLE, lambda: self._volumes.settle(name))
            made_for_one = PROVISIONED in (event.obj["metadata"].get("annotations") or {})
            if event.type == "ADDED" and not made_for_one:
                self._wake_pending()
        elif key == PODS.storage_key:
            ended = event.obj.get("status", {}).get("phase") in ("Succeeded", "Failed")
            if event.type in ("ADDED", "DELETED") or ended:
                for name in _claims_of(event.obj):
                    self._queue.add((event.obj["metadata"]["namespace"], name))

    def _wake_pending(self) -> None:
        for claim in self._storage.list(CLAIMS):
            if (claim.get("status") or {}).get("phase") == "Pending":
                self._queue.add(key_of(claim))

    def _sync(self, key: Key) -> None:
        claim = self._storage.get(CLAIMS, *key)
        if claim is None:
            return
        if claim["metadata"].get("deletionTimestamp"):
            self._let_go(claim)
        elif PROTECTION not in (claim["metadata"].get("finalizers") or ()):
            self._storage.modify(CLAIMS, *key, _protect)
        elif (claim.get("status") or {}).get("phase") != "Bound":
            self._bind(claim)

    def _bind(self, claim: Obj) -> None:
        name = claim["spec"].get("storageClassName")
        found = class_of(self._storage, name)
        wanted = found["metadata"]["name"] if found else name or ""
        volume = self._volumes.fitting(claim, wanted)
        is_waiting = found is not None and found.get("volumeBindingMode") == LATE
        if volume is not None and (claim["spec"].get("volumeName") or not is_waiting):
            self._bound(claim, volume)
            return
        if found is None:
            if name:
                message = f'storageclass.storage.k8s.io "{name}" not found'
                self._wait(claim, "ProvisioningFailed", message, warning=True)
            else:
                self._wait(
                    claim,
                    "FailedBinding",
                    "no persistent volumes available for this claim and no storage class is set",
                )
            return
        if is_waiting and not self._has_user(claim):
            self._wait(
                claim,
                "WaitForFirstConsumer",
                "waiting for first consumer to be created before binding",
            )
            return
        if volume is None and found["provisioner"] == NO_PROVISIONER:
            self._wait(claim, "ProvisioningFailed", "no volume plugin matched", warning=True)
            return
        self._bound(claim, volume or self._provision(claim, found))

    def _has_user(self, claim: Obj) -> bool:
        namespace, name = key_of(claim)
        return any(name in _claims_of(pod) for pod in self._storage.list(PODS, namespace))

    def _is_mounted(self, claim: Obj) -> bool:
        """A pod on a node uses it: it must stay until that pod has ended."""
        namespace, name = key_of(claim)
        return any(
            name in _claims_of(pod)
            for pod in self._storage.list(PODS, namespace)
            if pod["spec"].get("nodeName")
            and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        )

    def _provision(self, claim: Obj, found: Obj) -> Obj:
        meta = claim["metadata"]
        volume = {
            "metadata": {
                "name": f"pvc-{meta['uid']}",
                "annotations": {PROVISIONED: found["provisioner"]},
                "finalizers": [VOLUME_PROTECTION],
            },
            "spec": {
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "hostPath": {"path": f"/var/lib/volumes/{meta['uid']}", "type": ""},
                "accessModes": claim["spec"]["accessModes"],
                "persistentVolumeReclaimPolicy": found.get("reclaimPolicy", "Delete"),
                "storageClassName": found["metadata"]["name"],
                "volumeMode": "Filesystem",
            },
            "status": {"phase": "Available"},
        }
        stored = self._storage.get(VOLUMES, "", f"pvc-{meta['uid']}")
        if stored is None:
            stored = self._storage.create(VOLUMES, volume, by=CONTROLLERS)
            text = f"Successfully provisioned volume {stored['metadata']['name']}"
            self._events.record(
                claim, "ProvisioningSucceeded", text, component=found["provisioner"]
            )
        return stored

    def _bound(self, claim: Obj, volume: Obj) -> None:
        meta = claim["metadata"]

        def take(obj: Obj) -> None:
            obj["spec"]["claimRef"] = {
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "apiVersion": "v1",
                "resourceVersion": meta["resourceVersion"],
            }
            now = timestamp(self._clock.now())
            obj["status"] = {"phase": "Bound", "lastPhaseTransitionTime": now}

        def bind(obj: Obj) -> None:
            obj["spec"]["volumeName"] = volume["metadata"]["name"]
            obj["spec"].setdefault("storageClassName", volume["spec"].get("storageClassName", ""))
            annotations = obj["metadata"].setdefault("annotations", {})
            annotations["pv.kubernetes.io/bind-completed"] = "yes"
            annotations["pv.kubernetes.io/bound-by-controller"] = "yes"
            obj["status"] = {
                "phase": "Bound",
                "accessModes": volume["spec"]["accessModes"],
                "capacity": volume["spec"]["capacity"],
            }

        self._storage.modify(VOLUMES, *key_of(volume), take, by=CONTROLLERS)
        self._storage.modify(CLAIMS, *key_of(claim), bind, by=CONTROLLERS)

    def _wait(self, claim: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        def change(obj: Obj) -> None:
            obj.setdefault("status", {})["phase"] = "Pending"

        self._storage.modify(CLAIMS, *key_of(claim), change, by=CONTROLLERS)
        self._events.record(
            claim, reason, message, component="persistentvolume-controller", warning=warning
        )
        self._queue.add_after(key_of(claim), RETRY)

    def _let_go(self, claim: Obj) -> None:
        if not self._is_mounted(claim) and PROTECTION in (
            claim["metadata"].get("finalizers") or ()
        ):
            self._storage.modify(CLAIMS, *key_of(claim), _unprotect, by=CONTROLLERS)


def _claims_of(pod: Obj) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    ]


def _protect(claim: Obj) -> None:
    claim["metadata"].setdefault("finalizers", []).append(PROTECTION)
    claim.setdefault("status", {}).setdefault("phase", "Pending")


def _unprotect(claim: Obj) -> None:
    finalizers = [name for name in claim["metadata"]["finalizers"] if name != PROTECTION]
    claim["metadata"]["finalizers"] = finalizers
    if not finalizers:
        del claim["metadata"]["finalizers"]
