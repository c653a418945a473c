"""Whether a proxy stands between us and the server, and how to get through it."""

import asyncio
import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from kube_client.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address
    from ssl import SSLContext

_HEAD_LIMIT = 65536


class Proxy(msgspec.Struct, frozen=True):
    """An HTTP proxy; `authorization` is the value of its header, or empty."""

    host: str
    port: int
    tls: bool
    authorization: str
    url: str

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What to tell the proxy about us."""
        return (("proxy-authorization", self.authorization),) if self.authorization else ()


def proxy_for(scheme: str, host: str, proxy_url: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy for this server: the kubeconfig's, else the environment's, else none.

    Raises:
        ConfigError: The address is malformed, or names a kind of proxy that we do not speak.
    """
    if proxy_url:
        return parse_proxy(proxy_url, "proxy-url in the kubeconfig")
    name = f"{scheme}_proxy"
    url = env.get(name.upper()) or env.get(name) or ""
    if not url or not _wants_proxy(host, env.get("NO_PROXY") or env.get("no_proxy") or ""):
        return None
    return parse_proxy(url, name.upper())


def parse_proxy(url: str, origin: str) -> Proxy:
    """The proxy that a URL names.

    Raises:
        ConfigError: The address is malformed, or names a kind of proxy that we do not speak.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{origin} is no proxy address: {error}.") from error
    if parts.scheme not in ("http", "https"):
        raise ConfigError(
            f"{origin} names a {parts.scheme} proxy, which this program does not speak. "
            "Use an http or https proxy."
        )
    if not parts.hostname:
        raise ConfigError(f"{origin} is no proxy address: it names no host.")
    tls = parts.scheme == "https"
    authorization = ""
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(parts.hostname, port or (443 if tls else 80), tls, authorization, url)


def _wants_proxy(host: str, no_proxy: str) -> bool:
    """False for loopback and for what NO_PROXY excepts, as Go reads it."""
    host = host.lower().rstrip(".")
    if host == "localhost":
        return False
    address = _address(host)
    if address is not None and address.is_loopback:
        return False
    return not any(_excepts(part.strip().lower(), host) for part in no_proxy.split(","))


def _excepts(pattern: str, host: str) -> bool:
    if not pattern:
        return False
    if pattern == "*":
        return True
    if "/" in pattern:
        return _in_network(host, pattern)
    pattern = pattern.removeprefix("*")
    name, colon, port = pattern.rpartition(":")
    if colon and port.isdecimal() and ":" not in name:
        pattern = name
    bare = pattern.removeprefix(".")
    return host.endswith(f".{bare}") or (host == bare and not pattern.startswith("."))


def _in_network(host: str, pattern: str) -> bool:
    import ipaddress

    address = _address(host)
    try:
        return address is not None and address in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return False


def _address(host: str) -> "IPv4Address | IPv6Address | None":
    import ipaddress

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class _Tunnel(asyncio.Protocol):
    """Waits for the proxy's answer to CONNECT."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._head = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._head += data
        if b"\r\n\r\n" not in self._head and len(self._head) < _HEAD_LIMIT:
            return
        status = self._head.partition(b"\r\n")[0].decode("latin-1")
        if status.split(" ")[1:2] == ["200"]:
            self._answer(None)
        else:
            self._answer(f"answered {status!r}")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the Protocol's
        """Called by the event loop."""
        self._answer("closed the connection")

    def _answer(self, trouble: str | None) -> None:
        if self.opened.done():
            return
        if trouble is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(
                UnreachableError(
                    f"The proxy {self._proxy.host}:{self._proxy.port} {trouble} "
                    "when asked for the way to the server. Check the proxy's settings."
                )
            )


async def open_tunnel(
    proxy: Proxy, host: str, port: int, proxy_context: "SSLContext | None"
) -> asyncio.Transport:
    """A connection to host and port through the proxy, on which TLS can begin.

    Raises:
        UnreachableError: The proxy refuses.
        OSError: The proxy itself cannot be reached.
    """
    loop = asyncio.get_running_loop()
    transport, tunnel = await loop.create_connection(
        lambda: _Tunnel(proxy), proxy.host, proxy.port, ssl=proxy_context
    )
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"{name}: {value}" for name, value in proxy.headers]
    try:
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        await tunnel.opened
    except BaseException:
        transport.abort()
        raise
    return transport
