"""Bad input over the socket: the real server's answers, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from demo_cluster.access.users import ADMIN
from demo_cluster.cluster import ClusterOptions
from demo_cluster.kinds import kind_of
from demo_cluster.threaded import RunningCluster, running_cluster
from tests.demo_cluster.bad_clients import MAPS, REQUESTS, VICTIM, BadClients, left, soak


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCluster]:
    with running_cluster(ClusterOptions(scenario="empty")) as cluster:
        cluster.call(lambda: cluster.storage.create(kind_of("pods"), VICTIM))
        eventually(lambda: phase(cluster) == "Running")
        yield cluster


def phase(cluster: RunningCluster) -> str:
    """The phase of the pod that bad clients bother."""
    pod = cluster.call(lambda: cluster.storage.get(kind_of("pods"), "default", "victim"))
    return str((pod or {}).get("status", {}).get("phase"))


def eventually(claim: Callable[[], bool], seconds: float = 20.0) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # a poll of another thread


def clients_of(cluster: RunningCluster) -> BadClients:
    port = int(cluster.server.rpartition(":")[2])
    return BadClients(port, cluster.cluster.token(ADMIN), random.Random(7))


def body_of(answer: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return body


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("garbage", b"400 Bad Request"),
        ("no host", b"400 Bad Request: missing required Host header"),
        ("bad version", b"505 HTTP Version Not Supported: unsupported protocol version"),
        ("bad header", b"400 Bad Request: invalid header name"),
        ("endless header", b"431 Request Header Fields Too Large"),
        ("bad length", b"400 Bad Request"),
        ("two lengths", b"400 Bad Request"),
        ("bad chunk", b"400 Bad Request"),
        ("bare line feeds", b"400 Bad Request"),
    ],
)
async def test_what_is_no_http_is_refused_in_gos_words(
    running: RunningCluster, kind: str, line: bytes
) -> None:
    answer = await clients_of(running).one(kind)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head == (
        b"HTTP/1.1 " + line.partition(b":")[0] + b"\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nConnection: close"
    )
    assert body == line


async def test_who_speaks_http_without_tls_is_told_so(running: RunningCluster) -> None:
    answer = await clients_of(running).one("no tls")

    assert answer == (
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    )


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        ("unknown verb", 405, "MethodNotAllowed"),
        ("huge body", 413, "RequestEntityTooLarge"),
        ("broken json", 400, "BadRequest"),
        ("deep json", 400, "BadRequest"),
        ("deep object", 400, "BadRequest"),
        ("deep yaml", 400, "BadRequest"),
        ("yaml bomb", 400, "BadRequest"),
        ("binary", 400, "BadRequest"),
        ("protobuf", 400, "BadRequest"),
        ("strange media", 415, "UnsupportedMediaType"),
        ("bad token", 401, "Unauthorized"),
        ("bad continue", 400, "BadRequest"),
        ("patch of nothing", 415, "UnsupportedMediaType"),
        ("no utf-8", 422, "Invalid"),
        ("half a character", 422, "Invalid"),
        ("huge patch", 413, "RequestEntityTooLarge"),
        ("huge limit", 400, "BadRequest"),
        ("huge version", 400, "BadRequest"),
        ("odd token", 400, "BadRequest"),
        ("odd port", 400, "BadRequest"),
    ],
)
async def test_bad_requests_get_a_status(
    running: RunningCluster, kind: str, code: int, reason: str
) -> None:
    body = body_of(await clients_of(running).one(kind))

    assert (body["kind"], body["code"], body["reason"]) == ("Status", code, reason)


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("old http", b"HTTP/1.0 200 OK\r\n"),
        ("old watch", b"HTTP/1.0 200 OK\r\n"),
        ("star", b"HTTP/1.1 200 OK\r\n"),
        ("absolute", b"HTTP/1.1 200 OK\r\n"),
        ("bad escape", b"HTTP/1.1 400 Bad Request\r\n"),
        ("odd expectation", b"HTTP/1.1 417 Expectation Failed\r\n"),
        ("bytes in a header", b"HTTP/1.1 201 Created\r\n"),
        ("frame of no end", b"HTTP/1.1 101 Switching Protocols\r\n"),
    ],
)
async def test_what_is_unusual_is_answered_as_net_http_does(
    running: RunningCluster, kind: str, start: bytes
) -> None:
    answer = await clients_of(running).one(kind)

    assert answer.startswith(start)


@pytest.mark.parametrize("kind", REQUESTS)
async def test_no_bad_request_is_the_servers_fault(
    running: RunningCluster, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await clients_of(running).one(kind)

    assert b"caused apiserver to panic" not in answer
    assert capfd.readouterr() == ("", "")


async def test_what_is_no_character_spoils_no_list(running: RunningCluster) -> None:
    clients = clients_of(running)
    body = b'{"metadata":{"name":"odd"},"data":{"a":"\\ud800","b":"\xff","c":"\\ud83d\\ude00"}}'
    await clients.talk(clients.post(MAPS, body))

    answer = await clients.talk(clients.head("GET", f"{MAPS}/odd"))

    assert body_of(answer)["data"] == {"a": "\ufffd", "b": "\ufffd", "c": "\U0001f600"}


async def test_a_thousand_bad_clients_leave_nothing(
    running: RunningCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    await soak(running, 120, seed=3)
    await asyncio.to_thread(settled, running)
    before = left(running)

    await soak(running, 1000, seed=4)
    await asyncio.to_thread(eventually, lambda: left(running).tasks <= before.tasks)
    after = left(running)

    assert after.tasks <= before.tasks
    assert after.descriptors <= before.descriptors
    assert after.objects < before.objects + 3000
    assert capfd.readouterr() == ("", "")
    answer = await clients_of(running).talk(clients_of(running).head("GET", MAPS))
    assert answer.startswith(b"HTTP/1.1 200 OK")


def settled(cluster: RunningCluster) -> None:
    """Wait until the number of tasks stays the same for a moment."""
    seen = [0, 1]

    def same() -> bool:
        seen.append(left(cluster).tasks)
        return seen[-1] == seen[-2] == seen[-3]

    eventually(same)


async def test_a_watcher_that_reads_nothing_is_ended_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("demo_cluster.handlers.watches.PATIENCE_SECONDS", 0.5)
    with running_cluster(ClusterOptions(scenario="empty")) as cluster:
        await asyncio.to_thread(settled, cluster)
        before = left(cluster)
        stalled = await stalled_watcher(cluster)
        await asyncio.to_thread(eventually, lambda: left(cluster).tasks > before.tasks)
        big = {"metadata": {"name": "big", "namespace": "default"}, "data": {"k": "x" * 500_000}}
        cluster.call(lambda: cluster.storage.create(kind_of("configmaps"), big))

        def change(obj: dict[str, Any]) -> None:
            obj["data"]["n"] = str(int(obj["data"].get("n", 0)) + 1)

        def is_ended() -> bool:
            for _ in range(10):
                cluster.call(
                    lambda: cluster.storage.modify(kind_of("configmaps"), "default", "big", change)
                )
            return left(cluster).tasks <= before.tasks

        await asyncio.to_thread(eventually, is_ended)
        answer = await clients_of(cluster).talk(clients_of(cluster).head("GET", "/readyz"))
        stalled.transport.abort()
        with contextlib.suppress(ConnectionError):
            await stalled.wait_closed()

    assert answer.startswith(b"HTTP/1.1 200 OK")


async def stalled_watcher(cluster: RunningCluster) -> asyncio.StreamWriter:
    """A watch whose client reads nothing."""
    clients = clients_of(cluster)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", clients.port, ssl=context, limit=1)
    writer.write(clients.head("GET", f"{MAPS}?watch=1"))
    await writer.drain()
    writer.transport.pause_reading()
    return writer


async def test_a_head_that_never_ends_does_not_hold_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("demo_cluster.wire.connection.HEAD_SECONDS", 0.3)
    with running_cluster(ClusterOptions(scenario="empty")) as cluster:
        clients = clients_of(cluster)

        answer = await clients.talk(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:")

    assert answer == b""
