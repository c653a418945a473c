"""The channel protocols of exec, attach and port-forward over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator

from demo_cluster.reply import Call, Reply, WebSocket
from demo_cluster.status import bad_request

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
BASE64 = ("v4.base64.channel.k8s.io", "base64.channel.k8s.io")
REMOTE_COMMAND = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
    *BASE64,
)
PIECE = 32768


def check_handshake(call: Call, served: tuple[str, ...]) -> Reply | None:
    """The answer to a handshake that cannot become a WebSocket; None when it can.

    Raises:
        Failure: 400, it is no handshake at all.
    """
    headers = call.headers
    if "upgrade" not in headers.get("connection", "").lower() or not headers.get("upgrade"):
        raise bad_request("Upgrade request required")
    if headers["upgrade"].lower() != "websocket":
        text = "unable to upgrade: only WebSockets are served here, not SPDY\n"
        return Reply(400, text, {"Content-Type": "text/plain; charset=utf-8"})
    if call.method != "GET":
        return Reply(405, "bad method")
    if headers.get("sec-websocket-version") != "13":
        return Reply(400, "missing or bad WebSocket Version", {"Sec-WebSocket-Version": "13"})
    if not headers.get("sec-websocket-key"):
        return Reply(400, "mismatch challenge/response")
    wanted = [word.strip() for word in headers.get("sec-websocket-protocol", "").split(",")]
    wanted = [word for word in wanted if word]
    if wanted and not set(wanted) & set(served):
        return Reply(403)
    return None


class ChannelSocket:
    """Messages with a channel number in front, sent in order by one task."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._is_base64 = socket.subprotocol in BASE64
        self._outgoing: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._sender = asyncio.ensure_future(self._send_all())

    @property
    def subprotocol(self) -> str:
        """What was agreed on."""
        return self._socket.subprotocol

    def send(self, channel: int, data: bytes) -> None:
        """Send soon; long data goes in several messages."""
        for start in range(0, max(len(data), 1), PIECE):
            self._outgoing.put_nowait((channel, data[start : start + PIECE]))

    async def _send_all(self) -> None:
        while (message := await self._outgoing.get()) is not None:
            channel, data = message
            if self._is_base64:
                await self._socket.send(f"{channel}{base64.b64encode(data).decode()}")
            else:
                await self._socket.send(bytes([channel]) + data)

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

    async def finish(self, *, close: bool = True) -> None:
        """Send what is left, then say goodbye."""
        self._outgoing.put_nowait(None)
        await self._sender
        if close:
            await self._socket.close(1000)

    def abandon(self) -> None:
        """The client has gone."""
        self._sender.cancel()


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
