"""`ps`, `diff` and `down`: what there is, what would change, and its end."""

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from kompose.cluster.diff import diff
from kompose.cluster.down import DownOptions, DownPlan, down
from kompose.cluster.errors import ClusterError
from kompose.cluster.health import Phase
from kompose.cluster.inventory import orphans
from kompose.cluster.kinds import title
from kompose.cluster.ps import ServiceRow, service_rows
from kompose.cluster.view import ProjectView
from kompose.console import uses_colour
from kompose.live.progress import RemovalScreen
from kompose.live.session import (
    Loaded,
    Session,
    require_project,
    say,
    service_keys,
    typed_line,
)
from kube_client.codec import encode_json
from kube_client.errors import one_line
from kube_client.timestamp import age

_HEADINGS = ("SERVICE", "STATE", "READY", "RESTARTS", "AGE", "IMAGE", "PORTS", "WHY")
_STATES_OF_DOCKER = {
    "created": (Phase.WAITING, Phase.PENDING, Phase.PULLING),
    "running": (Phase.READY, Phase.STARTING),
    "restarting": (Phase.TROUBLE,),
    "exited": (Phase.COMPLETED, Phase.FAILED),
}
_LINE_COLOURS = {"+": 32, "-": 31, "@": 36}


async def list_services(
    session: Session,
    view: ProjectView,
    services: Sequence[str],
    form: str,
    states: Sequence[str] = (),
) -> int:
    """Print the services of the project, as one of `FORMS`.

    Raises:
        ClusterError: None of it is there, or there is no such state.
    """
    wanted = _phases(states)
    keys = service_keys(view, services)
    rows = await service_rows(session.client, session.project, session.namespace)
    await require_project(session, rows)
    chosen = [
        row._replace(
            service=_name_in_file(row, view),
            health=row.health._replace(why=session.secrecy.hide(row.health.why)),
        )
        for row in rows
        if (not keys or {row.service, *row.containers} & set(keys))
        and (not states or row.health.phase in wanted)
    ]
    now = datetime.now(UTC)
    if form == "table" and sys.stdout.isatty():
        sys.stdout.write(services_table(chosen, now, shutil.get_terminal_size().columns))
    else:
        sys.stdout.write(FORMS[form](chosen, now))
    return 0


def services_table(rows: Sequence[ServiceRow], now: datetime, columns: int | None = None) -> str:
    """The services as aligned columns; a column without any value is left out.

    Lines are cut to as many `columns` as a terminal has.
    """
    cells = [_HEADINGS, *(_cells(row, now) for row in rows)]
    kept = [
        number
        for number in range(len(_HEADINGS))
        if number < 2 or any(line[number] for line in cells[1:])
    ]
    widths = {number: max(len(line[number]) for line in cells) for number in kept}
    lines = ["   ".join(f"{line[n]:<{widths[n]}}" for n in kept).rstrip() for line in cells]
    if columns is not None:
        lines = [line if len(line) <= columns else f"{line[: columns - 1]}…" for line in lines]
    return "\n".join(lines) + "\n"


FORMS: Mapping[str, Callable[[Sequence[ServiceRow], datetime], str]] = {
    "table": services_table,
    "json": lambda rows, _now: "".join(f"{_json(_record(row))}\n" for row in rows),
    "list": lambda rows, _now: _json([_record(row) for row in rows]) + "\n",
    "names": lambda rows, _now: "".join(f"{name}\n" for row in rows for name in row.pods),
    "services": lambda rows, _now: "".join(f"{row.service}\n" for row in rows),
}
"""How services are listed, by the word for it."""


async def show_diff(session: Session, loaded: Loaded, *, prunes: bool, colours: bool) -> int:
    """Print what `up` would change; exit code 1 when there is something."""
    client, project, namespace = session.client, session.project, session.namespace
    lines = await diff(client, loaded.objects, project, namespace, prunes=prunes, on_conflict=say)
    left = () if prunes else await orphans(client, loaded.objects, project, namespace)
    write_diff(map(session.secrecy.hide, lines), colours=colours)
    if left:
        say(
            f"Not in the file any more, but still there: {', '.join(map(title, left))}. "
            f"Remove them with: kompose up -n {session.namespace} --prune"
        )
    return 1 if lines else 0


def write_diff(lines: Iterable[str], *, colours: bool) -> None:
    """Print the lines of a difference."""
    for line in lines:
        colour = _LINE_COLOURS.get(line[:1]) if colours else None
        sys.stdout.write(f"\x1b[{colour}m{line}\x1b[0m\n" if colour else f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class TakeDownOptions:
    """What `down` was asked to do; times are in seconds, `timeout` None waits for ever."""

    services: tuple[str, ...] = ()
    volumes: bool = False
    asks: bool = True
    grace_seconds: int | None = None
    timeout: float | None = 120.0


async def take_down(session: Session, view: ProjectView, options: TakeDownOptions) -> int:
    """Remove what `up` made; exit code 1 when the person declines."""
    keys = service_keys(view, options.services)

    screen = RemovalScreen(sys.stderr, is_live=sys.stderr.isatty(), colours=uses_colour(sys.stderr))
    stack = ExitStack()

    async def confirm(plan: DownPlan) -> bool:
        asks = options.asks and sys.stdin.isatty()
        is_wanted = not asks or await _ask(plan, view.name)
        # The time that the person takes to answer is not ours.
        stack.enter_context(session.persistence.within(options.timeout, screen.notice))
        return is_wanted

    wanted = DownOptions(
        session.namespace, options.volumes, keys, options.grace_seconds, options.timeout
    )
    try:
        with stack:
            result = await down(session.client, session.project, wanted, confirm, screen)
    finally:
        screen.end()
    if result.is_declined:
        say("Nothing was removed.")
        return 1
    what = ", ".join(options.services) or session.project
    if not result.removed:
        say(f"Nothing of {what} is in namespace {session.namespace}.")
    if result.kept_volumes:
        say(
            f"Volumes kept with their data: {', '.join(result.kept_volumes)}. "
            f"Remove them with: kompose down -n {session.namespace} --volumes"
        )
    if result.kept_namespace:
        say(
            f"namespace/{result.kept_namespace} kept: it holds what others made, or you may not "
            "remove it."
        )
    if result.removed:
        verb = "are" if len(options.services) > 1 else "is"
        objects = f"{len(result.removed)} object{'s'[: len(result.removed) != 1]}"
        say(f"{what} {verb} gone: {objects} removed.")
    return 0


async def _ask(plan: DownPlan, project: str) -> bool:
    for obj in plan.removed:
        say(f"  {title(obj)}")
    if plan.namespace:
        say(f"  namespace/{plan.namespace}, when nothing else is left in it")
    data = " Volumes go too, and their data is lost." if plan.destroys_data else ""
    many = f"these {len(plan.removed)} objects" if len(plan.removed) != 1 else "this object"
    sys.stderr.write(f"Remove {many} of {project}?{data} [y/N] ")
    sys.stderr.flush()
    return (await typed_line()).strip().lower() in ("y", "yes")


def filtered_states(filters: Sequence[str]) -> tuple[str, ...]:
    """The states of filters such as `status=running`, the one kind that there is.

    Raises:
        ClusterError: A filter is of another kind.
    """
    for text in filters:
        if not text.startswith("status="):
            raise ClusterError(f"ps filters by state, such as status=running; not by {text!r}.")
    return tuple(text.removeprefix("status=") for text in filters)


def _phases(states: Sequence[str]) -> set[Phase]:
    """The phases that these words mean: our own words, and those of docker compose."""
    known = {phase.value: (phase,) for phase in Phase} | _STATES_OF_DOCKER
    for state in states:
        if state.lower() not in known:
            raise ClusterError(f"There is no state {state!r}; these are: {', '.join(known)}.")
    return {phase for state in states for phase in known[state.lower()]}


def _name_in_file(row: ServiceRow, view: ProjectView) -> str:
    """A service as the compose file names it, and all that share its pods: `web + side`."""
    keys = {row.service, *row.containers}
    names = [name for name, service in view.services.items() if service.key in keys]
    return " + ".join(names) or row.service


def _cells(row: ServiceRow, now: datetime) -> tuple[str, ...]:
    health = row.health
    return (
        row.service,
        health.phase.value,
        f"{health.ready}/{health.wanted}" if health.wanted else "",
        str(row.restarts) if row.restarts else "",
        age(row.created, max(now, row.created)) if row.created else "",
        ", ".join(row.images),
        ", ".join(reach.outside or f"{reach.port}/{reach.protocol}" for reach in row.reaches),
        one_line(health.why),
    )


def _json(value: object) -> str:
    return encode_json(value).decode()


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
