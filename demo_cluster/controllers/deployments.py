"""Deployments: one ReplicaSet per template, rolled from old to new with surge and patience."""

from __future__ import annotations

from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import (
    controller_of,
    essence,
    int_or_percent,
    owner_reference,
    set_condition,
    template_hash,
    update_status,
)
from demo_cluster.events import EventRecorder
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.work_queue import Key, WorkQueue

DEPLOYMENTS = kind_of("deployments", "apps")
REPLICA_SETS = kind_of("replicasets", "apps")
REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", REVISION, DESIRED, MAXIMUM)


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
        if deployment["metadata"].get("deletionTimestamp"):
            self._report(deployment, sets, None)
            return
        rollout = _Rollout(self, deployment, sets)
        rollout.run()

    def _sets(self, deployment: Obj) -> list[Obj]:
        uid = deployment["metadata"]["uid"]
        found = [
            obj
            for kind, obj in self._storage.by_owner(uid)
            if kind.storage_key == REPLICA_SETS.storage_key
        ]
        return sorted(found, key=lambda obj: (_revision(obj), obj["metadata"]["creationTimestamp"]))

    # -- the steps that a rollout asks for

    def say(self, deployment: Obj, reason: str, message: str) -> None:
        """An event about the deployment."""
        self._events.record(deployment, reason, message, component="deployment-controller")

    def create_set(self, deployment: Obj, revision: int, replicas: int, surge: int) -> Obj | None:
        """The ReplicaSet of the present template."""
        spec, meta = deployment["spec"], deployment["metadata"]
        template = json_copy(spec["template"])
        mark = template_hash(
            spec["template"], deployment.get("status", {}).get("collisionCount", 0)
        )
        labels = {**(template["metadata"].get("labels") or {}), HASH: mark}
        template["metadata"]["labels"] = labels
        selector = json_copy(spec["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: mark}
        wanted = spec.get("replicas", 1)
        annotations = {
            name: text
            for name, text in (meta.get("annotations") or {}).items()
            if name not in NOT_COPIED
        }
        made = {
            "metadata": {
                "name": f"{meta['name']}-{mark}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {
                    **annotations,
                    DESIRED: str(wanted),
                    MAXIMUM: str(wanted + surge),
                    REVISION: str(revision),
                },
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": replicas,
                **(
                    {"minReadySeconds": spec["minReadySeconds"]}
                    if spec.get("minReadySeconds")
                    else {}
                ),
                "selector": selector,
                "template": template,
            },
            "status": {"replicas": 0},
        }
        try:
            stored = self._storage.create(REPLICA_SETS, made)
        except Failure:
            return None
        if replicas:
            name = stored["metadata"]["name"]
            message = f"Scaled up replica set {name} from 0 to {replicas}"
            self.say(deployment, "ScalingReplicaSet", message)
        return stored

    def annotate(
        self, deployment: Obj, owned: Obj, annotations: dict[str, str], replicas: int
    ) -> Obj:
        """Change a set's annotations and number, with an event when the number changed."""
        before = owned["spec"].get("replicas", 1)

        def change(obj: Obj) -> None:
            obj["metadata"].setdefault("annotations", {}).update(annotations)
            obj["spec"]["replicas"] = replicas

        stored = self._storage.modify(REPLICA_SETS, *key_of(owned), change)
        if stored is not None and before != replicas:
            way = "up" if replicas > before else "down"
            name = stored["metadata"]["name"]
            message = f"Scaled {way} replica set {name} from {before} to {replicas}"
            self.say(deployment, "ScalingReplicaSet", message)
        return stored or owned

    def set_revision(self, deployment: Obj, revision: int) -> Obj:
        """The deployment's own revision annotation."""

        def change(obj: Obj) -> None:
            obj["metadata"].setdefault("annotations", {})[REVISION] = str(revision)

        return self._storage.modify(DEPLOYMENTS, *key_of(deployment), change) or deployment

    def announce_new_set(self, deployment: Obj, revision: int, name: str) -> Obj:
        """Revision and the condition NewReplicaSetCreated, in one write."""
        now = timestamp(self._clock.now())

        def change(obj: Obj) -> None:
            obj["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
            status = obj.setdefault("status", {})
            status["conditions"] = set_condition(
                status.get("conditions") or [],
                _condition(
                    "Progressing",
                    "True",
                    "NewReplicaSetCreated",
                    f'Created new replica set "{name}"',
                    now,
                ),
            )

        return self._storage.modify(DEPLOYMENTS, *key_of(deployment), change) or deployment

    def remove_old(self, deployment: Obj, old: list[Obj]) -> None:
        """Keep as many empty old sets as the history wants."""
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        empty = [
            each
            for each in old
            if not each["spec"].get("replicas") and not each.get("status", {}).get("replicas")
        ]
        for each in empty[: max(len(empty) - limit, 0)]:
            self._storage.request_delete(REPLICA_SETS, *key_of(each))

    def _report(self, deployment: Obj, sets: list[Obj], new: Obj | None) -> None:
        stored = self._storage.get(DEPLOYMENTS, *key_of(deployment))
        if stored is None:
            return
        terminating = sum(each.get("status", {}).get("terminatingReplicas", 0) for each in sets)
        status = _status(stored, sets, new, terminating, timestamp(self._clock.now()))
        self._check_deadline(stored, status)
        update_status(self._storage, DEPLOYMENTS, stored, status)

    report = _report

    def _check_deadline(self, deployment: Obj, status: Obj) -> None:
        """ProgressDeadlineExceeded, and a look again when it is due."""
        deadline = deployment["spec"].get("progressDeadlineSeconds", 600)
        for condition in status.get("conditions") or ():
            if (
                condition["type"] != "Progressing"
                or condition["reason"] == "NewReplicaSetAvailable"
            ):
                continue
            since = parse_timestamp(condition["lastUpdateTime"])
            left = deadline - (self._clock.now() - since).total_seconds()
            if left > 0:
                self._queue.add_after(key_of(deployment), left + 0.1)
            elif condition["reason"] != "ProgressDeadlineExceeded":
                name = condition["message"].partition('"')[2].partition('"')[0]
                message = f'ReplicaSet "{name}" has timed out progressing.'
                now = timestamp(self._clock.now())
                late = _condition("Progressing", "False", "ProgressDeadlineExceeded", message, now)
                status["conditions"] = set_condition(status["conditions"], late)


class _Rollout:
    """One look at one deployment."""

    def __init__(self, controller: DeploymentController, deployment: Obj, sets: list[Obj]) -> None:
        self.controller = controller
        self.deployment = deployment
        self.sets = sets
        spec = deployment["spec"]
        self.wanted: int = spec.get("replicas", 1)
        strategy = spec.get("strategy") or {}
        self.recreates = strategy.get("type") == "Recreate"
        rolling = strategy.get("rollingUpdate") or {}
        self.surge = (
            0
            if self.recreates
            else int_or_percent(rolling.get("maxSurge", "25%"), self.wanted, round_up=True)
        )
        unavailable = int_or_percent(
            rolling.get("maxUnavailable", "25%"), self.wanted, round_up=False
        )
        self.unavailable = 1 if not (self.surge or unavailable) else min(unavailable, self.wanted)
        self.new = next((each for each in sets if self._is_of_template(each)), None)
        self.old = [each for each in sets if each is not self.new]

    def _is_of_template(self, owned: Obj) -> bool:
        template = json_copy(owned["spec"]["template"])
        (template["metadata"].get("labels") or {}).pop(HASH, None)
        return bool(essence(template) == essence(self.deployment["spec"]["template"]))

    def run(self) -> None:
        """The next step, then the status."""
        if self.deployment["spec"].get("paused"):
            if self.new:
                self._scale_evenly()
        else:
            created = self._ensure_new()
            if created is None:
                return
            if self._has_been_scaled():
                self._scale_evenly()
            elif self.recreates:
                self._recreate()
            else:
                self._roll()
            self.controller.remove_old(self.deployment, self.old)
        sets = [*self.old, *([self.new] if self.new else [])]
        self.controller.report(self.deployment, sets, self.new)

    def _ensure_new(self) -> Obj | None:
        newest = max((_revision(each) for each in self.old), default=0)
        if self.new is not None:
            self._keep_revision(newest)
            return self.new
        replicas = self._first_number()
        made = self.controller.create_set(self.deployment, newest + 1, replicas, self.surge)
        if made is None:
            return None
        self.new = made
        name = made["metadata"]["name"]
        self.deployment = self.controller.announce_new_set(self.deployment, newest + 1, name)
        return made

    def _keep_revision(self, newest_old: int) -> None:
        assert self.new is not None
        revision = _revision(self.new)
        if revision <= newest_old:
            revision = newest_old + 1
            annotations = {REVISION: str(revision)}
            self.new = self.controller.annotate(
                self.deployment, self.new, annotations, self.new["spec"].get("replicas", 1)
            )
        annotations = self.deployment["metadata"].get("annotations") or {}
        if annotations.get(REVISION) != str(revision):
            self.deployment = self.controller.set_revision(self.deployment, revision)

    def _first_number(self) -> int:
        if self.recreates:
            busy = any(each.get("status", {}).get("replicas") for each in self.old)
            return 0 if busy else self.wanted
        present = sum(each["spec"].get("replicas", 0) for each in self.old)
        room = self.wanted + self.surge - present
        return max(min(room, self.wanted), 0) if present else self.wanted

    def _has_been_scaled(self) -> bool:
        return any(
            each["spec"].get("replicas", 0)
            and (each["metadata"].get("annotations") or {}).get(DESIRED, str(self.wanted))
            != str(self.wanted)
            for each in [*self.old, *([self.new] if self.new else [])]
        )

    def _annotations(self) -> dict[str, str]:
        return {DESIRED: str(self.wanted), MAXIMUM: str(self.wanted + self.surge)}

    def _scale(self, owned: Obj, replicas: int) -> Obj:
        changed = self.controller.annotate(self.deployment, owned, self._annotations(), replicas)
        if owned is self.new:
            self.new = changed
        else:
            self.old = [changed if each is owned else each for each in self.old]
        return changed

    def _scale_evenly(self) -> None:
        active = [each for each in self.old if each["spec"].get("replicas")]
        if self.new and (self.new["spec"].get("replicas") or not active):
            active.append(self.new)
        if len(active) <= 1:
            for each in active:
                self._scale(each, self.wanted)
            return
        present = sum(each["spec"]["replicas"] for each in active)
        allowed = self.wanted + self.surge
        left = allowed - present
        for position, each in enumerate(sorted(active, key=lambda e: -e["spec"]["replicas"])):
            share = round(each["spec"]["replicas"] * allowed / present) - each["spec"]["replicas"]
            share = left if position == len(active) - 1 else share
            left -= share
            self._scale(each, max(each["spec"]["replicas"] + share, 0))

    def _recreate(self) -> None:
        for each in list(self.old):
            if each["spec"].get("replicas"):
                self._scale(each, 0)
        assert self.new is not None
        busy = any(
            each.get("status", {}).get("replicas")
            or each.get("status", {}).get("terminatingReplicas")
            for each in self.old
        )
        if not busy and self.new["spec"].get("replicas", 0) != self.wanted:
            self._scale(self.new, self.wanted)

    def _roll(self) -> None:
        assert self.new is not None
        present = self.new["spec"].get("replicas", 0)
        if present > self.wanted:
            self._scale(self.new, self.wanted)
            return
        if present < self.wanted:
            total = sum(each["spec"].get("replicas", 0) for each in self.old) + present
            room = min(self.wanted + self.surge - total, self.wanted - present)
            if room > 0:
                self._scale(self.new, present + room)
                return
        self._shrink_old()

    def _shrink_old(self) -> None:
        assert self.new is not None
        active = [each for each in self.old if each["spec"].get("replicas")]
        if not active:
            return
        everything = sum(each["spec"]["replicas"] for each in active) + self.new["spec"]["replicas"]
        floor = self.wanted - self.unavailable
        unready = self.new["spec"]["replicas"] - self.new.get("status", {}).get(
            "availableReplicas", 0
        )
        allowed = everything - floor - unready
        if allowed <= 0:
            return
        allowed -= self._remove_sick(active, allowed)
        available = sum(
            min(each.get("status", {}).get("availableReplicas", 0), each["spec"]["replicas"])
            for each in [*self.old, self.new]
        )
        spare = available - floor
        for each in [each for each in self.old if each["spec"].get("replicas")]:
            step = min(each["spec"]["replicas"], spare)
            if step > 0:
                self._scale(each, each["spec"]["replicas"] - step)
                spare -= step

    def _remove_sick(self, active: list[Obj], allowed: int) -> int:
        """Old pods that are not available go first: they help nobody."""
        removed = 0
        for each in active:
            sick = each["spec"]["replicas"] - each.get("status", {}).get("availableReplicas", 0)
            step = min(sick, allowed - removed)
            if step > 0:
                self._scale(each, each["spec"]["replicas"] - step)
                removed += step
        return removed


def _revision(owned: Obj) -> int:
    return int((owned["metadata"].get("annotations") or {}).get(REVISION, "0"))


def _condition(kind: str, status: str, reason: str, message: str, now: str) -> Obj:
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def _status(deployment: Obj, sets: list[Obj], new: Obj | None, terminating: int, now: str) -> Obj:
    """The counts of a deployment and its conditions."""

    def total(name: str) -> int:
        return sum(each.get("status", {}).get(name, 0) for each in sets)

    wanted = deployment["spec"].get("replicas", 1)
    available = total("availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": total("replicas"),
        "updatedReplicas": (new or {}).get("status", {}).get("replicas", 0),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(sum(e["spec"].get("replicas", 0) for e in sets) - available, 0),
    }
    status: Obj = {name: count for name, count in counts.items() if count}
    status["terminatingReplicas"] = terminating
    old = deployment.get("status", {})
    conditions = list(old.get("conditions") or [])
    conditions = _available(conditions, deployment, available, now)
    if new is not None:
        conditions = _progressing(conditions, old, status, wanted, new, now)
    status["conditions"] = conditions
    if old.get("collisionCount"):
        status["collisionCount"] = old["collisionCount"]
    return status


def _available(conditions: list[Obj], deployment: Obj, available: int, now: str) -> list[Obj]:
    wanted = deployment["spec"].get("replicas", 1)
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    missing = int_or_percent(rolling.get("maxUnavailable"), wanted, round_up=False)
    if available >= wanted - missing:
        condition = _condition(
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            now,
        )
    else:
        condition = _condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        )
    return set_condition(conditions, condition)


def _progressing(
    conditions: list[Obj], old: Obj, status: Obj, wanted: int, new: Obj, now: str
) -> list[Obj]:
    name = new["metadata"]["name"]
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    complete = (
        status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )
    current = next((c for c in conditions if c["type"] == "Progressing"), None)
    if complete:
        if current and current["reason"] == "NewReplicaSetAvailable":
            return conditions
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return set_condition(
            conditions, _condition("Progressing", "True", "NewReplicaSetAvailable", message, now)
        )
    grew = any(status.get(count, 0) > old.get(count, 0) for count in counts[1:])
    shrunk = status.get("replicas", 0) - status.get("updatedReplicas", 0) < old.get(
        "replicas", 0
    ) - old.get("updatedReplicas", 0)
    if not (grew or shrunk):
        return conditions
    message = f'ReplicaSet "{name}" is progressing.'
    condition = _condition("Progressing", "True", "ReplicaSetUpdated", message, now)
    settled = current is not None and current["reason"] == "NewReplicaSetAvailable"
    if settled and status.get("updatedReplicas", 0) == wanted:
        return conditions
    if current and current["reason"] == "ReplicaSetUpdated":
        return [c if c is not current else {**c, "lastUpdateTime": now} for c in conditions]
    return set_condition(conditions, condition)
