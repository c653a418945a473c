"""`stop` and `start`: services that run nothing for a while, and keep everything else."""

import sys
from collections.abc import Sequence

from kompose.cluster.down import pods_news
from kompose.cluster.gone import until_none
from kompose.cluster.kinds import title
from kompose.cluster.ownership import Object, service_key, service_selector
from kompose.cluster.stopping import can_stop, start, stop
from kompose.cluster.view import ProjectView
from kompose.console import uses_colour
from kompose.live.act import chosen_workloads, wait_until_ready, with_kind
from kompose.live.progress import RemovalScreen
from kompose.live.session import Session, say
from kube_client.resource import PODS


async def stop_services(
    session: Session, view: ProjectView, services: Sequence[str], timeout: float | None
) -> int:
    """Stop services and wait until their pods are gone; all when none is named.

    Returns 1 when some cannot be stopped and kept, which is told.
    """
    chosen = await chosen_workloads(session, view, services)
    lasting = [obj for obj in chosen if not can_stop(obj)]
    stopped = [obj for obj in chosen if await stop(session.client, obj, session.namespace)]
    if stopped:
        await _until_gone(session, stopped, timeout)
    elif not lasting:
        say("Nothing runs that could be stopped.")
    for obj in lasting:
        remedy = f"kompose down -n {session.namespace} {service_key(obj)}"
        say(f"{title(obj)} cannot be stopped and kept. Remove it with: {remedy}")
    return 1 if lasting else 0


async def start_services(
    session: Session, view: ProjectView, services: Sequence[str], timeout: float | None
) -> int:
    """Start what was stopped, as many copies as ran before, and wait until they are ready."""
    started: list[Object] = []
    for obj in await chosen_workloads(session, view, services):
        after = await start(session.client, obj, session.namespace)
        if after is not None:
            started.append(with_kind(after, obj))
    if not started:
        say("Nothing was stopped. Bring it to what the file says with: kompose up -d")
    return await wait_until_ready(session, started, timeout)


async def _until_gone(session: Session, stopped: Sequence[Object], timeout: float | None) -> None:
    screen = RemovalScreen(sys.stderr, is_live=sys.stderr.isatty(), colours=uses_colour(sys.stderr))
    tell = pods_news(screen)
    try:
        with session.persistence.within(timeout, screen.notice):
            await until_none(
                session.client,
                PODS,
                session.namespace,
                labels=service_selector([service_key(obj) for obj in stopped]),
                on_left=tell,
                timeout=timeout,
            )
            tell([])
    finally:
        screen.end()
