"""How a service is, told from its workloads, pods and events. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from kompose.cluster.workload import Workload
from kube_client.objects import ContainerStatus, Pod

_IMAGE_REASONS = frozenset(
    ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
)
_QUIET_REASONS = frozenset(("", "ContainerCreating", "PodInitializing"))
_PULLING = "Pulling"
_UNBOUND = "unbound immediate PersistentVolumeClaims"
_CLAIM = "persistentvolumeclaim/"


class Phase(Enum):
    """Where a service stands; the value is the word for it."""

    WAITING = "waiting"
    PENDING = "pending"
    PULLING = "pulling"
    STARTING = "starting"
    TROUBLE = "trouble"
    FAILED = "failed"
    READY = "ready"
    COMPLETED = "completed"


class Health(NamedTuple):
    """How a service is: how many of its pods are ready, and why not all.

    `has_started` is true when every pod that is wanted has run at least once.
    """

    phase: Phase
    ready: int = 0
    wanted: int = 0
    why: str = ""
    has_started: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self.phase in (Phase.READY, Phase.COMPLETED, Phase.FAILED)

    @property
    def is_good(self) -> bool:
        """Whether it is as it was asked for."""
        return self.phase in (Phase.READY, Phase.COMPLETED)


class Note(NamedTuple):
    """The last event of an object, and what its health check failed with, if it did."""

    is_warning: bool
    reason: str
    message: str
    unhealthy: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


class Crash(NamedTuple):
    """A container that ended when it should not have; `run` is its number, from 0.

    `is_previous`: it runs again by now, and what it said stands in the log of the run before.
    """

    pod: str
    container: str
    run: int
    is_previous: bool = False


class _Tally(NamedTuple):
    """The numbers of one workload."""

    ready: int
    wanted: int
    is_current: bool
    """Whether the controller has acted on what is wanted now, and nothing old is left."""


def pod_health(pod: Pod, notes: Mapping[str, Note]) -> Health:
    """How one pod is; `notes` has the last event of each object by its uid."""
    status = pod.status
    if pod.metadata.deletion_timestamp is not None:
        return Health(Phase.PENDING, 0, 1, "the old one is still ending")
    if status.phase == "Succeeded":
        return Health(Phase.COMPLETED, 1, 1, has_started=True)
    if status.phase == "Failed":
        return Health(Phase.FAILED, 0, 1, _end_of(pod), has_started=True)
    if _is_ready(pod):
        return Health(Phase.READY, 1, 1, has_started=True)
    if not pod.spec.node_name and not pod.status.init_container_statuses:
        return _unscheduled(pod, notes)
    return _not_ready(pod, notes.get(pod.metadata.uid))


class Living(NamedTuple):
    """A workload as the cluster has it; lists come without their kind."""

    kind: str
    object: Workload | Pod


def unit_health(
    workloads: Sequence[Living], pods: Sequence[Pod], notes: Mapping[str, Note]
) -> Health:
    """How a unit is that consists of these workloads and runs these pods."""
    found = [_workload_health(*living, pods, notes) for living in workloads]
    if not found:
        return Health(Phase.PENDING, why="it has not been made yet")
    worst = min(found, key=lambda health: _GRAVITY.index(health.phase))
    return worst._replace(
        ready=sum(health.ready for health in found),
        wanted=sum(health.wanted for health in found),
        has_started=all(health.has_started for health in found),
    )


def crashes(pods: Iterable[Pod]) -> list[Crash]:
    """The containers whose last run ended badly and is worth a look at its log.

    How containers end whose pod is being removed is no news.
    """
    found = []
    for pod in pods:
        if pod.metadata.deletion_timestamp is not None:
            continue
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
            ended = status.state.terminated or status.last_state.terminated
            if ended is not None and (ended.exit_code or ended.signal) and not status.ready:
                is_previous = status.state.running is not None
                run = status.restart_count - is_previous
                found.append(Crash(pod.metadata.name, status.name, run, is_previous))
    return found


_GRAVITY = [
    Phase.FAILED,
    Phase.TROUBLE,
    Phase.WAITING,
    Phase.PENDING,
    Phase.PULLING,
    Phase.STARTING,
    Phase.READY,
    Phase.COMPLETED,
]


def _workload_health(
    kind: str, workload: Workload | Pod, pods: Sequence[Pod], notes: Mapping[str, Note]
) -> Health:
    if isinstance(workload, Pod):
        return pod_health(workload, notes)
    if kind == "Job":
        final = _job_end(workload)
        if final is not None:
            return final
    elif kind == "CronJob":
        return Health(Phase.READY, why=f"runs at {workload.spec.schedule}", has_started=True)
    tally = _TALLIES.get(kind, _deployment)(workload)
    started = [pod for pod in pods if _has_run(pod)]
    has_started = len(started) >= max(tally.wanted, 1) or tally.wanted == 0
    if tally.is_current and tally.ready >= tally.wanted:
        why = "" if tally.wanted else "no copies are wanted"
        return Health(Phase.READY, tally.ready, tally.wanted, why, has_started)
    return _why_not(workload, tally, pods, notes)._replace(
        ready=tally.ready, wanted=tally.wanted, has_started=has_started
    )


def _why_not(
    workload: Workload, tally: _Tally, pods: Sequence[Pod], notes: Mapping[str, Note]
) -> Health:
    refused = workload.condition("ReplicaFailure")
    if refused is not None and refused.status == "True":
        return Health(Phase.TROUBLE, why=refused.message or refused.reason)
    late = workload.condition("Progressing")
    living = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
    found = [health for pod in living if not (health := pod_health(pod, notes)).is_good]
    if found:
        worst = min(found, key=lambda health: _GRAVITY.index(health.phase))
        is_given_up = late is not None and late.reason == "ProgressDeadlineExceeded"
        return worst._replace(phase=Phase.FAILED) if is_given_up else worst
    own = notes.get(workload.metadata.uid)
    if own is not None and own.is_warning:
        return Health(Phase.TROUBLE, why=str(own))
    if len(living) < tally.wanted:
        return Health(Phase.PENDING, why="its pods have not been made yet")
    return Health(Phase.STARTING, why="the change is being rolled out")


def _job_end(job: Workload) -> Health | None:
    for kind, phase in (("Complete", Phase.COMPLETED), ("Failed", Phase.FAILED)):
        condition = job.condition(kind)
        if condition is not None and condition.status == "True":
            good = int(phase is Phase.COMPLETED)
            return Health(phase, good, 1, "" if good else condition.message, has_started=True)
    return None


def _is_observed(workload: Workload) -> bool:
    return workload.status.observed_generation >= workload.metadata.generation


def _deployment(workload: Workload) -> _Tally:
    status = workload.status
    wanted = 1 if workload.spec.replicas is None else workload.spec.replicas
    is_current = (
        _is_observed(workload) and status.updated_replicas >= wanted and status.replicas <= wanted
    )
    return _Tally(status.available_replicas, wanted, is_current)


def _stateful_set(workload: Workload) -> _Tally:
    status = workload.status
    wanted = 1 if workload.spec.replicas is None else workload.spec.replicas
    is_rolled = (
        not status.update_revision
        or status.current_revision == status.update_revision
        or status.updated_replicas >= wanted
    )
    return _Tally(status.ready_replicas, wanted, _is_observed(workload) and is_rolled)


def _daemon_set(workload: Workload) -> _Tally:
    status = workload.status
    wanted = status.desired_number_scheduled
    is_current = _is_observed(workload) and status.updated_number_scheduled >= wanted
    return _Tally(status.number_available, wanted, is_current)


def _replication_controller(workload: Workload) -> _Tally:
    wanted = 1 if workload.spec.replicas is None else workload.spec.replicas
    return _Tally(workload.status.ready_replicas, wanted, _is_observed(workload))


def _job(workload: Workload) -> _Tally:
    wanted = workload.spec.completions or 1
    return _Tally(workload.status.succeeded, wanted, is_current=False)


_TALLIES: dict[str, Callable[[Workload], _Tally]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicationController": _replication_controller,
    "Job": _job,
}


def _is_ready(pod: Pod) -> bool:
    return any(found.type == "Ready" and found.status == "True" for found in pod.status.conditions)


def _has_run(pod: Pod) -> bool:
    statuses = pod.status.container_statuses
    return bool(statuses) and all(
        status.state.running or status.state.terminated or status.last_state.terminated
        for status in statuses
    )


def _not_ready(pod: Pod, note: Note | None) -> Health:
    has_started = _has_run(pod)
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        found = _container_trouble(status)
        if found:
            if note is not None and note.unhealthy:
                found += f"; {note.unhealthy.rstrip(': ')}"
            return Health(Phase.TROUBLE, 0, 1, found, has_started)
    phase, why = Phase.STARTING, "its containers are being made"
    if note is not None and note.reason == _PULLING:
        phase, why = Phase.PULLING, note.message
    elif note is not None and note.is_warning:
        why = str(note)
    elif has_started:
        why = "it is not ready yet"
    else:
        why = next(
            (
                f"{status.name} prepares it"
                for status in pod.status.init_container_statuses
                if status.state.running
            ),
            why,
        )
    return Health(phase, 0, 1, why, has_started)


def _unscheduled(pod: Pod, notes: Mapping[str, Note]) -> Health:
    scheduled = next(
        (found for found in pod.status.conditions if found.type == "PodScheduled"), None
    )
    if scheduled is not None and scheduled.status == "False":
        why = f"no node takes it: {scheduled.message}"
        if _UNBOUND in scheduled.message:
            unbound = (f"{key}: {note}" for key, note in notes.items() if key.startswith(_CLAIM))
            why = "; ".join((why, *unbound))
        return Health(Phase.TROUBLE, 0, 1, why)
    return Health(Phase.PENDING, 0, 1, "it waits for a node")


def _container_trouble(status: ContainerStatus) -> str:
    """What keeps a container from running; empty when nothing is known to."""
    waiting = status.state.waiting
    if waiting is not None and waiting.reason not in _QUIET_REASONS:
        if waiting.reason in _IMAGE_REASONS:
            return f"image {status.image}: {waiting.message or waiting.reason}"
        if waiting.reason == "CrashLoopBackOff":
            verb = "crashed" if _ended_badly(status) else "ended"
            return f"{status.name} {verb} {_times(status.restart_count)} ({_last_end(status)})"
        return f"{status.name}: {waiting.reason}: {waiting.message}".rstrip(": ")
    ended = status.state.terminated
    if ended is not None and ended.exit_code:
        return f"{status.name} ended with exit code {ended.exit_code} ({ended.reason})"
    return ""


def _ended_badly(status: ContainerStatus) -> bool:
    ended = status.last_state.terminated
    return ended is None or bool(ended.exit_code or ended.signal)


def _last_end(status: ContainerStatus) -> str:
    ended = status.last_state.terminated
    if ended is None:
        return "it will be started again"
    return f"{ended.reason or 'Error'}, exit code {ended.exit_code}"


def _end_of(pod: Pod) -> str:
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        ended = status.state.terminated
        if ended is not None and ended.exit_code:
            return f"{status.name} ended with exit code {ended.exit_code} ({ended.reason})"
    return f"{pod.status.reason}: {pod.status.message}".strip(": ") or "it failed"


def _times(count: int) -> str:
    return "once" if count <= 1 else f"{count} times"
