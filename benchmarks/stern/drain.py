"""The limit: the same bytes over the same transport, counted and thrown away.

`KUBECONFIG=FILE python -m benchmarks.stern.drain` reads every pod's log once.
"""

from __future__ import annotations

import asyncio

from kube_client.client import Client
from kube_client.connect import connect
from kube_client.logs import LogQuery, open_log
from kube_client.objects import Pod
from kube_client.resource import PODS


async def drain_one(client: Client, name: str) -> int:
    """The lines of one pod's log."""
    lines = 0
    async for chunk in open_log(client, LogQuery("default", name, "app")):
        lines += chunk.count(b"\n")
    return lines


async def drain_all() -> int:
    """The lines of all pods' logs, read at once."""
    async with connect() as client:
        pods = await client.list(PODS, Pod, namespace="default")
        names = [pod.metadata.name for pod in pods.items]
        return sum(await asyncio.gather(*(drain_one(client, name) for name in names)))


if __name__ == "__main__":
    print(asyncio.run(drain_all()))
