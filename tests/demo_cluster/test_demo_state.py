"""A cluster kept in a file: what is there after a stop, and after a crash in mid-write."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions, DemoCluster
from demo_cluster.kinds import kind_of
from demo_cluster.state_file import StateFileError
from kube_client.client import Client
from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import CONFIG_MAPS
from tests.demo_cluster.conftest import SteppedWorld, workload

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PODS = kind_of("pods")
MAPS = kind_of("configmaps")
STORY = """
workloads:
  - {name: web, image: "web:1", replicas: 2}
  - {name: weak, image: weak}
images:
  - {name: weak, crash: {after: 5s}}
timeline:
  - at: 30s
    patch: {apiVersion: apps/v1, kind: Deployment, namespace: default, name: web, replicas: 3}
"""


@asynccontextmanager
async def kept(file: Path, start: datetime = NOON, **options: Any) -> AsyncIterator[SteppedWorld]:
    """A cluster that is kept in this file; its clock begins at this moment."""
    clock = SteppedClock(start)
    cluster = DemoCluster(ClusterOptions(state=file, clock=clock, **options))
    try:
        await cluster.start()
        clock.advance(1)
        yield SteppedWorld(cluster, clock)
    finally:
        await cluster.stop()


def config_map(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default"}, "data": {"k": "v"}}


async def test_objects_are_as_they_were_and_versions_go_on(tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with kept(file, scenario="empty") as world:
        made = world.storage.create(MAPS, config_map("kept"))
        world.storage.create(MAPS, config_map("gone"))
        world.storage.remove(MAPS, "default", "gone")
        version = world.storage.resource_version

    async with kept(file, scenario="empty") as world:
        found = world.storage.get(MAPS, "default", "kept")
        gone = world.storage.get(MAPS, "default", "gone")
        new = world.storage.create(MAPS, config_map("new"))

    assert found == made
    assert gone is None
    assert int(new["metadata"]["resourceVersion"]) > version
    assert new["metadata"]["uid"] != made["metadata"]["uid"]


async def test_pods_stay_the_same_and_their_controllers_go_on(tmp_path: Path) -> None:
    file, scenario = tmp_path / "state", tmp_path / "story.yaml"
    scenario.write_text(STORY)
    async with kept(file, scenario=str(scenario)) as world:
        world.advance(19)
        before = {pod["metadata"]["uid"] for pod in world.pods("web")}
        [weak] = world.pods("weak")
        crashes = weak["status"]["containerStatuses"][0]["restartCount"]

    async with kept(file, NOON + timedelta(seconds=20)) as world:
        world.advance(5)
        same = {pod["metadata"]["uid"] for pod in world.pods("web")}
        world.advance(60)
        more = {pod["metadata"]["uid"] for pod in world.pods("web")}
        addresses = [pod["status"]["podIP"] for pod in world.pods()]
        [weak] = world.pods("weak")
        later = weak["status"]["containerStatuses"][0]["restartCount"]

    assert len(before) == 2
    assert same == before
    assert more > before
    assert len(more) == 3
    assert len(set(addresses)) == len(addresses)
    assert later > crashes > 0


@pytest.mark.parametrize("image", ["busybox", "nginx"])
async def test_a_pod_that_was_going_goes_after_the_next_start(tmp_path: Path, image: str) -> None:
    file = tmp_path / "state"
    async with kept(file, scenario="empty") as world:
        main = {"name": "main", "image": image, "command": ["sh", "-c", "sleep 1000"]}
        world.create("pods", "going", {"containers": [main], "terminationGracePeriodSeconds": 3})
        world.advance(8)
        world.storage.request_delete(PODS, "default", "going")
        world.advance(1)

    async with kept(file, NOON + timedelta(seconds=30), scenario="empty") as world:
        there = world.pods()
        world.advance(5)

        assert [pod["status"]["phase"] for pod in there] == ["Running"]
        assert world.pods() == []


async def test_a_container_that_ends_as_soon_as_it_goes_on_is_seen_to_end(tmp_path: Path) -> None:
    file = tmp_path / "state"
    script = "[ $(date +%M) = 00 ] && sleep 1000; exit 4"
    async with kept(file, scenario="empty") as world:
        world.pod("brief", script, restartPolicy="Never")
        world.advance(5)

    async with kept(file, NOON + timedelta(minutes=2), scenario="empty") as world:
        world.advance(5)

        [pod] = world.pods()
        state = pod["status"]["containerStatuses"][0]["state"]
        assert state["terminated"]["exitCode"] == 4
        assert pod["status"]["phase"] == "Failed"


async def test_a_step_of_the_story_is_told_once(tmp_path: Path) -> None:
    file, scenario = tmp_path / "state", tmp_path / "story.yaml"
    scenario.write_text(STORY)
    async with kept(file, scenario=str(scenario)) as world:
        world.advance(40)
        world.storage.modify(
            kind_of("deployments", "apps"), "default", "web", lambda o: o["spec"].update(replicas=1)
        )
        world.advance(5)

    async with kept(file, NOON + timedelta(seconds=50)) as world:
        world.advance(60)
        pods = world.pods("web")

    assert len(pods) == 1


async def test_a_new_deployment_finds_its_pods_after_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with kept(file, scenario="empty") as world:
        spec = workload("sleep 1000", {"app": "web"}, replicas=2)
        world.create("deployments", "web", spec, group="apps")
        world.advance(10)
        before = sorted(pod["metadata"]["uid"] for pod in world.pods("web"))

    async with kept(file, NOON + timedelta(hours=1)) as world:
        world.advance(30)
        after = sorted(pod["metadata"]["uid"] for pod in world.pods("web"))
        nodes = world.storage.list(kind_of("nodes"))

    assert len(before) == 2
    assert after == before
    assert {node["status"]["conditions"][-1]["status"] for node in nodes} == {"True"}


async def test_a_line_that_was_cut_short_is_not_there_and_all_before_it_is(tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with kept(file, scenario="empty") as world:
        for number in range(5):
            world.storage.create(MAPS, config_map(f"map-{number}"))
        whole = file.read_bytes()
    file.write_bytes(whole[: whole.rindex(b'"map-4"') + 3])

    async with kept(file) as world:
        names = [obj["metadata"]["name"] for obj in world.storage.list(MAPS, "default")]

    assert [name for name in names if name.startswith("map")] == [f"map-{n}" for n in range(4)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "is no state file of a demo cluster; name another, or remove it"),
        ("{}", "is no state file of a demo cluster"),
    ],
)
async def test_what_is_no_state_says_so(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "state"
    file.write_text(text)

    with pytest.raises(StateFileError, match=words):
        DemoCluster(ClusterOptions(state=file))

    assert file.read_text() == text


async def test_a_break_in_the_middle_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with kept(file, scenario="empty"):
        pass
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([lines[0], b'{"put":', *lines[2:]]))

    with pytest.raises(StateFileError, match=r"state:2: broken .* remove the file to start anew"):
        DemoCluster(ClusterOptions(state=file))


async def test_reset_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with kept(file, scenario="empty") as world:
        world.storage.create(MAPS, config_map("before"))

    async with kept(file, scenario="empty", reset=True) as world:
        assert world.storage.get(MAPS, "default", "before") is None


async def test_two_clusters_cannot_have_one_file(tmp_path: Path) -> None:
    async with kept(tmp_path / "state", scenario="empty"):
        with pytest.raises(StateFileError, match="another demo cluster has"):
            DemoCluster(ClusterOptions(state=tmp_path / "state"))


@contextlib.contextmanager
def process(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A demo cluster that keeps its state in this folder, ready; killed at the end."""
    config = folder / "config"
    config.unlink(missing_ok=True)
    state = ["--state", str(folder / "state"), "--kubeconfig", str(config), "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "demo_cluster", "--scenario", "empty", *state],
        stdout=subprocess.DEVNULL,
    ) as child:
        try:
            deadline = time.monotonic() + 60
            while not config.exists():
                assert child.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)  # a poll of another process
            yield child
        finally:
            child.kill()


async def test_every_write_that_was_answered_outlives_a_kill_and_old_clients_go_on(
    tmp_path: Path,
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with process(tmp_path, port) as child:
        old = tmp_path / "old-config"
        old.write_bytes((tmp_path / "config").read_bytes())
        async with connect(ConnectOptions(kubeconfig=str(old))) as client:
            answered = [await create(client, f"map-{number}") for number in range(60)]
            os.kill(child.pid, signal.SIGKILL)
        child.wait()

    with process(tmp_path, port):
        async with connect(ConnectOptions(kubeconfig=str(old))) as client:
            found = await client.list(CONFIG_MAPS, dict, namespace="default")
            query = {"watch": "true", "resourceVersion": answered[0]}
            path = "/api/v1/namespaces/default/configmaps"
            response = await client.stream(path, query=query, verb="watch")
            told = b"".join([chunk async for chunk in response.chunks()])

    assert b'"reason":"Expired","code":410' in told
    names = {item["metadata"]["name"]: item for item in found.items}
    assert [names[f"map-{n}"]["metadata"]["resourceVersion"] for n in range(60)] == answered
    assert int(found.resource_version) >= int(answered[-1])


async def create(client: Client, name: str) -> str:
    """The version of a new ConfigMap."""
    meta = {"name": name, "namespace": "default"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    made = await client.create(CONFIG_MAPS, body)
    version: str = made["metadata"]["resourceVersion"]
    return version
