"""Faults on purpose, as clients meet them: ours, and bare sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

import pytest

from demo_cluster.cluster import ClusterOptions
from demo_cluster.faults import FaultError, FaultPlan, parse_fault
from demo_cluster.kinds import kind_of
from demo_cluster.people import parse_person
from demo_cluster.threaded import RunningCluster, running_cluster
from kube_client.client import Client
from kube_client.connect import connect
from kube_client.errors import (
    ForbiddenError,
    GoneError,
    KubeError,
    ProtocolError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
    UnreachableError,
)
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import CONFIG_MAPS, NAMESPACES
from tests.demo_cluster.bad_clients import MAPS, VICTIM
from tests.demo_cluster.test_demo_bad_input import clients_of, eventually, phase

PEOPLE = ("intern=view@default", "nobody")
SKEW = timedelta(hours=1)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCluster]:
    people = tuple(parse_person(text) for text in PEOPLE)
    with running_cluster(
        ClusterOptions(scenario="empty", people=people, clock_skew=SKEW)
    ) as cluster:
        yield cluster


@asynccontextmanager
async def hit_by(running: RunningCluster, *faults: str, user: str = "") -> AsyncIterator[Client]:
    """A client of a cluster with these faults; without any afterwards."""
    plan = running.cluster.options.faults
    options = ConnectOptions(kubeconfig=str(running.kubeconfig), context=user or "demo")
    async with connect(options) as client:
        running.call(lambda: plan.change([parse_fault(text) for text in faults]))
        try:
            yield client
        finally:
            running.call(lambda: plan.change([]))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429:30@1", TooManyRequestsError),
        ("500@1", ServerError),
        ("503@1", ServerError),
        ("expired-token@1", UnauthorizedError),
        ("garbage@1", ProtocolError),
        ("drop@1", UnreachableError),
        ("truncated@1", UnreachableError),
    ],
)
async def test_our_client_meets_the_fault_as_the_error_that_it_is(
    running: RunningCluster, fault: str, error: type[KubeError]
) -> None:
    async with hit_by(running, fault) as client:
        with pytest.raises(error) as raised:
            await client.list(NAMESPACES, dict)

    if isinstance(raised.value, TooManyRequestsError):
        assert raised.value.retry_after == 30


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("429:7@1", b"\r\nRetry-After: 7\r\n"),
        ("503@1", b'"reason":"ServiceUnavailable"'),
        ("expired-token@1", b'"reason":"Unauthorized","code":401}'),
        ("garbage@1", b'{"kind":"\x00\xff'),
        ("drop@1", b""),
    ],
)
async def test_a_bare_socket_sees_what_the_fault_says(
    running: RunningCluster, fault: str, expected: bytes
) -> None:
    clients = clients_of(running)

    async with hit_by(running, fault):
        answer = await clients.talk(clients.head("GET", MAPS))

    assert expected in answer
    assert bool(answer) == bool(expected)


async def test_versions_are_gone_for_those_who_name_one(running: RunningCluster) -> None:
    async with hit_by(running, "gone@1") as client:
        found = await client.list(CONFIG_MAPS, dict, namespace="default")
        query = {"resourceVersion": found.resource_version, "resourceVersionMatch": "Exact"}
        with pytest.raises(GoneError):
            await client.request("GET", MAPS, query=query)


@pytest.mark.parametrize("fault", ["stall:0.4@1", "slow@1", "freeze:0.3@1"])
async def test_a_slow_answer_is_whole_when_it_comes(running: RunningCluster, fault: str) -> None:
    async with hit_by(running, fault) as client:
        began = time.monotonic()
        found = await client.list(NAMESPACES, dict)
        seconds = time.monotonic() - began

    assert len(found.items) >= 4
    assert seconds >= 0.1


@pytest.mark.parametrize("fault", ["cut:0.3@1", "truncated@1"])
async def test_a_watch_is_cut(running: RunningCluster, fault: str) -> None:
    async with hit_by(running, fault) as client:
        response = await client.stream("/api/v1/namespaces", query={"watch": "1"}, verb="watch")
        with pytest.raises(UnreachableError):
            async for _ in response.chunks():
                pass


async def test_a_watch_stops_in_the_middle_of_an_event_and_goes_on(
    running: RunningCluster,
) -> None:
    async with hit_by(running, "freeze:0.3@1") as client:
        response = await client.stream("/api/v1/namespaces", query={"watch": "1"}, verb="watch")
        arrived: list[tuple[float, bytes]] = []
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                arrived.append((time.monotonic(), chunk))
                if b"".join(part for _, part in arrived).count(b"\n") >= 4:
                    break
        await response.aclose()

    assert not arrived[0][1].endswith(b"\n")
    assert arrived[-1][0] - arrived[0][0] >= 0.25


async def test_a_session_is_cut(running: RunningCluster) -> None:
    clients = clients_of(running)
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    path = "/api/v1/namespaces/default/pods/victim/exec?command=cat&stdin=true&stdout=true"
    running.call(lambda: running.storage.create(kind_of("pods"), VICTIM))
    await asyncio.to_thread(eventually, lambda: phase(running) == "Running")

    async with hit_by(running, "cut:0.2@1"):
        reader, writer = await clients.open(clients.head("GET", path, *upgrade, key))
        head = await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                await reader.read()
        writer.transport.abort()

    assert head.startswith(b"HTTP/1.1 101 ")


async def test_health_is_never_hit(running: RunningCluster) -> None:
    async with hit_by(running, "500@1", "drop@1") as client:
        assert await client.request("GET", "/readyz") == b"ok"


async def test_latency_comes_before_every_answer(running: RunningCluster) -> None:
    plan = running.cluster.options.faults
    async with hit_by(running) as client:
        plan.latency_seconds = 0.2
        began = time.monotonic()
        await asyncio.gather(*(client.list(NAMESPACES, dict) for _ in range(3)))
        seconds = time.monotonic() - began
        plan.latency_seconds = 0.0

    assert 0.2 <= seconds < 20


async def test_the_clock_is_ahead(running: RunningCluster) -> None:
    async with hit_by(running) as client:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}}
        made = await client.create(CONFIG_MAPS, body, namespace="default")

    created = datetime.fromisoformat(made["metadata"]["creationTimestamp"])
    ahead = created - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead < timedelta(minutes=61)


async def test_answers_bear_the_date_of_the_clock_and_no_servers_name(
    running: RunningCluster,
) -> None:
    clients = clients_of(running)

    answer = await clients.talk(clients.head("GET", MAPS))

    head = BytesParser().parsebytes(answer.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2])
    ahead = parsedate_to_datetime(head["Date"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead < timedelta(minutes=61)
    assert "Server" not in head


async def test_users_with_few_rights_have_contexts_and_are_refused_the_rest(
    running: RunningCluster,
) -> None:
    async with hit_by(running, user="demo-intern") as intern:
        assert (await intern.list(CONFIG_MAPS, dict, namespace="default")).items
        with pytest.raises(ForbiddenError):
            await intern.list(CONFIG_MAPS, dict, namespace="kube-system")
    async with hit_by(running, user="demo-nobody") as nobody:
        with pytest.raises(ForbiddenError):
            await nobody.list(CONFIG_MAPS, dict, namespace="default")


def test_the_same_seed_hits_the_same_share_of_requests() -> None:
    faults = [parse_fault("500@20%"), parse_fault("drop@0.1")]
    plans = [FaultPlan(faults, seed=seed) for seed in (1, 1, 2)]

    first, same, other = ([plan.choose("/api") for _ in range(2000)] for plan in plans)

    assert first == same != other
    assert 320 < sum(fault is faults[0] for fault in first) < 480
    assert 100 < sum(fault is faults[1] for fault in first) < 220


@pytest.mark.parametrize("text", ["", "500@", "429:soon", "drop@20%%", "stall:1.2.3", "500@-1"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match=r"unknown fault .*; write KIND"):
        parse_fault(text)
