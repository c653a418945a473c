"""Forwarded ports over real sockets on both sides."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web

from kube_client.port_forward import LocalPortError, open_port_forward
from tests.kube_client.socket_server import answering, as_recorded, playing, received

PORTS = (b"\x00\x90\x1f", b"\x01\x90\x1f")
V4 = ("v4.channel.k8s.io",)


async def shout(socket: web.WebSocketResponse) -> None:
    """A pod that says everything again in capitals, until it hears `quit`."""
    for header in PORTS:
        await socket.send_bytes(header)
    while message := await received(socket):
        assert message[:1] == b"\x00"
        if message[1:] == b"quit":
            return
        await socket.send_bytes(b"\x00" + message[1:].upper())


async def test_bytes_go_both_ways_until_the_pod_closes() -> None:
    async with (
        playing(shout, V4) as (server, client),
        open_port_forward(client, "shop", "web-1", 8080, on_trouble=pytest.fail) as forward,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"HELLO"
        writer.write(b"quit")
        assert await reader.read() == b""
        writer.close()

    [request] = server.requests
    assert request.path == "/api/v1/namespaces/shop/pods/web-1/portforward"
    assert request.query["ports"] == "8080"
    assert request.headers["Sec-WebSocket-Protocol"] == "v4.channel.k8s.io"


async def test_every_connection_has_a_socket_of_its_own() -> None:
    async with (
        playing(shout, V4) as (server, client),
        open_port_forward(client, "shop", "web-1", 8080, on_trouble=pytest.fail) as forward,
    ):
        pairs = [await asyncio.open_connection("127.0.0.1", forward.local_port) for _ in range(3)]
        for number, (_, writer) in enumerate(pairs):
            writer.write(b"n%d" % number)
        answers = [await reader.readexactly(2) for reader, _ in pairs]
        assert forward.count == 3
        for _, writer in pairs:
            writer.close()

    assert answers == [b"N0", b"N1", b"N2"]
    assert len(server.requests) == 3


async def test_much_data_arrives_whole() -> None:
    body = bytes(range(256)) * 8000

    async def download(socket: web.WebSocketResponse) -> None:
        for header in PORTS:
            await socket.send_bytes(header)
        await received(socket)
        for start in range(0, len(body), 30_000):
            await socket.send_bytes(b"\x00" + body[start : start + 30_000])

    async with (
        playing(download, V4) as (_, client),
        open_port_forward(client, "shop", "web-1", 8080, on_trouble=pytest.fail) as forward,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        writer.write(b"get")
        assert await reader.read() == body
        writer.close()


async def test_a_port_that_nobody_listens_on_is_told(shared_data: Path) -> None:
    path = shared_data / "api-transcripts" / "08b-portforward-proxy.json"
    [refused] = [one for one in json.loads(path.read_text()) if one["id"] == "pf.v4-refused"]
    troubles: list[str] = []
    async with (
        playing(as_recorded(refused["frames"]), V4) as (_, client),
        open_port_forward(client, "shop", "web-1", 9999, on_trouble=troubles.append) as forward,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        assert await reader.read() == b""
        writer.close()

    assert len(troubles) == 1
    assert troubles[0].startswith("Port 9999 of shop/web-1 does not answer: error forwarding port")


async def test_a_pod_that_is_gone_is_told_and_the_port_stays_open() -> None:
    calls = 0
    troubles: list[str] = []

    async def gone(_request: web.BaseRequest) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return web.json_response(
            {"kind": "Status", "reason": "NotFound", "message": 'pods "web-1" not found'},
            status=404,
        )

    async with (
        answering(gone) as client,
        open_port_forward(client, "shop", "web-1", 80, on_trouble=troubles.append) as forward,
    ):
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
            assert await reader.read() == b""
            writer.close()

    assert calls == 2
    assert 'pods "web-1" not found' in troubles[0]


async def test_the_pod_is_chosen_anew_for_each_connection() -> None:
    names = iter(["web-1", "web-2"])

    async def newest() -> str:
        return next(names)

    async with (
        playing(shout, V4) as (server, client),
        open_port_forward(client, "shop", newest, 80, on_trouble=pytest.fail) as forward,
    ):
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
            writer.write(b"quit")
            await reader.read()
            writer.close()

    assert [request.path.split("/")[-2] for request in server.requests] == ["web-1", "web-2"]


async def test_a_local_port_that_is_taken_is_said_in_one_sentence() -> None:
    taken = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken, playing(shout, V4) as (_, client):
        with pytest.raises(LocalPortError, match=f"Port {port} on 127.0.0.1"):
            async with open_port_forward(client, "shop", "web-1", 80, local_port=port):
                pass


async def test_closing_a_forward_ends_its_connections() -> None:
    async with playing(shout, V4) as (_, client):
        async with open_port_forward(client, "shop", "web-1", 80) as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
            writer.write(b"hello")
            await reader.readexactly(5)

        assert await reader.read() == b""
        writer.close()
