"""exec and attach over bare SPDY/3.1: one stream for each channel, as older clients do it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from demo_cluster.handlers.channels import CLOSE, ERROR, RESIZE, STDERR, STDIN, STDOUT
from demo_cluster.toybox.processes import Backlog
from demo_cluster.wire.reply import Call, WebSocket
from demo_cluster.wire.spdy import (
    DATA,
    GOAWAY,
    PING,
    RST_STREAM,
    SYN_STREAM,
    Frame,
    SpdyError,
    SpdyReader,
    SpdyWriter,
)

_CHANNELS = {"stdin": STDIN, "stdout": STDOUT, "stderr": STDERR, "error": ERROR, "resize": RESIZE}
_PIECE = 16384
_STREAMS_SECONDS = 30.0


def wanted_channels(call: Call, protocol: str) -> frozenset[int]:
    """The channels that the client will open streams for."""
    wanted = {_CHANNELS[name] for name in ("stdin", "stdout", "stderr") if call.flag(name)}
    if call.flag("tty"):
        wanted.discard(STDERR)
        if protocol.startswith(("v3", "v4", "v5")):
            wanted.add(RESIZE)
    return frozenset({*wanted, ERROR})


class SpdyChannels:
    """`Channels` on the streams of one SPDY connection."""

    def __init__(self, socket: WebSocket, protocol: str) -> None:
        self._socket = socket
        self._protocol = protocol
        self._reader, self._writer = SpdyReader(), SpdyWriter()
        self._channels: dict[int, int] = {}
        self._streams: dict[int, int] = {}
        self._arrived: list[tuple[int, bytes]] = []
        self.backlog = Backlog()
        self._outgoing: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._sender = asyncio.ensure_future(self._send_all())

    @property
    def subprotocol(self) -> str:
        """What was agreed on."""
        return self._protocol

    async def open(self, wanted: Collection[int]) -> bool:
        """Wait for the client's streams; False when they do not come."""
        try:
            async with asyncio.timeout(_STREAMS_SECONDS):
                while not set(wanted) <= set(self._streams):
                    if not await self._receive():
                        return False
        except TimeoutError:
            return False
        return True

    def greet(self) -> None:
        """SPDY needs no first message."""

    def send(self, channel: int, data: bytes) -> None:
        """Send soon on the channel's stream; nothing happens where the client opened none."""
        stream = self._streams.get(channel)
        if stream is None:
            return
        for start in range(0, len(data), _PIECE):
            self._put(self._writer.data(stream, data[start : start + _PIECE]))

    async def messages(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the client sends, until it goes."""
        while True:
            waiting, self._arrived = self._arrived, []
            for message in waiting:
                yield message
            if not waiting and not await self._receive():
                return

    async def finish(self) -> None:
        """End every stream, then the connection."""
        for channel in (STDOUT, STDERR, ERROR):
            if channel in self._streams:
                self._put(self._writer.data(self._streams[channel], is_last=True))
        self._outgoing.put_nowait(None)
        self.backlog.close()
        await self._sender
        await self._socket.close()

    def abandon(self) -> None:
        """The client has gone."""
        self.backlog.close()
        self._sender.cancel()

    def _put(self, data: bytes) -> None:
        self.backlog.add(len(data))
        self._outgoing.put_nowait(data)

    async def _send_all(self) -> None:
        while (data := await self._outgoing.get()) is not None:
            await self._socket.send(data)
            self.backlog.done(len(data))

    async def _receive(self) -> bool:
        data = await self._socket.receive()
        if not isinstance(data, bytes):
            return False
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except SpdyError:
            return False
        return True

    def _take(self, frame: Frame) -> None:
        if frame.type == SYN_STREAM:
            channel = _CHANNELS.get(frame.headers.get("streamtype", ""))
            if channel is None:
                self._put(self._writer.reset(frame.stream))
                return
            self._channels[frame.stream], self._streams[channel] = channel, frame.stream
            self._put(self._writer.reply(frame.stream))
        elif frame.type == DATA:
            self._take_data(frame)
        elif frame.type == RST_STREAM and frame.stream in self._channels:
            self._arrived.append((CLOSE, bytes([self._channels[frame.stream]])))
        elif frame.type == PING:
            self._put(self._writer.ping(frame.number))
        elif frame.type == GOAWAY:
            self._put(self._writer.go_away())

    def _take_data(self, frame: Frame) -> None:
        channel = self._channels.get(frame.stream)
        if channel is None:
            return
        if frame.data:
            self._arrived.append((channel, frame.data))
        if frame.is_last:
            self._arrived.append((CLOSE, bytes([channel])))
