"""TLS straight on a socket, as an asyncio Transport: decrypted into the buffer that is read.

asyncio's own TLS decrypts out of a buffer of its own, which costs a copy of every byte, a third of
the time of a log, and a buffer for each connection.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""One line of `getaddrinfo`."""

_RECORD_BYTES = 16384
"""What a TLS record holds at most."""


async def resolve(host: str, port: int) -> Sequence[AddressInfo]:
    """The addresses of a host, best first.

    Raises:
        OSError: The name is not known.
    """
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    loop = asyncio.get_running_loop()
    name = _quick_name(host)
    try:
        found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(f"{host!r} is no name") from error
    return [(int(family), int(kind), proto, name, at) for family, kind, proto, name, at in found]


def _quick_name(host: str) -> str | bytes:
    """The name as the system takes it; as text it would load the tables of Unicode names."""
    return host.encode() if host.isascii() else host


async def open_tls(
    protocol: asyncio.BufferedProtocol,
    addresses: Sequence[AddressInfo],
    context: ssl.SSLContext,
    server_hostname: str,
) -> "TlsTransport":
    """A connection to the first address that answers, handshake done, attached to the protocol.

    Raises:
        OSError: Nobody answers, or no TLS connection came about.
    """
    loop = asyncio.get_running_loop()
    plain = await _connected(loop, addresses)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = context.wrap_socket(
            plain, server_hostname=_quick_name(server_hostname), do_handshake_on_connect=False
        )
    except ValueError as error:
        plain.close()
        raise OSError(f"{server_hostname!r} is no name of a server: {error}".rstrip(".")) from error
    except BaseException:
        plain.close()
        raise
    try:
        await _shake_hands(loop, secure)
    except BaseException:
        secure.close()
        raise
    return TlsTransport(loop, secure, protocol)


async def _connected(
    loop: asyncio.AbstractEventLoop, addresses: Sequence[AddressInfo]
) -> socket.socket:
    trouble: OSError | None = None
    for family, kind, proto, _, address in addresses:
        plain = socket.socket(family, kind, proto)
        plain.setblocking(False)
        try:
            await loop.sock_connect(plain, address)
        except OSError as error:
            plain.close()
            trouble = error
        except BaseException:
            plain.close()
            raise
        else:
            return plain
    raise trouble or OSError("the name has no address")


async def _shake_hands(loop: asyncio.AbstractEventLoop, secure: ssl.SSLSocket) -> None:
    while True:
        try:
            secure.do_handshake()
        except ssl.SSLWantReadError:
            await _until_ready(secure, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _until_ready(secure, loop.add_writer, loop.remove_writer)
        else:
            return


async def _until_ready(
    secure: ssl.SSLSocket, add: Callable[..., object], remove: Callable[[Any], object]
) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    add(secure, tell)
    try:
        await ready
    finally:
        remove(secure)


class TlsTransport(asyncio.Transport):
    """Reads into its protocol's buffer; ends with `connection_lost`, however the end comes."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        secure: ssl.SSLSocket,
        protocol: asyncio.BufferedProtocol,
    ) -> None:
        super().__init__({"socket": secure})
        self._loop = loop
        self._socket = secure
        self._descriptor = secure.fileno()
        self._protocol = protocol
        self._unsent = bytearray()
        self._is_paused = False
        self._is_closing = False
        protocol.connection_made(self)
        loop.add_reader(self._descriptor, self._on_readable)

    def is_closing(self) -> bool:
        """Whether nothing more will be received or sent."""
        return self._is_closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, now or when the socket takes it."""
        if self._is_closing:
            return
        self._unsent += data
        if len(self._unsent) == len(data):
            self._send()

    def pause_reading(self) -> None:
        """Receive nothing until told so."""
        if not self._is_paused and not self._is_closing:
            self._is_paused = True
            self._loop.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        """Receive again."""
        if self._is_paused and not self._is_closing:
            self._is_paused = False
            self._loop.add_reader(self._descriptor, self._on_readable)
            self._read_decrypted()

    def close(self) -> None:
        """Close; what has not been sent is lost."""
        self._end(None)

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def _on_readable(self) -> None:
        """Fill the protocol's buffer with whole records, as far as some have come."""
        if self._is_paused or self._is_closing:
            return
        receive, buffer = self._socket.recv_into, memoryview(self._protocol.get_buffer(-1))
        size, filled, is_over = len(buffer), 0, False
        error: OSError | None = None
        try:
            while not filled or size - filled >= _RECORD_BYTES:
                received = receive(buffer[filled:], size - filled)
                if not received:
                    is_over = True
                    break
                filled += received
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._descriptor, self._on_writable)
        except OSError as trouble:
            error, is_over = trouble, True
        if filled:
            self._protocol.buffer_updated(filled)
        if is_over:
            self._end(error)
        elif filled:
            self._read_decrypted()
        if self._unsent:
            self._send()  # TLS may want to read before it writes

    def _on_writable(self) -> None:
        self._loop.remove_writer(self._descriptor)
        self._send()
        self._on_readable()  # TLS may want to write before it reads

    def _read_decrypted(self) -> None:
        """Read on soon, where a part of a record is left of which the socket knows nothing."""
        if not self._is_closing and self._socket.pending():
            self._loop.call_soon(self._on_readable)

    def _send(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._descriptor, self._on_writable)
        except OSError as error:
            self._end(error)

    def _end(self, error: OSError | None) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._unsent.clear()
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._loop.call_soon(self._lost, error)

    def _lost(self, error: OSError | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._socket.close()
