"""What the demo cluster itself costs when it is large: start, memory, CPU and events to watchers.

python benchmarks/demo_cluster_at_scale.py [PODS] [NODES] [CHANGES_PER_SECOND] [WATCHERS]
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import sys
import time
from pathlib import Path

import yaml

from demo_cluster.launch import DemoProcess, start_demo

SECONDS = 8.0


async def count_events(server: str, context: ssl.SSLContext, token: str) -> int:
    """Events that one watcher of all pods gets in `SECONDS`."""
    host, port = server.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context, limit=1 << 20)
    request = (
        "GET /api/v1/pods?watch=1&resourceVersion=%s HTTP/1.1\r\n"
        f"Host: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    writer.write((request % await _version(server, context, token)).encode())
    count = 0
    try:
        async with asyncio.timeout(SECONDS):
            while chunk := await reader.read(1 << 18):
                count += chunk.count(b'{"type":"')
    except TimeoutError:
        pass
    writer.close()
    return count


async def _version(server: str, context: ssl.SSLContext, token: str) -> str:
    import aiohttp

    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{server}/api/v1/pods?limit=1", ssl=context) as answer,
    ):
        version: str = (await answer.json())["metadata"]["resourceVersion"]
        return version


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // (1 << 20)


async def watch(demo: DemoProcess, watchers: int) -> list[int]:
    """What each of the watchers counted."""
    config = yaml.safe_load(demo.kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    tasks = [count_events(cluster["server"], context, user["token"]) for _ in range(watchers)]
    return list(await asyncio.gather(*tasks))


def main(arguments: list[str]) -> None:
    """Print one line for each measurement."""
    pods, nodes, churn, watchers = [
        *map(int, arguments),
        *(30_000, 1_000, 500, 10)[len(arguments) :],
    ]
    extra = ["--pods", str(pods), "--nodes", str(nodes), "--churn", str(churn)]
    began = time.monotonic()
    with start_demo(scenario="big", extra=extra) as demo:
        pid = demo.pid
        print(f"start with {pods} pods on {nodes} nodes: {time.monotonic() - began:.1f} s")
        print(f"CPU until then: {cpu_seconds(pid):.1f} s, memory: {memory_mib(pid)} MiB")
        before = cpu_seconds(pid)
        counts = asyncio.run(watch(demo, watchers))
        used = (cpu_seconds(pid) - before) / SECONDS
        print(f"events a second to each of {watchers} watchers: {min(counts) / SECONDS:.0f}")
        print(f"CPU: {used:.0%} of a core, memory: {memory_mib(pid)} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
