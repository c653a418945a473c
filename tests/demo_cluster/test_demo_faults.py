"""Faults on purpose, as clients meet them: ours, and bare sockets."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import yaml

from demo_cluster.access.people import parse_person
from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.faults import Asked, FaultError, FaultPlan, parse_fault
from demo_cluster.kinds import kind_of
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
    UnreachableError,
)
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import CONFIG_MAPS, NAMESPACES
from tests.demo_cluster.bad_clients import MAPS, VICTIM
from tests.demo_cluster.test_demo_bad_input import clients_of, eventually, phase

PEOPLE = ("intern=view@default", "nobody")
SKEW = timedelta(hours=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


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
        ("garbage@1", b'{"kind":"\x00\xff'),
        ("garbage@1", b"\r\nContent-Type: application/json\r\n"),
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

    first, same, other = (
        [plan.choose(Asked("/api"), BEGIN) for _ in range(2000)] for plan in plans
    )

    assert first == same != other
    assert 320 < sum(fault is faults[0] for fault in first) < 480
    assert 100 < sum(fault is faults[1] for fault in first) < 220


POD_LOG = Asked("/api/v1/namespaces/shop/pods/cart-1/log", "get", "viewer")
LIST = Asked("/api/v1/pods", "list", "admin")


@pytest.mark.parametrize(
    ("aim", "seconds", "hit"),
    [
        ("on=*/pods*", 0, [POD_LOG, LIST]),
        ("on=/api/*/pods/*/log", 0, [POD_LOG]),
        ("verb=list|watch", 0, [LIST]),
        ("user=viewer", 0, [POD_LOG]),
        ("from=30s", 29, []),
        ("from=30s,until=1m", 30, [POD_LOG, LIST]),
        ("from=30s,until=1m", 60, []),
        ("times=1", 0, [POD_LOG]),
        ("verb=get,user=admin", 0, []),
    ],
)
def test_a_fault_hits_only_what_it_is_aimed_at(aim: str, seconds: int, hit: list[Asked]) -> None:
    plan = FaultPlan([parse_fault(f"500@100%,{aim}")])
    plan.begin(BEGIN)

    now = BEGIN + timedelta(seconds=seconds)
    assert [asked for asked in (POD_LOG, LIST) if plan.choose(asked, now)] == hit


async def test_a_fault_of_lists_leaves_discovery_alone(running: RunningCluster) -> None:
    async with hit_by(running, "500@1,verb=list") as client:
        assert b'"APIVersions"' in await client.request("GET", "/api")
        with pytest.raises(ServerError):
            await client.list(NAMESPACES, dict)


def test_new_faults_begin_when_they_are_put_in_place() -> None:
    plan = FaultPlan()
    plan.begin(BEGIN)
    later = BEGIN + timedelta(hours=1)

    plan.change([parse_fault("500@1,until=10s")])
    plan.begin(later)

    assert plan.choose(LIST, later + timedelta(seconds=9))
    assert not plan.choose(LIST, later + timedelta(seconds=10))


@pytest.fixture
def expiring() -> Iterator[RunningCluster]:
    """A cluster whose tokens live for ten minutes."""
    plan = FaultPlan([parse_fault("expired-token:600@100%")])
    with running_cluster(
        ClusterOptions(scenario="empty", clock=SteppedClock(), faults=plan)
    ) as cluster:
        yield cluster


async def test_a_token_that_has_expired_is_refused_from_then_on(expiring: RunningCluster) -> None:
    clients = clients_of(expiring)
    request = clients.head("GET", MAPS)

    before = await clients.talk(request)
    expiring.advance(600)
    after = [await clients.talk(request) for _ in range(2)]

    assert before.startswith(b"HTTP/1.1 200 ")
    assert all(b'"reason":"Unauthorized","code":401}' in answer for answer in after)


async def test_who_reads_the_token_file_again_goes_on(expiring: RunningCluster) -> None:
    async with connect(ConnectOptions(kubeconfig=str(expiring.kubeconfig))) as client:
        assert (await client.list(NAMESPACES, dict)).items
        expiring.advance(600)
        assert (await client.list(NAMESPACES, dict)).items


EXEC = """\
apiVersion: client.authentication.k8s.io/v1
command: sh
args:
- -c
- >-
  printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
  "status":{"token":"%%s"}}' "$(cat %s)"
interactiveMode: Never
"""


async def test_a_credential_plugin_brings_the_new_token(
    expiring: RunningCluster, tmp_path: Path
) -> None:
    config = yaml.safe_load(expiring.kubeconfig.read_text())
    [user] = (each["user"] for each in config["users"] if each["name"] == "demo-admin")
    user["exec"] = yaml.safe_load(EXEC % user.pop("tokenFile"))
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))

    async with connect(ConnectOptions(kubeconfig=str(path))) as client:
        assert (await client.list(NAMESPACES, dict)).items
        expiring.advance(600)
        assert (await client.list(NAMESPACES, dict)).items


def test_token_files_are_their_owners_alone_and_go_with_the_cluster(tmp_path: Path) -> None:
    plan = FaultPlan([parse_fault("expired-token@100%,times=1")])
    with running_cluster(ClusterOptions(scenario="empty", faults=plan)) as cluster:
        cluster.call(lambda: cluster.cluster.write_kubeconfig(tmp_path / "config"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    tokens = [f"config.demo{who}.token" for who in ("-admin", "-developer", "-viewer")]
    assert modes == dict.fromkeys(["config", *tokens], 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("500@200%", "up to 100% or 1"),
        ("500,in=/api", "is not aimed with 'in=/api'; write KEY=VALUE"),
        ("500,on", "is not aimed with 'on'"),
        ("500,times=0", "write times=3"),
        ("500,from=soon", "'soon' is no duration"),
        ("500,from=2m,until=30s", "ends before it begins"),
        ("500,verb=get,verb=list", "once for each"),
    ],
)
def test_an_aim_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(FaultError, match=re.escape(words)):
        parse_fault(text)


@pytest.mark.parametrize("text", ["", "500@", "429:soon", "drop@20%%", "stall:1.2.3", "500@-1"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match=r"unknown fault .*; write KIND"):
        parse_fault(text)
