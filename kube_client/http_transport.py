"""The real Transport: HTTP/1.1 over TLS, kept connections, one renewal after a 401.

HTTP/1.1 and not HTTP/2: one connection for each stream, which costs a handshake and saves the
head-of-line blocking of many followed logs.
"""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from time import time
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from kube_client.credentials import Credential, CredentialSource
from kube_client.errors import (
    ConfigError,
    KubeError,
    NotConnectedError,
    UnreachableError,
    UntrustedServerError,
)
from kube_client.http_connection import (
    HttpConnection,
    HttpResponse,
    Limits,
    ReadBuffer,
    StaleConnectionError,
)
from kube_client.proxy import Proxy, open_tunnel, proxy_for
from kube_client.tls import make_context
from kube_client.tls_transport import AddressInfo, open_tls, resolve
from kube_client.transport import Request, SocketAccess

_CONNECT_SECONDS = 15.0
_KNOWN_ADDRESS_SECONDS = 30.0
_IDLE_CONNECTIONS = 16
_UNANSWERED_SECONDS = 60
_IDLE_SECONDS = 60.0
_IDLE_SECONDS_UNSAFE = 5.0  # what cannot be repeated goes only over a connection used just now
_READS_SOCKETS = sys.platform != "win32"  # its event loop cannot wait for a socket
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class Endpoint(msgspec.Struct, frozen=True):
    """One API server: where it is and how to trust it.

    `prefix` is the path before `/api`, as gateways have it; `trust` is PEM, None the system's.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""
    trust: str | None = None
    insecure: bool = False
    server_name: str = ""
    proxy: Proxy | None = None

    @property
    def where(self) -> str:
        """The address as people write it."""
        return f"{self.scheme}://{self.authority}{self.prefix}"

    @property
    def authority(self) -> str:
        """Host and port, as in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        """Whether the server is spoken to over TLS."""
        return self.scheme == "https"


def parse_endpoint(
    server: str,
    *,
    trust: str | None = None,
    insecure: bool = False,
    server_name: str = "",
    proxy_url: str = "",
    env: Mapping[str, str] = os.environ,
) -> Endpoint:
    """The endpoint that a server address means.

    Raises:
        ConfigError: The address is malformed.
    """
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{server!r} is no server address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"{server!r} is no server address; write it like https://host:6443 in the kubeconfig."
        )
    return Endpoint(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or (443 if parts.scheme == "https" else 80),
        prefix=parts.path.rstrip("/"),
        trust=trust,
        insecure=insecure,
        server_name=server_name,
        proxy=proxy_for(parts.scheme, parts.hostname, proxy_url, env),
    )


class HttpTransport:
    """Carries requests to one API server; see `Transport` for its promises."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: CredentialSource,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._headers = headers
        self._idle: list[HttpConnection] = []
        self._buffer = ReadBuffer()
        self._all: set[HttpConnection] = set()
        self._addresses: Sequence[AddressInfo] = ()
        self._addresses_until = 0.0
        self._context: ssl.SSLContext | None = None
        self._context_pair = (b"", b"")

    async def send(self, request: Request) -> HttpResponse:
        """The answer, as soon as its head has come."""
        credential = await self._credentials.current()
        response = await self._attempt(request, credential)
        if response.status == 401:
            renewed = await self._credentials.renew(credential)
            if renewed is not None:
                await response.aclose()
                response = await self._attempt(request, renewed)
        return response

    async def socket_access(self, *, renew: bool = False) -> SocketAccess:
        """What a WebSocket library needs to open a connection of its own."""
        credential = await self._credentials.current()
        if renew:
            credential = await self._credentials.renew(credential) or credential
        endpoint = self._endpoint
        return SocketAccess(
            base_url=endpoint.where,
            headers=(*self._headers, *credential.headers),
            ssl_context=self._context_for(credential) if endpoint.is_tls else None,
            server_hostname=endpoint.server_name or None,
            proxy=endpoint.proxy.url if endpoint.proxy else None,
        )

    async def aclose(self) -> None:
        """Close every connection, and wait until they are."""
        connections = list(self._all)
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.closed
        self._idle.clear()

    async def _attempt(self, request: Request, credential: Credential) -> HttpResponse:
        loop = asyncio.get_running_loop()
        deadline = None if request.timeout is None else loop.time() + request.timeout
        limits = Limits(deadline, request.silence)
        head_and_body = self._encode(request, credential)
        if self._endpoint.is_tls:
            self._context_for(credential)
        kept = self._take_idle(is_safe=request.method in _SAFE_METHODS)
        if kept is not None:
            try:
                return await kept.exchange(head_and_body, limits)
            except StaleConnectionError as error:
                if request.method not in _SAFE_METHODS:
                    raise UnreachableError(
                        f"{error} It is not known whether the {request.method} was carried out."
                    ) from error
        connection = await self._open(credential, deadline)
        return await connection.exchange(head_and_body, limits)

    def _take_idle(self, *, is_safe: bool) -> HttpConnection | None:
        """A kept connection that was used last, when it was used lately enough."""
        now = time()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_usable:
                continue
            age = now - connection.idle_since
            if age < (_IDLE_SECONDS if is_safe else _IDLE_SECONDS_UNSAFE):
                return connection
            if age < _IDLE_SECONDS:
                self._idle.append(connection)
                return None
            connection.abort()
        return None

    def _encode(self, request: Request, credential: Credential) -> bytes:
        endpoint = self._endpoint
        target = endpoint.prefix + request.path
        if request.query:
            target += "?" + urlencode(request.query, quote_via=quote)
        own: tuple[tuple[str, str], ...] = ()
        if endpoint.proxy is not None and not endpoint.is_tls:
            target = f"{endpoint.scheme}://{endpoint.authority}{target}"
            own = endpoint.proxy.headers
        lines = [f"{request.method} {target} HTTP/1.1", f"host: {endpoint.authority}"]
        lines += [
            f"{name}: {value}"
            for name, value in (*self._headers, *credential.headers, *own, *request.headers)
        ]
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            lines.append(f"content-length: {len(request.body)}")
        head = "\r\n".join(lines)
        if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1:
            raise ConfigError("A header of the request would hold a line break; check the flags.")
        return (head + "\r\n\r\n").encode("utf-8") + request.body

    async def _open(self, credential: Credential, deadline: float | None) -> HttpConnection:
        limit = asyncio.get_running_loop().time() + _CONNECT_SECONDS
        try:
            async with asyncio.timeout_at(limit if deadline is None else min(limit, deadline)):
                connection = await self._connected(credential)
        except (OSError, ssl.SSLError) as error:  # TimeoutError is an OSError
            self._addresses = ()
            raise _unreachable(error, self._endpoint) from error
        self._all.add(connection)
        self._buffer.share(len(self._all))
        connection.closed.add_done_callback(lambda _: self._forget(connection))
        return connection

    def _keep(self, connection: HttpConnection, context: ssl.SSLContext | None) -> None:
        """Keep a free connection; not one of an earlier certificate, nor one of too many."""
        if context is not self._context or len(self._idle) >= _IDLE_CONNECTIONS:
            connection.abort()
        else:
            self._idle.append(connection)

    def _forget(self, connection: HttpConnection) -> None:
        self._all.discard(connection)
        self._buffer.share(len(self._all))
        if connection in self._idle:
            self._idle.remove(connection)

    async def _connected(self, credential: Credential) -> HttpConnection:
        endpoint = self._endpoint
        context = self._context_for(credential) if endpoint.is_tls else None
        connection = HttpConnection(
            endpoint.where, lambda free: self._keep(free, context), self._buffer
        )
        if context is None:
            transport = await self._connected_plainly(connection)
        elif endpoint.proxy is None and _READS_SOCKETS:
            transport = await open_tls(
                connection, await self._resolved(), context, self._server_name
            )
        else:
            transport = await self._connected_by_loop(connection, context)
        _keep_alive(transport)
        return connection

    @property
    def _server_name(self) -> str:
        return self._endpoint.server_name or self._endpoint.host

    async def _connected_plainly(self, connection: HttpConnection) -> asyncio.Transport:
        """No TLS to the server; maybe to a proxy, which gets the requests as they are."""
        endpoint, proxy = self._endpoint, self._endpoint.proxy
        host, port = (proxy.host, proxy.port) if proxy else (endpoint.host, endpoint.port)
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: connection, host, port, ssl=make_context(None) if proxy and proxy.tls else None
        )
        return transport

    async def _connected_by_loop(
        self, connection: HttpConnection, context: ssl.SSLContext
    ) -> asyncio.Transport:
        """TLS by the event loop: through a proxy, or where a loop cannot wait for sockets."""
        loop, endpoint = asyncio.get_running_loop(), self._endpoint
        if endpoint.proxy is None:
            transport, _ = await loop.create_connection(
                lambda: connection,
                endpoint.host,
                endpoint.port,
                ssl=context,
                server_hostname=self._server_name,
            )
            return transport
        outer = make_context(None) if endpoint.proxy.tls else None
        tunnel = await open_tunnel(endpoint.proxy, endpoint.host, endpoint.port, outer)
        started = await loop.start_tls(
            tunnel, connection, context, server_hostname=self._server_name
        )
        assert isinstance(started, asyncio.Transport)
        connection.connection_made(started)
        return started

    async def _resolved(self) -> Sequence[AddressInfo]:
        """The server's addresses, asked for once while many connections are opened."""
        now = asyncio.get_running_loop().time()
        if not self._addresses or now > self._addresses_until:
            self._addresses = await resolve(self._endpoint.host, self._endpoint.port)
            self._addresses_until = now + _KNOWN_ADDRESS_SECONDS
        return self._addresses

    def _context_for(self, credential: Credential) -> ssl.SSLContext:
        """The TLS context for this credential; a new certificate retires the kept connections."""
        pair = (credential.certificate, credential.key)
        if self._context is None or pair != self._context_pair:
            endpoint = self._endpoint
            self._context = make_context(
                endpoint.trust, insecure=endpoint.insecure, certificate=pair[0], key=pair[1]
            )
            self._context_pair = pair
            for connection in self._idle:
                connection.abort()
            self._idle.clear()
        return self._context


def _keep_alive(transport: asyncio.Transport) -> None:
    """Let the kernel find out when the other side is gone, as a quiet watch never would."""
    raw = transport.get_extra_info("socket")
    if raw is None:
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", _UNANSWERED_SECONDS * 1000),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            raw.setsockopt(socket.IPPROTO_TCP, option, value)


def _unreachable(error: OSError, endpoint: Endpoint) -> KubeError:
    """The sentence for a connection that could not be opened."""
    proxy = endpoint.proxy
    where = endpoint.where if proxy is None else f"{endpoint.where} (by proxy {proxy.host})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return UntrustedServerError(
            f"The certificate of {where} is not to be trusted: {error.verify_message.rstrip('.')}. "
            "Check certificate-authority and tls-server-name in the kubeconfig."
        )
    if isinstance(error, ssl.SSLError):
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
            why = "it does not speak TLS. If it is a plain server, write http:// in its address."
        else:
            why = f"no TLS connection: {error.reason or error}."
        return NotConnectedError(f"Cannot talk to {where}: {why}")
    return NotConnectedError(f"Cannot reach {where}: {_why(error, endpoint)}")


def _why(error: OSError, endpoint: Endpoint) -> str:
    host = endpoint.proxy.host if endpoint.proxy else endpoint.host
    if isinstance(error, socket.gaierror):
        return f"the name {host} is not known. Check the server's address and your network."
    if isinstance(error, TimeoutError):
        return "it does not answer. Check your network or VPN."
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "nothing listens there. Is the cluster running, and is the address right?"
    if isinstance(error, ConnectionResetError):
        return "it cut the connection. Try again."
    return f"{error.strerror or error}. Check the server's address and your network."
