"""The limit that servers are measured against: the same bytes over TLS, and no work behind them."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from demo_cluster.access.certificates import Certificates, make_certificates

TICK = 0.02


@dataclass(frozen=True)
class BareServer:
    """A server in a process of its own."""

    pid: int
    port: int
    context: ssl.SSLContext
    """What its clients need."""


@contextlib.contextmanager
def bare_server(document: bytes, line: bytes, lines_per_second: int) -> Iterator[BareServer]:
    """Answers `list` with the document, and `watch` with so many lines a second."""
    certificates = make_certificates(("127.0.0.1",))
    ours, theirs = multiprocessing.Pipe()
    arguments = (theirs, certificates, document, line, lines_per_second)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=arguments)
    process.start()
    try:
        context = ssl.create_default_context(cadata=certificates.authority.decode())
        yield BareServer(process.pid or 0, int(ours.recv()), context)
    finally:
        process.terminate()
        process.join()


def _run(
    pipe: Connection, certificates: Certificates, document: bytes, line: bytes, per_second: int
) -> None:
    asyncio.run(_serve(pipe, certificates, document, line, per_second))


async def _serve(
    pipe: Connection, certificates: Certificates, document: bytes, line: bytes, per_second: int
) -> None:
    context = _server_context(certificates)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if await reader.readline() == b"list\n":
                writer.write(document)
                await writer.drain()
            else:
                owed = 0.0
                while not writer.is_closing():
                    await asyncio.sleep(TICK)
                    owed += per_second * TICK
                    writer.write(line * int(owed))
                    owed -= int(owed)
                    await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(certificates.server)
        key.write_bytes(certificates.server_key)
        context.load_cert_chain(chain, key)
    return context
