"""The real Transport: HTTP/1.1 over TLS, kept connections, one renewal after a 401.

HTTP/1.1 and not HTTP/2: one connection for each stream, which costs a handshake and saves the
head-of-line blocking of many followed logs.
"""

import asyncio
import asyncio.sslproto
import os
import socket
import ssl
from collections.abc import Mapping
from time import time
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from kube_client.credentials import Credential, CredentialSource
from kube_client.errors import ConfigError, KubeError, UnreachableError, UntrustedServerError
from kube_client.http_connection import (
    READ_SIZE,
    HttpConnection,
    HttpResponse,
    Limits,
    StaleConnectionError,
)
from kube_client.proxy import Proxy, open_tunnel, proxy_for
from kube_client.tls import make_context
from kube_client.transport import Request, SocketAccess

_CONNECT_SECONDS = 15.0
_MANY_CONNECTIONS = 64
_IDLE_CONNECTIONS = 16
_UNANSWERED_SECONDS = 60
_IDLE_SECONDS = 60.0
_IDLE_SECONDS_UNSAFE = 5.0  # what cannot be repeated goes only over a connection used just now
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
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._all: set[HttpConnection] = set()
        self._opening = 0
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
        self._opening += 1
        try:
            async with asyncio.timeout_at(limit if deadline is None else min(limit, deadline)):
                connection = await self._connected(credential)
        except (OSError, ssl.SSLError) as error:  # TimeoutError is an OSError
            raise _unreachable(error, self._endpoint) from error
        finally:
            self._opening -= 1
        self._all.add(connection)
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
        if connection in self._idle:
            self._idle.remove(connection)

    async def _connected(self, credential: Credential) -> HttpConnection:
        loop = asyncio.get_running_loop()
        endpoint, proxy = self._endpoint, self._endpoint.proxy
        # Each TLS connection is made with a buffer of this size, 256 KiB by default: too much for
        # 500 logs, and slower than a smaller one.
        many = len(self._all) + self._opening >= _MANY_CONNECTIONS
        asyncio.sslproto.SSLProtocol.max_size = READ_SIZE // 2 if many else READ_SIZE
        context = self._context_for(credential) if endpoint.is_tls else None
        name = (endpoint.server_name or endpoint.host) if endpoint.is_tls else None
        if proxy is not None and proxy.tls and not endpoint.is_tls:
            name = proxy.host
        connection = HttpConnection(
            endpoint.where, lambda free: self._keep(free, context), self._buffer
        )
        if proxy is None or not endpoint.is_tls:
            host, port = (endpoint.host, endpoint.port) if not proxy else (proxy.host, proxy.port)
            outer = make_context(None) if proxy is not None and proxy.tls else context
            transport, _ = await loop.create_connection(
                lambda: connection, host, port, ssl=outer, server_hostname=name
            )
        else:
            tunnel = await open_tunnel(
                proxy, endpoint.host, endpoint.port, make_context(None) if proxy.tls else None
            )
            assert context is not None
            started = await loop.start_tls(tunnel, connection, context, server_hostname=name)
            assert isinstance(started, asyncio.Transport)
            connection.connection_made(started)
            transport = started
        _keep_alive(transport)
        return connection

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
        return UnreachableError(f"Cannot talk to {where}: {why}")
    return UnreachableError(f"Cannot reach {where}: {_why(error, endpoint)}")


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
