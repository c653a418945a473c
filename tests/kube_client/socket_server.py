"""A small WebSocket server whose every answer a test decides: over real sockets."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect_to

Script = Callable[[web.WebSocketResponse], Awaitable[None]]


class SocketServer:
    """Plays one script for every handshake, and keeps the requests it saw."""

    def __init__(self, script: Script, protocols: Sequence[str]) -> None:
        self.requests: list[web.BaseRequest] = []
        self._script = script
        self._protocols = protocols

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        socket = web.WebSocketResponse(protocols=self._protocols)
        await socket.prepare(request)
        await self._script(socket)
        await socket.close()
        return socket


@asynccontextmanager
async def answering(
    handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> AsyncIterator[Client]:
    """A client of a server with this handler."""
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with connect_to(ClusterAccess(f"http://{host}:{port}"), {}) as client:
            yield client
    finally:
        await runner.cleanup()


@asynccontextmanager
async def playing(
    script: Script, protocols: Sequence[str] = ("v5.channel.k8s.io", "v4.channel.k8s.io")
) -> AsyncIterator[tuple[SocketServer, Client]]:
    """A server that plays the script, and a client of it."""
    server = SocketServer(script, protocols)
    async with answering(server.handle) as client:
        yield server, client


async def received(socket: web.WebSocketResponse) -> bytes | None:
    """The next binary message, or None when the client has closed."""
    message = await socket.receive()
    return message.data if message.type is WSMsgType.BINARY else None


def as_recorded(frames: Sequence[dict[str, Any]]) -> Script:
    """The frames that a real server sent, in the order of the recording."""

    async def play(socket: web.WebSocketResponse) -> None:
        for frame in frames:
            if frame["dir"] == "out" and frame["opcode"] == "binary":
                await socket.send_bytes(frame_bytes(frame))

    return play


def frame_bytes(frame: dict[str, Any]) -> bytes:
    """A recorded frame as it went over the wire, its channel in front."""
    data = frame["data"]
    if isinstance(data, str):
        content = data.encode("latin-1", "replace") if not data.isascii() else data.encode()
    elif "b64" in data:
        content = base64.b64decode(data["b64"])
    else:
        content = "".join(
            part if isinstance(part, str) else part["repeat"] * part["times"]
            for part in data["segments"]
        ).encode()
    return bytes((frame["channel"],)) + content
