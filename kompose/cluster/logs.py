"""`logs`: what the services say, each line with the name of who said it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from kompose.cluster.ownership import SERVICE, service_selector
from kube_client.client import Client
from kube_client.errors import BadRequestError, KubeError
from kube_client.logs import LogQuery, follow_log, open_log
from kube_client.objects import ContainerStatus, Pod
from kube_client.reflector import Reflector
from kube_client.resource import PODS

_SUFFIX = re.compile(r"-([0-9]+|[a-z0-9]{5})$")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of the logs, and for how long."""

    namespace: str
    follow: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None


class Speaker(NamedTuple):
    """One container of a service."""

    service: str
    pod: str
    container: str
    is_only: bool

    @property
    def name(self) -> str:
        """Short and telling: the service, which of its pods, and which container if several."""
        found = _SUFFIX.search(self.pod)
        name = f"{self.service}-{found[1]}" if found else self.service
        return name if self.is_only else f"{name}/{self.container}"


Write = Callable[[Speaker, bytes], Awaitable[None]]


async def read_logs(
    client: Client,
    keys: Sequence[str],
    options: LogOptions,
    write: Write,
    on_trouble: Callable[[str], None],
) -> None:
    """What the services have said until now, pod after pod, in whole lines with their stamps."""
    found = await client.list(
        PODS, Pod, namespace=options.namespace, labels=service_selector(list(keys))
    )
    for pod in sorted(found.items, key=lambda pod: pod.metadata.name):
        for speaker in speakers(pod):
            try:
                async with aclosing(open_log(client, _query(speaker, options))) as chunks:
                    text = b"".join([chunk async for chunk in chunks])
            except BadRequestError:
                continue  # it has not started yet, and has said nothing
            except KubeError as error:
                on_trouble(str(error))
                continue
            await write(speaker, text)


async def follow_logs(
    client: Client,
    keys: Sequence[str],
    options: LogOptions,
    write: Write,
    on_trouble: Callable[[str], None],
) -> None:
    """What the services say, for ever; pods that come are joined. Cancel to end.

    Raises:
        KubeError: The pods cannot be listed.
    """
    reflector = Reflector(
        client, PODS, Pod, namespace=options.namespace, labels=service_selector(list(keys))
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(reflector.run())
            state = await reflector.settled()
            if state.error is not None:
                raise state.error
            await _join_all(reflector, group, client, options, write, on_trouble)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _join_all(
    reflector: Reflector[Pod],
    group: asyncio.TaskGroup,
    client: Client,
    options: LogOptions,
    write: Write,
    on_trouble: Callable[[str], None],
) -> None:
    """Follow each container from when it has started, once."""
    changes = reflector.store.subscribe()
    known: set[tuple[str, Speaker]] = set()
    try:
        while True:
            for pod in [change.after for change in changes.take() if change.after is not None]:
                for speaker in speakers(pod):
                    place = (pod.metadata.uid, speaker)
                    if place in known or not _has_started(pod, speaker):
                        continue
                    known.add(place)
                    life = _Life(reflector, *place)
                    group.create_task(_follow(client, speaker, options, life, write, on_trouble))
            await changes.wait()
    finally:
        changes.close()


def speakers(pod: Pod) -> list[Speaker]:
    """The containers of a pod in the order of their lives."""
    service = pod.metadata.labels.get(SERVICE, pod.metadata.name)
    names = [one.name for one in (*pod.spec.init_containers, *pod.spec.containers)]
    is_only = len(names) == 1
    return [Speaker(service, pod.metadata.name, name, is_only) for name in names]


class _Life:
    """Whether a container goes on, told from its pod in the store."""

    def __init__(self, reflector: Reflector[Pod], uid: str, speaker: Speaker) -> None:
        self._reflector = reflector
        self._uid = uid
        self._speaker = speaker

    async def __call__(self) -> bool:
        """Whether it runs; a container between two runs is waited for."""
        changes = self._reflector.store.subscribe()
        try:
            while True:
                pod = self._pod()
                if pod is None or pod.status.phase in ("Succeeded", "Failed"):
                    return False
                status = _status(pod, self._speaker.container)
                if status is not None and status.state.running is not None:
                    return True
                if status is None or not _will_run_again(pod, status):
                    return False
                changes.take()
                await changes.wait()
        finally:
            changes.close()

    def _pod(self) -> Pod | None:
        for pod in self._reflector.store.values():
            if pod.metadata.uid == self._uid:
                return pod
        return None


async def _follow(
    client: Client,
    speaker: Speaker,
    options: LogOptions,
    life: _Life,
    write: Write,
    on_trouble: Callable[[str], None],
) -> None:
    query = _query(speaker, options)
    blocks = follow_log(client, query, is_alive=life, on_trouble=on_trouble)
    try:
        async with aclosing(blocks):
            async for block in blocks:
                await write(speaker, block)
    except KubeError as error:
        on_trouble(str(error))


def _query(speaker: Speaker, options: LogOptions) -> LogQuery:
    return LogQuery(
        options.namespace,
        speaker.pod,
        speaker.container,
        since_seconds=options.since_seconds,
        tail_lines=options.tail_lines,
    )


def _has_started(pod: Pod, speaker: Speaker) -> bool:
    status = _status(pod, speaker.container)
    if status is None:
        return False
    return bool(status.state.running or status.state.terminated or status.last_state.terminated)


def _will_run_again(pod: Pod, status: ContainerStatus) -> bool:
    if pod.metadata.deletion_timestamp is not None:
        return False
    is_init = any(one.name == status.name for one in pod.spec.init_containers)
    ended = status.state.terminated
    if ended is None:
        return True
    policy = "OnFailure" if is_init else pod.spec.restart_policy or "Always"
    return policy == "Always" or (policy == "OnFailure" and ended.exit_code != 0)


def _status(pod: Pod, container: str) -> ContainerStatus | None:
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if status.name == container:
            return status
    return None
