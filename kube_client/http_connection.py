"""One HTTP/1.1 connection as an asyncio Protocol, and the response that it is receiving.

The parser's callbacks append the body's pieces to a list; a reader takes all of them at once.
When the reader is slow the socket is not read, so the server waits.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable
from time import time
from typing import NamedTuple

import httptools

from kube_client.errors import KubeError, ProtocolError, UnreachableError

_READ_BYTES = 128 << 10
_READ_BYTES_OF_ALL = 8 << 20
_RECORD_BYTES = 16 << 10  # of TLS; less would leave a part of one behind
_GZIP = 16 + zlib.MAX_WBITS


class StaleConnectionError(UnreachableError):
    """A kept connection turned out to be closed before any byte of the answer came."""


class Limits(NamedTuple):
    """How long to wait: until when at all, and for how many seconds in silence."""

    deadline: float | None = None
    silence: float | None = None

    def next_until(self, now: float) -> float | None:
        """Until when the next byte has to come."""
        if self.silence is None:
            return self.deadline
        until = now + self.silence
        return until if self.deadline is None else min(until, self.deadline)


class ReadBuffer:
    """What all connections of a transport read into: it is in use only while a read is handled.

    The more there are the less each reads at once, because all of them may have something to say
    before anybody takes it.
    """

    def __init__(self) -> None:
        self._whole = memoryview(bytearray(_READ_BYTES))
        self.part = self._whole

    def share(self, connections: int) -> None:
        """So many connections use it."""
        each = _READ_BYTES_OF_ALL // max(connections, 1) // _RECORD_BYTES * _RECORD_BYTES
        self.part = self._whole[: max(each, _RECORD_BYTES)]


class HttpResponse:
    """An answer being received; its `on_...` methods are the parser's callbacks."""

    def __init__(self, connection: "HttpConnection", limits: Limits, where: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection: HttpConnection | None = connection
        self._limits = limits
        self._where = where
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append
        self._held = 0
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: KubeError | None = None

    # The parser's side.

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line; repeated ones are joined by commas."""
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """The head has come; an interim answer (1xx) is forgotten."""
        assert self._connection is not None
        status = self._connection.parsed_status()
        if 100 <= status < 200:
            self.headers.clear()
            return
        self.status = status
        self._wake()

    def on_message_complete(self) -> None:
        """The body is complete."""
        if self.status and self._connection is not None:
            self._ended = True
            self._connection.finished(self)

    # The connection's side.

    def held_more(self, size: int) -> int:
        """Count what has come; returns how much of it has not been taken, in bytes."""
        self._held += size
        if self._pieces:
            self._wake()
        return self._held

    def body_ends_with_connection(self) -> bool:
        """Whether the end of the connection is the end of the body."""
        return (
            self.status > 0
            and "content-length" not in self.headers
            and "chunked" not in self.headers.get("transfer-encoding", "")
        )

    def end(self, error: KubeError | None = None) -> None:
        """No more will come."""
        self._ended = True
        self._error = error
        self._connection = None
        self._wake()

    # The reader's side.

    async def wait_for_head(self) -> None:
        """Return when the status and the headers are there."""
        while not self.status and not self._ended:
            await self._wait()
        if not self.status:
            raise self._error or ProtocolError(f"{self._where} answered without a status.")

    async def read(self) -> bytes:
        """The whole body, unpacked."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, unpacked, never an empty chunk."""
        packed = self.headers.get("content-encoding", "") == "gzip"
        inflate = zlib.decompressobj(_GZIP) if packed else None
        try:
            while True:
                chunk = await self._take()
                if not chunk:
                    return
                if inflate is not None:
                    chunk = self._inflated(inflate, chunk)
                if chunk:
                    yield chunk
        finally:
            self._let_go()

    async def aclose(self) -> None:
        """Let go of the rest; a connection in the middle of a body is closed."""
        self._let_go()

    async def _take(self) -> bytes:
        """Everything that has come and not been taken; empty at the end."""
        while not self._pieces:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return b""
            await self._wait()
        pieces = self._pieces
        chunk = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._held = 0
        if self._connection is not None:
            self._connection.resume()
        return chunk

    def _inflated(self, inflate: "zlib._Decompress", chunk: bytes) -> bytes:
        try:
            return inflate.decompress(chunk)
        except zlib.error as error:
            raise ProtocolError(f"{self._where} sent a body that is not gzip: {error}.") from error

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        try:
            until = self._limits.next_until(loop.time())
            if until is None:
                await self._waiter
            else:
                async with asyncio.timeout_at(until):
                    await self._waiter
        except TimeoutError:
            self._let_go()
            raise UnreachableError(
                f"{self._where} did not finish its answer in time. Try again, or allow more time."
            ) from None
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not self._ended:
            self._ended = True
            self._error = UnreachableError(f"The answer of {self._where} was closed.")
            connection.abort()


class HttpConnection(asyncio.BufferedProtocol):
    """One connection; carries one exchange at a time."""

    def __init__(
        self, where: str, on_free: Callable[["HttpConnection"], None], buffer: ReadBuffer
    ) -> None:
        self._buffer = buffer
        self._where = where
        self._on_free = on_free
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._response: HttpResponse | None = None
        self._paused = False
        self._answered = False
        self._reused = False
        self._keep_alive = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.idle_since = 0.0  # by the wall clock: the other one stands still while a laptop sleeps

    @property
    def is_usable(self) -> bool:
        """Whether another exchange can go over it."""
        return (
            self._keep_alive
            and self._response is None
            and self._transport is not None
            and not self._transport.is_closing()
        )

    async def exchange(self, request: bytes, limits: Limits) -> HttpResponse:
        """Send the request; return when the head of its answer has come.

        Raises:
            StaleConnectionError: The connection had been closed meanwhile.
            UnreachableError: The connection was cut, or the time is over.
            ProtocolError: What came is no HTTP.
        """
        assert self._transport is not None
        response = HttpResponse(self, limits, self._where)
        self._response = response
        self._parser = httptools.HttpResponseParser(response)
        self._answered = self._keep_alive = False
        self._transport.write(request)
        try:
            await response.wait_for_head()
        except BaseException:
            self.abort()
            raise
        return response

    def parsed_status(self) -> int:
        """The status of the head that was parsed last."""
        assert self._parser is not None
        return int(self._parser.get_status_code())

    def finished(self, response: HttpResponse) -> None:
        """The response is complete; the connection is free, or closed if the server wants so."""
        assert self._parser is not None
        self._keep_alive = self._parser.should_keep_alive()
        self._response = None
        self._reused = True
        self.idle_since = time()
        self.resume()
        response.end()
        if self._keep_alive:
            self._on_free(self)
        else:
            self.abort()

    def resume(self) -> None:
        """Read from the socket again."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once."""
        self._keep_alive = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._keep_alive = True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # the Protocol's
        """Called by the event loop."""
        return self._buffer.part

    def buffer_updated(self, nbytes: int) -> None:
        """Called by the event loop."""
        response = self._response
        if response is None or self._parser is None:
            self.abort()  # nobody asked
            return
        self._answered = True
        try:
            self._parser.feed_data(self._buffer.part[:nbytes])
        except httptools.HttpParserUpgrade:
            self._fail(ProtocolError(f"{self._where} wants to speak another protocol than HTTP."))
            return
        except httptools.HttpParserError as error:
            self._fail(
                ProtocolError(
                    f"{self._where} does not answer in HTTP ({error}). Check the server's address."
                ),
                error,
            )
            return
        held = response.held_more(nbytes)
        if held > 2 * len(self._buffer.part) and self._response is response:
            self._pause()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        response, self._response = self._response, None
        self._parser = None
        if not self.closed.done():
            self.closed.set_result(None)
        if response is None:
            return
        if response.body_ends_with_connection() and exc is None:
            response.end()
        else:
            response.end(self._cut(exc))

    def _cut(self, exc: Exception | None) -> KubeError:
        because = f" ({exc})" if exc is not None else ""
        if self._answered:
            return UnreachableError(f"{self._where} cut its answer short{because}. Try again.")
        if self._reused:
            return StaleConnectionError(f"{self._where} closed the connection{because}. Try again.")
        advice = "Does it speak https?" if self._where.startswith("http:") else "Try again."
        return UnreachableError(
            f"{self._where} closed the connection without an answer{because}. {advice}"
        )

    def _pause(self) -> None:
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _fail(self, error: ProtocolError, cause: Exception | None = None) -> None:
        response, self._response = self._response, None
        error.__cause__ = cause
        self.abort()
        if response is not None:
            response.end(error)
