"""The only sockets: HTTP/1.1 over TLS, chunked streams, WebSocket upgrades."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import ssl
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import msgspec
from aiohttp import HttpVersion11, WSMsgType, web

from demo_cluster.access.certificates import Certificates
from demo_cluster.access.users import User, certificate_user
from demo_cluster.api import Api, RawRequest
from demo_cluster.clock import Clock
from demo_cluster.faults import EXPIRY, Fault, FaultPlan, instead
from demo_cluster.status import Failure
from demo_cluster.wire.connection import HttpServer, TlsConnection
from demo_cluster.wire.reply import AnyReply, Reply, SpdyReply, StreamReply, UpgradeReply

MAX_BODY = 3 * 1024 * 1024
BODY_SECONDS = 60.0
"""How long a client may take to send a body, or to take an answer."""
MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes of one WebSocket message."""
_GZIP_FROM = 128 * 1024
_BACKLOG = 128
_GOODBYE_SECONDS = 0.1


class Listener:
    """Serves an `Api` on one address."""

    def __init__(
        self,
        api: Api,
        certificates: Certificates,
        host: str,
        port: int,
        faults: FaultPlan,
        clock: Clock,
    ) -> None:
        self._api = api
        self._clock = clock
        self._faults = faults
        self._certificates = certificates
        self._host = host
        self._port = port
        self._sockets: asyncio.Server | None = None
        self._http: HttpServer | None = None

    async def start(self) -> int:
        """Listen; returns the port, which the system chooses when it was 0.

        Raises:
            OSError: The address is taken or not ours.
        """
        http = HttpServer(self._handle, self._clock.now)
        context = _server_context(self._certificates)
        loop = asyncio.get_running_loop()
        self._sockets = await loop.create_server(
            lambda: TlsConnection(loop, http(), context), self._host, self._port, backlog=_BACKLOG
        )
        self._http = http
        return int(self._sockets.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None
        if self._http is not None:
            self._http.pre_shutdown()
            await self._http.shutdown(_GOODBYE_SECONDS)
            self._http = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = _target(request).partition("?")
        if _BAD_ESCAPE.search(path) or not path.startswith("/"):
            return await _whole(_GLOBAL_OPTIONS if path == "*" else _BAD_TARGET)
        expected = request.headers.get("Expect", "").lower()
        if expected not in ("", "100-continue"):
            return await _whole(_EXPECTATION_FAILED)
        headers = _headers(request)
        groups = tuple(request.headers.getall("Impersonate-Group", ()))
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(request)
        except _TooLargeError:
            return await _whole(_too_large())
        except TimeoutError:
            return await _whole(_too_slow())
        peer = _peer_of(request)
        raw = RawRequest(request.method, unquote(path), query, headers, body, groups, peer)
        if self._faults.latency_seconds:
            await asyncio.sleep(self._faults.latency_seconds)
        fault = self._choose_fault(raw)
        if fault is not None and fault.kind in ("drop", "stall"):
            await _before_answer(request, fault)
        reply: AnyReply | None = instead(fault, request.raw_path) if fault else None
        if reply is None:
            reply = await self._api.answer(raw)
        takes_gzip = "gzip" in headers.get("accept-encoding", "")
        if isinstance(reply, Reply):
            whole = await _whole(reply, takes_gzip)
            return await (_spoiled(request, whole, fault) if fault else _deliver(request, whole))
        if isinstance(reply, StreamReply):
            if reply.is_document and takes_gzip:
                reply = _packed(reply)
            lifetime = None if reply.is_document else _lifetime(fault)
            return await _stream(request, spoiled_stream(reply, fault), lifetime)
        with _cut_after(request, _lifetime(fault)):
            if isinstance(reply, SpdyReply):
                return await _switch_to_spdy(request, reply)
            return await _upgrade(request, reply)

    def _choose_fault(self, raw: RawRequest) -> Fault | None:
        if not self._faults.faults:
            return None
        fault = self._faults.choose(self._api.asked(raw), self._clock.now())
        if fault is not None and fault.kind == EXPIRY:
            self._api.expire_token(raw)
        return fault


_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_GLOBAL_OPTIONS = Reply(200, is_bare=True)
"""To `OPTIONS *`, which asks for nothing in particular."""
_BAD_TARGET = Reply(
    400,
    b"400 Bad Request",
    {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"},
    is_bare=True,
)
_EXPECTATION_FAILED = Reply(417, headers={"Connection": "close"}, is_bare=True)


def _target(request: web.BaseRequest) -> str:
    """What a request is about, without the host that some clients name before it."""
    target = request.raw_path
    if target.startswith("/") or "://" not in target:
        return target
    return "/" + target.partition("://")[2].partition("/")[2]


async def _deliver(request: web.BaseRequest, whole: web.Response) -> web.Response:
    """Send an answer now, to a client that takes it within the time of a request."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            await whole.prepare(request)
            await whole.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return whole


def _lifetime(fault: Fault | None) -> float | None:
    return fault.amount if fault is not None and fault.kind == "cut" else None


@contextlib.contextmanager
def _cut_after(request: web.BaseRequest, seconds: float | None) -> Iterator[None]:
    """Break the connection after this time, when there is one."""
    if seconds is None or request.transport is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(seconds, request.transport.abort)
    try:
        yield
    finally:
        timer.cancel()


def _headers(request: web.BaseRequest) -> dict[str, str]:
    """Header names in lower case; the values of one that came several times are joined."""
    found: dict[str, str] = {}
    for name, given in request.headers.items():
        value = given if given.isascii() else _readable(given)
        known = found.get(name.lower())
        found[name.lower()] = value if known is None else f"{known}, {value}"
    return found


def _readable(value: str) -> str:
    """A header whose bytes may be no text; nothing of it could be sent on."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _before_answer(request: web.BaseRequest, fault: Fault) -> None:
    if fault.kind == "stall":
        await asyncio.sleep(fault.amount)
    elif request.transport is not None:
        request.transport.abort()


_PIECE = 512
_PIECE_SECONDS = 0.05


class _CutError(ConnectionError):
    """The connection is to end here."""


def spoiled_stream(reply: StreamReply, fault: Fault | None) -> StreamReply:
    """A stream that a fault delivers badly."""
    spoilers = {
        "slow": _slowly,
        "truncated": _cut_short,
        "garbage": _after_garbage,
        "freeze": _frozen,
    }
    if fault is None or fault.kind not in spoilers:
        return reply
    return replace(reply, chunks=spoilers[fault.kind](reply.chunks, fault.amount))


def _middle(data: bytes) -> int:
    """A place where things that come in pairs do not end."""
    return len(data) * 2 // 5


async def _slowly(chunks: AsyncIterator[bytes], _amount: float) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]
            await asyncio.sleep(_PIECE_SECONDS)


async def _cut_short(chunks: AsyncIterator[bytes], _amount: float) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if chunk:
            yield chunk[: _middle(chunk)]
            raise _CutError


async def _frozen(chunks: AsyncIterator[bytes], amount: float) -> AsyncIterator[bytes]:
    has_stopped = False
    async for chunk in chunks:
        middle = _middle(chunk) if not has_stopped else 0
        if middle:
            has_stopped = True
            yield chunk[:middle]
            await asyncio.sleep(amount)
        yield chunk[middle:]


async def _after_garbage(chunks: AsyncIterator[bytes], _amount: float) -> AsyncIterator[bytes]:
    yield b'{"type":\x00\xff\n'
    async for chunk in chunks:
        yield chunk


async def _spoiled(
    request: web.BaseRequest, whole: web.Response, fault: Fault
) -> web.StreamResponse:
    """An honest answer, badly delivered."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    if fault.kind == "garbage":
        spoiled = b'{"kind":"\x00\xff' + body[:40]
        return web.Response(status=whole.status, body=spoiled, content_type=whole.content_type)
    if fault.kind not in ("slow", "truncated", "freeze"):
        return whole
    response = web.StreamResponse(status=whole.status)
    response.content_type = whole.content_type
    response.content_length = len(body)
    await response.prepare(request)
    end = _middle(body) if fault.kind == "truncated" else len(body)
    for start in range(0, end, _PIECE):
        await response.write(body[start : min(start + _PIECE, end)])
        if fault.kind == "slow":
            await asyncio.sleep(_PIECE_SECONDS)
        if fault.kind == "freeze" and start <= _middle(body) < start + _PIECE:
            await asyncio.sleep(fault.amount)
    if fault.kind == "truncated" and request.transport is not None:
        request.transport.abort()
    return response


class _TooLargeError(Exception):
    """The body is larger than an API server takes."""


async def _body(request: web.BaseRequest) -> bytes:
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLargeError
    return bytes(body)


def _too_large() -> Reply:
    failure = Failure(
        413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_BODY}"
    )
    return Reply(413, failure.body(), {"Cache-Control": "no-cache, private", "Connection": "close"})


def _too_slow() -> Reply:
    text = "Timeout: request did not complete within the allotted timeout"
    failure = Failure(504, "Timeout", text)
    return Reply(504, failure.body(), {"Cache-Control": "no-cache, private", "Connection": "close"})


def _server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "server.crt"), Path(folder, "server.key")
        key.touch(mode=0o600)
        chain.write_bytes(certificates.server)
        key.write_bytes(certificates.server_key)
        context.load_cert_chain(chain, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=certificates.authority.decode())
    return context


def _peer_of(request: web.BaseRequest) -> User | None:
    """Who the client's certificate says it is, where it showed one."""
    transport = request.transport
    shown = transport.get_extra_info("peercert") if transport is not None else None
    if not shown or transport is None:
        return None
    subject = [pair for part in shown.get("subject", ()) for pair in part]
    der = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return certificate_user(subject, der or b"")


class _Untyped(web.Response):
    """A body that nobody says the type of, as Go's WebSocket library answers."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Content-Type", None)


async def _whole(reply: Reply, takes_gzip: bool = False) -> web.Response:
    headers = dict(reply.headers)
    body = reply.body
    if isinstance(body, dict):
        headers.setdefault("Content-Type", "application/json")
        body = msgspec.json.encode(body) + b"\n"
    elif isinstance(body, str):
        body = body.encode()
    if takes_gzip and len(body) > _GZIP_FROM and "Content-Encoding" not in headers:
        body = await asyncio.to_thread(gzip.compress, body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
        if "Accept-Encoding" not in headers.get("Vary", ""):
            headers["Vary"] = "\n".join(filter(None, ("Accept-Encoding", headers.get("Vary"))))
    repeated = {name: headers.pop(name, "").split("\n") for name in ("Warning", "Vary")}
    kind = web.Response if "Content-Type" in headers or not reply.is_bare else _Untyped
    response = kind(status=reply.status, body=body, headers=headers)
    for name, values in repeated.items():
        for value in filter(None, values):
            response.headers.add(name, value)
    return response


def _packed(reply: StreamReply) -> StreamReply:
    headers = {**reply.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(reply, chunks=_pack(reply.chunks), headers=headers)


async def _pack(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    async for chunk in chunks:
        yield await asyncio.to_thread(packer.compress, chunk)
    yield packer.flush()


async def _stream(
    request: web.BaseRequest, reply: StreamReply, seconds: float | None = None
) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    response.headers.setdefault("Cache-Control", "no-cache, private")
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    else:
        response.force_close()
    await response.prepare(request)
    try:
        async with asyncio.timeout(seconds):
            await _pass_on(response, reply)
    except (TimeoutError, _CutError):
        if request.transport is not None:
            request.transport.abort()
        return response
    except ConnectionError:
        return response
    with contextlib.suppress(ConnectionError):
        await response.write_eof()
    return response


async def _pass_on(response: web.StreamResponse, reply: StreamReply) -> None:
    """Every chunk as it comes.

    Raises:
        TimeoutError: The reader is too slow for this stream.
    """
    try:
        async for chunk in reply.chunks:
            if chunk:
                async with asyncio.timeout(reply.patience_seconds):
                    await response.write(chunk)
    finally:
        close = getattr(reply.chunks, "aclose", None)
        if close is not None:
            await close()


class _AiohttpWebSocket:
    """A `WebSocket` on aiohttp's."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    @property
    def subprotocol(self) -> str:
        return self._socket.ws_protocol or ""

    async def receive(self) -> bytes | str | None:
        message = await self._socket.receive()
        if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
            data: bytes | str = message.data
            return data
        return None

    async def send(self, message: bytes | str) -> None:
        with contextlib.suppress(ConnectionError):
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._socket.close(code=code, message=reason.encode())


_MOST_UNREAD = 1 << 20


class _BareStream:
    """A `WebSocket` whose messages are pieces of a byte stream, on a connection taken over."""

    subprotocol = ""

    def __init__(self, response: web.StreamResponse, transport: asyncio.Transport) -> None:
        self._response = response
        self._transport = transport
        self._arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = 0

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Called by aiohttp with what the client sends; never at the end."""
        self._arrived.put_nowait(data)
        self._waiting += len(data)
        if self._waiting > _MOST_UNREAD:
            self._transport.pause_reading()
        return False, b""

    def feed_eof(self) -> None:
        """Called by aiohttp when the client has gone."""
        self._arrived.put_nowait(None)

    def set_exception(self, *_: object) -> None:
        """Called by aiohttp when the connection broke."""
        self._arrived.put_nowait(None)

    async def receive(self) -> bytes | str | None:
        data = await self._arrived.get()
        self._waiting -= len(data or b"")
        if self._waiting < _MOST_UNREAD and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def send(self, message: bytes | str) -> None:
        data = message.encode() if isinstance(message, str) else message
        with contextlib.suppress(ConnectionError):
            await self._response.write(data)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        del code, reason
        self._transport.close()


async def _switch_to_spdy(request: web.BaseRequest, reply: SpdyReply) -> web.StreamResponse:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "SPDY/3.1",
        "X-Stream-Protocol-Version": reply.protocol,
    }
    response = web.StreamResponse(status=101, headers=headers)
    transport = request.transport
    assert transport is not None
    stream = _BareStream(response, transport)
    await response.prepare(request)
    request.protocol.set_parser(stream)  # type: ignore[arg-type]  # duck-typed by aiohttp
    request.protocol.keep_alive(False)
    await reply.handler(stream)
    await stream.close()
    return response


async def _upgrade(request: web.BaseRequest, reply: UpgradeReply) -> web.StreamResponse:
    socket = web.WebSocketResponse(
        protocols=reply.subprotocols, compress=False, max_msg_size=MAX_MESSAGE
    )
    if "Sec-WebSocket-Protocol" not in request.headers:
        socket.headers["Sec-WebSocket-Protocol"] = ""
    await socket.prepare(request)
    await reply.handler(_AiohttpWebSocket(socket))
    if not socket.closed:
        await socket.close()
    return socket
