"""`up`, from the words of the command line to the last log line."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from kompose.cluster.apply import Outcome
from kompose.cluster.attach import forward_all, listens_at, published_ports
from kompose.cluster.health import Health, Phase
from kompose.cluster.logs import LogOptions, service_logs
from kompose.cluster.ownership import service_key
from kompose.cluster.ps import service_rows
from kompose.cluster.up import Progress, UpResult, up
from kompose.cluster.view import ProjectView
from kompose.console import uses_colour
from kompose.errors import KomposeError
from kompose.invocation import Invocation
from kompose.live.local_clusters import image_advice
from kompose.live.logs import LogPrinter
from kompose.live.progress import ProgressScreen, health_line
from kompose.live.session import Loaded, Session, say
from kompose.live.start_options import StartOptions
from kube_client.errors import KubeError

_FIRST_LINES = 10
"""How much of what was said before `up` shows of each container."""


async def start(
    session: Session, loaded: Loaded, options: StartOptions, invocation: Invocation
) -> int:
    """Bring the project up; returns the exit code. The invocation tells how to load it again."""
    stays = (options.attaches or options.watches) and not options.dry_run
    code = await _bring_up(session, loaded, options)
    if invocation.is_demo and not stays:
        say("The demo cluster ends with this run. Stay on it with: kompose --demo up --attach")
    if stays and (code == 0 or options.watches):
        await _stay(invocation, session, loaded, options)
    return code


async def _bring_up(session: Session, loaded: Loaded, options: StartOptions) -> int:
    screen = ProgressScreen(
        sys.stderr,
        is_live=sys.stderr.isatty() and not options.dry_run,
        colours=uses_colour(sys.stderr),
        hide=loaded.secrecy.hide,
        names=loaded.view.selected(options.services).services,
        is_dry=options.dry_run,
    )
    made: list[str] = []

    def hear(news: Progress) -> None:
        if news.applied is not None and news.applied.outcome is not Outcome.UNCHANGED:
            made.append(news.applied.title)
        screen(news)

    wanted = options.for_cluster(session.namespace)
    try:
        with session.persistence.within(options.timeout, screen.notice):
            result = await up(session.client, loaded.objects, loaded.view, wanted, hear)
    except (KomposeError, KubeError, asyncio.CancelledError):
        screen.end()
        if made and not options.dry_run:
            say(
                "What was made stays. Run it again to go on, or remove it with: "
                f"kompose down -n {session.namespace}"
            )
        raise
    screen.end()
    _say_rest(result, options, session.namespace)
    if options.dry_run:
        built = " Images would have been built first." if options.builds else ""
        say(f"Nothing was done: this was a dry run.{built}")
        return 0
    unready = _unready(result, options)
    if unready:
        return _say_unready(unready, session, loaded, options)
    if result.is_unchanged and not options.recreates:
        say(f"{session.project} is unchanged{' and runs as the file says' * options.waits}.")
    if not options.attaches:
        await _say_reaches(session, loaded.view)
    return 0


def _unready(result: UpResult, options: StartOptions) -> Mapping[str, Health]:
    """What is not as it was asked for; who does not wait asked only for its making."""
    if options.waits:
        return result.unready
    return {name: found for name, found in result.unready.items() if found.phase is Phase.WAITING}


def _say_rest(result: UpResult, options: StartOptions, namespace: str) -> None:
    """What became of what the file no longer has."""
    for title in result.pruned:
        say(f"{title} {'would be ' * options.dry_run}removed")
    if result.orphans:
        kept = "Volumes of earlier services, kept" if options.prune else "Not in the file any more"
        verb, flag = ("down", "--volumes") if options.prune else ("up", "--prune")
        remedy = f"kompose {verb} -n {namespace} {flag}"
        say(f"{kept}: {', '.join(result.orphans)}. Remove them with: {remedy}")


def _say_unready(
    unready: Mapping[str, Health], session: Session, loaded: Loaded, options: StartOptions
) -> int:
    seconds = "" if options.timeout is None else f" after {options.timeout:g} s"
    has_ended = any(health.phase is Phase.FAILED for health in unready.values())
    say(f"Not everything of {session.project} runs{'' if has_ended else seconds}:")
    for service, health in unready.items():
        say("  " + loaded.secrecy.hide(health_line(service, health)))
    for service, health in unready.items():
        image = loaded.view.services[service].image if service in loaded.view.services else ""
        if image and health.why.startswith(f"image {image}"):
            say(image_advice(session.client.access.context_name, image))
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
            place = f"-n {session.namespace}"
            say(
                f"Reach them from here with: kompose up --attach {place}, or "
                f"kompose port --forward {place} SERVICE"
            )


async def _stay(
    invocation: Invocation, session: Session, loaded: Loaded, options: StartOptions
) -> None:
    """Forward, follow and watch until Ctrl-C; what runs goes on running."""
    try:
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            if options.attaches:
                await _forward(session, loaded, options, stack)
                group.create_task(_follow(session, loaded, options))
            if options.watches:
                from kompose.live.saved import apply_when_saved

                group.create_task(apply_when_saved(invocation, session, loaded, options))
    except asyncio.CancelledError:
        if invocation.is_demo:
            say("\nThe demo cluster ends with this run.")
        else:
            remedy = f"kompose down -n {session.namespace}"
            say(f"\n{session.project} goes on running. Remove it with: {remedy}")
        raise
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


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
    for service in view.services.values():
        for port in service.ports:
            if port.protocol != "tcp":
                say(
                    f"{service.name}: port {port.target}/{port.protocol} cannot be forwarded; only "
                    "tcp can"
                )
    for published, forward in listening:
        scheme = "http://" if _speaks_http(published.target) else ""
        say(f"{published.service}: {scheme}{listens_at(forward)} leads to port {published.target}")


def _speaks_http(port: int) -> bool:
    """Whether a person would open it in a browser, by custom."""
    return port in (80, 3000, 4200, 5000, 5173) or 8000 <= port < 9000


async def _follow(session: Session, loaded: Loaded, options: StartOptions) -> None:
    view = loaded.view.selected(options.services)
    units = units_by_service(loaded)
    keys = list(dict.fromkeys(units.get(name, view.services[name].key) for name in view.services))
    printer = LogPrinter(
        sys.stdout,
        colours=options.colours,
        prefixes=options.prefixes,
        timestamps=options.timestamps,
        services=keys,
    )
    tail = LogOptions(session.namespace, follow=True, tail_lines=_FIRST_LINES)
    await service_logs(session.client, keys, tail, printer.write, say)


def units_by_service(loaded: Loaded) -> dict[str, str]:
    """The label of the pods that run each service, where it is not the service's own."""
    from kompose.cluster.plan import make_plan

    plan = make_plan(loaded.objects, loaded.view)
    found: dict[str, str] = {}
    for unit, names in plan.names.items():
        labels: Sequence[str] = [service_key(obj) for obj in plan.workloads[unit]]
        found |= dict.fromkeys(names, labels[0] or unit)
    return found
