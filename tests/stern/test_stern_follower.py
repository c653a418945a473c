"""Following: containers that start, restart, wait, are forbidden, or end for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from kube_client.connect import connect
from kube_client.errors import ForbiddenError
from kube_client.kubeconfig import ConnectOptions
from stern.errors import SternError
from stern.options import TailOptions
from stern.pod_state import Condition
from stern.tailer import tail
from tests.stern.pod_server import Ear, PodServer, Query, Refusal, Send, pod, pod_server

STAMP = "2026-11-21T00:00:00.%09dZ "


class Logs:
    """What each pod has said, and says further while it is followed."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.ends: dict[str, asyncio.Event] = {}
        self.queries: list[Query] = []

    def say(self, name: str, *messages: str) -> None:
        said = self.texts.get(name, b"").count(b"\n")
        for number, message in enumerate(messages, said + 1):
            line = (STAMP % number + message + "\n").encode()
            self.texts[name] = self.texts.get(name, b"") + line

    async def serve(self, name: str, query: Query, send: Send) -> None:
        self.queries.append(query)
        if text := self.texts.get(name):
            await send(text)
        if query.get("follow"):
            await self.ends.setdefault(name, asyncio.Event()).wait()


@contextlib.asynccontextmanager
async def following(
    server: PodServer, options: TailOptions
) -> AsyncIterator[tuple[Ear, asyncio.Task[list[str]]]]:
    """A tail that runs while the block does."""
    ear = Ear()
    async with connect(ConnectOptions(kubeconfig=str(server.kubeconfig))) as client:
        task = asyncio.create_task(tail(client, options, sink=ear))
        try:
            yield ear, task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_pod_that_joins_is_heard_from_its_first_line(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        server.put(pod("web-1"))
        async with following(server, TailOptions(tail_lines=0)) as (ear, _):
            await ear.until(lambda: "+ web-1/app" in ear.events)
            logs.say("web-2", "hello")
            server.put(pod("web-2"), "ADDED")
            await ear.until(lambda: "web-2" in ear.lines)

    assert ear.lines["web-2"] == [b"hello"]
    assert [query.get("tailLines") for query in logs.queries] == ["0", None]


async def test_a_restart_ends_one_stream_and_begins_the_next_with_all_it_said(
    tmp_path: Path,
) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("web-1", "first life")
        server.put(pod("web-1"))
        async with following(server, TailOptions(tail_lines=1)) as (ear, _):
            await ear.until(lambda: "web-1" in ear.lines)
            server.put(pod("web-1", state="terminated"))
            logs.ends["web-1"].set()
            await ear.until(lambda: "- web-1/app" in ear.events)
            logs.texts["web-1"] = b""
            logs.say("web-1", "second life", "goes on")
            server.put(pod("web-1", instance=2))
            await ear.until(lambda: len(ear.lines["web-1"]) == 3)

    assert ear.lines["web-1"] == [b"first life", b"second life", b"goes on"]
    assert ear.events[:3] == ["+ web-1/app", "- web-1/app", "+ web-1/app"]


async def test_a_condition_opens_and_closes_streams_as_it_changes(tmp_path: Path) -> None:
    logs = Logs()
    options = TailOptions(tail_lines=0, condition=Condition("Ready", "False"))
    async with pod_server(tmp_path, logs.serve) as server:
        server.put(pod("web-1", ready="True"))
        async with following(server, options) as (ear, _):
            await ear.until(lambda: bool(ear.troubles))
            server.put(pod("web-1", ready="False"))
            await ear.until(lambda: ear.events == ["+ web-1/app"])
            server.put(pod("web-1", ready="True"))
            await ear.until(lambda: ear.events == ["+ web-1/app", "- web-1/app"])


async def test_who_may_not_watch_is_told_so_and_still_gets_logs(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        server.may_watch = False
        logs.say("web-1", "hello")
        server.put(pod("web-1"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: bool(ear.troubles) and "web-1" in ear.lines)

    assert "list but not watch pods in 'default'" in ear.troubles[0]
    assert "'watch'" in ear.troubles[0]


async def test_who_may_not_list_is_refused_at_once(tmp_path: Path) -> None:
    async with pod_server(tmp_path, Logs().serve) as server:
        server.may_list = False
        async with following(server, TailOptions()) as (_, task):
            with pytest.raises(ForbiddenError, match="list pods"):
                await asyncio.wait_for(task, 10)


async def test_more_streams_than_the_limit_wait_and_one_sentence_says_so(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        for number in range(4):
            server.put(pod(f"web-{number}"))
        async with following(server, TailOptions(max_log_requests=3)) as (ear, _):
            await ear.until(lambda: bool(ear.troubles) and len(ear.events) == 3)
            server.put(pod("web-0", state="terminated"))
            logs.ends.setdefault("web-0", asyncio.Event()).set()
            await ear.until(lambda: "+ web-3/app" in ear.events)

    [sentence] = ear.troubles
    assert sentence == (
        "3 logs are being read, 1 more wait for their turn; "
        "use --max-log-requests to read more at once"
    )


async def test_a_strict_limit_ends_the_run_in_the_go_program_s_words(tmp_path: Path) -> None:
    async with pod_server(tmp_path, Logs().serve) as server:
        for number in range(4):
            server.put(pod(f"web-{number}"))
        options = TailOptions(max_log_requests=3, exit_at_limit=True)
        async with following(server, options) as (_, task):
            with pytest.raises(SternError) as caught:
                await asyncio.wait_for(task, 10)

    assert str(caught.value) == (
        "stern reached the maximum number of log requests (3), "
        "use --max-log-requests to increase the limit"
    )


async def test_a_run_that_exits_on_completion_names_what_failed(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("job-1", "work")
        server.put(pod("job-1"))
        server.put(pod("job-2", state="terminated", phase="Succeeded"))
        logs.ends["job-2"] = asyncio.Event()
        logs.ends["job-2"].set()
        async with following(server, TailOptions(exit_on_complete=True)) as (ear, task):
            await ear.until(lambda: "job-1" in ear.lines)
            assert not task.done()
            server.put(pod("job-1", state="terminated", phase="Failed"))
            logs.ends["job-1"].set()
            failed = await asyncio.wait_for(task, 20)

    assert failed == ["job-1"]


async def test_queries_of_several_kinds_select_each_container_once(tmp_path: Path) -> None:
    logs = Logs()
    options = TailOptions(queries=("web", "pod/web-1"), follow=False, since=timedelta(hours=1))
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("web-1", "hello")
        server.put(pod("web-1"))
        server.put(pod("api-1"))
        async with following(server, options) as (ear, task):
            await asyncio.wait_for(task, 10)

    assert ear.lines == {"web-1": [b"hello"]}
    assert logs.queries == [{"container": "app", "sinceSeconds": "3600", "timestamps": "true"}]


async def test_nothing_that_matches_is_said(tmp_path: Path) -> None:
    options = TailOptions(queries=("x",), follow=False)
    async with (
        pod_server(tmp_path, Logs().serve) as server,
        following(server, options) as (ear, task),
    ):
        await asyncio.wait_for(task, 10)

    assert ear.troubles == ["no container of a pod matches in namespace 'default'"]


async def test_a_restart_of_the_api_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("web-1", "one", "two")
        server.put(pod("web-1"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: len(ear.lines.get("web-1", ())) == 2)
            logs.say("web-1", "three")
            logs.say("web-2", "hello")
            server.put(pod("web-2"), "ADDED")
            server.restart(refuses=4)
            await ear.until(lambda: len(ear.lines["web-1"]) == 3 and "web-2" in ear.lines)
            events = list(ear.events)

    assert ear.lines == {"web-1": [b"one", b"two", b"three"], "web-2": [b"hello"]}
    assert events == ["+ web-1/app", "+ web-2/app"]
    assert len([sentence for sentence in ear.troubles if "web-1" in sentence]) <= 2


async def test_a_thousand_pods_roll_at_once_and_every_one_is_heard(tmp_path: Path) -> None:
    async def serve(name: str, query: Query, send: Send) -> None:
        await send((STAMP % 1 + name + "\n").encode())
        await asyncio.Event().wait()

    old, new = ([f"{word}-{number}" for number in range(500)] for word in ("old", "new"))
    async with pod_server(tmp_path, serve) as server:
        for name in old:
            server.put(pod(name))
        async with following(server, TailOptions(max_log_requests=-1)) as (ear, _):
            await ear.until(lambda: len(ear.lines) == len(old), 60)
            for gone, come in zip(old, new, strict=True):
                server.put(pod(come), "ADDED")
                server.remove(gone)
            await ear.until(lambda: len(ear.lines) == len(old) + len(new), 60)

    assert all(ear.lines[name] == [name.encode()] for name in (*old, *new))


async def test_a_line_of_fifty_megabytes_passes_whole(tmp_path: Path) -> None:
    size = 50 << 20

    async def serve(name: str, query: Query, send: Send) -> None:
        await send((STAMP % 1).encode())
        for _ in range(50):
            await send(b"x" * (1 << 20))
        await send(b"\n" + (STAMP % 2).encode() + b"next\n")

    async with pod_server(tmp_path, serve) as server:
        server.put(pod("web-1"))
        async with following(server, TailOptions(follow=False)) as (ear, task):
            await asyncio.wait_for(task, 60)

    assert [len(line) for line in ear.lines["web-1"]] == [size, 4]


async def test_containers_that_never_restarted_are_told_of_in_one_sentence(tmp_path: Path) -> None:
    logs = Logs()
    missing = Refusal(400, "previous terminated container not found")
    async with pod_server(tmp_path, logs.serve) as server:
        for number in range(3):
            server.put(pod(f"web-{number}"))
        server.refusals += [missing] * 3
        options = TailOptions(previous=True, follow=False, max_log_requests=1)
        async with following(server, options) as (ear, task):
            await asyncio.wait_for(task, 20)

    [sentence] = ear.troubles
    assert sentence == (
        "default/web-0 (app): previous terminated container not found; "
        "nor have 2 more an earlier instance"
    )
