"""HTTP/1.1 answers and WebSocket frames from the bytes of a connection: no sockets here.

Every chunk and frame is kept as it came, with the time of its arrival.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


@dataclass(frozen=True, slots=True)
class Arrived:
    """One HTTP chunk, or what else came at one moment."""

    seconds: float
    data: bytes


@dataclass(frozen=True, slots=True)
class FrameArrived:
    """One WebSocket frame; `opcode` is a word, `eof` for the end of the connection."""

    seconds: float
    opcode: str
    data: bytes = b""


@dataclass(slots=True)
class AnswerReader:
    """The bytes of one answer in, its parts out."""

    now: Callable[[], float]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    chunks: list[Arrived] = field(default_factory=list)
    frames: list[FrameArrived] = field(default_factory=list)
    is_done: bool = False
    _rest: bytes = b""
    _left: int | None = None

    @property
    def body(self) -> bytes:
        """All chunks."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def value(self) -> Any:
        """The body as JSON where it is, else as text."""
        text = self.body.decode(errors="replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def feed(self, data: bytes) -> None:
        """What came now."""
        self._rest += data
        if not self.status and b"\r\n\r\n" in self._rest:
            self._take_head()
        if not self.status:
            return
        if self.status == 101:
            self._take_upgraded()
        elif self.headers.get("transfer-encoding") == "chunked":
            self._take_chunks()
        else:
            self._take_plain()

    def eof(self) -> None:
        """The server cut the connection."""
        if self.status == 101 and not (self.frames and self.frames[-1].opcode == "close"):
            self.frames.append(FrameArrived(self.now(), "eof"))
        self.is_done = True

    def _take_head(self) -> None:
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        for line in lines:
            name, _, value = line.partition(":")
            known = self.headers.get(name.lower())
            text = value.strip()
            self.headers[name.lower()] = f"{known}, {text}" if known is not None else text
        if self.status in (204, 304):
            self.is_done = True
        if "content-length" in self.headers:
            self._left = int(self.headers["content-length"])

    def _take_plain(self) -> None:
        if self._rest:
            self.chunks.append(Arrived(self.now(), self._rest))
        if self._left is not None:
            self._left -= len(self._rest)
            self.is_done = self.is_done or self._left <= 0
        self._rest = b""

    def _take_chunks(self) -> None:
        while not self.is_done:
            size_text, found, rest = self._rest.partition(b"\r\n")
            if not found or len(rest) < int(size_text, 16) + 2:
                return
            size = int(size_text, 16)
            if size:
                self.chunks.append(Arrived(self.now(), rest[:size]))
            self._rest = rest[size + 2 :]
            self.is_done = size == 0

    def _take_upgraded(self) -> None:
        if self.headers.get("upgrade", "").lower() != "websocket":
            if self._rest:
                self.chunks.append(Arrived(self.now(), self._rest))
            self._rest = b""
            return
        while len(self._rest) >= 2:
            length, start = self._rest[1] & 0x7F, 2
            if length > 125:
                size = 2 if length == 126 else 8
                start += size
                if len(self._rest) < start:
                    return
                length = int.from_bytes(self._rest[2:start], "big")
            if len(self._rest) < start + length:
                return
            word = OPCODES.get(self._rest[0] & 0x0F, "?")
            self.frames.append(FrameArrived(self.now(), word, self._rest[start : start + length]))
            self._rest = self._rest[start + length :]


def request_bytes(
    method: str,
    path: str,
    query: Mapping[str, Any],
    headers: Mapping[str, str],
    body: bytes = b"",
) -> bytes:
    """A request as a client would send it."""
    target = quote(path, safe="/:!@$&'()*+,;=-._~%")
    if query:
        target += "?" + urlencode(query, doseq=True)
    sent = {"Host": "demo", "User-Agent": "recorder/1.0", **headers}
    if body or method in ("POST", "PUT", "PATCH"):
        sent["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def client_frame(opcode: str, data: bytes) -> bytes:
    """A WebSocket frame of a client; the mask is all zeros, which is a mask too."""
    number = next(code for code, word in OPCODES.items() if word == opcode)
    if len(data) < 126:
        length = bytes([0x80 | len(data)])
    elif len(data) < 65536:
        length = bytes([0xFE]) + struct.pack(">H", len(data))
    else:
        length = bytes([0xFF]) + struct.pack(">Q", len(data))
    return bytes([0x80 | number]) + length + bytes(4) + data
