"""What may go wrong while logs are followed, and that every line is heard all the same, once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from stern.options import TailOptions
from tests.stern.pod_server import Cut, Ear, Query, Refusal, Send, pod, pod_server
from tests.stern.test_stern_follower import STAMP, Logs, following


async def test_a_pod_of_the_same_name_is_another_pod(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("db-0", "old pod")
        server.put(pod("db-0", uid="first"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: "db-0" in ear.lines)
            old_end = logs.ends.pop("db-0")
            server.remove("db-0")
            logs.texts["db-0"] = b""
            logs.say("db-0", "new pod")
            server.put(pod("db-0", uid="second", instance=2), "ADDED")
            await ear.until(lambda: len(ear.lines["db-0"]) == 2)
            old_end.set()
            await ear.until(lambda: "- db-0/app" in ear.events)
            requests = len([one for one in server.requests if "/log" in one])

    assert ear.lines["db-0"] == [b"old pod", b"new pod"]
    assert requests == 2  # nobody asked the new pod for the rest of the old one's log
    assert ear.troubles == []


async def test_the_stream_of_a_pod_that_took_over_a_name_is_read_on_from_after_a_clean_end(
    tmp_path: Path,
) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("db-0", "old pod")
        server.put(pod("db-0", uid="first"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: "db-0" in ear.lines)
            logs.ends.pop("db-0").set()
            server.remove("db-0")
            logs.texts["db-0"] = b""
            logs.say("db-0", "one")
            server.put(pod("db-0", uid="second", instance=2), "ADDED")
            await ear.until(lambda: b"one" in ear.lines["db-0"])
            logs.say("db-0", "two")
            logs.ends.pop("db-0").set()
            await ear.until(lambda: b"two" in ear.lines["db-0"])

    assert ear.lines["db-0"] == [b"old pod", b"one", b"two"]


async def test_a_container_that_starts_anew_while_its_end_is_read_goes_on_being_heard(
    tmp_path: Path,
) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("web-1", "first life")
        server.put(pod("web-1", state="terminated"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: "web-1" in ear.lines)
            server.put(pod("web-1", instance=2))
            server.put(pod("marker", labels={"app": "marker"}), "ADDED")
            await ear.until(lambda: "+ marker/app" in ear.events)  # the watch has come so far
            logs.say("web-1", "second life")
            logs.ends.pop("web-1").set()
            await ear.until(lambda: len(ear.lines["web-1"]) == 2)

    assert ear.lines["web-1"] == [b"first life", b"second life"]


async def test_an_instance_that_came_and_went_unseen_is_read_from_the_previous_log(
    tmp_path: Path,
) -> None:
    async def serve(name: str, query: Query, send: Send) -> None:
        number = 2 if query.get("previous") else 3 if "containerd" in instances else 1
        await send((STAMP % number + f"instance {number}\n").encode())
        if number == 3:
            await asyncio.Event().wait()

    instances: set[str] = set()
    async with pod_server(tmp_path, serve) as server:
        server.put(pod("web-1", state="terminated"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: "- web-1/app" in ear.events)
            instances.add("containerd")
            server.put(pod("web-1", instance=3, last_instance=2))
            await ear.until(lambda: len(ear.lines["web-1"]) == 3)

    assert ear.lines["web-1"] == [b"instance 1", b"instance 2", b"instance 3"]


async def test_refusals_in_the_middle_are_waited_out_and_said(tmp_path: Path) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("web-1", "one")
        server.put(pod("web-1"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: "web-1" in ear.lines)
            server.refusals += [
                Refusal(429, "TooManyRequests", "Retry-After: 1"),
                Refusal(500, "InternalError"),
                Refusal(503, "ServiceUnavailable"),
            ]
            logs.say("web-1", "two")
            logs.ends.pop("web-1").set()
            await ear.until(lambda: len(ear.lines["web-1"]) == 2)

    assert ear.lines["web-1"] == [b"one", b"two"]
    assert server.refusals == []
    assert len(ear.troubles) == 3
    assert all("web-1" in sentence for sentence in ear.troubles)


async def test_a_token_that_expires_is_read_again_and_the_stream_goes_on(tmp_path: Path) -> None:
    logs = Logs()
    token = tmp_path / "token"
    token.write_text("first")
    async with pod_server(tmp_path, logs.serve) as server:
        server.token = "first"
        config = json.loads(server.kubeconfig.read_text())
        config["users"][0]["user"] = {"tokenFile": str(token)}
        server.kubeconfig.write_text(json.dumps(config))
        logs.say("web-1", "one")
        server.put(pod("web-1"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: "web-1" in ear.lines)
            server.token = "second"
            token.write_text("second")
            logs.say("web-1", "two")
            server.restart(refuses=0)
            await ear.until(lambda: len(ear.lines["web-1"]) == 2)
            logs.say("web-2", "hello")
            server.put(pod("web-2"), "ADDED")
            await ear.until(lambda: "web-2" in ear.lines)

    assert ear.lines == {"web-1": [b"one", b"two"], "web-2": [b"hello"]}


async def test_an_evicted_pod_is_read_to_its_last_word_which_may_lack_a_newline(
    tmp_path: Path,
) -> None:
    logs = Logs()
    async with pod_server(tmp_path, logs.serve) as server:
        logs.say("web-1", "one")
        server.put(pod("web-1"))
        async with following(server, TailOptions(exit_on_complete=True)) as (ear, task):
            await ear.until(lambda: "web-1" in ear.lines)
            logs.texts["web-1"] += (STAMP % 2 + "last word").encode()
            server.put(pod("web-1", state="terminated", phase="Failed"))
            logs.ends["web-1"].set()
            failed = await asyncio.wait_for(task, 20)

    assert ear.lines["web-1"] == [b"one", b"last word"]
    assert failed == ["web-1"]


async def test_a_clock_that_jumps_back_between_and_over_cuts_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    stamps = [5_000, 6_000, 1_000, 2_000, 2_000, 3_000]  # set back after the second line
    lines = [(STAMP % stamp + f"line {at}\n").encode() for at, stamp in enumerate(stamps)]
    ends = iter(range(1, len(lines) + 1))

    async def serve(name: str, query: Query, send: Send) -> None:
        end = next(ends, len(lines))
        await send(b"".join(lines[:end]) + (lines[end][:20] if end < len(lines) else b""))
        if end < len(lines):
            raise Cut
        await asyncio.Event().wait()

    async with pod_server(tmp_path, serve) as server:
        server.put(pod("web-1"))
        async with following(server, TailOptions()) as (ear, _):
            await ear.until(lambda: len(ear.lines.get("web-1", ())) >= len(lines))

    assert ear.lines["web-1"] == [b"line %d" % at for at in range(len(lines))]


async def test_odd_bytes_arrive_as_they_were_written(tmp_path: Path) -> None:
    odd = [b"crlf\r", b"nul \0 here", b"\xff\xfe no text", b"", b"x" * 16_384, b"tail \xc3"]

    async def serve(name: str, query: Query, send: Send) -> None:
        text = b"".join((STAMP % at).encode() + line + b"\n" for at, line in enumerate(odd))
        for start in range(0, len(text), 4_099):
            await send(text[start : start + 4_099])

    ear = Ear()
    async with pod_server(tmp_path, serve) as server:
        server.put(pod("web-1"))
        async with following(server, TailOptions(follow=False)) as (ear, task):
            await asyncio.wait_for(task, 20)

    assert ear.lines["web-1"] == odd
