"""Deployments: one ReplicaSet per template, rolled from old to new with surge and patience."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.deployment_status import (
    PROGRESSING,
    Limits,
    counted,
    is_complete,
    new_condition,
    paused_condition,
    seconds_left,
    with_progress,
)
from demo_cluster.controllers.owned_pods import (
    controller_of,
    owner_reference,
    set_condition,
    template_hash,
    update_status,
)
from demo_cluster.controllers.rollouts import (
    DESIRED,
    HASH,
    MAXIMUM,
    REVISION,
    Rollout,
    copied_annotations,
    revision_of,
)
from demo_cluster.events import EventRecorder
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.work_queue import Key, WorkQueue

DEPLOYMENTS = kind_of("deployments", "apps")
REPLICA_SETS = kind_of("replicasets", "apps")
BETWEEN_WRITES = 0.004
"""Seconds between the announcement of a new set and the next step of the rollout."""


class DeploymentController:
    """Rolls deployments out."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A deployment changed, or one of its sets, or a pod went away."""
        key = event.kind.storage_key
        if key == DEPLOYMENTS.storage_key and event.type != "DELETED":
            self._queue.add(key_of(event.obj))
        elif key == REPLICA_SETS.storage_key:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "Deployment":
                self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))
        elif key == ("", "pods") and event.type == "DELETED":
            self._pod_gone(event.obj)

    def _pod_gone(self, pod: Obj) -> None:
        owner = controller_of(pod)
        if owner and owner["kind"] == "ReplicaSet":
            namespace = pod["metadata"]["namespace"]
            owning = self._storage.get(REPLICA_SETS, namespace, owner["name"])
            above = controller_of(owning) if owning else None
            if above:
                self._queue.add((namespace, above["name"]))

    def _sync(self, key: Key) -> None:
        deployment = self._storage.get(DEPLOYMENTS, *key)
        if deployment is None:
            return
        sets = self._sets(deployment)
        rollout = Rollout(self, deployment, sets)
        if deployment["metadata"].get("deletionTimestamp"):
            self.report(deployment, sets, rollout.new, is_rollout=False)
        else:
            rollout.run()

    def _sets(self, deployment: Obj) -> list[Obj]:
        uid = deployment["metadata"]["uid"]
        found = [
            obj
            for kind, obj in self._storage.by_owner(uid)
            if kind.storage_key == REPLICA_SETS.storage_key
        ]
        return sorted(
            found, key=lambda obj: (revision_of(obj), obj["metadata"]["creationTimestamp"])
        )

    # -- the steps that a rollout asks for

    def _say(self, deployment: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(
            deployment, reason, message, component="deployment-controller", warning=warning
        )

    def create_set(
        self, deployment: Obj, revision: int, replicas: int, limits: Limits
    ) -> Obj | None:
        """The ReplicaSet of the present template; None when there is one of this name."""
        spec, meta = deployment["spec"], deployment["metadata"]
        template = json_copy(spec["template"])
        collisions = deployment.get("status", {}).get("collisionCount", 0)
        mark = template_hash(spec["template"], collisions)
        labels = {**(template["metadata"].get("labels") or {}), HASH: mark}
        template["metadata"]["labels"] = labels
        selector = json_copy(spec["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: mark}
        patience = spec.get("minReadySeconds")
        made = {
            "metadata": {
                "name": f"{meta['name']}-{mark}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {
                    **copied_annotations(deployment),
                    DESIRED: str(limits.wanted),
                    MAXIMUM: str(limits.wanted + limits.surge),
                    REVISION: str(revision),
                },
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": replicas,
                **({"minReadySeconds": patience} if patience else {}),
                "selector": selector,
                "template": template,
            },
            "status": {"replicas": 0},
        }
        try:
            stored = self._storage.create(REPLICA_SETS, made, by=CONTROLLERS)
        except Failure as failure:
            if failure.code == 409:
                return None
            name = f"{meta['name']}-{mark}"
            text = f'Failed to create new replica set "{name}": {failure.message}'
            self._say(deployment, "ReplicaSetCreateError", text, warning=True)
            raise
        if replicas:
            name = stored["metadata"]["name"]
            message = f"Scaled up replica set {name} from 0 to {replicas}"
            self._say(deployment, "ScalingReplicaSet", message)
        return stored

    def change_set(self, owned: Obj, annotations: Obj, *, patience: int) -> Obj:
        """Change a set's annotations and minReadySeconds."""

        def change(obj: Obj) -> None:
            obj["metadata"]["annotations"] = annotations
            obj["spec"]["minReadySeconds"] = patience
            if not patience:
                del obj["spec"]["minReadySeconds"]

        return self._storage.modify(REPLICA_SETS, *key_of(owned), change, by=CONTROLLERS) or owned

    def resize_set(
        self, deployment: Obj, owned: Obj, annotations: dict[str, str], replicas: int
    ) -> Obj:
        """Change a set's annotations and number, with an event when the number changed."""
        before = owned["spec"].get("replicas", 1)

        def change(obj: Obj) -> None:
            obj["metadata"]["annotations"] = annotations
            obj["spec"]["replicas"] = replicas

        stored = self._storage.modify(REPLICA_SETS, *key_of(owned), change, by=CONTROLLERS)
        if stored is not None and before != replicas:
            way = "up" if replicas > before else "down"
            name = stored["metadata"]["name"]
            message = f"Scaled {way} replica set {name} from {before} to {replicas}"
            self._say(deployment, "ScalingReplicaSet", message)
        return stored or owned

    def set_revision(self, deployment: Obj, revision: int) -> Obj:
        """The deployment's own revision annotation."""

        def change(obj: Obj) -> None:
            obj["metadata"].setdefault("annotations", {})[REVISION] = str(revision)

        return (
            self._storage.modify(DEPLOYMENTS, *key_of(deployment), change, by=CONTROLLERS)
            or deployment
        )

    def announce_new_set(self, deployment: Obj, revision: int, name: str) -> Obj:
        """Revision and the condition NewReplicaSetCreated, in one write."""
        text = f'Created new replica set "{name}"'
        condition = new_condition(
            PROGRESSING, "True", "NewReplicaSetCreated", text, self._clock.now()
        )

        def change(obj: Obj) -> None:
            obj["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
            status = obj.setdefault("status", {})
            status["conditions"] = set_condition(status.get("conditions") or [], condition)

        return (
            self._storage.modify(DEPLOYMENTS, *key_of(deployment), change, by=CONTROLLERS)
            or deployment
        )

    def note_pause(self, deployment: Obj) -> Obj | None:
        """Say in the status that the deployment was paused or resumed, if that is news."""
        condition = paused_condition(deployment, self._clock.now())
        if condition is None:
            return None

        def change(obj: Obj) -> None:
            status = obj.setdefault("status", {})
            status["conditions"] = set_condition(status.get("conditions") or [], condition)

        return self._storage.modify(DEPLOYMENTS, *key_of(deployment), change, by=CONTROLLERS)

    def go_on_soon(self, deployment: Obj) -> None:
        """Look again before anybody has done anything with the new set."""
        self._clock.call_later(BETWEEN_WRITES, lambda: self._sync(key_of(deployment)))

    def remove_old(self, deployment: Obj, old: list[Obj]) -> None:
        """Keep as many empty old sets as the history wants, once a rollout is complete."""
        if not is_complete(deployment, deployment.get("status", {})):
            return
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        empty = [
            each
            for each in old
            if not each["spec"].get("replicas") and not each.get("status", {}).get("replicas")
        ]
        for each in empty[: max(len(empty) - limit, 0)]:
            self._storage.request_delete(REPLICA_SETS, *key_of(each))

    def report(
        self, deployment: Obj, sets: list[Obj], new: Obj | None, *, is_rollout: bool
    ) -> None:
        """Write the status, with the rollout's progress when there is one."""
        stored = self._storage.get(DEPLOYMENTS, *key_of(deployment))
        if stored is None:
            return
        now = self._clock.now()
        status = counted(stored, sets, new, now)
        if is_rollout:
            status = with_progress(stored, status, sets, new, now)
        left = seconds_left(stored, status, now)
        if left is not None and left > 0:
            self._queue.add_after(key_of(deployment), left + 0.1)
        update_status(self._storage, DEPLOYMENTS, stored, status)
