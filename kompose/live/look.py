"""`ps`, `logs`, `diff` and `down`: what there is, what it says, and its end."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from kompose.cluster.diff import diff
from kompose.cluster.down import DownOptions, DownPlan, down
from kompose.cluster.errors import ClusterError
from kompose.cluster.inventory import owned_workloads
from kompose.cluster.kinds import title
from kompose.cluster.logs import LogOptions, Speaker, follow_logs, read_logs
from kompose.cluster.ownership import service_key
from kompose.cluster.ps import ServiceRow, service_rows
from kompose.invocation import Invocation
from kompose.live.progress import LogPrinter
from kompose.live.session import (
    Session,
    Where,
    connected,
    known_project,
    load_project,
    require_project,
    say,
    service_keys,
)
from kube_client.codec import encode_json
from kube_client.duration import DurationError, parse_duration
from kube_client.errors import one_line
from kube_client.timestamp import age

_HEADINGS = ("SERVICE", "STATE", "READY", "RESTARTS", "AGE", "IMAGE", "PORTS", "WHY")


@dataclass(frozen=True, slots=True)
class LogWishes:
    """How `logs` was asked to show logs."""

    follow: bool
    tail: str
    since: str
    timestamps: bool
    prefixes: bool
    colours: bool


async def list_services(
    invocation: Invocation,
    where: Where,
    services: Sequence[str],
    form: Literal["table", "json", "names"],
) -> int:
    """Print the services of the project; exit code 1 when none of it is there."""
    view = known_project(invocation, where)
    keys = service_keys(view, services)
    async with connected(where, view.name) as session:
        rows = await service_rows(session.client, session.project, session.namespace)
        await require_project(session, rows)
    rows = [row for row in rows if not keys or row.service in keys]
    if form == "json":
        sys.stdout.write(encode_json([_record(row) for row in rows]).decode() + "\n")
    elif form == "names":
        sys.stdout.write("".join(f"{name}\n" for row in rows for name in row.pods))
    else:
        sys.stdout.write(services_table(rows, datetime.now(UTC)))
    return 0


def services_table(rows: Sequence[ServiceRow], now: datetime) -> str:
    """The services as aligned columns; a column without any value is left out."""
    cells = [_HEADINGS, *(_cells(row, now) for row in rows)]
    kept = [
        number
        for number in range(len(_HEADINGS))
        if number < 2 or any(line[number] for line in cells[1:])
    ]
    widths = {number: max(len(line[number]) for line in cells) for number in kept}
    lines = ["   ".join(f"{line[n]:<{widths[n]}}" for n in kept).rstrip() for line in cells]
    return "\n".join(lines) + "\n"


async def show_logs(
    invocation: Invocation, where: Where, services: Sequence[str], wishes: LogWishes
) -> int:
    """Print the logs of the services."""
    view = known_project(invocation, where)
    wanted = service_keys(view, services)
    tail, since = _tail(wishes.tail), _since(wishes.since)
    async with connected(where, view.name) as session:
        keys = await _log_keys(session, wanted)
        options = LogOptions(session.namespace, wishes.follow, tail, since)
        printer = LogPrinter(
            sys.stdout,
            colours=wishes.colours,
            prefixes=wishes.prefixes,
            timestamps=wishes.timestamps,
        )

        async def write(speaker: Speaker, block: bytes) -> None:
            printer.write(speaker.name, block)

        read = follow_logs if wishes.follow else read_logs
        await read(session.client, keys, options, write, say)
    return 0


async def show_diff(invocation: Invocation, where: Where) -> int:
    """Print what `up` would change; exit code 1 when there is something."""
    loaded = load_project(invocation, where)
    async with connected(where, loaded.view.name) as session:
        lines = await diff(session.client, loaded.objects, session.project, session.namespace)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


async def take_down(
    invocation: Invocation,
    where: Where,
    services: Sequence[str],
    *,
    volumes: bool,
    asks: bool,
    timeout: float,
) -> int:
    """Remove what `up` made; exit code 1 when the person declines."""
    view = known_project(invocation, where)
    keys = service_keys(view, services)

    async def confirm(plan: DownPlan) -> bool:
        if not asks or not sys.stdin.isatty():
            return True
        return await asyncio.to_thread(_ask, plan, view.name)

    async with connected(where, view.name) as session:
        options = DownOptions(session.namespace, volumes, keys, timeout)
        result = await down(session.client, session.project, options, confirm, say)
        if result.is_declined:
            say("Nothing was removed.")
            return 1
        if not result.removed:
            say(f"Nothing of {session.project} is in namespace {session.namespace}.")
    if result.kept_volumes:
        say(
            f"Volumes kept with their data: {', '.join(result.kept_volumes)}. "
            "Remove them with: kompose down --volumes"
        )
    if result.kept_namespace:
        say(f"namespace/{result.kept_namespace} kept: it holds what others made.")
    if result.removed:
        say(f"{session.project} is gone: {len(result.removed)} objects removed.")
    return 0


def _ask(plan: DownPlan, project: str) -> bool:
    for obj in plan.removed:
        say(f"  {title(obj)}")
    data = " Volumes go too, and their data is lost." if plan.destroys_data else ""
    sys.stderr.write(f"Remove these {len(plan.removed)} objects of {project}?{data} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _log_keys(session: Session, wanted: Sequence[str]) -> list[str]:
    workloads = await owned_workloads(session.client, session.project, session.namespace)
    found = list(dict.fromkeys(service_key(obj) for obj in workloads))
    for key in wanted:
        if key not in found:
            raise ClusterError(f"The service {key!r} does not run; these do: {', '.join(found)}.")
    return list(wanted) or found


def _tail(text: str) -> int | None:
    if text in ("all", "-1", ""):
        return None
    if not text.isdecimal():
        raise ClusterError(f"--tail wants a number of lines or 'all', not {text!r}.")
    return int(text)


def _since(text: str) -> int | None:
    if not text:
        return None
    try:
        seconds = parse_duration(text).total_seconds()
    except DurationError as error:
        raise ClusterError(f"--since wants a duration such as 10m: {error}.") from error
    return max(int(seconds), 1)


def _cells(row: ServiceRow, now: datetime) -> tuple[str, ...]:
    health = row.health
    return (
        row.service,
        health.phase.value,
        f"{health.ready}/{health.wanted}" if health.wanted else "",
        str(row.restarts) if row.restarts else "",
        age(row.created, now) if row.created else "",
        ", ".join(row.images),
        ", ".join(reach.outside or f"{reach.port}/{reach.protocol}" for reach in row.reaches),
        one_line(health.why),
    )


def _record(row: ServiceRow) -> dict[str, object]:
    health = row.health
    return {
        "Service": row.service,
        "State": health.phase.value,
        "Ready": health.ready,
        "Wanted": health.wanted,
        "Why": health.why,
        "Restarts": row.restarts,
        "Created": row.created.isoformat() if row.created else None,
        "Images": list(row.images),
        "Workloads": list(row.workloads),
        "Pods": list(row.pods),
        "Ports": [reach._asdict() for reach in row.reaches],
    }
