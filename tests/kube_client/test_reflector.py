"""Reflectors against a server whose every list and watch is the test's."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from kube_client.backoff import Backoff
from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect_to
from kube_client.errors import ForbiddenError, TooManyRequestsError, UnreachableError
from kube_client.kubeconfig import Cluster
from kube_client.objects import KubeObject, Pod
from kube_client.reflector import Pace, Reflector
from kube_client.resource import PODS, ObjectKey
from kube_client.store import Subscription
from tests.kube_client.wire_server import Visit, wire_server

QUICK = Pace(
    Backoff(first=0.01, factor=1.5, limit=0.05, jitter=0),
    refused=0.02,
    poll=0.02,
    short_watch=0.2,
    first_page=2,
    page=3,
)
A_WHILE = 15.0
Query = dict[str, str]
Turn = Callable[[Visit, Query], Awaitable[None]]


@dataclass
class Script:
    """What the server does with each list and each watch, in turn; the last one for ever."""

    lists: deque[Turn]
    watches: deque[Turn]
    asked: list[tuple[str, Query]] = field(default_factory=list)

    async def handle(self, visit: Visit) -> None:
        while (received := await visit.request()) is not None:
            parsed = parse_qs(urlsplit(received.target).query, keep_blank_values=True)
            query = {name: values[0] for name, values in parsed.items()}
            kind = "watch" if query.get("watch") == "true" else "list"
            self.asked.append((kind, query))
            turns = self.watches if kind == "watch" else self.lists
            await (turns.popleft() if len(turns) > 1 else turns[0])(visit, query)

    def watched_from(self) -> list[str]:
        return [query["resourceVersion"] for kind, query in self.asked if kind == "watch"]

    def lists_taken(self) -> int:
        return sum(kind == "list" for kind, _ in self.asked)


def an_object(name: str, version: int) -> dict[str, object]:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version), "uid": name}
    return {"metadata": metadata}


def a_list(version: int, *names: str, of: int = 1) -> Turn:
    """A list of these objects, in one page."""

    async def turn(visit: Visit, query: Query) -> None:
        items = [an_object(name, of) for name in names]
        body = {"kind": "PodList", "metadata": {"resourceVersion": str(version)}, "items": items}
        await visit.answer(json.dumps(body).encode())

    return turn


def paged_list(version: int, *names: str) -> Turn:
    """A list that honours limit and continue."""

    async def turn(visit: Visit, query: Query) -> None:
        start, limit = int(query.get("continue", "0")), int(query["limit"])
        end = start + limit
        metadata: dict[str, object] = {"resourceVersion": str(version)}
        if end < len(names):
            metadata |= {"continue": str(end), "remainingItemCount": len(names) - end}
        items = [an_object(name, 1) for name in names[start:end]]
        await visit.answer(json.dumps({"metadata": metadata, "items": items}).encode())

    return turn


def refusal(code: int, reason: str, *headers: str) -> Turn:
    async def turn(visit: Visit, query: Query) -> None:
        body = json.dumps({"kind": "Status", "code": code, "reason": reason, "message": "no"})
        await visit.answer(body.encode(), f"{code} {reason}", *headers)

    return turn


def an_event(kind: str, name: str, version: int) -> bytes:
    return json.dumps({"type": kind, "object": an_object(name, version)}).encode() + b"\n"


EXPIRED = (
    json.dumps(
        {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
    ).encode()
    + b"\n"
)


def a_watch(*events: bytes, end: str = "stay") -> Turn:
    """These events, and then: stay open, end in order, or cut the connection."""

    async def turn(visit: Visit, query: Query) -> None:
        await visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            await visit.say(b"%x\r\n%s\r\n" % (len(event), event))
        if end == "clean":
            await visit.say(b"0\r\n\r\n")
        elif end == "cut":
            visit.writer.transport.abort()
        else:
            await visit.reader.read()

    return turn


@dataclass
class Scene:
    """A reflector that runs against the script."""

    script: Script
    reflector: Reflector[Pod]
    subscription: Subscription[Pod]

    @property
    def names(self) -> set[str]:
        return {pod.metadata.name for pod in self.reflector.store.values()}

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(A_WHILE):
            while not is_so():  # noqa: ASYNC110  # a state is read, nobody is told of it
                await asyncio.sleep(0.001)


@asynccontextmanager
async def playing(lists: list[Turn], watches: list[Turn] | None = None) -> AsyncIterator[Scene]:
    script = Script(deque(lists), deque(watches or [a_watch()]))
    async with wire_server(script.handle, tls=False) as server:
        url = f"http://127.0.0.1:{server.port}"
        access = ClusterAccess(url, cluster=Cluster(server=url))
        async with connect_to(access, {}) as client:
            reflector = Reflector(client, PODS, Pod, pace=QUICK)
            scene = Scene(script, reflector, reflector.store.subscribe())
            task = asyncio.create_task(reflector.run())
            try:
                yield scene
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def test_a_list_then_a_watch_from_its_version() -> None:
    events = (an_event("ADDED", "b", 11), an_event("MODIFIED", "a", 12))
    async with playing([a_list(10, "a")], [a_watch(*events)]) as scene:
        await scene.reflector.synced()
        await scene.until(lambda: "b" in scene.names)

        assert scene.script.watched_from() == ["10"]
        assert scene.script.asked[1][1]["allowWatchBookmarks"] == "true"
        assert scene.reflector.state.phase == "live"


async def test_pages_are_visible_as_they_come_with_a_count() -> None:
    names = [f"pod-{n}" for n in range(9)]
    async with playing([paged_list(10, *names)]) as scene:
        seen = []
        async with asyncio.timeout(A_WHILE):
            while scene.reflector.state.phase != "live":
                state = scene.reflector.state
                if state.loaded and (not seen or seen[-1] != (state.loaded, state.remaining)):
                    seen.append((state.loaded, state.remaining))
                await asyncio.sleep(0)

        assert seen == [(2, 7), (5, 4), (8, 1), (9, None)]
        assert scene.names == set(names)


async def test_a_deleted_object_goes() -> None:
    async with playing([a_list(10, "a", "b")], [a_watch(an_event("DELETED", "a", 11))]) as scene:
        await scene.until(lambda: scene.names == {"b"})


async def test_a_watch_that_ends_is_resumed_where_it_ended_without_a_list() -> None:
    watches = [
        a_watch(an_event("ADDED", "b", 11), end="clean"),
        a_watch(an_event("BOOKMARK", "", 20), end="cut"),
        a_watch(an_event("ADDED", "c", 21)),
    ]
    async with playing([a_list(10, "a")], watches) as scene:
        await scene.until(lambda: "c" in scene.names)

        assert scene.script.watched_from() == ["10", "11", "20"]
        assert scene.script.lists_taken() == 1
        assert scene.reflector.state.phase == "live"


async def test_a_cut_is_told_until_the_watch_is_open_again() -> None:
    refused = refusal(503, "ServiceUnavailable", "Retry-After: 1")
    async with playing([a_list(10, "a")], [refused, a_watch()]) as scene:
        await scene.until(lambda: scene.reflector.state.phase == "reconnecting")
        state = scene.reflector.state
        assert "failed to watch pods" in str(state.error)
        assert state.retry_in == 1.0
        assert scene.names == {"a"}, "what is shown stays"
        await scene.until(lambda: scene.reflector.state.phase == "live")
        assert scene.reflector.state.error is None


@pytest.mark.parametrize("gone", [a_watch(EXPIRED, end="clean"), refusal(410, "Expired")])
async def test_a_version_that_is_gone_is_listed_over_what_is_shown(gone: Turn) -> None:
    lists = [a_list(10, "a", "b", "c"), a_list(50, "b", "c", "d")]
    async with playing(lists, [gone, a_watch()]) as scene:
        await scene.reflector.synced()
        scene.subscription.take()
        await scene.until(lambda: scene.script.watched_from() == ["10", "50"])

        changes = {change.key.name: change for change in scene.subscription.take()}
        assert set(changes) == {"a", "d"}, "only real differences are news"
        assert changes["a"].after is None
        assert changes["d"].before is None


async def test_a_list_whose_pages_expire_is_begun_again_without_losing_rows() -> None:
    async def first_page(visit: Visit, query: Query) -> None:
        metadata = {"resourceVersion": "10", "continue": "x"}
        body = {"metadata": metadata, "items": [an_object("a", 1)]}
        await visit.answer(json.dumps(body).encode())

    lists = [first_page, refusal(410, "Expired"), a_list(20, "a", "b")]
    async with playing(lists) as scene:
        await scene.until(lambda: "a" in scene.names)
        await scene.reflector.synced()

        assert scene.names == {"a", "b"}
        await scene.until(lambda: scene.script.watched_from() == ["20"])


async def test_a_server_that_asks_to_slow_down_is_given_its_time() -> None:
    busy = refusal(429, "TooManyRequests", "Retry-After: 1")
    async with playing([busy, a_list(10, "a")]) as scene:
        state = await scene.reflector.settled()

        assert isinstance(state.error, TooManyRequestsError)
        assert state.retry_in == 1.0
        await scene.until(lambda: scene.names == {"a"})


async def test_a_kind_that_may_not_be_listed_is_refused_and_tried_again() -> None:
    lists = [refusal(403, "Forbidden"), refusal(403, "Forbidden"), a_list(10, "a")]
    async with playing(lists) as scene:
        state = await scene.reflector.settled()
        assert state.phase == "refused"
        assert isinstance(state.error, ForbiddenError)

        await scene.reflector.synced()
        assert scene.names == {"a"}


async def test_a_kind_that_does_not_exist_any_more_has_no_objects() -> None:
    lists = [a_list(10, "a"), refusal(404, "NotFound")]
    async with playing(lists, [refusal(404, "NotFound")]) as scene:
        await scene.reflector.synced()
        await scene.until(lambda: scene.reflector.state.phase == "refused")
        assert scene.names == set()


@pytest.mark.parametrize("code", [403, 405])
async def test_a_kind_that_may_not_be_watched_is_listed_again_and_again(code: int) -> None:
    lists = [a_list(10, "a"), a_list(20, "a", "b"), a_list(30, "b")]
    async with playing(lists, [refusal(code, "No")]) as scene:
        await scene.until(lambda: scene.names == {"b"})

        assert scene.reflector.state.phase == "polling"
        assert scene.script.watched_from() == ["10"]


async def test_a_list_without_a_version_cannot_be_watched_and_is_taken_again() -> None:
    async def unversioned(visit: Visit, query: Query) -> None:
        await visit.answer(json.dumps({"metadata": {}, "items": [an_object("a", 1)]}).encode())

    async with playing([unversioned]) as scene:
        await scene.until(lambda: scene.script.lists_taken() >= 3)

        assert scene.reflector.state.phase in ("loading", "polling")
        assert scene.names == {"a"}
        assert scene.script.watched_from() == []


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    access = ClusterAccess("http://127.0.0.1:1")
    async with connect_to(access, {}) as client:
        reflector = Reflector(client, PODS, Pod, pace=QUICK)
        task = asyncio.create_task(reflector.run())
        async with asyncio.timeout(A_WHILE):
            state = await reflector.settled()
        assert state.phase == "reconnecting"
        assert isinstance(state.error, UnreachableError)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_watch_of_nonsense_leads_to_a_new_list() -> None:
    lists = [a_list(10, "a"), a_list(20, "a", "b")]
    async with playing(lists, [a_watch(b"<html>\n", end="clean"), a_watch()]) as scene:
        await scene.until(lambda: "b" in scene.names)


async def test_a_watch_that_is_closed_at_once_for_ever_is_not_hammered() -> None:
    async with playing([a_list(10, "a")], [a_watch(end="clean")]) as scene:
        await scene.reflector.synced()
        clock = asyncio.get_running_loop().time
        began = clock()
        await scene.until(lambda: len(scene.script.watched_from()) >= 6)

        assert clock() - began > 0.1, "five growing pauses"


async def test_a_hundred_cuts_lose_nothing_and_list_nothing() -> None:
    watches = [
        a_watch(an_event("ADDED", f"pod-{n}", 11 + n), end=("clean", "cut")[n % 2])
        for n in range(100)
    ]
    async with playing([a_list(10)], [*watches, a_watch()]) as scene:
        await scene.until(lambda: len(scene.script.watched_from()) == 101)

        assert len(scene.names) == 100
        assert scene.script.lists_taken() == 1
        assert scene.script.watched_from() == [str(10 + n) for n in range(101)]


async def test_a_selection_is_asked_of_list_and_watch(client: Client) -> None:
    reflector = Reflector(
        client, PODS, KubeObject, namespace="shop", labels="app=nothing", fields="status.phase=X"
    )
    task = asyncio.create_task(reflector.run())
    async with asyncio.timeout(A_WHILE):
        state = await reflector.settled()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert (state.error, len(reflector.store)) == (None, 0)
    assert reflector.store.get(ObjectKey("shop", "x")) is None
