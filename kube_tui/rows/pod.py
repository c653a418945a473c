"""Pod columns: what it is doing, what it uses of what it asked for, and why it is not well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kube_client.objects import ContainerSpec, ContainerState, ContainerStatus, Pod
from kube_client.quantity import parse_quantity
from kube_client.timestamp import age
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    labels_column,
    name_column,
    namespace_column,
    text_cell,
)
from kube_tui.rows.usage import cpu_cell, memory_cell, percent_cell

_BUSY = frozenset({"Pending", "ContainerCreating", "PodInitializing", "Terminating"})
_BROKEN = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ContainerCannotRun",
        "ContainerStatusUnknown",
        "ErrImageNeverPull",
        "ErrImagePull",
        "Error",
        "Evicted",
        "Failed",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "NodeLost",
        "OOMKilled",
        "RunContainerError",
        "StartError",
        "UnexpectedAdmissionError",
        "Unknown",
    }
)


class PodState(NamedTuple):
    """A pod in the words of `kubectl get pods`."""

    ready: int
    total: int
    status: str
    restarts: int
    last_restart: datetime | None

    @property
    def tone(self) -> Tone:
        """What the status means."""
        return status_tone(self.status, all_ready=self.ready >= self.total)


def status_tone(status: str, *, all_ready: bool = True) -> Tone:
    """What a pod's or a container's status word means."""
    if status in ("Completed", "Succeeded"):
        return Tone.DONE
    word = status.removeprefix("Init:")
    if word in _BROKEN or word.startswith(("ExitCode:", "Signal:")):
        return Tone.BROKEN
    if word in _BUSY or status.startswith("Init:"):
        return Tone.BUSY
    if status == "Running":
        return Tone.WELL if all_ready else Tone.ATTENTION
    return Tone.ATTENTION


def pod_state(pod: Pod) -> PodState:
    """How the pod is. Follows kubectl's printPod."""
    sidecars = {c.name for c in pod.spec.init_containers if c.restart_policy == "Always"}
    status = pod.status.reason or pod.status.phase
    restarts, last = 0, None
    for container in pod.status.init_container_statuses:
        restarts += container.restart_count
        last = _later(last, container)
    initializing = _initializing(pod, sidecars)
    ready = sum(c.ready for c in pod.status.init_container_statuses if c.name in sidecars)
    if initializing:
        status = initializing
    else:
        restarts, last = _sidecar_restarts(pod, sidecars)
        for container in pod.status.container_statuses:
            restarts += container.restart_count
            last = _later(last, container)
            ready += container.ready and container.state.running is not None
        status = _main_reason(pod, status)
    if pod.metadata.deletion_timestamp is not None:
        status = "Unknown" if pod.status.reason == "NodeLost" else "Terminating"
    return PodState(ready, len(pod.spec.containers) + len(sidecars), status, restarts, last)


def _later(last: datetime | None, container: ContainerStatus) -> datetime | None:
    ended = container.last_state.terminated
    if ended is None or ended.finished_at is None:
        return last
    return ended.finished_at if last is None else max(last, ended.finished_at)


def _sidecar_restarts(pod: Pod, sidecars: set[str]) -> tuple[int, datetime | None]:
    restarts, last = 0, None
    for container in pod.status.init_container_statuses:
        if container.name in sidecars:
            restarts += container.restart_count
            last = _later(last, container)
    return restarts, last


def _initializing(pod: Pod, sidecars: set[str]) -> str:
    """The first init container that is not through, or ''."""
    total = len(pod.spec.init_containers)
    for index, container in enumerate(pod.status.init_container_statuses):
        ended, waiting = container.state.terminated, container.state.waiting
        if ended is not None and ended.exit_code == 0:
            continue
        if container.name in sidecars and container.started:
            continue
        if ended is not None:
            return "Init:" + (ended.reason or _exit_words(ended.exit_code, ended.signal))
        if waiting is not None and waiting.reason not in ("", "PodInitializing"):
            return "Init:" + waiting.reason
        return f"Init:{index}/{total}"
    return ""


def _exit_words(exit_code: int, signal: int) -> str:
    return f"Signal:{signal}" if signal else f"ExitCode:{exit_code}"


def _main_reason(pod: Pod, status: str) -> str:
    has_running = False
    for container in reversed(pod.status.container_statuses):
        word = container_word(container.state)
        if word == "Running":
            has_running = has_running or container.ready
        elif word:
            status = word
    if status == "Completed" and has_running:
        is_ready = any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)
        return "Running" if is_ready else "NotReady"
    return status


def container_word(state: ContainerState) -> str:
    """A container's state as one word; '' when nothing is known of it."""
    if state.waiting is not None and state.waiting.reason:
        return state.waiting.reason
    if state.terminated is not None:
        ended = state.terminated
        return ended.reason or _exit_words(ended.exit_code, ended.signal)
    return "Running" if state.running is not None else ""


def asked_for(containers: Sequence[ContainerSpec], kind: str, resource: str) -> float:
    """The sum of requests or limits; 0 when any container has no limit, for then there is none."""
    amounts = [
        (c.resources.limits if kind == "limits" else c.resources.requests).get(resource)
        for c in containers
    ]
    if kind == "limits" and any(amount is None for amount in amounts):
        return 0.0
    return sum(float(parse_quantity(amount)) for amount in amounts if amount)


def _ready(pod: Pod, _: Moment) -> Cell:
    state = pod_state(pod)
    share = state.ready / state.total if state.total else 0.0
    return Cell(f"{state.ready}/{state.total}", share)


def _status(pod: Pod, _: Moment) -> Cell:
    state = pod_state(pod)
    return Cell(state.status, state.status, state.tone)


def _restarts(pod: Pod, moment: Moment) -> Cell:
    state = pod_state(pod)
    if not state.restarts:
        return Cell("0", 0.0)
    when = f" ({age(state.last_restart, moment.now)})" if state.last_restart else ""
    recent = (
        state.last_restart is not None
        and (moment.now - state.last_restart).total_seconds() < RECENT_SECONDS
    )
    tone = Tone.ATTENTION if recent else Tone.WELL
    return Cell(f"{state.restarts}{when}", float(state.restarts), tone)


def _cpu(pod: Pod, moment: Moment) -> Cell:
    used = moment.usage.pod(pod.key)
    return cpu_cell(used.cores if used else None)


def _memory(pod: Pod, moment: Moment) -> Cell:
    used = moment.usage.pod(pod.key)
    return memory_cell(used.memory_bytes if used else None)


def _cpu_of_request(pod: Pod, moment: Moment) -> Cell:
    used = moment.usage.pod(pod.key)
    return percent_cell(
        used.cores if used else None, asked_for(pod.spec.containers, "requests", "cpu")
    )


def _memory_of_request(pod: Pod, moment: Moment) -> Cell:
    used = moment.usage.pod(pod.key)
    return percent_cell(
        used.memory_bytes if used else None, asked_for(pod.spec.containers, "requests", "memory")
    )


def _cpu_of_limit(pod: Pod, moment: Moment) -> Cell:
    used = moment.usage.pod(pod.key)
    limit = asked_for(pod.spec.containers, "limits", "cpu")
    return percent_cell(used.cores if used else None, limit, is_limit=True)


def _memory_of_limit(pod: Pod, moment: Moment) -> Cell:
    used = moment.usage.pod(pod.key)
    limit = asked_for(pod.spec.containers, "limits", "memory")
    return percent_cell(used.memory_bytes if used else None, limit, is_limit=True)


RECENT_SECONDS = 3600.0

POD_COLUMNS: tuple[Column[Pod], ...] = (
    namespace_column(),
    name_column(),
    Column("READY", _ready, right=True, rank=0, letter="R"),
    Column("STATUS", _status, rank=0, letter="S"),
    Column("RESTARTS", _restarts, right=True, rank=1, letter="T"),
    Column("CPU", _cpu, right=True, measured=True, rank=2, letter="C"),
    Column("%REQ", _cpu_of_request, right=True, measured=True, rank=4),
    Column("%LIM", _cpu_of_limit, right=True, measured=True, rank=9),
    Column("MEM", _memory, right=True, measured=True, rank=2, letter="M"),
    Column("%MREQ", _memory_of_request, right=True, measured=True, rank=9),
    Column("%MLIM", _memory_of_limit, right=True, measured=True, rank=4),
    Column("IP", lambda pod, _: text_cell(pod.status.pod_ip), rank=6, letter="I"),
    Column("NODE", lambda pod, _: text_cell(pod.spec.node_name), rank=3, letter="O"),
    labels_column(),
    age_column(),
)


def explain_pod(pod: Pod, moment: Moment) -> str:
    """Why the pod is not well, as one sentence; '' when there is nothing to say."""
    state = pod_state(pod)
    if pod.metadata.deletion_timestamp is not None:
        words = f"asked to end {age(pod.metadata.deletion_timestamp, moment.now)} ago"
        held = ", ".join(pod.metadata.finalizers)
        return words + (f"; held by the finalizers {held}" if held else "")
    if state.tone in (Tone.WELL, Tone.DONE) and not _restarted_lately(state, moment):
        return ""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if words := explain_container(status, moment):
            return f"{status.name}: {words}"
    for condition in pod.status.conditions:
        if condition.status == "False" and condition.message:
            return condition.message
    return pod.status.message


def _restarted_lately(state: PodState, moment: Moment) -> bool:
    when = state.last_restart
    return when is not None and (moment.now - when).total_seconds() < RECENT_SECONDS


def explain_container(status: ContainerStatus, moment: Moment) -> str:
    """Why a container is not well; '' when it is."""
    now, before = status.state.terminated, status.last_state.terminated
    waiting = status.state.waiting
    ended = now or before
    if now is not None and now.exit_code == 0:
        return ""
    if ended is not None and (now or waiting or _is_recent(ended.finished_at, moment)):
        how = f"exited {ended.exit_code}"
        if ended.reason and ended.reason not in ("Error", "Completed"):
            how += f" ({ended.reason})"
        if status.restart_count > 1:
            how += f", restarted {status.restart_count} times"
        if ended.finished_at is not None:
            how += f", last {age(ended.finished_at, moment.now)} ago"
        return f'{how}: "{ended.message.strip()}"' if ended.message.strip() else how
    if waiting is not None and waiting.reason not in ("", "ContainerCreating", "PodInitializing"):
        return f"{waiting.reason}: {waiting.message}" if waiting.message else waiting.reason
    if status.state.running is not None and not status.ready:
        return "runs, but is not ready"
    return ""


def _is_recent(when: datetime | None, moment: Moment) -> bool:
    return when is not None and (moment.now - when).total_seconds() < RECENT_SECONDS
