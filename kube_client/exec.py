"""Commands in containers: started (exec) or joined (attach), over one WebSocket each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

from kube_client.channels import (
    CLOSE_STDIN,
    ERROR,
    STDERR,
    STDOUT,
    V4,
    V5,
    ExitStatus,
    exit_status,
    resize_message,
    stdin_messages,
)
from kube_client.client import Client
from kube_client.errors import ProtocolError, UnreachableError
from kube_client.resource import PODS
from kube_client.websocket import ChannelSocket, open_socket

__all__ = [
    "CommandResult",
    "ExecSession",
    "ExitStatus",
    "Output",
    "open_attach",
    "open_exec",
    "run_command",
]


class Output(NamedTuple):
    """Bytes that the command wrote; a character may be split over two of them."""

    channel: Literal["stdout", "stderr"]
    data: bytes


class CommandResult(NamedTuple):
    """What a command that has ended left behind."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class ExecSession:
    """A command that runs in a container; iterate to read its output until it ends."""

    def __init__(self, socket: ChannelSocket, *, tty: bool) -> None:
        self.tty = tty
        self._socket = socket
        self._status: ExitStatus | None = None
        self._has_ended = False

    @property
    def can_close_stdin(self) -> bool:
        """Whether the server can be told that the input ends (Kubernetes 1.30 and later)."""
        return self._socket.protocol == V5

    async def __aiter__(self) -> AsyncIterator[Output]:
        while not self._has_ended:
            message = await self._socket.receive()
            if message is None:
                self._has_ended = True
                return
            channel, data = message[:1], message[1:]
            if channel == bytes((ERROR,)):
                self._status = exit_status(data)
            elif data and channel == bytes((STDOUT,)):
                yield Output("stdout", data)
            elif data and channel == bytes((STDERR,)):
                yield Output("stderr", data)

    async def send(self, data: bytes) -> None:
        """Write to the command's input; returns when the connection has room for more.

        Raises:
            UnreachableError: The connection is closed.
        """
        for message in stdin_messages(data):
            await self._socket.send(message)

    async def close_stdin(self) -> None:
        """Tell the command that its input ends.

        Raises:
            ProtocolError: The server is too old to be told.
        """
        self.require_end_of_stdin()
        await self._socket.send(CLOSE_STDIN)

    def require_end_of_stdin(self) -> None:
        """Raise `ProtocolError` when the server cannot be told that the input ends."""
        if not self.can_close_stdin:
            raise ProtocolError(
                "This server cannot be told that the input ends: it needs Kubernetes 1.30 or "
                "later. Use a command that knows where its input ends."
            )

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the remote terminal its size."""
        await self._socket.send(resize_message(columns, rows))

    async def exit_status(self) -> ExitStatus:
        """How the command ended; output that nobody has read is thrown away.

        Raises:
            UnreachableError: The connection ended and nothing was said of the command.
        """
        async for _ in self:
            pass
        if self._status is None:
            raise UnreachableError(
                "The connection ended without word of how the command ended; "
                "it may still be running in the container."
            )
        return self._status

    async def close(self) -> None:
        """Leave; a command with a terminal gets a hang-up, others go on."""
        await self._socket.close()


@asynccontextmanager
async def open_exec(
    client: Client,
    namespace: str,
    pod: str,
    command: Sequence[str],
    *,
    container: str | None = None,
    stdin: bool = False,
    stdout: bool = True,
    stderr: bool = True,
    tty: bool = False,
) -> AsyncIterator[ExecSession]:
    """A command started in a container; the connection closes with the block.

    With a terminal (`tty`) there is no stderr of its own.

    Raises:
        ApiError: The server refused.
        UnreachableError: No connection came about.
    """
    query = [("command", word) for word in command]
    query += _streams(container, stdin=stdin, stdout=stdout, stderr=stderr, tty=tty)
    path = PODS.path(namespace, pod, "exec")
    async with open_socket(client, path, query, (V5, V4)) as socket:
        yield ExecSession(socket, tty=tty)


@asynccontextmanager
async def open_attach(
    client: Client,
    namespace: str,
    pod: str,
    *,
    container: str | None = None,
    stdin: bool = False,
    tty: bool = False,
) -> AsyncIterator[ExecSession]:
    """The running main process of a container: what it writes from now on.

    Raises:
        ApiError: The server refused.
        UnreachableError: No connection came about.
    """
    query = _streams(container, stdin=stdin, stdout=True, stderr=True, tty=tty)
    path = PODS.path(namespace, pod, "attach")
    async with open_socket(client, path, query, (V5, V4)) as socket:
        yield ExecSession(socket, tty=tty)


async def run_command(
    client: Client,
    namespace: str,
    pod: str,
    command: Sequence[str],
    container: str | None = None,
    stdin: bytes = b"",
) -> CommandResult:
    """Run a command to its end and return what it wrote.

    Raises:
        ApiError: The server refused.
        UnreachableError: The connection broke before the command ended.
        ProtocolError: There is input, and the server cannot be told that it ends.
    """
    output: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    async with open_exec(
        client, namespace, pod, command, container=container, stdin=bool(stdin)
    ) as session:
        if stdin:
            session.require_end_of_stdin()
        feeding = asyncio.ensure_future(_feed(session, stdin))
        try:
            async for channel, data in session:
                output[channel].append(data)
            status = await session.exit_status()
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
    stderr = b"".join(output["stderr"])
    if status.message and status.reason != "NonZeroExitCode":
        stderr += status.message.encode() + b"\n"
    return CommandResult(status.code, b"".join(output["stdout"]), stderr)


async def _feed(session: ExecSession, stdin: bytes) -> None:
    if stdin:
        await session.send(stdin)
        await session.close_stdin()


def _streams(
    container: str | None, *, stdin: bool, stdout: bool, stderr: bool, tty: bool
) -> list[tuple[str, str]]:
    query = [("container", container)] if container else []
    wanted = [
        ("stdin", stdin),
        ("stdout", stdout),
        ("stderr", stderr and not tty),
        ("tty", tty),
    ]
    return query + [(name, "true") for name, is_wanted in wanted if is_wanted]
