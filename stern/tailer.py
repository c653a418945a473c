"""The tailer: pods come and go, and what their containers say reaches one sink.

The way in for a program that wants logs: say whose by a `TailOptions`, and take `Entry`s.

    options = TailOptions(
        namespaces=("shop",), label_selector="app=web", since=None, max_log_requests=-1
    )
    await tail(client, options, sink=EntrySink(write, on_trouble))

`write` gets whole lines of one target at a time, in order per target and each once, over cuts,
rotations and restarts; while it waits, the streams wait. `on_trouble` gets sentences on what could
not be read and what happens now. A program that shows streams beginning and ending implements
`Sink` itself. With `follow=False` and `max_log_requests=1` pods are read one after the other, in
the order of their names, and `tail` returns; with `follow` cancel its task to end it.
`target.labels` tells whose pod it is, `target.is_alone` whether its container need be named, and
`entry.lines()` splits the server's stamps off. Nothing here knows the command's flags.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from stern.entry import Entry
from stern.log_read import log_query, read_log
from stern.options import TailOptions
from stern.selection import Selection, nothing_found, select
from stern.sink import EntrySink, KnowsAll, Sink
from stern.slots import Pace, StreamSlots
from stern.target_filter import ContainerMemory

if TYPE_CHECKING:
    from kube_client.client import Client
    from stern.target import Target

__all__ = ["Entry", "EntrySink", "Sink", "TailOptions", "tail"]


async def tail(client: Client, options: TailOptions, *, sink: Sink) -> list[str]:
    """Follow (or read once) every container that the options select.

    Ends when everything asked for has been read; with `follow` never, unless `exit_on_complete`.
    Cancel it to stop early. Returns the names of pods that failed, when `exit_on_complete`.

    Raises:
        SternError: The options cannot be met.
        KubeError: The cluster refused, or could not be reached at the start.
    """
    selections = await select(client, options)
    if options.follow and not options.previous:
        from stern.follower import Follower

        return await Follower(client, options, sink).run(selections)
    await _Reading(client, options, sink).run(selections)
    return []


class _Reading:
    """Reads what there is, once: lists in order, a few logs at a time, started in order."""

    def __init__(self, client: Client, options: TailOptions, sink: Sink) -> None:
        self._client = client
        self._options = options
        self._sink = sink
        self._slots = StreamSlots(
            options.max_log_requests,
            is_strict=False,
            on_wait=lambda _sentence: None,
            pace=Pace(options.qps, options.burst),
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._refusals: list[str] = []
        """Of containers that have no instance before the present one."""

    async def run(self, selections: list[Selection]) -> None:
        """Read everything; the first error is raised when every log has been read."""
        memory = ContainerMemory()
        try:
            for selection in selections:
                async for target in self._targets(selection, memory):
                    await self._start(target)
            if isinstance(self._sink, KnowsAll):
                self._sink.all_started()
            if not self._tasks:
                self._sink.trouble(nothing_found(selections))
            results = await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        if self._refusals:
            more = len(self._refusals) - 1
            others = f"; nor have {more} more an earlier instance" if more else ""
            self._sink.trouble(self._refusals[0] + others)

    async def _targets(
        self, selection: Selection, memory: ContainerMemory
    ) -> AsyncIterator[Target]:
        from kube_client.objects import Pod
        from kube_client.resource import PODS

        listed = await self._client.list(
            PODS,
            Pod,
            namespace=selection.namespace,
            labels=selection.labels,
            fields=selection.fields,
        )
        for pod in listed.items:
            if selection.filter.matches_pod(pod.metadata.name) and (
                selection.filter.meets_condition(pod)
            ):
                for found in selection.filter.visit(pod, memory):
                    yield found.target

    async def _start(self, target: Target) -> None:
        """Begin to read as soon as there is a place, so that order holds."""
        started = asyncio.Event()

        async def read() -> None:
            async with self._slots.slot():
                started.set()
                await self._read(target)

        self._tasks.append(asyncio.create_task(read()))
        await started.wait()

    async def _read(self, target: Target) -> None:
        from kube_client.errors import BadRequestError

        query = log_query(target, self._options)
        self._sink.started(target)
        try:
            async with aclosing(read_log(self._client, query, self._sink.trouble)) as blocks:
                async for block in blocks:
                    await self._sink.entry(Entry(target, block))
        except BadRequestError as error:
            if not self._options.previous:
                raise
            self._refusals.append(f"{query.name}: {error.server_message}")
        finally:
            self._sink.ended(target)
