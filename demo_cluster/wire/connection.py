"""One client's connection: what is no HTTP gets the answer of Go's server, and all waiting ends.

The limits and texts follow net/http and the API server's own time limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import cast

import msgspec
from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMethod, BadStatusLine, LineTooLong
from aiohttp.web_protocol import RequestHandler

from demo_cluster.status import Failure, method_not_allowed

HEAD_LIMIT = (1 << 20) + 4096
"""Bytes of a request line and its headers."""
HEAD_SECONDS = 32.0
IDLE_SECONDS = 90.0
_MOST_HEADERS = 10_000

_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [^\s]+ HTTP/1\.[01]\r?\n")
_OTHER_VERSION = re.compile(rb" HTTP/(?!1\.[01])\d\.\d\r?\n")
_LOG = logging.getLogger("demo_cluster")
_QUIET = logging.getLogger("demo_cluster.http")
"""What a server library notes about bad clients; nobody needs to read it."""
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


class TlsConnection(SSLProtocol):
    """TLS before HTTP; a client that speaks HTTP without it is told so, as net/http does."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, http: asyncio.Protocol, context: ssl.SSLContext
    ) -> None:
        waiter: asyncio.Future[object] = None  # type: ignore[assignment]  # as create_server has it
        super().__init__(loop, http, context, waiter, server_side=True)
        self._room = memoryview(b"")
        self._is_new = True

    def get_buffer(self, n: int) -> memoryview:
        """Where the next bytes go."""
        self._room = super().get_buffer(n)
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        if self._is_new:
            self._is_new = False
            if bytes(self._room[: min(nbytes, 5)]) in _BARE_HTTP:
                self._refuse()
                return
        super().buffer_updated(nbytes)

    def _refuse(self) -> None:
        assert self._transport is not None
        transport = cast("asyncio.Transport", self._transport)
        transport.write(_NO_TLS)
        transport.close()


_BARE_HTTP = frozenset({b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"})
"""How requests begin that net/http takes for HTTP without TLS."""
_NO_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


class HttpServer(web.Server):
    """Makes a connection for each client; a handler ends with its client.

    Answers bear the time that `now` tells, and no server's name, as net/http's do.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(handler, request_factory=self._dated_request, handler_cancellation=True)
        self._now = now

    def _dated_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return _DatedRequest(message, payload, protocol, writer, task, loop, self._now)

    def __call__(self) -> RequestHandler:
        """The connection of a client that has come."""
        return HttpConnection(self)


class _DatedRequest(web.BaseRequest):
    """A request whose answer bears the cluster's time."""

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
        loop: asyncio.AbstractEventLoop,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(message, payload, protocol, writer, task, loop)
        self._now = now

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)
        if response.status == _SWITCHING:
            response.headers.popall("Date", None)
        else:
            response.headers["Date"] = format_datetime(self._now(), usegmt=True)


_SWITCHING = 101


class HttpConnection(RequestHandler):
    """aiohttp's connection with the API server's limits and words."""

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            logger=_QUIET,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's word for none
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=HEAD_LIMIT,
            max_field_size=HEAD_LIMIT,
            max_headers=_MOST_HEADERS,
            auto_decompress=False,
        )
        self._head_size = 0
        self._latest = b""
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come; it has some time to say what it wants."""
        super().connection_made(transport)
        _keep_alive(transport.get_extra_info("socket"))
        loop = asyncio.get_running_loop()
        self._head_timer = loop.call_later(HEAD_SECONDS, self._lose_patience)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone."""
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def _lose_patience(self) -> None:
        if self._request_count == 0:
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests; a head that never ends is refused."""
        before = self._request_count
        is_head = not (self._request_in_progress or self._messages or self._upgraded)
        self._latest = data[:HEAD_LIMIT]
        super().data_received(data)
        self._head_size += len(data)
        if self._request_count != before or not is_head:
            self._head_size = 0
        elif self._head_size > HEAD_LIMIT:
            self._say(_plain(431, "Request Header Fields Too Large"))
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- aiohttp's signature
    ) -> web.StreamResponse:
        """Say what went wrong and close.

        Raises:
            ConnectionError: Always, once it is said: there is no more to come.
        """
        if isinstance(exc, ConnectionError):
            raise exc
        if request.writer.output_size == 0:
            self._say(self._error(request, status, exc))
        raise ConnectionResetError("refused")

    def _error(self, request: web.BaseRequest, status: int, exc: BaseException | None) -> bytes:
        if isinstance(exc, LineTooLong):
            return _plain(431, "Request Header Fields Too Large")
        if isinstance(exc, BadHttpMethod) and _LINE.match(self._latest):
            return _status(method_not_allowed())
        if isinstance(exc, BadStatusLine) and _OTHER_VERSION.search(self._latest):
            return _plain(505, "HTTP Version Not Supported", ": unsupported protocol version")
        if status != 500 or _is_of_the_body(exc):
            return _plain(400, "Bad Request", _why(str(exc)))
        _LOG.error("%s %s: %r", request.method, request.path, exc, exc_info=_is_debugging(exc))
        text = "This request caused apiserver to panic. Look in the logs for details."
        return _status(Failure(500, "InternalError", f"Internal error occurred: {text}"))

    def _say(self, answer: bytes) -> None:
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).write(answer)


def _keep_alive(connection: socket.socket | None) -> None:
    """Notice a client whose machine has gone without a word, as soon as Go's listener does."""
    if connection is None or not hasattr(socket, "TCP_KEEPIDLE"):
        return
    for option, value in (("KEEPIDLE", 15), ("KEEPINTVL", 15), ("KEEPCNT", 9)):
        number = getattr(socket, f"TCP_{option}")
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, number, value)


def _is_of_the_body(exc: BaseException | None) -> bool:
    return isinstance(exc, web.RequestPayloadError)


def _is_debugging(exc: BaseException | None) -> BaseException | None:
    return exc if _LOG.isEnabledFor(logging.DEBUG) else None


def _why(problem: str) -> str:
    """Go's words for the few problems that it names."""
    if "Missing 'Host'" in problem:
        return ": missing required Host header"
    if "Invalid header token" in problem:
        return ": invalid header name"
    if "Invalid header value" in problem:
        return ": invalid header value"
    return ""


def _plain(code: int, phrase: str, why: str = "") -> bytes:
    """As net/http writes it: without a length, to the end of the connection."""
    head = f"HTTP/1.1 {code} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return f"{head}Connection: close\r\n\r\n{code} {phrase}{why}".encode()


def _status(failure: Failure) -> bytes:
    phrase = {405: "Method Not Allowed", 500: "Internal Server Error"}[failure.code]
    body = msgspec.json.encode(failure.body()) + b"\n"
    head = (
        f"HTTP/1.1 {failure.code} {phrase}\r\nCache-Control: no-cache, private\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
