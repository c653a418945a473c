"""The status of a pod, as its kubelet writes it: pure functions of the containers' states.

Follows kubelet's generateAPIPodStatus, getPhase and status.GeneratePod*Condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from demo_cluster.kinds import Obj
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.timestamps import timestamp

MAIN, INIT, SIDECAR, EPHEMERAL = "main", "init", "sidecar", "ephemeral"


@dataclass
class ContainerState:
    """What is known of one container."""

    spec: Obj
    role: str
    waiting: str = ""
    waiting_message: str = ""
    run: ContainerRun | None = None
    container_id: str = ""
    image: str = ""
    image_id: str = ""
    running_since: datetime | None = None
    terminated: Obj | None = None
    last_terminated: Obj | None = None
    restarts: int = 0
    is_ready: bool = False
    is_started: bool = False
    failures: int = 0
    """Ends in a row that count for the back-off."""
    restarts_free: bool = False
    """A probe ended its first run: the kubelet sees no dead run yet that it would wait for."""
    rests_until: datetime | None = None
    """It is not started again before."""
    is_being_replaced: bool = False
    """A probe gave it up: the next run begins as soon as this one has ended."""
    failed_looks: int = 0
    """How often a look at the pod could not start it."""
    previous: ContainerRun | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["name"])

    @property
    def is_running(self) -> bool:
        """It runs now."""
        return self.running_since is not None

    @property
    def is_done(self) -> bool:
        """It ended with code 0."""
        return self.terminated is not None and self.terminated["exitCode"] == 0

    def notice_end(self) -> None:
        """Its run may have ended unseen: who stops the pod must not wait for that end."""
        if self.run is not None and not self.run.is_running:
            self.running_since = None

    def restart_policy(self, pod_policy: str) -> str:
        """Its own policy, or what the pod's means for its role."""
        if self.role == EPHEMERAL:
            return "Never"
        if self.role == INIT:
            return "Never" if pod_policy == "Never" else "OnFailure"
        return "Always" if self.role == SIDECAR else pod_policy

    def status(self) -> Obj:
        """Its entry among the container statuses."""
        status: Obj = {
            "name": self.name,
            "state": self._state(),
            "lastState": {"terminated": self.last_terminated} if self.last_terminated else {},
            "ready": self.is_ready and self.role != EPHEMERAL,
            "restartCount": self.restarts,
            "image": self.image or self.spec["image"],
            "imageID": self.image_id,
        }
        if self.container_id:
            status["containerID"] = self.container_id
        if self.role != EPHEMERAL:
            status["started"] = self.is_started
        resources = self.spec.get("resources") or {}
        if self.container_id:
            if resources.get("requests"):
                status["allocatedResources"] = resources["requests"]
            status["resources"] = resources
        mounts = [_mount_status(mount) for mount in self.spec.get("volumeMounts") or ()]
        if mounts:
            status["volumeMounts"] = mounts
        return status

    def _state(self) -> Obj:
        if self.waiting:
            message = {"message": self.waiting_message} if self.waiting_message else {}
            return {"waiting": {"reason": self.waiting, **message}}
        if self.running_since is not None:
            return {"running": {"startedAt": timestamp(self.running_since)}}
        return {"terminated": self.terminated} if self.terminated else {}


def _mount_status(mount: Obj) -> Obj:
    status = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        return {**status, "readOnly": True, "recursiveReadOnly": "Disabled"}
    return status


@dataclass
class Conditions:
    """A pod's conditions and when each last changed."""

    _known: dict[str, tuple[str, str]] = field(default_factory=dict)

    def adopt(self, conditions: Sequence[Obj]) -> None:
        """Go on from what a status says."""
        for each in conditions:
            moment = each.get("lastTransitionTime") or ""
            self._known[each["type"]] = (each["status"], moment)

    def entry(
        self,
        kind: str,
        is_true: bool,
        now: datetime,
        generation: int,
        reason: str = "",
        message: str = "",
    ) -> Obj:
        """The condition, with the time of its last change."""
        status = "True" if is_true else "False"
        before = self._known.get(kind)
        moment = before[1] if before and before[0] == status else timestamp(now)
        self._known[kind] = (status, moment)
        condition: Obj = {
            "type": kind,
            "observedGeneration": generation,
            "status": status,
            "lastProbeTime": None,
            "lastTransitionTime": moment,
        }
        if reason:
            condition["reason"] = reason
        if message:
            condition["message"] = message
        return condition


def phase_of(containers: Sequence[ContainerState], policy: str) -> str:
    """Pending, Running, Succeeded or Failed."""
    initial = [each for each in containers if each.role == INIT]
    failed = [each for each in initial if each.terminated and each.terminated["exitCode"]]
    if failed and policy == "Never":
        return "Failed"
    if any(not each.is_done for each in initial):
        return "Pending"
    main = [each for each in containers if each.role == MAIN]
    if any(each.waiting and not each.last_terminated for each in main):
        return "Pending"
    if not any(each.is_running or each.terminated or each.last_terminated for each in main):
        return "Pending"
    if any(each.is_running or each.waiting for each in main):
        return "Running"
    return _finished_phase(main, policy)


def _finished_phase(main: Sequence[ContainerState], policy: str) -> str:
    if policy == "Always":
        return "Running"
    if all(each.is_done for each in main):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def conditions_of(
    containers: Sequence[ContainerState],
    phase: str,
    conditions: Conditions,
    *,
    has_sandbox: bool,
    now: datetime,
    generation: int,
) -> list[Obj]:
    """The five conditions, in the kubelet's order."""
    reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "")
    incomplete = [
        each.name
        for each in containers
        if (each.role == INIT and not each.is_done)
        or (each.role == SIDECAR and not (each.is_started or each.terminated))
    ]
    unready = [
        each.name for each in containers if each.role in (MAIN, SIDECAR) and not each.is_ready
    ]

    def entry(kind: str, is_true: bool, why: str = "", message: str = "") -> Obj:
        return conditions.entry(kind, is_true, now, generation, why, message)

    initialized = not incomplete or phase == "Succeeded"
    not_initialized = f"containers with incomplete status: [{' '.join(incomplete)}]"
    not_ready = f"containers with unready status: [{' '.join(unready)}]"
    if reason:
        ready = [entry(kind, False, reason) for kind in ("Ready", "ContainersReady")]
    elif unready:
        ready = [
            entry(kind, False, "ContainersNotReady", not_ready)
            for kind in ("Ready", "ContainersReady")
        ]
    else:
        ready = [entry("Ready", True), entry("ContainersReady", True)]
    return [
        entry("PodReadyToStartContainers", has_sandbox),
        entry("Initialized", True, reason if phase == "Succeeded" else "")
        if initialized
        else entry("Initialized", False, "ContainersNotInitialized", not_initialized),
        *ready,
        entry("PodScheduled", True),
    ]


def terminated_state(
    code: int,
    reason: str,
    started: datetime,
    finished: datetime,
    container_id: str,
    message: str = "",
) -> Obj:
    """The `terminated` part of a state."""
    state: Obj = {"exitCode": code, "reason": reason}
    if message:
        state["message"] = message
    state["startedAt"] = timestamp(started)
    state["finishedAt"] = timestamp(finished)
    state["containerID"] = container_id
    return state
