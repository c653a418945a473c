"""The seam under the client: one request out, one response in, whoever carries it."""

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from ssl import SSLContext


class Request(msgspec.Struct, frozen=True):
    """One request to the API server; credentials are the transport's business.

    `timeout` is for the whole exchange and `silence` from one byte to the next, in seconds; None
    sets no limit, as streams need.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout: float | None = None
    silence: float | None = None


class Response(Protocol):
    """An answer whose head has come; the body follows.

    Read it to its end or close it: until then it holds a connection.
    """

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        ...

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            UnreachableError: The connection was cut before the end.
        """
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, never an empty chunk; a slow reader slows the sender.

        Raises:
            UnreachableError: The connection was cut before the end.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the rest of the body; closing twice does no harm."""
        ...


class Transport(Protocol):
    """Carries requests to one API server."""

    async def send(self, request: Request) -> Response:
        """The answer, as soon as its head has come, whatever its status.

        Raises:
            UnreachableError: No answer came; safe to try again.
            ProtocolError: What came is no HTTP.
            CredentialsError: The user's credentials could not be had.
        """
        ...

    async def socket_access(self, *, renew: bool = False) -> "SocketAccess":
        """What a WebSocket library needs to open a connection of its own.

        With `renew` the credentials are fetched anew first, as after a 401.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class SocketAccess(msgspec.Struct, frozen=True):
    """How to reach the same server with the same rights over another library's socket.

    `proxy` is a URL or None; `ssl_context` is None for plain http; `headers` hold the
    authorization, impersonation and user agent.
    """

    base_url: str
    headers: tuple[tuple[str, str], ...]
    ssl_context: "SSLContext | None"
    server_hostname: str | None
    proxy: str | None
