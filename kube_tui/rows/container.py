"""The containers of one pod as rows: init, main and ephemeral ones, as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kube_client.objects import ContainerSpec, ContainerStatus, ObjectMeta, Pod
from kube_client.resource import ObjectKey
from kube_tui.rows.pod import asked_for, container_word, explain_container, status_tone
from kube_tui.rows.row import (
    MISSING,
    Cell,
    Column,
    Moment,
    Tone,
    Usage,
    age_cell,
    name_column,
    number_cell,
    text_cell,
)
from kube_tui.rows.usage import cpu_cell, memory_cell, percent_cell


@dataclass(frozen=True, slots=True)
class ContainerLine:
    """One container as its pod's spec and status tell it."""

    pod: Pod
    spec: ContainerSpec
    status: ContainerStatus | None
    index: str
    """I1, I2 ... for init containers, 1, 2 ... for the main ones, E1 ... for ephemeral ones."""

    @property
    def key(self) -> ObjectKey:
        """The pod's namespace and the container's name."""
        return ObjectKey(self.pod.metadata.namespace, self.spec.name)

    @property
    def metadata(self) -> ObjectMeta:
        """The pod's."""
        return self.pod.metadata


def container_lines(pod: Pod) -> list[ContainerLine]:
    """Every container of the pod."""
    families: tuple[tuple[str, Iterable[ContainerSpec], Sequence[ContainerStatus]], ...] = (
        ("I", pod.spec.init_containers, pod.status.init_container_statuses),
        ("", pod.spec.containers, pod.status.container_statuses),
        ("E", pod.spec.ephemeral_containers, pod.status.ephemeral_container_statuses),
    )
    lines = []
    for prefix, specs, statuses in families:
        by_name = {status.name: status for status in statuses}
        for number, spec in enumerate(specs, start=1):
            lines.append(ContainerLine(pod, spec, by_name.get(spec.name), f"{prefix}{number}"))
    return lines


def _state(line: ContainerLine, _: Moment) -> Cell:
    word = container_word(line.status.state) if line.status else ""
    if not word:
        return Cell("Waiting", "Waiting", Tone.BUSY)
    ready = bool(line.status and line.status.ready)
    return Cell(word, word, status_tone(word, all_ready=ready))


def _ready(line: ContainerLine, _: Moment) -> Cell:
    ready = bool(line.status and line.status.ready)
    return Cell("yes" if ready else "no", float(ready))


def _restarts(line: ContainerLine, _: Moment) -> Cell:
    count = line.status.restart_count if line.status else 0
    return number_cell(count)


def _last_exit(line: ContainerLine, moment: Moment) -> Cell:
    ended = line.status and (line.status.state.terminated or line.status.last_state.terminated)
    if not ended:
        return MISSING
    tone = Tone.DONE if ended.exit_code == 0 else Tone.ATTENTION
    when = age_cell(ended.finished_at, moment.now)
    return Cell(f"{ended.exit_code} ({when.text} ago)", when.sort, tone)


def _used(line: ContainerLine, moment: Moment) -> Usage | None:
    return moment.usage.container(line.pod.key, line.spec.name)


def _cpu(line: ContainerLine, moment: Moment) -> Cell:
    used = _used(line, moment)
    return cpu_cell(used.cores if used else None)


def _memory(line: ContainerLine, moment: Moment) -> Cell:
    used = _used(line, moment)
    return memory_cell(used.memory_bytes if used else None)


def _cpu_of_request(line: ContainerLine, moment: Moment) -> Cell:
    used = _used(line, moment)
    return percent_cell(used.cores if used else None, asked_for([line.spec], "requests", "cpu"))


def _memory_of_limit(line: ContainerLine, moment: Moment) -> Cell:
    used = _used(line, moment)
    limit = asked_for([line.spec], "limits", "memory")
    return percent_cell(used.memory_bytes if used else None, limit, is_limit=True)


def _ports(line: ContainerLine, _: Moment) -> Cell:
    return text_cell(
        ",".join(
            f"{port.name}:{port.container_port}" if port.name else str(port.container_port)
            for port in line.spec.ports
        )
    )


def _started(line: ContainerLine, moment: Moment) -> Cell:
    running = line.status.state.running if line.status else None
    return age_cell(running.started_at if running else None, moment.now)


CONTAINER_COLUMNS: tuple[Column[ContainerLine], ...] = (
    name_column(),
    Column("IDX", lambda line, _: Cell(line.index, line.index, Tone.QUIET), rank=5),
    Column("READY", _ready, rank=1, letter="R"),
    Column("STATE", _state, rank=0, letter="S"),
    Column("RESTARTS", _restarts, right=True, rank=1, letter="T"),
    Column("LAST EXIT", _last_exit, rank=3),
    Column("CPU", _cpu, right=True, measured=True, rank=2, letter="C"),
    Column("%REQ", _cpu_of_request, right=True, measured=True, rank=4),
    Column("MEM", _memory, right=True, measured=True, rank=2, letter="M"),
    Column("%MLIM", _memory_of_limit, right=True, measured=True, rank=4),
    Column("PORTS", _ports, rank=3),
    Column("IMAGE", lambda line, _: text_cell(line.spec.image), rank=2, letter="I"),
    Column("AGE", _started, right=True, rank=2, letter="A", ages=True),
)


def explain_line(line: ContainerLine, moment: Moment) -> str:
    """Why the container is not well, or ''."""
    return explain_container(line.status, moment) if line.status else "has not been started yet"
