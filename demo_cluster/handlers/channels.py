"""The channel protocols of exec, attach and port-forward over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Protocol

from demo_cluster.status import bad_request
from demo_cluster.toybox.processes import Backlog, Pipe
from demo_cluster.wire.reply import Call, Reply, WebSocket

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
BASE64 = ("v4.base64.channel.k8s.io", "base64.channel.k8s.io")
STREAMED = (
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
)
"""Over bare SPDY."""
REMOTE_COMMAND = ("v5.channel.k8s.io", *STREAMED, *BASE64)
"""Over a WebSocket."""
PIECE = 32768


def is_spdy(call: Call) -> bool:
    """Whether the client wants bare SPDY instead of a WebSocket."""
    return call.headers.get("upgrade", "").lower().startswith("spdy/3.1")


def spdy_protocol(call: Call, served: tuple[str, ...]) -> str:
    """The protocol that both sides speak over SPDY, "" when there is none."""
    wanted = call.headers.get("x-stream-protocol-version", "").split(",")
    return next((word for text in wanted if (word := text.strip()) in served), "")


def check_handshake(call: Call, served: tuple[str, ...], streamed: tuple[str, ...]) -> Reply | None:
    """The answer to a handshake that cannot become a WebSocket or SPDY; None when it can.

    `served` are the protocols over a WebSocket, `streamed` those over SPDY.

    Raises:
        Failure: 400, it is no handshake at all.
    """
    headers = call.headers
    if "upgrade" not in headers.get("connection", "").lower() or not headers.get("upgrade"):
        raise bad_request("Upgrade request required")
    if is_spdy(call):
        return _check_spdy(call, streamed)
    if headers["upgrade"].lower() != "websocket":
        raise bad_request("Upgrade request required")
    if call.method != "GET":
        return Reply(405, "bad method", is_bare=True)
    if headers.get("sec-websocket-version") != "13":
        version = {"Sec-WebSocket-Version": "13"}
        return Reply(400, "missing or bad WebSocket Version", version, is_bare=True)
    if not headers.get("sec-websocket-key"):
        return Reply(400, "mismatch challenge/response", is_bare=True)
    wanted = [word.strip() for word in headers.get("sec-websocket-protocol", "").split(",")]
    wanted = [word for word in wanted if word]
    if wanted and not set(wanted) & set(served):
        return Reply(403, is_bare=True)
    return None


def _check_spdy(call: Call, streamed: tuple[str, ...]) -> Reply | None:
    wanted = call.headers.get("x-stream-protocol-version", "")
    text = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    if not wanted:
        why = "unable to upgrade: X-Stream-Protocol-Version is required\n"
        return Reply(400, why, text, is_bare=True)
    if not spdy_protocol(call, streamed):
        asked, known = " ".join(wanted.replace(",", " ").split()), " ".join(streamed)
        why = f"unable to negotiate protocol: client supports [{asked}], server accepts [{known}]"
        return Reply(403, f"unable to upgrade: {why}\n", text, is_bare=True)
    return None


class Channels(Protocol):
    """Numbered channels between a client and a process, however they are carried."""

    @property
    def subprotocol(self) -> str:
        """What was agreed on."""
        ...

    @property
    def backlog(self) -> Backlog:
        """What has been sent and has not left yet."""
        ...

    def greet(self) -> None:
        """Say that everything is ready, where the carrier does that."""
        ...

    def send(self, channel: int, data: bytes) -> None:
        """Send soon; long data goes in several messages."""
        ...

    def messages(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the client sends, until it goes. CLOSE says which channel it has ended."""
        ...

    async def finish(self) -> None:
        """Send what is left, then say goodbye."""
        ...

    def abandon(self) -> None:
        """The client has gone."""
        ...


class ChannelSocket:
    """Messages with a channel number in front, sent in order by one task."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._is_base64 = socket.subprotocol in BASE64
        self.backlog = Backlog()
        self._outgoing: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._sender = asyncio.ensure_future(self._send_all())

    @property
    def subprotocol(self) -> str:
        """What was agreed on."""
        return self._socket.subprotocol

    def greet(self) -> None:
        """An empty message on standard output comes first."""
        self.send(STDOUT, b"")

    def send(self, channel: int, data: bytes) -> None:
        """Send soon; long data goes in several messages."""
        self.backlog.add(len(data))
        for start in range(0, max(len(data), 1), PIECE):
            self._outgoing.put_nowait((channel, data[start : start + PIECE]))

    async def _send_all(self) -> None:
        while (message := await self._outgoing.get()) is not None:
            channel, data = message
            if self._is_base64:
                await self._socket.send(f"{channel}{base64.b64encode(data).decode()}")
            else:
                await self._socket.send(bytes([channel]) + data)
            self.backlog.done(len(data))

    async def messages(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the client sends, until it goes."""
        while (message := await self._socket.receive()) is not None:
            if not message:
                continue
            if isinstance(message, str):
                message = message.encode()
            if self._is_base64:
                with contextlib.suppress(ValueError):
                    yield message[0] - ord("0"), base64.b64decode(message[1:])
            else:
                yield message[0], message[1:]

    async def finish(self) -> None:
        """Send what is left, then say goodbye."""
        self._outgoing.put_nowait(None)
        self.backlog.close()
        await self._sender
        await self._socket.close(1000)

    def abandon(self) -> None:
        """The client has gone."""
        self.backlog.close()
        self._sender.cancel()


async def feed(pipe: Pipe, data: bytes) -> None:
    """Put what a client sends into a process's input; a process that reads slowly slows it."""
    pipe.feed(data)
    while pipe.is_full:
        changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake(changed: asyncio.Future[None] = changed) -> None:
            if not changed.done():
                changed.set_result(None)

        pipe.when_changed(wake)
        await changed


def success() -> bytes:
    """The status of a command that ended with 0."""
    return b'{"metadata":{},"status":"Success"}'


def exit_status(protocol: str, command: list[str], code: int) -> bytes:
    """What the error channel says at the end, in the words of the protocol's version."""
    old_words = f"error executing command [{' '.join(command)}], exit code {code}"
    if not protocol.startswith(("v4", "v5")):
        return f"command terminated with non-zero exit code: {old_words}".encode() if code else b""
    if code == 0:
        return success()
    words = f"command terminated with exit code {code}" if protocol.startswith("v5") else old_words
    body = {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {words}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
    return json.dumps(body, separators=(",", ":")).encode()


def internal_error(message: str) -> bytes:
    """What the error channel says when the command could not be started."""
    text = f"Internal error occurred: Internal error occurred: {message}"
    inner = f"Internal error occurred: {message}"
    body = {
        "metadata": {},
        "status": "Failure",
        "message": text,
        "reason": "InternalError",
        "details": {"causes": [{"message": inner}]},
        "code": 500,
    }
    return json.dumps(body, separators=(",", ":")).encode()
