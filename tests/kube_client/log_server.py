"""A small server of one log that ends its answers where a test wants it: over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect_to

Query = dict[str, str]
DATE = "Sat, 21 Nov 2026 00:20:00 GMT"


@dataclass(frozen=True)
class Answer:
    """One response: its body in chunks of `size`, and how it ends.

    A `cut` counts bytes of the body as it goes over the wire, chunk headers included.
    """

    body: bytes = b""
    status: int = 200
    size: int = 1000
    cut: int | None = None
    end: Literal["clean", "open"] = "clean"
    headers: tuple[tuple[str, str], ...] = ()

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Status", "Transfer-Encoding: chunked", f"Date: {DATE}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join((*lines, "", "")).encode()

    def wire(self) -> bytes:
        pieces = [
            self.body[start : start + self.size] for start in range(0, len(self.body), self.size)
        ]
        wire = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        if self.cut is not None:
            return wire[: self.cut]
        return wire if self.end == "open" else wire + b"0\r\n\r\n"


@dataclass
class LogServer:
    """Answers every request by `serve`, and keeps the queries it saw."""

    serve: Callable[[Query], Answer]
    queries: list[Query] = field(default_factory=list)
    port: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                target = head.split(b" ", 2)[1].decode()
                query = dict(parse_qsl(urlsplit(target).query))
                self.queries.append(query)
                answer = self.serve(query)
                writer.write(answer.head() + answer.wire())
                await writer.drain()
                if answer.cut is not None:
                    return
                if answer.end == "open":
                    await reader.read()
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(serve: Callable[[Query], Answer]) -> AsyncIterator[tuple[LogServer, Client]]:
    """A running server and a client of it."""
    log_server = LogServer(serve)
    server = await asyncio.start_server(log_server.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, connect_to(ClusterAccess(f"http://127.0.0.1:{port}"), {}) as client:
        yield log_server, client


def in_turn(answers: Sequence[Answer]) -> Callable[[Query], Answer]:
    """The answers one after the other; the last one again and again."""
    rest = list(answers)
    return lambda _query: rest.pop(0) if len(rest) > 1 else rest[0]
