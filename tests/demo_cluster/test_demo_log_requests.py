"""Logs over the API: what a crash loop shows, and which runs a node still knows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from demo_cluster.api import Api, RawRequest
from demo_cluster.wire.reply import Reply, StreamReply
from tests.demo_cluster.conftest import SteppedWorld


async def ask(world: SteppedWorld, **query: Any) -> tuple[int, bytes]:
    """Status and whole body of the answer about the pod `crash`."""
    headers = {"authorization": f"Bearer {world.cluster.token()}"}
    path = "/api/v1/namespaces/default/pods/crash/log"
    raw = RawRequest("GET", path, urlencode(query), headers, b"")
    reply = await Api(world.cluster.backend).answer(raw)
    if isinstance(reply, StreamReply):
        return reply.status, b"".join([chunk async for chunk in reply.chunks])
    assert isinstance(reply, Reply)
    return reply.status, json.dumps(reply.body).encode() if reply.body else b""


@pytest.mark.parametrize("follow", ["true", "false"])
async def test_a_crash_loop_shows_the_last_run_with_and_without_previous(
    world: SteppedWorld, follow: str
) -> None:
    world.pod("crash", "date +%s; echo oops >&2; exit 3")
    world.advance(33)

    current = await ask(world, follow=follow)
    previous = await ask(world, follow=follow, previous="true")

    assert current == previous
    assert current[1].endswith(b"\noops\n")


async def test_the_end_of_a_run_removes_the_log_of_the_run_before(world: SteppedWorld) -> None:
    world.pod("crash", "echo once; sleep 1; exit 1")
    world.advance(2.1)
    while not world.get("pods", "crash")["status"]["containerStatuses"][0]["restartCount"]:
        world.advance(0.1)

    while_running = await ask(world, previous="true")
    while "terminated" not in world.get("pods", "crash")["status"]["containerStatuses"][0]["state"]:
        world.advance(0.1)
    after_its_end = await ask(world, previous="true")

    assert while_running == (200, b"once\n")
    assert after_its_end[1].startswith(b"unable to retrieve container logs for containerd://")
