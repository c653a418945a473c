"""`run`: one command in a pod of its own, with what the service has and needs."""

import asyncio
import os
import sys
from contextlib import aclosing, suppress
from dataclasses import dataclass
from secrets import token_hex

from kompose.cluster.apply import Applier
from kompose.cluster.namespace import ensure_namespace
from kompose.cluster.needed import refuse_missing
from kompose.cluster.once import OneOff, one_off_name, one_off_pod
from kompose.cluster.ownership import FIELD_MANAGER, Object, project_selector, stamped
from kompose.cluster.plan import make_plan
from kompose.cluster.up import Progress, UpOptions, up
from kompose.cluster.watching import ProjectWatch
from kompose.console import uses_colour
from kompose.live.act import pairs_of
from kompose.live.progress import ProgressScreen, health_line
from kompose.live.session import Loaded, Session, say, service_keys
from kube_client.errors import KubeError, NotFoundError
from kube_client.exec import open_attach
from kube_client.logs import LogQuery, open_log
from kube_client.objects import Pod
from kube_client.resource import PODS
from kube_client.terminal import hand_over


@dataclass(frozen=True, slots=True)
class RunWishes:
    """How `run` was asked to run a command; `env` are texts such as `A=1`, or names alone."""

    service: str
    command: tuple[str, ...] = ()
    entrypoint: str = ""
    env: tuple[str, ...] = ()
    workdir: str = ""
    name: str = ""
    tty: bool = False
    removes: bool = False
    alone: bool = False
    timeout: float | None = 300.0


async def run_once(session: Session, loaded: Loaded, wishes: RunWishes) -> int:
    """Run the command and return its exit code; the pod stays unless it is to be removed."""
    [key] = service_keys(loaded.view, [wishes.service])
    screen = ProgressScreen(
        sys.stderr,
        is_live=sys.stderr.isatty(),
        colours=uses_colour(sys.stderr),
        hide=loaded.secrecy.hide,
    )
    try:
        with session.persistence.within(wishes.timeout, screen.notice):
            if not await _prepared(session, loaded, wishes, screen):
                return 1
            pod = await _made(session, loaded, key, wishes)
    finally:
        screen.end()
    try:
        return await _followed(session, pod, wishes, screen)
    finally:
        screen.end()
        if wishes.removes:
            with suppress(NotFoundError):
                name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
                await session.client.delete(PODS, name, session.namespace, uid=uid, grace_seconds=0)


async def _prepared(
    session: Session, loaded: Loaded, wishes: RunWishes, screen: ProgressScreen
) -> bool:
    """Bring up what the service depends on and what its pod reads; False when it is not ready."""
    needs = loaded.view.services[wishes.service].dependencies
    names = tuple(one.service for one in needs if one.service in loaded.view.services)
    if names and not wishes.alone:

        def hear(news: Progress) -> None:
            if news.applied is None:
                screen(news)

        wanted = UpOptions(session.namespace, timeout=wishes.timeout, services=names)
        result = await up(session.client, loaded.objects, loaded.view, wanted, hear)
        for name, health in result.unready.items():
            say(f"Not ready: {loaded.secrecy.hide(health_line(name, health))}")
        return not result.unready
    await refuse_missing(session.client, loaded.objects, session.namespace)
    await ensure_namespace(
        session.client,
        session.namespace,
        session.project,
        dry_run=False,
        timeout=wishes.timeout,
        on_wait=screen.notice,
    )
    applier = Applier(session.client, session.namespace, session.project)
    base = make_plan(loaded.objects, loaded.view).base
    await applier.apply_all([stamped(obj, session.project) for obj in base])
    return True


async def _made(session: Session, loaded: Loaded, key: str, wishes: RunWishes) -> Object:
    plan = make_plan(loaded.objects, loaded.view)
    [unit] = [unit for unit, names in plan.names.items() if wishes.service in names]
    wish = OneOff(
        wishes.command,
        wishes.entrypoint,
        dict(pair.split("=", 1) for pair in pairs_of(wishes.env, os.environ)),
        wishes.workdir,
        wishes.tty,
    )
    name = wishes.name or one_off_name(key, token_hex(3))
    pod = stamped(one_off_pod(plan.workloads[unit][0], key, name, wish), session.project)
    made = await session.client.create(PODS, pod, session.namespace, field_manager=FIELD_MANAGER)
    return {**made, "apiVersion": "v1", "kind": "Pod"}


async def _followed(
    session: Session, pod: Object, wishes: RunWishes, screen: ProgressScreen
) -> int:
    """Show what the command says, to its end; returns its exit code."""
    name = pod["metadata"]["name"]
    container = pod["spec"]["containers"][0]["name"]
    labels = project_selector(session.project)
    async with ProjectWatch(session.client, session.namespace, {name: [pod]}, labels) as watch:
        watch.expect(pod)
        if not await _begun(watch, name, wishes.timeout, screen):
            say(session.secrecy.hide(f"Not ready: {health_line(name, watch.health(name))}"))
            return 1
        screen.end()
        if not (wishes.tty and await _attached(session, name, container)):
            await _printed(session, name, container)
        while True:
            found = watch.pods_of(name)
            if not found:
                say(f"pod/{name} has been removed before its command ended.")
                return 1
            if (code := _exit_code(found[0])) is not None:
                return code
            await watch.changed(None)


async def _begun(
    watch: ProjectWatch, name: str, timeout: float | None, screen: ProgressScreen
) -> bool:
    """Whether the pod runs, or has run, in time."""
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    while True:
        pods = watch.pods_of(name)
        if pods and (pods[0].status.phase == "Running" or _exit_code(pods[0]) is not None):
            return True
        health = watch.health(name)
        screen(Progress(service=name, health=health))
        left = None if deadline is None else deadline - loop.time()
        if health.is_settled or (left is not None and left <= 0):
            return False
        await watch.changed(left)


async def _attached(session: Session, name: str, container: str) -> bool:
    """Hand the terminal over; False when the command has ended before."""
    try:
        async with open_attach(
            session.client, session.namespace, name, container=container, stdin=True, tty=True
        ) as running:
            say("If you see no prompt, press Enter.")
            await hand_over(running)
    except KubeError:
        return False
    return True


async def _printed(session: Session, name: str, container: str) -> None:
    query = LogQuery(session.namespace, name, container, follow=True, timestamps=False)
    async with aclosing(open_log(session.client, query)) as chunks:
        async for chunk in chunks:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()


def _exit_code(pod: Pod) -> int | None:
    """How the command ended; None while it runs."""
    for status in pod.status.container_statuses:
        if status.state.terminated is not None:
            return status.state.terminated.exit_code
    return 1 if pod.status.phase == "Failed" else None
