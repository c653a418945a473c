"""Live objects for tables: one watch for each kind and place, kept warm for a while after use."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from kube_client.client import Client
from kube_client.objects import KubeObject
from kube_client.reflector import Reflector, ReflectorState
from kube_client.resource import ResourceType
from kube_client.store import Store
from kube_client.tables import TableReflector
from kube_tui.rows.view import Place, View

WARM_SECONDS = 180.0
WARM_AT_MOST = 6


class Feed(Protocol):
    """A store that follows the cluster."""

    @property
    def store(self) -> Store[Any]:
        """The objects now."""
        ...

    @property
    def state(self) -> ReflectorState:
        """Loading, live, reconnecting ..."""
        ...

    async def run(self) -> None:
        """Follow until cancelled."""
        ...


class FeedKey(NamedTuple):
    """What is watched."""

    resource: ResourceType
    decode_to: type[KubeObject] | None
    namespace: str | None
    labels: str
    fields: str


@dataclass(slots=True)
class _Running:
    feed: Feed
    task: asyncio.Task[None]
    holders: int = 0
    left_at: float = field(default=0.0)


class Feeds:
    """The watches of one connection. Hold one with `take`, give it back with `leave`."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._running: dict[FeedKey, _Running] = {}

    def take(self, view: View[Any], place: Place) -> Feed:
        """The feed of the view in this place, running."""
        key = feed_key(view, place)
        running = self._running.get(key)
        if running is None:
            feed = self._make(key)
            running = _Running(feed, asyncio.create_task(feed.run(), name=f"feed {view.name}"))
            self._running[key] = running
        running.holders += 1
        self.prune()
        return running.feed

    def leave(self, view: View[Any], place: Place) -> None:
        """The table is not shown any more; its watch stays warm for a while."""
        running = self._running.get(feed_key(view, place))
        if running is not None:
            running.holders -= 1
            running.left_at = self._clock()

    def restart(self, view: View[Any], place: Place) -> Feed:
        """The same feed from the beginning, for those who do not want to wait."""
        key = feed_key(view, place)
        running = self._running[key]
        running.task.cancel()
        running.feed = self._make(key)
        running.task = asyncio.create_task(running.feed.run(), name=f"feed {view.name}")
        return running.feed

    def prune(self) -> None:
        """End what nobody has looked at for some minutes, or what is too much."""
        idle = [key for key, running in self._running.items() if not running.holders]
        idle.sort(key=lambda key: self._running[key].left_at)
        too_many = max(len(idle) - WARM_AT_MOST, 0)
        for number, key in enumerate(idle):
            age_seconds = self._clock() - self._running[key].left_at
            if number < too_many or age_seconds > WARM_SECONDS:
                self._running.pop(key).task.cancel()

    async def aclose(self) -> None:
        """End all of them."""
        tasks = [running.task for running in self._running.values()]
        self._running.clear()
        await end_tasks(tasks)

    def _make(self, key: FeedKey) -> Feed:
        if key.decode_to is None:
            return TableReflector(
                self._client,
                key.resource,
                namespace=key.namespace,
                labels=key.labels,
                fields=key.fields,
            )
        return Reflector(
            self._client,
            key.resource,
            key.decode_to,
            namespace=key.namespace,
            labels=key.labels,
            fields=key.fields,
        )


def feed_key(view: View[Any], place: Place) -> FeedKey:
    """What the view in this place watches.

    Raises:
        ValueError: The view's rows are not the cluster's.
    """
    if view.resource is None:
        raise ValueError(f"{view.name} are not objects of the cluster")
    namespace = place.namespace if view.resource.namespaced else None
    return FeedKey(view.resource, view.decode_to, namespace, place.labels, place.fields)


async def end_tasks(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel them and wait until they have gone."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
