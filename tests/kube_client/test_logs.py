"""A followed log, over real connections that end where they should not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import pytest

from kube_client.backoff import Backoff
from kube_client.client import Client
from kube_client.errors import ForbiddenError, UnreachableError
from kube_client.logs import LogQuery, follow_log, open_log
from tests.kube_client.log_server import Answer, Query, in_turn, serving

SOON = Backoff(first=0.001, limit=0.002)
WEB = LogQuery("shop", "web-1", "main")


def line(number: int, per_second: int = 100) -> bytes:
    second, rest = divmod(number, per_second)
    stamp = f"2026-11-21T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{stamp}.{rest // 3:09d}Z number {number} ☃\n".encode()


def since(log: Iterable[bytes], query: Query) -> bytes:
    """What a kubelet replays: stamps are compared by whole seconds here, as it compares them."""
    start = query.get("sinceTime", "").removesuffix("Z").encode()
    return b"".join(entry for entry in log if entry[:19] >= start)


class Life:
    """A container that lives for so many questions."""

    def __init__(self, questions: int) -> None:
        self._left = questions

    async def __call__(self) -> bool:
        self._left -= 1
        return self._left >= 0


async def followed(client: Client, life: int, query: LogQuery = WEB) -> tuple[bytes, list[str]]:
    """Everything that a follower gives and everything it complains of."""
    troubles: list[str] = []
    blocks = follow_log(
        client, query, is_alive=Life(life), on_trouble=troubles.append, backoff=SOON
    )
    return b"".join([block async for block in blocks]), troubles


def test_the_query_names_only_what_was_asked_for() -> None:
    query = LogQuery("shop", "web-1", follow=True, since_seconds=5, tail_lines=0)

    assert query.path == "/api/v1/namespaces/shop/pods/web-1/log"
    assert query.parameters() == [
        ("follow", "true"),
        ("sinceSeconds", "5"),
        ("tailLines", "0"),
        ("timestamps", "true"),
    ]


async def test_an_opened_log_is_the_answer_as_it_came() -> None:
    async with serving(lambda _query: Answer(b"one\ntwo", size=3)) as (_, client):
        chunks = [chunk async for chunk in open_log(client, WEB)]

    assert b"".join(chunks) == b"one\ntwo"


async def test_an_opened_log_that_is_cut_says_so() -> None:
    async with serving(lambda _query: Answer(b"one\ntwo", cut=6)) as (_, client):
        with pytest.raises(UnreachableError):
            [chunk async for chunk in open_log(client, WEB)]


async def test_a_container_that_was_over_before_is_asked_once() -> None:
    whole = line(1) + line(2).rstrip(b"\n")
    async with serving(lambda _query: Answer(whole)) as (server, client):
        assert await followed(client, life=0) == (whole, [])

    assert len(server.queries) == 1


async def test_a_clean_end_of_a_living_container_is_read_on_from() -> None:
    log = [line(number) for number in range(10)]
    answers = [Answer(b"".join(log[:4])), Answer(b"".join(log[:7])), Answer(b"".join(log))]
    async with serving(in_turn(answers)) as (server, client):
        given, troubles = await followed(client, life=2)

    assert given == b"".join(log)
    assert troubles == []
    assert [query.get("sinceTime") for query in server.queries] == [
        None,
        "2026-11-21T00:00:00Z",
        "2026-11-21T00:00:00Z",
    ]


async def test_an_end_seen_while_the_container_lived_is_checked_once_more() -> None:
    """It may have ended between the cut and the question: then the rest is still to be read."""
    log = [line(1), line(2)]
    async with serving(in_turn([Answer(log[0]), Answer(b"".join(log))])) as (_, client):
        given, _ = await followed(client, life=1)

    assert given == b"".join(log)


async def test_four_hundred_cuts_at_any_byte_of_the_wire_lose_and_repeat_nothing() -> None:
    log = [line(number, per_second=50) for number in range(8000)]
    rng = random.Random(7)

    def serve(query: Query) -> Answer:
        body = since(log, query)
        cut = rng.randrange(len(body)) if cuts_left() else None
        return Answer(body[: 20_000 if cut else None], size=rng.randrange(1, 3000), cut=cut)

    left = 400

    def cuts_left() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    async with serving(serve) as (server, client):
        given, troubles = await followed(client, life=400)

    assert given.splitlines(keepends=True) == log
    assert len(server.queries) >= 400
    assert all("is asked for again" in trouble for trouble in troubles)


async def test_tail_and_since_are_not_asked_again_once_the_log_has_begun() -> None:
    log = [line(number) for number in range(3)]
    answers = [Answer(log[1]), Answer(b"".join(log))]
    query = LogQuery("shop", "web-1", "main", tail_lines=1, since_seconds=60)
    async with serving(in_turn(answers)) as (server, client):
        given, _ = await followed(client, 1, query)

    assert given == b"".join(log[1:])
    assert server.queries[0]["tailLines"] == "1"
    assert server.queries[1].keys() == {"container", "follow", "sinceTime", "timestamps"}


async def test_a_tail_of_none_that_is_cut_goes_on_from_the_moment_it_was_opened() -> None:
    query = LogQuery("shop", "web-1", "main", tail_lines=0)
    async with serving(in_turn([Answer(), Answer(line(1))])) as (server, client):
        given, _ = await followed(client, 1, query)

    assert given == line(1)
    assert server.queries[1]["sinceTime"] == "2026-11-21T00:20:00Z"
    assert "tailLines" not in server.queries[1]


async def test_a_window_of_time_does_not_move_with_reconnects() -> None:
    query = LogQuery("shop", "web-1", "main", since_seconds=90)
    async with serving(in_turn([Answer(), Answer()])) as (server, client):
        await followed(client, 1, query)

    assert server.queries[1]["sinceTime"] == "2026-11-21T00:18:30Z"


async def test_a_limit_of_bytes_ends_the_log_inside_a_line() -> None:
    query = LogQuery("shop", "web-1", "main", limit_bytes=45)
    whole = line(1) + line(2)
    async with serving(lambda _query: Answer(whole)) as (_, client):
        given, _ = await followed(client, 3, query)

    assert given == whole[:45]


async def test_refusals_in_the_middle_are_waited_out_and_told_once_each() -> None:
    busy = b'{"kind":"Status","status":"Failure","message":"etcd is away","code":500}'
    answers = [
        Answer(line(1), cut=200),
        Answer(busy, status=500),
        Answer(busy, status=500),
        Answer(b"slow down", status=429),
        Answer(b"", status=401),
        Answer(line(1) + line(2)),
    ]
    async with serving(in_turn(answers)) as (_, client):
        given, troubles = await followed(client, 6)

    assert given == line(1) + line(2)
    assert len(troubles) == 4
    assert "etcd is away" in troubles[1]


async def test_a_first_answer_that_forbids_is_an_error() -> None:
    async with serving(lambda _query: Answer(status=403)) as (_, client):
        with pytest.raises(ForbiddenError):
            await followed(client, 5)


async def test_a_container_that_has_not_started_is_waited_for_in_silence() -> None:
    waiting = (
        b'{"kind":"Status","status":"Failure","code":400,"reason":"BadRequest","message":'
        b'"container \\"main\\" in pod \\"web-1\\" is waiting to start: ContainerCreating"}'
    )
    answers = [Answer(waiting, status=400), Answer(waiting, status=400), Answer(line(1))]
    async with serving(in_turn(answers)) as (_, client):
        assert await followed(client, 2) == (line(1), [])


async def test_a_pod_that_is_gone_ends_its_log_with_the_piece_that_was_left() -> None:
    piece = line(2)[:-4]
    gone = b'{"kind":"Status","status":"Failure","reason":"NotFound","code":404}'
    answers = [Answer(line(1) + piece, cut=4 + len(line(1) + piece)), Answer(gone, status=404)]
    async with serving(in_turn(answers)) as (_, client):
        given, troubles = await followed(client, 1)

    assert given == line(1) + piece
    assert len(troubles) == 1


async def test_the_end_of_a_run_cut_short_is_read_from_the_previous_log() -> None:
    """Cut, and the container restarted before we came back."""
    run = [line(number) for number in range(6)]
    started = b"".join(line(number) for number in range(1000, 1003))

    def serve(query: Query) -> Answer:
        if query.get("previous"):
            return Answer(since(run, query))
        if "sinceTime" not in query:
            return Answer(b"".join(run[:3]), cut=120)
        return Answer(started)

    async with serving(serve) as (server, client):
        given, troubles = await followed(client, 1)

    assert given == b"".join(run) + started
    assert [query.get("previous") for query in server.queries] == [None, None, "true"]
    assert len(troubles) == 1


async def test_an_open_stream_of_a_new_run_is_not_held_back_for_long() -> None:
    run, started = line(1), line(1000)
    answers = [Answer(run), Answer(started, end="open"), Answer(run)]
    async with serving(in_turn(answers)) as (server, client):
        blocks = follow_log(client, WEB, is_alive=Life(9), on_trouble=pytest.fail, backoff=SOON)
        assert await anext(blocks) == run
        assert await anext(blocks) == started
        await blocks.aclose()

    assert server.queries[-1]["previous"] == "true"


async def test_a_stream_that_lost_its_place_in_silence_is_opened_anew() -> None:
    log = [line(1), line(2), line(3)]
    answers = [Answer(log[0], end="open"), Answer(log[0], end="open"), Answer(b"".join(log))]
    async with serving(in_turn(answers)) as (server, client):
        blocks = follow_log(
            client, WEB, is_alive=Life(2), on_trouble=pytest.fail, backoff=SOON, silence_seconds=0.1
        )
        given = b"".join([block async for block in blocks])

    assert given == b"".join(log)
    assert len(server.queries) == 3


async def test_who_reads_slowly_is_not_taken_for_a_silent_server() -> None:
    log = [line(1), line(2)]
    answers = [Answer(b"".join(log), end="open"), Answer(b"".join(log))]
    async with serving(in_turn(answers)) as (server, client):
        blocks = follow_log(
            client, WEB, is_alive=Life(1), on_trouble=pytest.fail, backoff=SOON, silence_seconds=0.1
        )
        assert await anext(blocks) == b"".join(log)
        with pytest.raises(TimeoutError):  # for a while the reader does something else
            await asyncio.wait_for(asyncio.Event().wait(), 0.3)
        assert len(server.queries) == 1
        assert [block async for block in blocks] == []

    assert len(server.queries) == 2


async def test_lines_that_a_rotation_took_are_reported_missing() -> None:
    def serve(query: Query) -> Answer:
        if query.get("previous"):
            return Answer(status=400)
        return Answer(line(5000)) if "sinceTime" in query else Answer(line(1))

    async with serving(serve) as (_, client):
        given, troubles = await followed(client, 1)

    assert given == line(1) + line(5000)
    assert len(troubles) == 1
    assert "may be missing" in troubles[0]


async def test_words_of_the_server_are_told_and_not_taken_for_the_log() -> None:
    words = b"unable to retrieve container logs for containerd://20c1"
    async with serving(in_turn([Answer(line(1) + words), Answer(line(1))])) as (_, client):
        given, troubles = await followed(client, 1)

    assert given == line(1)
    assert words.decode() in troubles[0]
