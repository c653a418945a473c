"""A relay of TCP bytes that knows no TLS: it hangs up after any byte, also inside a record."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class CuttingRelay:
    """Passes on what goes to and fro a server; what comes back is cut `left` times more."""

    port_behind: int
    left: int
    bytes_between: tuple[int, int]
    random: random.Random
    port: int = 0
    cuts: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, up to its cut."""
        behind, to_behind = await asyncio.open_connection("localhost", self.port_behind)
        asking = asyncio.create_task(_pass_on(reader, to_behind, None))
        limit = self.random.randrange(*self.bytes_between) if self.left else None
        self.left -= limit is not None
        try:
            if await _pass_on(behind, writer, limit):
                self.cuts += 1
            else:
                self.left += limit is not None
        finally:
            asking.cancel()
            for end in (writer, to_behind):
                end.transport.abort()
            await asyncio.gather(asking, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None
) -> bool:
    """Bytes from one to the other up to a limit; whether that was reached."""
    passed = 0
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data if limit is None else data[: limit - passed])
            await writer.drain()
            passed += len(data)
            if limit is not None and passed >= limit:
                return True
    return False


@contextlib.asynccontextmanager
async def cutting_relay(
    port: int, *, cuts: int, bytes_between: tuple[int, int], seed: int
) -> AsyncIterator[CuttingRelay]:
    """A running relay before a server on a port."""
    relay = CuttingRelay(port, cuts, bytes_between, random.Random(seed))
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await relay.handle(reader, writer)
        handlers.discard(task)

    server = await asyncio.start_server(handle, "localhost", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
