"""What the cluster's metrics say is used, asked for again and again; empty where there are none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from kube_client.client import Client
from kube_client.errors import KubeError
from kube_client.metrics import PodUsage, node_usage, pod_usage
from kube_client.resource import ObjectKey
from kube_tui.rows.row import Usage

EVERY_SECONDS = 15.0
WITHOUT_METRICS_SECONDS = 60.0


class MeasuredUsage:
    """The newest answers of metrics.k8s.io as a usage book."""

    def __init__(self) -> None:
        self.pods: Mapping[ObjectKey, PodUsage] = {}
        self.nodes: Mapping[str, Usage] = {}

    def pod(self, key: ObjectKey) -> Usage | None:
        """All containers of the pod together; None: not known."""
        found = self.pods.get(key)
        if found is None:
            return None
        parts = found.containers.values()
        return Usage(sum(part.cores for part in parts), sum(part.memory_bytes for part in parts))

    def container(self, pod: ObjectKey, name: str) -> Usage | None:
        """One container; None: not known."""
        found = self.pods.get(pod)
        part = found.containers.get(name) if found else None
        return Usage(part.cores, part.memory_bytes) if part else None

    def node(self, name: str) -> Usage | None:
        """One node; None: not known."""
        return self.nodes.get(name)


class UsagePoller:
    """Asks for what the shown table needs: pods of one namespace, of all, or of none."""

    def __init__(self, client: Client, book: MeasuredUsage, measured: Callable[[], None]) -> None:
        self._client = client
        self._book = book
        self._measured = measured
        self._wake = asyncio.Event()
        self._wants_pods = False
        self._namespace: str | None = None

    def want_pods(self, namespace: str | None) -> None:
        """Pods of this namespace (None: of all) are on the screen now."""
        if not self._wants_pods or self._namespace != namespace:
            self._wants_pods, self._namespace = True, namespace
            self._wake.set()

    def want_no_pods(self) -> None:
        """No table needs the pods' numbers now."""
        self._wants_pods = False

    async def run(self) -> None:
        """Ask until cancelled; the longer an answer takes, the seldomer."""
        while True:
            self._wake.clear()
            started = time.monotonic()
            pause = EVERY_SECONDS
            try:
                await self._ask()
            except KubeError:  # no metrics, or no right to them: the columns show dashes
                self._book.pods, self._book.nodes = {}, {}
                pause = WITHOUT_METRICS_SECONDS
            self._measured()
            pause = max(pause, 20 * (time.monotonic() - started))
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue

    async def _ask(self) -> None:
        if self._wants_pods:
            self._book.pods = await pod_usage(self._client, self._namespace)
        nodes = await node_usage(self._client)
        self._book.nodes = {
            name: Usage(used.cores, used.memory_bytes) for name, used in nodes.items()
        }
