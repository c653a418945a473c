"""What the demo cluster itself costs when it is large: start, memory, lists, and its watchers.

python -m benchmarks.demo_cluster_at_scale [PODS] [NODES] [CHANGES_PER_SECOND] [WATCHERS]

Every figure stands beside a limit of the same run: a bare TLS server that sends the same bytes and
does nothing else, or a decoder that reads the same objects.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import gzip
import os
import re
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import aiohttp
import msgspec
import yaml

from benchmarks.bare_tls import BareServer, bare_server
from demo_cluster.launch import start_demo

SECONDS = 10.0
PROBE_SECONDS = 0.1
PAGE = 500
MIB = 1 << 20
_PROBE = re.compile(rb'"example\.com/probe":"(\d+)"')
_PROBE_NAME = b"example.com/probe"
_LONGEST_MARK = 64


@dataclass(frozen=True)
class Target:
    """A demo cluster as a client sees it, and its process."""

    server: str
    context: ssl.SSLContext
    token: str
    pid: int

    def session(self) -> aiohttp.ClientSession:
        """A client that leaves compressed answers as they are."""
        headers = {"Authorization": f"Bearer {self.token}"}
        connector = aiohttp.TCPConnector(ssl=self.context)
        timeout = aiohttp.ClientTimeout(None)
        return aiohttp.ClientSession(
            headers=headers, connector=connector, auto_decompress=False, timeout=timeout
        )


def target_of(kubeconfig: Path, pid: int) -> Target:
    """The target that a kubeconfig of a demo cluster names."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    return Target(cluster["server"], context, user["token"], pid)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // MIB


@dataclass
class Spent:
    """What something took: wall time, the server's CPU, and bytes on the wire."""

    seconds: float
    cpu: float
    size: int

    def __str__(self) -> str:
        return f"{self.seconds:6.2f} s, {self.cpu:5.2f} s CPU, {self.size / MIB:6.1f} MiB"


async def measured(pid: int, act: Callable[[], Awaitable[int]]) -> Spent:
    """Do something that returns how many bytes came."""
    cpu, began = cpu_seconds(pid), time.monotonic()
    size = await act()
    return Spent(time.monotonic() - began, cpu_seconds(pid) - cpu, size)


# -- lists


async def pages(
    session: aiohttp.ClientSession, target: Target, limit: int, *, is_packed: bool
) -> AsyncIterator[tuple[int, bytes]]:
    """The pods in pages: bytes on the wire and the text. A limit of 0 is one page."""
    headers = {"Accept-Encoding": "gzip" if is_packed else "identity"}
    token = ""
    while True:
        query = {"limit": str(limit), "continue": token} if limit else {}
        url = f"{target.server}/api/v1/pods"
        async with session.get(url, params=query, headers=headers) as answer:
            wire = await answer.read()
        text = gzip.decompress(wire) if is_packed else wire
        yield len(wire), text
        token = msgspec.json.decode(text, type=_Page).metadata.token
        if not token:
            return


class _Meta(msgspec.Struct):
    token: str = msgspec.field(name="continue", default="")
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class _Page(msgspec.Struct):
    metadata: _Meta


async def list_pods(target: Target, limit: int, *, is_packed: bool) -> int:
    """Read all pods; returns the bytes on the wire."""
    async with target.session() as session:
        return sum([size async for size, _ in pages(session, target, limit, is_packed=is_packed)])


async def whole_list(target: Target) -> bytes:
    """The text of one list of all pods."""
    async with target.session() as session:
        async for _, text in pages(session, target, 0, is_packed=False):
            return text
    raise AssertionError("a list has at least one page")


async def bare_list(bare: BareServer) -> int:
    """The bytes that the bare server's document has."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", bare.port, ssl=bare.context, limit=MIB
    )
    writer.write(b"list\n")
    size = 0
    while chunk := await reader.read(MIB):
        size += len(chunk)
    writer.close()
    return size


# -- watches


@dataclass
class Watcher:
    """Counts the lines that arrive, and notes when it sees a probe."""

    lines: int = 0
    size: int = 0
    seen: dict[int, float] = field(default_factory=dict)

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Until it is cancelled or the stream ends."""
        kept = b""
        while chunk := await reader.read(MIB // 4):
            self.size += len(chunk)
            self.lines += chunk.count(b'\n{"type":"') + chunk.startswith(b'{"type":"')
            if _PROBE_NAME in chunk or kept:
                for mark in _PROBE.findall(kept + chunk):
                    self.seen.setdefault(int(mark), time.monotonic())
            kept = chunk[-_LONGEST_MARK:]


Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""A stream is closed when nobody holds its writer."""


async def open_watch(target: Target, version: str) -> Connection:
    """A watch of all pods from this version on."""
    host, port = target.server.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=target.context, limit=MIB)
    request = (
        f"GET /api/v1/pods?watch=1&resourceVersion={version} HTTP/1.1\r\n"
        f"Host: {host}\r\nAuthorization: Bearer {target.token}\r\n\r\n"
    )
    writer.write(request.encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def probe(target: Target, name: str, seconds: float) -> dict[int, float]:
    """Write a number into a pod again and again; when each was sent."""
    sent: dict[int, float] = {}
    headers = {"Content-Type": "application/merge-patch+json"}
    end = time.monotonic() + seconds
    async with target.session() as session:
        while time.monotonic() < end:
            number = len(sent) + 1
            body = msgspec.json.encode(
                {"metadata": {"annotations": {"example.com/probe": f"{number}"}}}
            )
            sent[number] = time.monotonic()
            async with session.patch(target.server + name, data=body, headers=headers) as answer:
                await answer.read()
            await asyncio.sleep(PROBE_SECONDS)
    return sent


async def first_pod(target: Target) -> tuple[str, str]:
    """The path of a pod, and the version of the list it stands in."""
    async with (
        target.session() as session,
        session.get(f"{target.server}/api/v1/pods?limit=1") as answer,
    ):
        found = await answer.json()
    meta = found["items"][0]["metadata"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
    return path, found["metadata"]["resourceVersion"]


async def run_watchers(connections: list[Connection], seconds: float) -> list[Watcher]:
    """What each watcher got in this time."""
    watchers = [Watcher() for _ in connections]
    tasks = [
        asyncio.create_task(watcher.read(reader))
        for watcher, (reader, _) in zip(watchers, connections, strict=True)
    ]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for _, writer in connections:
        writer.close()
    return watchers


async def watch_demo(target: Target, count: int) -> None:
    """Print what watchers get, how late, and what it costs the server."""
    path, version = await first_pod(target)
    connections = [await open_watch(target, version) for _ in range(count)]
    before, began = cpu_seconds(target.pid), time.monotonic()
    sent, watchers = await asyncio.gather(
        probe(target, path, SECONDS), run_watchers(connections, SECONDS + 1)
    )
    elapsed = time.monotonic() - began
    share = (cpu_seconds(target.pid) - before) / elapsed
    rates = sorted(watcher.lines / elapsed for watcher in watchers)
    lags = sorted(
        (arrived - sent[number]) * 1000
        for watcher in watchers
        for number, arrived in watcher.seen.items()
    )
    expected = len(sent) * count
    each = watchers[0].size / elapsed / MIB
    print(f"  events a second to each: {rates[0]:.0f} to {rates[-1]:.0f}, {each:.1f} MiB/s")
    print(
        f"  from a PATCH to its event: p50 {at(lags, 0.5):.1f} ms, p99 {at(lags, 0.99):.1f} ms"
        f" ({len(lags)} of {expected} seen)"
    )
    print(f"  server: {share:.0%} of a core, {memory_mib(target.pid)} MiB")


def at(ordered: list[float], share: float) -> float:
    """The value at this share of a sorted list."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


async def watch_bare(bare: BareServer, count: int) -> None:
    """The same for the bare server."""
    connections = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", bare.port, ssl=bare.context, limit=MIB
        )
        writer.write(b"watch\n")
        connections.append((reader, writer))
    before, began = cpu_seconds(bare.pid), time.monotonic()
    watchers = await run_watchers(connections, SECONDS / 2)
    elapsed = time.monotonic() - began
    share = (cpu_seconds(bare.pid) - before) / elapsed
    rate = min(watcher.lines for watcher in watchers) / elapsed
    print(f"  bare TLS: {rate:.0f} lines a second to each, {share:.0%} of a core")


# -- the whole


def main(arguments: list[str]) -> None:
    """Print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("pods", 30_000), ("nodes", 1_000), ("changes", 500), ("watchers", 10)):
        parser.add_argument(name, type=int, nargs="?", default=default, help=str(default))
    asked = parser.parse_args(arguments)
    pods, nodes, churn, watchers = asked.pods, asked.nodes, asked.changes, asked.watchers
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(
        f"{pods} pods, {nodes} nodes; Python {sys.version.split()[0]}, {cores} cores, load {load}"
    )
    size = ["--pods", str(pods), "--nodes", str(nodes)]
    with _started("start", [*size, "--churn", "0"]) as (target, document):
        asyncio.run(_lists(target, document))
    with _started("start again", [*size, "--churn", str(churn)]) as (target, document):
        print(f"{watchers} watchers of all pods, {churn} changes a second:")
        asyncio.run(watch_demo(target, watchers))
        line = document[: len(document) // pods - 10] + b"\n"
        line = b'\n{"type":"' + line
        with bare_server(b"", line, churn) as bare:
            asyncio.run(watch_bare(bare, watchers))


class _started:  # noqa: N801 -- reads as a sentence in a with statement
    def __init__(self, words: str, extra: list[str]) -> None:
        began = time.monotonic()
        self._demo = start_demo(scenario="big", extra=extra)
        seconds, cpu = time.monotonic() - began, cpu_seconds(self._demo.pid)
        memory = memory_mib(self._demo.pid)
        print(f"{words}: {seconds:.1f} s, {cpu:.1f} s CPU, {memory} MiB")

    def __enter__(self) -> tuple[Target, bytes]:
        target = target_of(self._demo.kubeconfig, self._demo.pid)
        return target, asyncio.run(whole_list(target))

    def __exit__(self, *_: object) -> None:
        self._demo.close()


async def _lists(target: Target, document: bytes) -> None:
    gc.disable()
    began = time.process_time()
    count = len(msgspec.json.decode(document)["items"])
    decoding = time.process_time() - began
    gc.enable()
    print(f"  the objects: {len(document) / count / 1000:.1f} kB each")
    print(f"  limit: a decoder reads them all in {decoding:.1f} s")
    for words, limit in (("whole", 0), (f"in pages of {PAGE}", PAGE)):
        for packing in (False, True):
            spent = await measured(
                target.pid,
                lambda limit=limit, packing=packing: list_pods(target, limit, is_packed=packing),  # type: ignore[misc]  # a lambda with defaults
            )
            print(f"list {words}{', gzip' if packing else ''}: {spent}")
    with bare_server(document, b"\n", 1) as bare:
        spent = await measured(bare.pid, lambda: bare_list(bare))
        print(f"  bare TLS: {spent}")
    print(f"  server afterwards: {memory_mib(target.pid)} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
