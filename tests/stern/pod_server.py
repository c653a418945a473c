"""A server of a few pods whose logs and watches end where a test wants it: TLS, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from benchmarks.stern.server import certificate, kubeconfig, tls_context

Query = dict[str, str]
Send = Callable[[bytes], Awaitable[None]]
ServeLog = Callable[[str, Query, Send], Awaitable[None]]


class Cut(Exception):  # noqa: N818  # what a server does, not an error of ours
    """End the connection without the end of the answer, after these last bytes on the wire."""

    def __init__(self, last: bytes = b"") -> None:
        super().__init__()
        self.last = last


class Refusal(NamedTuple):
    """An answer with another status than 200."""

    status: int
    reason: str
    header: str = ""


def pod(
    name: str,
    *,
    containers: tuple[str, ...] = ("app",),
    state: str = "running",
    instance: int = 1,
    phase: str = "Running",
    labels: dict[str, str] | None = None,
    ready: str = "True",
    version: int = 1,
    uid: str = "",
    last_instance: int = 0,
) -> dict[str, Any]:
    """A pod as the API server shows it."""
    known = {
        "running": {"running": {"startedAt": "2026-11-21T00:00:00Z"}},
        "waiting": {"waiting": {"reason": "ContainerCreating"}},
        "terminated": {"terminated": {"exitCode": 0}},
    }[state]
    statuses = []
    for container in containers:
        own_id = f"containerd://{name}-{container}-{instance}"
        shown = json.loads(json.dumps(known))
        if "terminated" in shown:
            shown["terminated"]["containerID"] = own_id
        status = {"name": container, "state": shown}
        if last_instance:
            last = {"containerID": f"containerd://{name}-{container}-{last_instance}"}
            status["lastState"] = {"terminated": last | {"exitCode": 1}}
        statuses.append(status | ({"containerID": own_id} if state != "waiting" else {}))
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": uid or f"uid-of-{name}",
            "resourceVersion": str(version),
            "labels": labels or {"app": name},
        },
        "spec": {"containers": [{"name": container} for container in containers]},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": statuses,
        },
    }


@dataclass
class PodServer:
    """Pods that can change, and logs that a function serves."""

    serve_log: ServeLog
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    may_list: bool = True
    may_watch: bool = True
    requests: list[str] = field(default_factory=list)
    kubeconfig: Path = Path()
    port: int = 0
    _version: int = 1
    refusals: list[Refusal] = field(default_factory=list)
    """What the next requests for logs get instead of a log."""
    token: str = ""
    """When set, requests without it are refused as unauthorised."""
    refuses: int = 0
    """How many connections to hang up on before any is served again."""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _history: list[tuple[int, bytes]] = field(default_factory=list)
    _watches: list[asyncio.Queue[bytes]] = field(default_factory=list)

    def put(self, wanted: dict[str, Any], event: str = "MODIFIED") -> None:
        """A pod is added or has changed; open watches hear of it."""
        self._version += 1
        wanted["metadata"]["resourceVersion"] = str(self._version)
        self.pods[wanted["metadata"]["name"]] = wanted
        self._tell(event, wanted)

    def remove(self, name: str) -> None:
        """A pod is gone."""
        self._version += 1
        gone = self.pods.pop(name)
        gone["metadata"]["resourceVersion"] = str(self._version)
        self._tell("DELETED", gone)

    def _tell(self, event: str, wanted: dict[str, Any]) -> None:
        line = json.dumps({"type": event, "object": wanted}).encode() + b"\n"
        self._history.append((self._version, line))
        for watch in self._watches:
            watch.put_nowait(line)

    def restart(self, refuses: int) -> None:
        """Every connection is lost, and so are as many new ones."""
        self.refuses = refuses
        for writer in self._writers:
            writer.transport.abort()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        if self.refuses:
            self.refuses -= 1
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            await self._serve(reader, writer)
        finally:
            self._writers.discard(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*ends):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                self.requests.append(target)
                is_known = not self.token or f"Bearer {self.token}\r\n".encode() in head
                try:
                    if is_known:
                        await self._answer(target, writer)
                    else:
                        self._refuse_with(Refusal(401, "Unauthorized"), writer)
                except Cut as cut:
                    writer.write(cut.last)
                    writer.close()
                    return
        with contextlib.suppress(ConnectionError):
            writer.transport.abort()

    async def _answer(self, target: str, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path.endswith("/log"):
            await self._log(unquote(parts.path.split("/")[-2]), query, writer)
        elif query.get("watch") and not self.may_watch:
            self._refuse("watch", writer)
        elif query.get("watch"):
            await self._watch(int(query["resourceVersion"]), writer)
        elif not self.may_list:
            self._refuse("list", writer)
        else:
            items = {"metadata": {"resourceVersion": str(self._version)}}
            self._reply(200, {**items, "items": list(self.pods.values())}, writer)
        await writer.drain()

    def _refuse(self, verb: str, writer: asyncio.StreamWriter) -> None:
        message = f'pods is forbidden: User "u" cannot {verb} resource "pods" in API group ""'
        status = {"kind": "Status", "reason": "Forbidden", "message": message, "code": 403}
        self._reply(403, status, writer)

    def _refuse_with(self, refusal: Refusal, writer: asyncio.StreamWriter) -> None:
        status = {"kind": "Status", "code": refusal.status, "reason": refusal.reason}
        self._reply(refusal.status, {**status, "message": refusal.reason}, writer, refusal.header)

    def _reply(
        self,
        status: int,
        body: dict[str, Any],
        writer: asyncio.StreamWriter,
        header: str = "",
    ) -> None:
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} S\r\nContent-Type: application/json\r\n"
        head += f"{header}\r\n" if header else ""
        writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    async def _watch(self, version: int, writer: asyncio.StreamWriter) -> None:
        events: asyncio.Queue[bytes] = asyncio.Queue()
        for changed, line in self._history:
            if changed > version:
                events.put_nowait(line)
        self._watches.append(events)
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                line = await events.get()
                writer.write(b"%x\r\n%b\r\n" % (len(line), line))
                await writer.drain()
        finally:
            self._watches.remove(events)

    async def _log(self, name: str, query: Query, writer: asyncio.StreamWriter) -> None:
        if self.refusals:
            self._refuse_with(self.refusals.pop(0), writer)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

        async def send(data: bytes) -> None:
            writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await writer.drain()

        await self.serve_log(name, query, send)
        writer.write(b"0\r\n\r\n")


@contextlib.asynccontextmanager
async def pod_server(folder: Path, serve_log: ServeLog) -> AsyncIterator[PodServer]:
    """A running server, with a kubeconfig for it."""
    pods = PodServer(serve_log)
    cert, key = certificate()
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await pods.handle(reader, writer)
        finally:
            handlers.discard(task)

    server = await asyncio.start_server(handle, "localhost", 0, ssl=tls_context(cert, key))
    pods.kubeconfig = folder / "kubeconfig"
    pods.port = server.sockets[0].getsockname()[1]
    pods.kubeconfig.write_text(kubeconfig(pods.port, cert))
    try:
        yield pods
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


@dataclass
class Ear:
    """A sink that keeps everything, and lets a test wait for what it wants to hear."""

    lines: dict[str, list[bytes]] = field(default_factory=dict)
    order: list[tuple[str, bytes]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def entry(self, entry: Any) -> None:
        for _, message in entry.lines():
            self.lines.setdefault(entry.target.pod, []).append(message)
            self.order.append((entry.target.pod, message))
        self._heard.set()

    def started(self, target: Any) -> None:
        self.events.append(f"+ {target.pod}/{target.container}")
        self._heard.set()

    def ended(self, target: Any) -> None:
        self.events.append(f"- {target.pod}/{target.container}")
        self._heard.set()

    def trouble(self, message: str) -> None:
        self.troubles.append(message)
        self._heard.set()

    def hear(self) -> None:
        """Something has come: those who wait may look."""
        self._heard.set()

    async def until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until something that was heard makes the condition true."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._heard.clear()
                await self._heard.wait()
