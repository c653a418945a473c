"""SPDY/3.1 frames, as far as a port-forward needs them: bytes in, frames out, no I/O."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 9
DATA = -1
FIN = 1
CANCEL = 5
VERSION = 0x8003
MAX_FRAME = 1 << 24
MAX_HEADERS = 1 << 16

_WORDS = tuple(
    word
    for line in (
        "options head post put delete trace accept accept-charset accept-encoding",
        "accept-language accept-ranges age allow authorization cache-control connection",
        "content-base content-encoding content-language content-length content-location",
        "content-md5 content-range content-type date etag expect expires from host if-match",
        "if-modified-since if-none-match if-range if-unmodified-since last-modified location",
        "max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after",
        "server te trailer transfer-encoding upgrade user-agent vary via warning",
        "www-authenticate method get status",
    )
    for word in line.split()
)
_MORE = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
    "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age="
    "gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = (
    b"".join(struct.pack(">I", len(word)) + word.encode() for word in (*_WORDS, *_MORE))
    + _TAIL.encode()
)
"""The dictionary of SPDY/3 header blocks (draft-mbelshe-httpbis-spdy-00, section 2.6.10.1)."""


class SpdyError(Exception):
    """The other side does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; which fields mean something depends on its type."""

    type: int
    stream: int = 0
    flags: int = 0
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    """Status of RST_STREAM, id of PING, size of WINDOW_UPDATE."""

    @property
    def is_last(self) -> bool:
        """Nothing more comes on this stream."""
        return bool(self.flags & FIN)


class SpdyReader:
    """Bytes as they come to whole frames."""

    def __init__(self) -> None:
        self._unfinished = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete.

        Raises:
            SpdyError: They are not SPDY's.
        """
        self._unfinished += data
        while len(self._unfinished) >= 8:
            length = int.from_bytes(self._unfinished[5:8], "big")
            if len(self._unfinished) < 8 + length:
                return
            head, body = self._unfinished[:8], self._unfinished[8 : 8 + length]
            self._unfinished = self._unfinished[8 + length :]
            yield self._frame(head, body)

    def _frame(self, head: bytes, body: bytes) -> Frame:
        flags = head[4]
        if not head[0] & 0x80:
            return Frame(DATA, int.from_bytes(head[:4], "big"), flags, body)
        version, kind = struct.unpack(">HH", head[:4])
        if version != VERSION:
            raise SpdyError(f"version {version & 0x7FFF} instead of 3")
        if kind in (SYN_STREAM, SYN_REPLY):
            start = 10 if kind == SYN_STREAM else 4
            stream = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
            return Frame(kind, stream, flags, headers=self._headers(body[start:]))
        numbers = [int.from_bytes(body[i : i + 4], "big") for i in range(0, min(len(body), 8), 4)]
        if kind in (RST_STREAM, WINDOW_UPDATE) and len(numbers) == 2:
            return Frame(kind, numbers[0] & 0x7FFFFFFF, flags, number=numbers[1])
        return Frame(kind, flags=flags, number=numbers[0] if numbers else 0)

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            data = self._inflate.decompress(block, MAX_HEADERS)
            count, position = struct.unpack_from(">I", data)[0], 4
            texts = []
            for _ in range(min(count, 256) * 2):
                length = struct.unpack_from(">I", data, position)[0]
                texts.append(data[position + 4 : position + 4 + length].decode("latin-1"))
                position += 4 + length
        except (zlib.error, struct.error) as error:
            raise SpdyError(f"bad header block: {error}") from error
        return dict(zip(texts[::2], texts[1::2], strict=True))


class SpdyWriter:
    """Frames to bytes."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers."""
        block = self._deflate.compress(struct.pack(">I", 0))
        block += self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return self._control(SYN_REPLY, struct.pack(">I", stream) + block)

    def data(self, stream: int, data: bytes = b"", *, is_last: bool = False) -> bytes:
        """A DATA frame."""
        return (
            struct.pack(">I", stream)
            + bytes([FIN if is_last else 0])
            + len(data).to_bytes(3, "big")
            + data
        )

    def reset(self, stream: int, status: int = CANCEL) -> bytes:
        """RST_STREAM."""
        return self._control(RST_STREAM, struct.pack(">II", stream, status))

    def ping(self, number: int) -> bytes:
        """PING."""
        return self._control(PING, struct.pack(">I", number))

    def go_away(self, last: int = 0) -> bytes:
        """GOAWAY."""
        return self._control(GOAWAY, struct.pack(">II", last, 0))

    @staticmethod
    def _control(kind: int, body: bytes) -> bytes:
        return struct.pack(">HHI", VERSION, kind, len(body)) + body
