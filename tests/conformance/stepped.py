"""A demo cluster on a stepped clock, spoken to over real sockets from its own event loop.

Client and server share the loop and the time: what has been sent has arrived after a few rounds of
the loop, and nothing happens between two steps. So a play gives the same on any machine.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self

from demo_cluster.access.users import ADMIN, VIEWER
from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions, DemoCluster
from tests.conformance.raw_http import AnswerReader, client_frame, request_bytes

_QUIET_ROUNDS = 40
_STEP = 0.05
_PATIENCE_SECONDS = 20.0


class Connection(asyncio.Protocol):
    """One connection with one request on it."""

    def __init__(self, now: Callable[[], float], on_data: Callable[[], None]) -> None:
        self.answer = AnswerReader(now)
        self._on_data = on_data
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TLS handshake is done."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The server sent something."""
        self._on_data()
        self.answer.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        del exc
        self._on_data()
        self.answer.eof()

    def send(self, data: bytes) -> None:
        """Bytes to the server; nothing happens when it has gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def send_frame(self, opcode: str, data: bytes) -> None:
        """One WebSocket frame to the server."""
        self.send(client_frame(opcode, data))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


class SteppedCluster:
    """An empty cluster with one node, `node-1`; its time moves only when it is told to."""

    def __init__(self, start: datetime | None = None) -> None:
        self._clock = SteppedClock(start) if start is not None else SteppedClock()
        options = ClusterOptions(
            scenario="empty", clock=self._clock, has_metrics=False, binds_first_users=False
        )
        self.cluster = DemoCluster(options)
        self._rounds_of_silence = 0
        self._start = self._clock.now()
        self._tokens: dict[str, str] = {}
        self._context = ssl.create_default_context()

    async def __aenter__(self) -> Self:
        await self.cluster.start()
        self._tokens = {
            "admin": self.cluster.token(ADMIN),
            "viewer": self.cluster.token(VIEWER),
            "bad": "no-such-token",
        }
        found = re.search(r"certificate-authority-data: (\S+)", self.cluster.kubeconfig())
        assert found is not None
        self._context.load_verify_locations(cadata=_decoded(found[1]))
        await self.advance(1)
        await self.ask("POST", "/api/v1/nodes", body={"metadata": {"name": "node-1"}})
        await self.ask("DELETE", "/api/v1/nodes/node-2")
        await self.advance(1)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cluster.stop()
        await self.settle()

    @property
    def token(self) -> str:
        """The admin's."""
        return self._tokens["admin"]

    @property
    def now(self) -> datetime:
        """The cluster's present."""
        return self._clock.now()

    def seconds(self) -> float:
        """How long the cluster has been running, in its own time."""
        return (self._clock.now() - self._start).total_seconds()

    async def settle(self) -> None:
        """Let everything that has been sent arrive and be answered."""
        self._rounds_of_silence = 0
        while self._rounds_of_silence < _QUIET_ROUNDS:
            self._rounds_of_silence += 1
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let time pass, in steps that are small beside what containers wait for."""
        left = seconds
        while left > 1e-9:
            step = min(left, _STEP)
            await self._clock.advance_and_settle(step)
            await self.settle()
            left -= step

    async def advance_until(self, is_so: Callable[[], bool], limit: float) -> bool:
        """Let time pass until something is so; False when it was not within `limit` seconds."""
        waited = 0.0
        while not is_so() and waited < limit:
            await self.advance(_STEP)
            waited += _STEP
        return is_so()

    async def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        user: str = "admin",
    ) -> Connection:
        """Send a request; what comes is in the connection's answer after `settle` and `advance`."""

        def noise() -> None:
            self._rounds_of_silence = 0

        host, _, port = self.cluster.server.removeprefix("https://").rpartition(":")
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self.seconds, noise), host, int(port), ssl=self._context
        )
        sent = dict(headers or {})
        if user in self._tokens:
            sent["Authorization"] = f"Bearer {self._tokens[user]}"
        payload = b""
        if isinstance(body, str):
            payload = body.encode()
        elif body is not None:
            payload = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection.send(request_bytes(method, path, query or {}, sent, payload))
        await self.settle()
        return connection

    async def ask(self, method: str, path: str, **parts: Any) -> AnswerReader:
        """A request and its whole answer; no time passes meanwhile.

        Raises:
            TimeoutError: The answer does not end by itself.
        """
        connection = await self.open(method, path, **parts)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not connection.answer.is_done:
                await self.settle()
        connection.close()
        return connection.answer


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
