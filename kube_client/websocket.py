"""One WebSocket to the API server, with the same trust and the same rights as the client.

The only module of the client that imports aiohttp, and only when a socket is opened: it costs a
tenth of a second.
"""

import asyncio
import socket as sockets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from kube_client.client import Client
from kube_client.errors import (
    KubeError,
    ProtocolError,
    UnauthorizedError,
    UnreachableError,
    UntrustedServerError,
    error_from_response,
    one_line,
)
from kube_client.transport import SocketAccess

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse

Query = Sequence[tuple[str, str]]

_HANDSHAKE_SECONDS = 60.0
_CLOSE_SECONDS = 2.0
_KEEPALIVE_SECONDS = 30
_NORMAL_CLOSE = 1000


class ChannelSocket:
    """Binary messages both ways, over a subprotocol that both sides know."""

    def __init__(self, socket: "ClientWebSocketResponse") -> None:
        self._socket = socket
        self._is_closing = False

    @property
    def protocol(self) -> str:
        """The subprotocol that the server chose."""
        return self._socket.protocol or ""

    async def receive(self) -> bytes | None:
        """The next message; None when the server, or we, closed in good order.

        Raises:
            UnreachableError: The connection broke.
        """
        from aiohttp import WSMsgType

        message = await self._socket.receive()
        if message.type is WSMsgType.BINARY:
            data: bytes = message.data
            return data
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            return text.encode()
        if self._is_closing or self._socket.close_code == _NORMAL_CLOSE:
            return None
        raise UnreachableError(
            f"The connection to the container broke (code {self._socket.close_code}); "
            "check that the pod still runs, and try again."
        )

    async def send(self, message: bytes) -> None:
        """Send one message; returns when the socket has room for more.

        Raises:
            UnreachableError: The connection is closed.
        """
        try:
            await self._socket.send_bytes(message)
        except (ConnectionError, RuntimeError) as error:
            raise UnreachableError(
                "The connection to the container is closed; start the command again."
            ) from error

    async def close(self) -> None:
        """Say goodbye; what the server still sends is not read."""
        self._is_closing = True
        await self._socket.close()


@asynccontextmanager
async def open_socket(
    client: Client, path: str, query: Query, protocols: Sequence[str]
) -> AsyncIterator[ChannelSocket]:
    """A WebSocket to this path; it closes with the block.

    Raises:
        ApiError: The server refused the handshake; the class says why.
        UnreachableError: No connection came about.
        ProtocolError: The server speaks none of these protocols.
    """
    from aiohttp import ClientSession, ClientTimeout

    transports: list[asyncio.BaseTransport] = []

    async def refuse(response: "ClientResponse") -> None:
        if response.connection is not None and response.connection.transport is not None:
            transports.append(response.connection.transport)
        if response.status != 101:
            headers = {name.lower(): value for name, value in response.headers.items()}
            raise error_from_response(
                response.status, headers, await response.read(), verb="connect to", path=path
            )

    timeout = ClientTimeout(total=None, sock_connect=15)
    try:
        async with ClientSession(timeout=timeout, raise_for_status=refuse) as session:
            access = await client.socket_access()
            try:
                socket = await _handshake(session, access, path, query, protocols)
            except UnauthorizedError:
                access = await client.socket_access(renew=True)
                socket = await _handshake(session, access, path, query, protocols)
            try:
                yield ChannelSocket(socket)
            finally:
                await socket.close()
    finally:
        await _drop(transports)


async def _handshake(
    session: "ClientSession",
    access: SocketAccess,
    path: str,
    query: Query,
    protocols: Sequence[str],
) -> "ClientWebSocketResponse":
    import aiohttp
    from yarl import URL

    url = f"{access.base_url}{path}?{urlencode(query, quote_via=quote)}"
    try:
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            socket = await session.ws_connect(
                URL(url, encoded=True),
                protocols=tuple(protocols),
                headers=access.headers,
                ssl=access.ssl_context or True,
                server_hostname=access.server_hostname,
                proxy=access.proxy,
                max_msg_size=0,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
            )
    except KubeError:
        raise
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise _unreachable(error, access) from error
    if socket.protocol not in protocols:
        await socket.close()
        raise ProtocolError(
            f"{access.base_url} speaks none of {', '.join(protocols)} on {path}. "
            "Is a proxy in between that does not pass WebSockets on?"
        )
    _keep_alive(socket)
    return socket


async def _drop(transports: list[asyncio.BaseTransport]) -> None:
    """Have the connections closed now: aiohttp leaves the goodbye of TLS to whenever it comes."""
    for transport in transports:
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
    for _ in range(3):  # the layers of TLS hear of it one turn of the loop after the other
        await asyncio.sleep(0)


def _unreachable(error: Exception, access: SocketAccess) -> KubeError:
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return UntrustedServerError(
            f"The certificate of {access.base_url} is not trusted: {error.certificate_error}. "
            "Check certificate-authority in the kubeconfig."
        )
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return ProtocolError(
            f"{access.base_url} did not open a WebSocket ({one_line(error.message)}). "
            "Is a proxy in between that does not pass WebSockets on?"
        )
    why = "it took too long" if isinstance(error, TimeoutError) else one_line(str(error))
    return UnreachableError(
        f"No connection to {access.base_url}: {why or type(error).__name__}. "
        "Check that the cluster is up and reachable."
    )


def _keep_alive(socket: "ClientWebSocketResponse") -> None:
    """Let the system notice a connection whose other end is gone; the servers send no pings."""
    raw = socket.get_extra_info("socket")
    if raw is None:
        return
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_KEEPALIVE, 1)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(sockets, name):
            raw.setsockopt(sockets.IPPROTO_TCP, getattr(sockets, name), _KEEPALIVE_SECONDS)
