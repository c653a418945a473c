"""port-forward: channels over a WebSocket, and the SPDY tunnel that kubectl opens."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from demo_cluster.handlers.channels import ChannelSocket, check_handshake, is_spdy
from demo_cluster.handlers.containers import pod_of, worker_of
from demo_cluster.kubelet.pod_worker import PodWorker
from demo_cluster.status import bad_request
from demo_cluster.toybox.machine import Server
from demo_cluster.wire.reply import AnyReply, Call, Reply, SpdyReply, UpgradeReply, WebSocket
from demo_cluster.wire.spdy import (
    DATA,
    GOAWAY,
    PING,
    SYN_STREAM,
    Frame,
    SpdyError,
    SpdyReader,
    SpdyWriter,
)

STREAMED = "portforward.k8s.io"
TUNNEL = "SPDY/3.1+portforward.k8s.io"
CHANNELS = ("v4.channel.k8s.io", "v4.base64.channel.k8s.io")
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def port_forward(call: Call) -> AnyReply:
    """GET or POST of portforward.

    Raises:
        Failure: 400 or 404.
    """
    pod = pod_of(call)
    worker = worker_of(call, pod)
    refused = check_handshake(call, (TUNNEL, *CHANNELS), (STREAMED,))
    if refused is not None:
        return refused
    ports = [_port(text) for value in call.query.get("ports", []) for text in value.split(",")]
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        meta = pod["metadata"]
        text = f'pod not found ("{meta["name"]}_{meta["namespace"]}")'
        return Reply(500, text, TEXT, is_bare=True)

    if is_spdy(call):
        return SpdyReply(lambda socket: Tunnel(worker, socket).talk(), STREAMED)

    async def talk(socket: WebSocket) -> None:
        if socket.subprotocol == TUNNEL:
            await Tunnel(worker, socket).talk()
        else:
            await _talk_channels(worker, socket, ports)

    return UpgradeReply(talk, (TUNNEL, *CHANNELS))


def _port(text: str) -> int:
    where = "cannot convert to []int32: "
    if not text.isdigit():
        raise bad_request(f'{where}strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) > 65535:
        raise bad_request(f'{where}strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _refusal(worker: PodWorker, port: int) -> bytes:
    sandbox = worker.uid.replace("-", "") * 2
    return (
        f"error forwarding port {port} to pod {sandbox}, uid : failed to execute portforward in "
        f'network namespace "/var/run/netns/cni-{worker.uid}": failed to connect to '
        f'localhost:{port} inside namespace "{sandbox}", IPv4: dial tcp4 127.0.0.1:{port}: '
        "connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found "
    ).encode()


MOST_RECEIVED = 1 << 20
"""Bytes of the longest request that anything in a pod reads."""


class Connection:
    """One TCP connection to a port of the pod: requests in, answers out."""

    def __init__(
        self, server: Server, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> None:
        self._server = server
        self._send = send
        self._close = close
        self._received = b""
        self.is_open = True

    def feed(self, data: bytes) -> None:
        """Bytes from the client; a whole request is answered, one without end is not waited for."""
        if not self.is_open:
            return
        self._received += data
        end = _request_length(self._received)
        if end is None:
            if len(self._received) > MOST_RECEIVED:
                self.close()
            return
        request, self._received = self._received[:end], self._received[end:]
        self._send(self._server(request))
        self.close()

    def close(self) -> None:
        """No more from the pod's side."""
        if self.is_open:
            self.is_open = False
            self._close()


def _request_length(data: bytes) -> int | None:
    """The length of the HTTP request at the start of the data; None while it is not whole."""
    head, found, _ = data.partition(b"\r\n\r\n")
    if not found:
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
    end = len(head) + 4 + length
    return end if len(data) >= end else None


async def _talk_channels(worker: PodWorker, socket: WebSocket, ports: list[int]) -> None:
    """Two channels for each port: data and error; each begins with the port's number."""
    channels = ChannelSocket(socket)
    connections: dict[int, Connection] = {}
    failed = False
    for index, port in enumerate(ports):
        data, error = index * 2, index * 2 + 1
        for channel in (data, error):
            channels.send(channel, struct.pack("<H", port))
        server = worker.network.servers.get(port)
        if server is None:
            channels.send(error, _refusal(worker, port))
            failed = True
            continue

        def send(answer: bytes, channel: int = data) -> None:
            channels.send(channel, answer)

        connections[data] = Connection(server, send, lambda: None)
    if failed:
        await channels.finish()
        return
    ended = asyncio.Event()
    forget = worker.when_stopped(ended.set)
    reader = asyncio.ensure_future(_read_channels(channels, connections))
    ender = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({reader, ender}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        channels.abandon()
        raise
    finally:
        forget()
        reader.cancel()
        ender.cancel()
    if ended.is_set() or not any(each.is_open for each in connections.values()):
        await channels.finish()
    else:
        channels.abandon()


async def _read_channels(channels: ChannelSocket, connections: dict[int, Connection]) -> None:
    """Pass on what the client says, until it goes or every connection has been answered."""
    async for channel, message in channels.messages():
        if channel in connections:
            connections[channel].feed(message)
            if not any(each.is_open for each in connections.values()):
                return


@dataclass(eq=False)
class Request:
    """The two streams of one forwarded connection."""

    port: int
    error: int = 0
    data: int = 0
    connection: Connection | None = None
    waiting: list[bytes] = field(default_factory=list)


class Tunnel:
    """SPDY inside WebSocket messages."""

    def __init__(self, worker: PodWorker, socket: WebSocket) -> None:
        self._worker = worker
        self._socket = socket
        self._reader = SpdyReader()
        self._writer = SpdyWriter()
        self._requests: dict[str, Request] = {}
        self._by_stream: dict[int, Request] = {}
        self._outgoing: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def talk(self) -> None:
        """Until the client goes."""
        sender = asyncio.ensure_future(self._send_all())
        forget = self._worker.when_stopped(self._end_streams)
        try:
            while (message := await self._socket.receive()) is not None:
                data = message.encode() if isinstance(message, str) else message
                for frame in self._reader.feed(data):
                    self._take(frame)
        except SpdyError:
            self._outgoing.put_nowait(None)
            await sender
            await self._socket.close(1000)
        finally:
            forget()
            sender.cancel()

    def _end_streams(self) -> None:
        """The pod has gone: nothing more comes on any stream."""
        for request in self._requests.values():
            if request.connection is not None:
                request.connection.close()

    async def _send_all(self) -> None:
        while (data := await self._outgoing.get()) is not None:
            await self._socket.send(data)

    def _send(self, data: bytes) -> None:
        self._outgoing.put_nowait(data)

    def _take(self, frame: Frame) -> None:
        if frame.type == SYN_STREAM:
            self._open(frame)
        elif frame.type == DATA:
            self._receive(frame)
        elif frame.type == PING:
            self._send(self._writer.ping(frame.number))
        elif frame.type == GOAWAY:
            self._send(self._writer.go_away())

    def _open(self, frame: Frame) -> None:
        headers = frame.headers
        if any(name != name.lower() for name in headers):
            raise SpdyError("header names must be lower case")
        port, kind = headers.get("port", ""), headers.get("streamtype", "")
        if not port.isdigit() or not 0 < int(port) < 65536 or kind not in ("data", "error"):
            self._send(self._writer.reset(frame.stream))
            return
        request = self._requests.setdefault(headers.get("requestid", "0"), Request(int(port)))
        self._by_stream[frame.stream] = request
        self._send(self._writer.reply(frame.stream))
        if kind == "error":
            request.error = frame.stream
        else:
            request.data = frame.stream
        if request.error and request.data and request.connection is None:
            self._connect(request)

    def _connect(self, request: Request) -> None:
        server = self._worker.network.servers.get(request.port)
        if server is None:
            self._send(self._writer.data(request.data, is_last=True))
            self._send(self._writer.data(request.error, _refusal(self._worker, request.port)))
            self._send(self._writer.data(request.error, is_last=True))
            return

        def answer(data: bytes) -> None:
            for start in range(0, len(data), 16384):
                self._send(self._writer.data(request.data, data[start : start + 16384]))

        def close() -> None:
            self._send(self._writer.data(request.data, is_last=True))
            self._send(self._writer.data(request.error, is_last=True))
            self._forget(request)

        request.connection = Connection(server, answer, close)
        waiting, request.waiting = request.waiting, []
        for data in waiting:
            request.connection.feed(data)

    def _forget(self, request: Request) -> None:
        """The connection is over: nothing that still comes for it matters."""
        for stream in (request.data, request.error):
            self._by_stream.pop(stream, None)
        self._requests = {
            name: each for name, each in self._requests.items() if each is not request
        }

    def _receive(self, frame: Frame) -> None:
        request = self._by_stream.get(frame.stream)
        if request is None or frame.stream != request.data:
            return
        if request.connection is None:
            if sum(map(len, request.waiting)) > MOST_RECEIVED:
                raise SpdyError("too much before the connection is there")
            request.waiting.append(frame.data)
        else:
            request.connection.feed(frame.data)
            if frame.is_last:
                request.connection.close()
