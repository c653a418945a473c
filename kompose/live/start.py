"""`up`, from the words of the command line to the last log line."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from kompose.cluster.attach import forward_all, published_ports
from kompose.cluster.logs import LogOptions, Speaker, follow_logs
from kompose.cluster.ownership import service_key
from kompose.cluster.ps import service_rows
from kompose.cluster.up import UpOptions, UpResult, up
from kompose.cluster.view import ProjectView
from kompose.invocation import Invocation
from kompose.live.progress import LogPrinter, ProgressScreen, health_line
from kompose.live.session import (
    Loaded,
    Session,
    Where,
    connected,
    load_project,
    say,
    service_keys,
)


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What `up` was asked to do."""

    services: tuple[str, ...] = ()
    attaches: bool = False
    waits: bool = True
    timeout: float | None = 300.0
    watches: bool = False
    builds: bool = False
    pushes: bool = True
    dry_run: bool = False
    prune: bool = False
    force: bool = False


async def start(invocation: Invocation, where: Where, options: StartOptions) -> int:
    """Bring the project up; returns the exit code."""
    loaded = load_project(invocation, where, builds=options.builds, pushes=options.pushes)
    service_keys(loaded.view, options.services)
    async with connected(where, loaded.view.name) as session:
        code = await _bring_up(session, loaded, options)
        stays = options.attaches or options.watches
        if invocation.is_demo and not stays:
            say("The demo cluster ends with this run. Stay on it with: kompose --demo up --attach")
        if code or options.dry_run or not stays:
            return code
        return await _stay(invocation, where, session, loaded, options)


async def _bring_up(session: Session, loaded: Loaded, options: StartOptions) -> int:
    screen = ProgressScreen(sys.stderr, is_live=sys.stderr.isatty() and not options.dry_run)
    result = await up(
        session.client,
        loaded.objects,
        loaded.view,
        UpOptions(
            session.namespace,
            timeout=options.timeout,
            waits=options.waits,
            prune=options.prune,
            dry_run=options.dry_run,
            force=options.force,
            services=options.services,
        ),
        screen,
    )
    screen.end()
    _say_rest(result, session)
    if options.dry_run:
        say("Nothing was done: this was a dry run.")
        return 0
    if options.waits and result.unready:
        return _say_unready(result, session, options)
    if result.is_unchanged:
        say(f"{session.project} is unchanged and runs as the file says.")
    if not options.attaches:
        await _say_reaches(session, loaded.view)
    return 0


def _say_rest(result: UpResult, session: Session) -> None:
    if result.made_namespace:
        say(f"namespace/{session.namespace} created")
    for title in result.pruned:
        say(f"{title} removed")
    if result.orphans:
        say(
            f"Not in the file any more, but still there: {', '.join(result.orphans)}. "
            "Remove them with: kompose up --prune"
        )


def _say_unready(result: UpResult, session: Session, options: StartOptions) -> int:
    seconds = "" if options.timeout is None else f" after {options.timeout:g} s"
    say(f"Not everything of {session.project} runs{seconds}:")
    for service, health in result.unready.items():
        say("  " + health_line(service, health))
    say(f"See more with: kompose ps -n {session.namespace}, kompose logs -n {session.namespace}")
    return 1


async def _say_reaches(session: Session, view: ProjectView) -> None:
    """How each published port is reached, on stdout: it is the result."""
    rows = await service_rows(session.client, session.project, session.namespace)
    by_key = {row.service: row for row in rows}
    lines = []
    for service in view.services.values():
        row = by_key.get(service.key)
        for reach in row.reaches if row else ():
            if not service.ports:
                continue
            where = reach.outside or f"{reach.inside} in the cluster"
            lines.append(f"{service.name}\t{reach.port}/{reach.protocol}\t{where}")
    if lines:
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        if any("in the cluster" in line for line in lines):
            say("Reach them from here with: kompose up --attach, or kompose port --forward SERVICE")


async def _stay(
    invocation: Invocation,
    where: Where,
    session: Session,
    loaded: Loaded,
    options: StartOptions,
) -> int:
    """Forward, follow and watch until Ctrl-C; what runs goes on running."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    tasks: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        if options.attaches:
            await _forward(session, loaded, options, stack)
            tasks.append(asyncio.create_task(_follow(session, loaded, options)))
        if options.watches:
            from kompose.live.saved import apply_when_saved

            tasks.append(asyncio.create_task(apply_when_saved(invocation, where, session, loaded)))
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, *tasks):
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
    for result in results:
        if isinstance(result, Exception):
            raise result
    if not invocation.is_demo:
        say(f"\n{session.project} goes on running. Remove it with: kompose down")
    return 0


async def _forward(
    session: Session, loaded: Loaded, options: StartOptions, stack: AsyncExitStack
) -> None:
    view = loaded.view.selected(options.services)
    listening = await forward_all(
        session.client,
        session.namespace,
        published_ports(view),
        stack,
        say,
        units_by_service(loaded),
    )
    for published, forward in listening:
        say(
            f"{published.service}: http://{forward.address}:{forward.local_port} "
            f"leads to port {published.target}"
        )


async def _follow(session: Session, loaded: Loaded, options: StartOptions) -> None:
    view = loaded.view.selected(options.services)
    units = units_by_service(loaded)
    keys = list(dict.fromkeys(units.get(name, view.services[name].key) for name in view.services))
    printer = LogPrinter(sys.stdout, colours=sys.stdout.isatty())

    async def write(speaker: Speaker, block: bytes) -> None:
        printer.write(speaker.name, block)

    tail = LogOptions(session.namespace, follow=True, tail_lines=10)
    await follow_logs(session.client, keys, tail, write, say)


def units_by_service(loaded: Loaded) -> dict[str, str]:
    """The label of the pods that run each service, where it is not the service's own."""
    from kompose.cluster.plan import make_plan

    plan = make_plan(loaded.objects, loaded.view)
    found: dict[str, str] = {}
    for unit, names in plan.names.items():
        labels: Sequence[str] = [service_key(obj) for obj in plan.workloads[unit]]
        found |= dict.fromkeys(names, labels[0] or unit)
    return found
