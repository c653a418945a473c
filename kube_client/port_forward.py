"""A local port that leads to a port of a pod: one WebSocket for each connection taken."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from kube_client.channels import MESSAGE_BYTES, STDIN, V4, PortChannels, on_channel
from kube_client.client import Client
from kube_client.errors import KubeError, NotFoundError, UnreachableError
from kube_client.resource import PODS
from kube_client.websocket import ChannelSocket, open_socket

_HALF_CLOSED_SECONDS = 30.0


class LocalPortError(KubeError):
    """The local port cannot be had."""


class PortForward:
    """A listening local port. `count` is how many connections are open now."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        pod: Callable[[], Awaitable[str]],
        remote_port: int,
        on_trouble: Callable[[str], None],
    ) -> None:
        self.address = ""
        self.local_port = 0
        self.namespace = namespace
        self.remote_port = remote_port
        self._client = client
        self._pod = pod
        self._on_trouble = on_trouble
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    async def listen(self, address: str, port: int) -> None:
        """Take connections.

        Raises:
            LocalPortError: The port is taken, or not ours to take.
        """
        try:
            self._server = await asyncio.start_server(self._accept, address, port)
        except (OSError, OverflowError) as error:
            raise LocalPortError(
                f"Port {port} on {address} cannot be listened on ({_why(error)}); "
                "choose another local port."
            ) from error
        self.address, self.local_port = self._server.sockets[0].getsockname()[:2]

    async def aclose(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its last."""
        try:
            pod = await self._pod()
            path = PODS.path(self.namespace, pod, "portforward")
            query = [("ports", str(self.remote_port))]
            async with open_socket(self._client, path, query, (V4,)) as socket:
                await _exchange(reader, writer, socket, lambda text: self._tell(pod, text))
        except NotFoundError as error:
            self._on_trouble(f"{error} The pod may have been replaced.")
        except KubeError as error:
            self._on_trouble(str(error))
        finally:
            writer.close()
            with suppress(OSError):  # the local side may be gone first
                await writer.wait_closed()

    def _tell(self, pod: str, text: str) -> None:
        self._on_trouble(
            f"Port {self.remote_port} of {self.namespace}/{pod} does not answer: {text}"
        )


def _why(error: OSError | OverflowError) -> str:
    """The system's words: asyncio's own repeat the address and the number of the error."""
    if isinstance(error, OverflowError):
        return "there is no such port"
    number = error.errno or 0  # below 0: the name of the address was not found
    return os.strerror(number) if number > 0 else str(error.strerror)


@asynccontextmanager
async def open_port_forward(
    client: Client,
    namespace: str,
    pod: str | Callable[[], Awaitable[str]],
    remote_port: int,
    *,
    local_port: int = 0,
    address: str = "127.0.0.1",
    on_trouble: Callable[[str], None] = lambda _sentence: None,
) -> AsyncIterator[PortForward]:
    """A local port that leads to the pod's, until the block ends.

    Nothing is sent to the cluster before the first connection; what fails then is told to
    `on_trouble`, and later connections are tried anew. `pod` may be a function that names the pod
    for each connection, so that a replaced pod is followed. Local port 0 takes any free one.

    Raises:
        LocalPortError: The local port cannot be had.
    """

    async def fixed() -> str:
        assert isinstance(pod, str)
        return pod

    choose = fixed if isinstance(pod, str) else pod
    forward = PortForward(client, namespace, choose, remote_port, on_trouble)
    await forward.listen(address, local_port)
    try:
        yield forward
    finally:
        await forward.aclose()


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    socket: ChannelSocket,
    on_error: Callable[[str], None],
) -> None:
    """Bytes both ways until the pod's side ends, or ours does and nothing more comes."""
    sending = asyncio.ensure_future(_send(reader, socket))
    receiving = asyncio.ensure_future(_receive(socket, writer, on_error))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done() and not sending.exception():
            # The local side sends no more, but may be reading still: the protocol cannot tell the
            # pod, so we wait for what it has to say.
            await asyncio.wait({receiving}, timeout=_HALF_CLOSED_SECONDS)
    finally:
        for task in (sending, receiving):
            task.cancel()
        results = await asyncio.gather(sending, receiving, return_exceptions=True)
    for result in results:
        if isinstance(result, KubeError):
            raise result


async def _send(reader: asyncio.StreamReader, socket: ChannelSocket) -> None:
    try:
        while data := await reader.read(MESSAGE_BYTES):
            await socket.send(on_channel(STDIN, data))
    except UnreachableError:
        return  # the receiving side tells why
    except ConnectionError:
        return  # the local side hung up


async def _receive(
    socket: ChannelSocket, writer: asyncio.StreamWriter, on_error: Callable[[str], None]
) -> None:
    channels = PortChannels()
    while (message := await socket.receive()) is not None:
        data = channels.data_of(message)
        if data:
            writer.write(data)
            try:
                await writer.drain()
            except ConnectionError:
                return  # the local side hung up
        elif text := channels.error_of(message):
            on_error(text)
