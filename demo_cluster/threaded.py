"""A demo cluster in a thread of its own, for tests."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions, DemoCluster
from demo_cluster.store.storage import Storage

T = TypeVar("T")
_ANSWER_SECONDS = 60


class RunningCluster:
    """A cluster that runs in another thread; everything here may be called from any thread."""

    def __init__(
        self, cluster: DemoCluster, loop: asyncio.AbstractEventLoop, kubeconfig: Path
    ) -> None:
        self.cluster = cluster
        self.kubeconfig = kubeconfig
        self._loop = loop

    @property
    def server(self) -> str:
        """The API's URL."""
        return self.cluster.server

    @property
    def storage(self) -> Storage:
        """The objects; touch them only inside `call`."""
        return self.cluster.storage

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the cluster's thread and return its result."""

        async def run() -> T:
            return function()

        return self.run(run())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the cluster's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_ANSWER_SECONDS)

    def advance(self, seconds: float) -> None:
        """Step the clock; returns when everything that fell due has run.

        Raises:
            TypeError: The cluster's clock is not a stepped one.
        """
        self.run(self.clock.advance_and_settle(seconds))

    @property
    def clock(self) -> SteppedClock:
        """The clock, to be stepped inside the cluster's thread.

        Raises:
            TypeError: The cluster's clock is not a stepped one.
        """
        clock = self.cluster.options.clock
        if not isinstance(clock, SteppedClock):
            raise TypeError("Only a cluster on a SteppedClock can be advanced.")
        return clock


@contextmanager
def running_cluster(options: ClusterOptions | None = None) -> Iterator[RunningCluster]:
    """A started cluster with its kubeconfig on disk; it ends with the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="demo-cluster", daemon=True)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "kubeconfig")
            cluster = _on(loop, _started(options, path))
            try:
                yield RunningCluster(cluster, loop, path)
            finally:
                _on(loop, cluster.stop())
                _on(loop, _end_tasks())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_ANSWER_SECONDS)
        loop.close()


def _on(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(_ANSWER_SECONDS)


async def _started(options: ClusterOptions | None, path: Path) -> DemoCluster:
    cluster = DemoCluster(options)
    await cluster.start()
    cluster.write_kubeconfig(path)
    return cluster


async def _end_tasks() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
