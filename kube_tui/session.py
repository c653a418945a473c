"""Who we talk to: one context's client, its kinds, its live objects, what it uses."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kube_client.client import Client
from kube_client.discovery import Discovery
from kube_client.errors import KubeError
from kube_client.resource import ResourceType
from kube_client.store import Store
from kube_tui.feeds import Feed, Feeds, end_tasks
from kube_tui.measured import MeasuredUsage, UsagePoller
from kube_tui.rows import catalog
from kube_tui.rows.node import Node
from kube_tui.rows.row import Moment
from kube_tui.rows.view import Place, View

HISTORY = 60
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0


class Session:
    """One connection. Everything it starts ends with `aclose`."""

    def __init__(self, client: Client, *, measured: Callable[[], None] = lambda: None) -> None:
        self.client = client
        self.feeds = Feeds(client)
        self.usage = MeasuredUsage()
        self.poller = UsagePoller(client, self.usage, self._note_usage)
        self.discovery: Discovery | None = None
        self.trouble: KubeError | None = None
        self.server_version = ""
        self.cpu_percents: deque[float] = deque(maxlen=HISTORY)
        self.memory_percents: deque[float] = deque(maxlen=HISTORY)
        self._measured = measured
        self._nodes: Feed | None = None
        self._namespaces: Feed | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Learn the server's kinds and version, and what is used, in the background."""
        self._tasks = [
            asyncio.create_task(self._learn(), name="discovery"),
            asyncio.create_task(self.poller.run(), name="usage"),
        ]

    async def aclose(self) -> None:
        """End every watch and close every connection."""
        await end_tasks(self._tasks)
        await self.feeds.aclose()
        await self.client.aclose()

    def moment(self) -> Moment:
        """Now, with what is used now."""
        return Moment(datetime.now(UTC), self.usage)

    @property
    def context(self) -> str:
        """The name of the context, or what stands for it."""
        access = self.client.access
        return access.context_name or access.server

    @property
    def nodes(self) -> Store[Node] | None:
        """The nodes, once they are being watched."""
        return self._nodes.store if self._nodes is not None else None

    def find(self, word: str) -> ResourceType | None:
        """The kind that a word names, as far as the server's kinds are known."""
        return self.discovery.find(word) if self.discovery is not None else None

    def view(self, word: str) -> View[Any] | None:
        """The view that a word names: one of ours, or the server's own table of any kind."""
        known = catalog.known_view(word)
        if known is not None:
            return known
        found = self.find(word)
        return catalog.view_of_kind(found) if found is not None else None

    def kind_words(self) -> list[str]:
        """Every word that a person may go to."""
        words = {view.name for view in catalog.VIEWS}
        if self.discovery is not None:
            words |= {kind.plural for kind in self.discovery.resources if "list" in kind.verbs}
        return sorted(words)

    async def discover_again(self) -> None:
        """Learn kinds that have come since; on trouble those known so far stay."""
        with contextlib.suppress(KubeError):
            self.discovery = await Discovery.discover(self.client)

    def namespace_names(self) -> list[str]:
        """The namespaces that are known, for suggestions; none before they have been watched."""
        if self._namespaces is None:
            return ["all"]
        return ["all", *(namespace.key.name for namespace in self._namespaces.store.values())]

    async def _learn(self) -> None:
        pause = FIRST_RETRY_SECONDS
        while True:
            try:
                version = await self.client.version()
                self.server_version = str(version.get("gitVersion", ""))
                self.discovery = await Discovery.discover(self.client)
            except KubeError as error:
                self.trouble = error
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY_SECONDS)
            else:
                break
        self.trouble = None
        self._nodes = self.feeds.take(catalog.NODES, Place())
        self._namespaces = self.feeds.take(catalog.NAMESPACES, Place())

    def _note_usage(self) -> None:
        nodes = self._nodes.store.values() if self._nodes is not None else ()
        for resource, percents in (("cpu", self.cpu_percents), ("memory", self.memory_percents)):
            total = used = 0.0
            for node in nodes:
                measured = self.usage.node(node.metadata.name)
                if measured is not None:
                    total += node.allocatable(resource)
                    used += measured.cores if resource == "cpu" else measured.memory_bytes
            if total:
                percents.append(100 * used / total)
        self._measured()
