"""TLS on a socket of our own: whatever the sizes, every byte comes once, in order."""

import asyncio
import hashlib
from random import Random

import pytest

from kube_client.errors import UnreachableError
from kube_client.http_connection import ReadBuffer
from kube_client.transport import Request
from tests.kube_client.test_http_transport import A_WHILE, CHUNKED, GET, talking_to, transport_to
from tests.kube_client.wire_server import Visit, answers, wire_server


async def test_a_large_body_reaches_a_server_that_reads_slowly() -> None:
    body = Random(1).randbytes(8 << 20)

    async def handler(visit: Visit) -> None:
        received = await visit.request()
        assert received is not None
        await visit.answer(hashlib.sha256(received.body).hexdigest().encode())

    async with talking_to(handler) as (_, transport), asyncio.timeout(A_WHILE):
        response = await transport.send(Request("PUT", "/", body=body))
        digest = await response.read()

    assert digest.decode() == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("size", [1, 7, 16383, 16384, 16385, 65535, 65537, 1 << 20])
async def test_records_of_any_size_come_whole_and_in_order(size: int) -> None:
    pieces = [Random(number).randbytes(size) for number in range(5)]

    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED)
        for piece in pieces:
            await visit.say(b"%x\r\n%b\r\n" % (size, piece))
        await visit.say(b"0\r\n\r\n")

    async with talking_to(handler) as (_, transport), asyncio.timeout(A_WHILE):
        response = await transport.send(GET)
        body = await response.read()

    assert body == b"".join(pieces)


async def test_what_was_decrypted_before_a_pause_comes_after_it() -> None:
    body = b"x" * (1 << 20)

    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.answer(body)
        await visit.reader.read()

    async with talking_to(handler) as (_, transport), asyncio.timeout(A_WHILE):
        response = await transport.send(GET)
        chunks = response.chunks()
        received = 0
        async for chunk in chunks:
            received += len(chunk)
            for _ in range(20):  # so that the connection runs into its limit, and is paused
                await asyncio.sleep(0)

    assert received == len(body)


@pytest.mark.parametrize("host", ["ü" * 70 + ".test", "a..b", "." + "x" * 70])
async def test_what_can_be_no_name_is_not_known(host: str) -> None:
    transport = transport_to(f"https://{host}:6443")

    with pytest.raises(UnreachableError, match="is not known"):
        await transport.send(GET)


async def test_a_server_name_that_can_be_none_is_said_in_a_sentence() -> None:
    async with wire_server(answers(b"yes")) as server:
        transport = transport_to(server.url, server_name=".server.test")

        with pytest.raises(UnreachableError, match="no name of a server"):
            await transport.send(GET)
        await transport.aclose()


def test_many_connections_read_less_at_once_but_always_a_whole_record() -> None:
    buffer = ReadBuffer()
    sizes = []

    for connections in (0, 1, 10, 100, 500, 10_000):
        buffer.share(connections)
        sizes.append(len(buffer.part) >> 10)

    assert sizes == [128, 128, 128, 80, 16, 16]
