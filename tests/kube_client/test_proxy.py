"""Proxies: which one stands in the way, and a real CONNECT through one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kube_client.credentials import Credential, FixedCredential
from kube_client.errors import ConfigError, UnreachableError
from kube_client.http_transport import HttpTransport, parse_endpoint
from kube_client.proxy import parse_proxy, proxy_for
from kube_client.transport import Request
from tests.kube_client.wire_server import Visit, WireServer, answers, authority, wire_server


@pytest.mark.parametrize(
    ("host", "no_proxy", "proxied"),
    [
        ("api.example.com", "", True),
        ("api.example.com", "example.com", False),
        ("api.example.com", ".example.com", False),
        ("example.com", ".example.com", True),
        ("badexample.com", "example.com", True),
        ("api.example.com", "other.com, *", False),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("11.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3:6443", False),
        ("API.Example.COM.", "api.example.com", False),
        ("localhost", "", False),
        ("127.0.0.2", "", False),
        ("::1", "", False),
        ("fd00::1", "fd00::/8", False),
    ],
)
def test_the_environment_says_who_is_reached_through_its_proxy(
    host: str, no_proxy: str, proxied: bool
) -> None:
    env = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": no_proxy}

    assert (proxy_for("https", host, "", env) is not None) is proxied


def test_the_kubeconfigs_proxy_comes_before_the_environments_and_has_no_exceptions() -> None:
    env = {"HTTPS_PROXY": "http://env:1", "NO_PROXY": "*"}

    proxy = proxy_for("https", "127.0.0.1", "http://config:2", env)

    assert proxy is not None
    assert (proxy.host, proxy.port) == ("config", 2)


def test_each_scheme_has_its_own_variable_in_either_case() -> None:
    env = {"http_proxy": "http://plain:1", "HTTPS_PROXY": "secure:2"}

    assert getattr(proxy_for("http", "a", "", env), "host", None) == "plain"
    assert getattr(proxy_for("https", "a", "", env), "host", None) == "secure"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("socks5://proxy:1080", "names a socks5 proxy, which this program does not speak"),
        ("http://", "names no host"),
        ("http://proxy:port", "is no proxy address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_proxy(url, "proxy-url in the kubeconfig")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def a_proxy(password: str = "") -> AsyncIterator[WireServer]:
    """A proxy that opens tunnels for who knows the password."""
    asked = []

    async def handler(visit: Visit) -> None:
        received = await visit.request()
        assert received is not None
        asked.append(received)
        if password and received.headers.get("proxy-authorization") != password:
            await visit.say(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        host, _, port = received.target.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await visit.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pump(visit.reader, writer), pump(reader, visit.writer))
        finally:
            writer.transport.abort()

    async with wire_server(handler, tls=False) as server:
        server.requests = asked
        yield server


async def get(server_url: str, proxy_url: str) -> bytes:
    endpoint = parse_endpoint(server_url, trust=authority().pem, proxy_url=proxy_url, env={})
    transport = HttpTransport(endpoint, FixedCredential(Credential(token="secret")))
    try:
        first = await (await transport.send(Request("GET", "/version"))).read()
        return first + await (await transport.send(Request("GET", "/version"))).read()
    finally:
        await transport.aclose()


async def test_requests_go_through_the_proxy_and_only_the_server_can_read_them() -> None:
    async with wire_server(answers(b"one ", b"two")) as server, a_proxy() as proxy:
        assert await get(server.url, f"http://127.0.0.1:{proxy.port}") == b"one two"

    [asked] = proxy.requests
    assert (asked.method, asked.target) == ("CONNECT", f"127.0.0.1:{server.port}")
    assert "authorization" not in asked.headers


async def test_the_proxy_is_told_the_name_and_password_of_its_address() -> None:
    async with wire_server(answers(b"ok")) as server, a_proxy("Basic bWU6cEBzcw==") as proxy:
        assert await get(server.url, f"http://me:p%40ss@127.0.0.1:{proxy.port}") == b"okok"


async def test_a_proxy_that_refuses_is_named() -> None:
    async with wire_server(answers(b"ok")) as server, a_proxy("Basic x") as proxy:
        with pytest.raises(UnreachableError, match=r"The proxy 127.0.0.1:\d+ answered .*407"):
            await get(server.url, f"http://127.0.0.1:{proxy.port}")


async def test_a_proxy_that_is_not_there_is_named() -> None:
    async with a_proxy() as proxy:
        port = proxy.port
    with pytest.raises(UnreachableError, match=r"by proxy 127.0.0.1.*nothing listens there"):
        await get("https://server.test", f"http://127.0.0.1:{port}")


async def test_a_plain_server_is_asked_for_by_its_whole_address() -> None:
    asked = []

    async def handler(visit: Visit) -> None:
        while (received := await visit.request()) is not None:
            asked.append(received)
            await visit.answer(b"ok")

    async with wire_server(handler, tls=False) as proxy:
        assert await get("http://server.test", f"http://me:pw@127.0.0.1:{proxy.port}") == b"okok"

    assert asked[0].target == "http://server.test/version"
    assert "proxy-authorization" in asked[0].headers
