"""Port-forwards of this run: they live until they are stopped or the program ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from kube_client.client import Client
from kube_client.errors import KubeError
from kube_client.objects import ObjectMeta
from kube_client.resource import ObjectKey
from kube_tui.feeds import end_tasks


@dataclass(slots=True)
class Forward:
    """One local port that leads to a pod's."""

    number: int
    context: str
    namespace: str
    pod: str
    remote_port: int
    local_port: int = 0
    trouble: str = ""
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def key(self) -> ObjectKey:
        """Its number: one pod may have several."""
        return ObjectKey(self.namespace, f"{self.pod}#{self.number}")

    @property
    def metadata(self) -> ObjectMeta:
        """Of no object."""
        return ObjectMeta(name=self.pod, namespace=self.namespace)


class Forwards:
    """Starts, lists and stops them."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._numbers = itertools.count(1)
        self._open: dict[ObjectKey, Forward] = {}

    def all(self) -> list[Forward]:
        """Those that are open."""
        return list(self._open.values())

    async def start(
        self, client: Client, namespace: str, pod: str, remote_port: int, local_port: int
    ) -> Forward:
        """A forward whose local port accepts connections.

        Raises:
            KubeError: It could not be opened.
            OSError: The local port is taken.
        """
        context = client.access.context_name
        forward = Forward(next(self._numbers), context, namespace, pod, remote_port, local_port)
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        forward.task = asyncio.create_task(self._run(client, forward, ready))
        try:
            await ready
        except (KubeError, OSError):
            await end_tasks([forward.task])
            raise
        self._open[forward.key] = forward
        self._changed()
        return forward

    async def _run(self, client: Client, forward: Forward, ready: asyncio.Future[None]) -> None:
        from kube_client.port_forward import open_port_forward

        def trouble(words: str) -> None:
            forward.trouble = words
            self._changed()

        try:
            async with open_port_forward(
                client,
                forward.namespace,
                forward.pod,
                forward.remote_port,
                local_port=forward.local_port,
                on_trouble=trouble,
            ) as opened:
                forward.local_port = opened.local_port
                ready.set_result(None)
                await asyncio.Event().wait()
        except (KubeError, OSError) as error:
            if ready.done():
                trouble(str(error))
            else:
                ready.set_exception(error)

    async def stop(self, key: ObjectKey) -> None:
        """Close the local port."""
        forward = self._open.pop(key, None)
        if forward is not None and forward.task is not None:
            await end_tasks([forward.task])
            self._changed()

    async def aclose(self) -> None:
        """Close all of them."""
        for key in list(self._open):
            await self.stop(key)
