"""`exec`, `restart`, `scale` and `port`: one service of a project that runs."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from kompose.cluster.attach import Published, forward_all, listens_at
from kompose.cluster.change import restart, scale
from kompose.cluster.errors import ClusterError
from kompose.cluster.health import Health
from kompose.cluster.inventory import of_service, owned_objects, owned_workloads
from kompose.cluster.ownership import Object, project_selector, service_key
from kompose.cluster.pods import chosen_pod, container_of, target_port
from kompose.cluster.reach import Reach, reaches
from kompose.cluster.up import Progress
from kompose.cluster.view import ProjectView
from kompose.cluster.watching import ProjectWatch, units_of
from kompose.console import uses_colour
from kompose.live.progress import ProgressScreen, health_line
from kompose.live.session import Session, say, service_keys, sizes_of
from kube_client.exec import open_exec
from kube_client.resource import INGRESSES, SERVICES
from kube_client.terminal import hand_over

_NO_SUCH_PROGRAM = "executable file not found"


@dataclass(frozen=True, slots=True)
class Errand:
    """A command to run in a service. `index` is the number of the pod, from 1; None takes any."""

    command: tuple[str, ...]
    env: tuple[str, ...] = ()
    workdir: str = ""
    tty: bool = False
    index: int | None = None

    def words(self, environment: Mapping[str, str]) -> list[str]:
        """The command as the container gets it; a variable without a value takes the one here.

        Kubernetes passes neither variables nor a directory on, so `env` and `sh` of the container
        do.
        """
        words = list(self.command)
        pairs = pairs_of(self.env, environment)
        if pairs:
            words = ["env", *pairs, *words]
        if self.workdir:
            words = ["sh", "-c", 'cd "$0" && exec "$@"', self.workdir, *words]
        return words


def pairs_of(variables: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Each variable as `NAME=VALUE`; one without a value takes the one here."""
    return [one if "=" in one else f"{one}={environment.get(one, '')}" for one in variables]


async def run_in_service(session: Session, view: ProjectView, service: str, errand: Errand) -> int:
    """Run a command in a pod of a service; returns its exit code, 127 where there is no such."""
    [key] = service_keys(view, [service])
    workloads = await owned_workloads(session.client, session.project, session.namespace)
    label = service_key(of_service(workloads, key, service)[0]) or key
    pod = await chosen_pod(session.client, session.namespace, label, errand.index)
    opened = partial(
        open_exec,
        session.client,
        session.namespace,
        pod.metadata.name,
        errand.words(os.environ),
        container=container_of(pod, key),
        stdin=True,
        tty=errand.tty,
    )
    async with AsyncExitStack() as stack:
        status = await hand_over(await session.persistence.entered(stack, opened))
    if _NO_SUCH_PROGRAM in status.message:
        program = errand.words(os.environ)[0]
        say(f"The image of {service} has no program {program!r}.")
        return 127
    if status.message and status.reason != "NonZeroExitCode":
        say(status.message)
    return status.code


async def chosen_workloads(
    session: Session, view: ProjectView, services: Sequence[str]
) -> list[Object]:
    """What runs of these services; of all when none is named.

    Raises:
        ClusterError: Nothing of the project, or of a service, is there.
    """
    keys = service_keys(view, services)
    workloads = await owned_workloads(session.client, session.project, session.namespace)
    return [
        obj
        for key, name in zip(keys, services, strict=True)
        for obj in of_service(workloads, key, name)
    ] or workloads


async def restart_services(
    session: Session, view: ProjectView, services: Sequence[str], timeout: float | None
) -> int:
    """Restart services and wait until they are ready again; all when none is named."""
    changed = []
    for obj in await chosen_workloads(session, view, services):
        after = await restart(session.client, obj, session.namespace)
        if after is not None:
            changed.append(with_kind(after, obj))
    return await wait_until_ready(session, changed, timeout)


async def scale_services(
    session: Session, view: ProjectView, sizes: Sequence[str], timeout: float | None
) -> int:
    """Set the copies of services, given as `web=3`, and wait until they are ready."""
    wanted = sizes_of(sizes)
    keys = service_keys(view, list(wanted))
    workloads = await owned_workloads(session.client, session.project, session.namespace)
    changed = []
    for key, (name, copies) in zip(keys, wanted.items(), strict=True):
        objects = of_service(workloads, key, name)
        after = await scale(session.client, objects, session.namespace, copies)
        changed.append(with_kind(after, objects[0]))
    return await wait_until_ready(session, changed, timeout)


async def show_port(
    session: Session,
    view: ProjectView,
    service: str,
    port: int | None,
    protocol: str,
    *,
    forwards: bool,
) -> int:
    """Print where a port of a service is reached, or forward it until Ctrl-C."""
    [key] = service_keys(view, [service])
    kinds = (SERVICES, INGRESSES)
    owned = await owned_objects(session.client, session.project, session.namespace, kinds)
    mine = [obj for obj in owned if service_key(obj) == key]
    found = (await reaches(session.client, mine, session.namespace)).get(key, ())
    chosen = [
        reach
        for reach in found
        if (port is None or port in (reach.port, _target(reach)))
        and protocol in ("", reach.protocol)
    ]
    if not chosen:
        if not found:
            raise ClusterError(
                f"The service {service!r} has no port; give it ports: or expose: in the file."
            )
        ports = ", ".join(f"{reach.port}/{reach.protocol}" for reach in found)
        wanted = f"{port or 'any'}{'/' if protocol else ''}{protocol}"
        raise ClusterError(f"The service {service!r} has {ports}; not {wanted}.")
    if forwards:
        await _forward(session, mine, service, key, chosen)
    for reach in chosen:
        sys.stdout.write(
            f"{reach.port}/{reach.protocol} -> {reach.outside or reach.inside}\n"
            if port is None
            else f"{reach.outside or reach.inside}\n"
        )
    if not all(reach.outside for reach in chosen):
        remedy = f"kompose port -n {session.namespace} --forward {service}"
        say(f"Only the cluster reaches it; from here: {remedy}")
    return 0


async def _forward(
    session: Session, services: Sequence[Object], service: str, key: str, chosen: Sequence[Reach]
) -> NoReturn:
    """Forward to localhost until cancelled."""
    published = [
        Published(
            service, key, reach.port, target_port(services, reach.port) or reach.port, "127.0.0.1"
        )
        for reach in chosen
        if reach.protocol == "tcp"
    ]
    if not published:
        raise ClusterError(f"Only TCP can be forwarded, and {service} has none of it there.")
    async with AsyncExitStack() as stack:
        for port, forward in await forward_all(
            session.client, session.namespace, published, stack, say
        ):
            sys.stdout.write(f"{listens_at(forward)} -> {service}:{port.target}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()
    raise AssertionError("a forward ends only by Ctrl-C")


async def wait_until_ready(
    session: Session, objects: Sequence[Object], timeout: float | None
) -> int:
    """Follow these workloads until they are ready; 1 when they are not in time."""
    if not objects or timeout == 0.0:
        return 0
    units = units_of(objects)
    screen = ProgressScreen(
        sys.stderr,
        is_live=sys.stderr.isatty(),
        colours=uses_colour(sys.stderr),
        hide=session.secrecy.hide,
    )
    try:
        with session.persistence.within(timeout, screen.notice):
            health = await _followed(session, objects, units, screen, timeout)
    finally:
        screen.end()
    unready = {unit: found for unit, found in health.items() if not found.is_good}
    for unit, found in unready.items():
        say(session.secrecy.hide(f"Not ready: {health_line(unit, found)}"))
    return 1 if unready else 0


async def _followed(
    session: Session,
    objects: Sequence[Object],
    units: Mapping[str, Sequence[Object]],
    screen: ProgressScreen,
    timeout: float | None,
) -> dict[str, Health]:
    """How the units are when all are settled, or the time is up; the screen shows the way."""
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    told: dict[str, Health] = {}
    labels = project_selector(session.project)
    async with ProjectWatch(session.client, session.namespace, units, labels) as watch:
        for obj in objects:
            watch.expect(obj)
        while True:
            health = {unit: watch.health(unit) for unit in units}
            for unit, found in health.items():
                if told.get(unit) != found:
                    screen(Progress(service=unit, health=found))
            told = health
            left = None if deadline is None else deadline - loop.time()
            if all(found.is_settled for found in health.values()) or (
                left is not None and left <= 0
            ):
                return told
            await watch.changed(left)


def with_kind(after: Object, before: Object) -> Object:
    """The object as a write answered it; some servers leave out of what kind it is."""
    return {"apiVersion": before["apiVersion"], "kind": before["kind"], **after}


def _target(reach: Reach) -> int:
    return int(reach.target) if reach.target.isdecimal() else reach.port
