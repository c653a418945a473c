"""What goes into a handler and what comes out of it: no sockets here."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import msgspec

from demo_cluster.access.users import Tokens, User
from demo_cluster.clock import Clock
from demo_cluster.kinds import KindRegistry, Obj
from demo_cluster.status import bad_request
from demo_cluster.store.storage import Storage
from demo_cluster.wire.route import Route


@dataclass(slots=True)
class Backend:
    """What handlers work on. `world` is what lives on the cluster, None on an empty one."""

    storage: Storage
    clock: Clock
    registry: KindRegistry
    rng: random.Random
    tokens: Tokens
    world: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, parsed and authenticated."""

    method: str
    path: str
    route: Route
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    user: User
    backend: Backend

    @property
    def storage(self) -> Storage:
        """Where the objects are."""
        return self.backend.storage

    def param(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str) -> bool:
        """Whether a query parameter says yes (`true`, `1`, or empty as Go reads it)."""
        values = self.query.get(name)
        return values is not None and values[0] not in _FALSE

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Failure: 400, it is not JSON.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise bad_request(f"the object provided is unrecognized: {error}") from error


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. A dict is sent as JSON."""

    status: int = 200
    body: Obj | bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_bare: bool = False
    """It comes from behind the API server (a kubelet, an upgrade): no common headers are added."""


@dataclass(frozen=True, slots=True)
class StreamReply:
    """An answer that comes in chunks; each is sent at once, as one HTTP chunk."""

    chunks: AsyncIterator[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    patience_seconds: float | None = None
    """A reader that takes a chunk no faster is cut off; None = it may take for ever."""
    is_document: bool = False
    """The chunks are one answer in pieces, which may be packed, and not news as it comes."""


class WebSocket(Protocol):
    """One upgraded connection."""

    @property
    def subprotocol(self) -> str:
        """The protocol that was agreed on, "" when none was."""
        ...

    async def receive(self) -> bytes | str | None:
        """The next message (binary or text); None when the other side has gone."""
        ...

    async def send(self, message: bytes | str) -> None:
        """Send one binary or text message. Nothing happens when the other side has gone."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye."""
        ...


@dataclass(frozen=True, slots=True)
class UpgradeReply:
    """Switch to a WebSocket and let the handler talk.

    The first of the client's protocols that is among `subprotocols` is agreed on.
    """

    handler: Callable[[WebSocket], Awaitable[None]]
    subprotocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpdyReply:
    """Switch to bare SPDY/3.1 and let the handler talk; messages are pieces of the byte stream."""

    handler: Callable[[WebSocket], Awaitable[None]]
    protocol: str
    """What was agreed on, for X-Stream-Protocol-Version."""


_FALSE = frozenset({"false", "False", "FALSE", "f", "F", "0"})

AnyReply: TypeAlias = Reply | StreamReply | UpgradeReply | SpdyReply
Handler: TypeAlias = Callable[[Call], Awaitable[AnyReply]]
