"""What the keys do to a cluster, seen by someone else at the same cluster."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kube_client.client import Client
from kube_client.connect import connect
from kube_client.errors import NotFoundError
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import (
    CONFIG_MAPS,
    CRON_JOBS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    ResourceType,
)
from tests.terminal import CTRL_C, CTRL_D, ENTER, Terminal

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster
    from tests.kube_tui.conftest import Sit

TALK = ["sh", "-c", 'i=0; while true; do echo "line $i"; i=$((i+1)); sleep 1; done']
ECHO = ["sh", "-c", 'while read line; do echo "heard $line"; done']


def thing(type_: ResourceType, name: str, namespace: str = "bench", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": type_.api_version, "kind": type_.kind, "metadata": metadata, **parts}


def pod(name: str, command: list[str], **container: Any) -> dict[str, Any]:
    containers = [{"name": "app", "image": "busybox", "command": command, **container}]
    return thing(PODS, name, spec={"containers": containers, "restartPolicy": "Never"})


@pytest.fixture(scope="module")
def bench() -> Iterator[RunningCluster]:
    """One cluster for this file, with a namespace in which each test makes what it needs."""
    from demo_cluster.threaded import running_cluster

    with running_cluster() as cluster:
        asyncio.run(_make_namespace(cluster.kubeconfig))
        yield cluster


async def _make_namespace(kubeconfig: Path) -> None:
    async with connect(ConnectOptions(kubeconfig=str(kubeconfig))) as client:
        await client.create(NAMESPACES, thing(NAMESPACES, "bench", ""))


@pytest.fixture
def kubeconfig(bench: RunningCluster) -> Path:
    return bench.kubeconfig


@pytest.fixture
async def friend(kubeconfig: Path) -> AsyncIterator[Client]:
    """Someone else at the same cluster."""
    async with connect(ConnectOptions(kubeconfig=str(kubeconfig))) as client:
        yield client


async def test_cordon_and_uncordon_say_whether_a_node_takes_pods(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    name = (await friend.list(NODES)).items[0]["metadata"]["name"]
    async with sit_down(kubeconfig, command=f"nodes /^{name}") as person:
        await person.expect(rf"{name} +Ready")

        await person.press("c")
        await person.expect(rf"Cordon node {name} on demo\?")
        await person.press("y")
        await person.expect(rf"Cordoning node {name}\.")
        assert (await friend.get(NODES, name))["spec"]["unschedulable"] is True
        await person.expect(rf"{name} .*SchedulingDisabled|takes no new pods")

        await person.press("u")
        await person.expect(rf"Uncordon node {name} on demo\?")
        await person.press("y")
        await person.expect(rf"Uncordoning node {name}\.")
        assert not (await friend.get(NODES, name))["spec"].get("unschedulable")


async def test_a_cron_job_is_suspended_resumed_and_run_now(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    container = {"name": "app", "image": "busybox", "command": ["echo", "counted"]}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    job = {"metadata": {"labels": {"who": "census"}}, "spec": {"template": template}}
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": job}
    made = await friend.create(CRON_JOBS, thing(CRON_JOBS, "census", spec=spec))
    async with sit_down(kubeconfig, command="cj bench /^census") as person:
        await person.expect(r"census .* no ")

        await person.press("s")
        await person.expect(r"Suspend cronjob census in bench on demo\?")
        await person.press("y")
        await person.expect(r"census .* yes ")
        await person.press("s")
        await person.expect(r"Resume cronjob census in bench on demo\?")
        await person.press("y")
        await person.expect(r"census .* no ")

        await person.press("t")
        await person.expect(r"Run cronjob census in bench now on demo\?")
        await person.press("y")
        await person.expect(r"Running cronjob census in bench\.")
        await person.press("enter")
        await person.expect(r"census-manual-\d+ +.*Complete")

    jobs = await friend.list(JOBS, namespace="bench", labels="who=census")
    [owner] = jobs.items[0]["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("CronJob", made["metadata"]["uid"])


async def test_kill_ends_a_pod_without_its_grace_period(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    stubborn = pod("stubborn", ["sh", "-c", "trap '' TERM; sleep 100000"])
    stubborn["spec"]["terminationGracePeriodSeconds"] = 3600
    await friend.create(PODS, stubborn)
    async with sit_down(kubeconfig, command="po bench /^stubborn") as person:
        await person.expect(r"stubborn +1/1 +Running")

        await person.press("ctrl+k")
        await person.expect(r"Kill pod stubborn in bench on demo\?")
        await person.expect(r"Grace period 0")
        await person.expect(r"Nothing owns it")
        await person.press("enter")
        assert await friend.get(PODS, "stubborn", "bench")
        await person.press("ctrl+k", "y")
        await person.expect(r"Killing pod stubborn in bench\.")
        await person.expect(r"0 of \d+|no pods|No pods")

    with pytest.raises(NotFoundError):
        await friend.get(PODS, "stubborn", "bench")


async def test_a_forward_leads_to_the_pod_until_it_is_stopped(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    await friend.create(
        PODS, pod("web", ["httpd", "-f", "-p", "8080"], ports=[{"containerPort": 8080}])
    )
    async with sit_down(kubeconfig, command="po bench /^web") as person:
        await person.expect(r"web +1/1 +Running")

        await person.press("F")
        await person.expect(r"Forward a local port to pod web in bench")
        await person.press("enter")
        found = await person.expect(r"http://127\.0\.0\.1:(\d+) leads to web:8080")
        port = int(found[1])
        assert (await _page(port)).startswith(b"HTTP/1.1")

        await person.press("F")
        await person.expect(r"Forward a local port to pod web in bench")
        await person.press("tab", *str(port), "enter")
        await person.expect(
            rf"Port {port} .* \(Address already in use\); choose another local port"
        )

        await person.press("f")
        await person.expect(r"bench › portforwards")
        await person.expect(rf"web +open +{port} +8080 +http://127\.0\.0\.1:{port}")
        await person.press("ctrl+d")
        await person.expect(r"Stopped\.")
        await person.expect_gone(r"web +open")
        with pytest.raises(ConnectionRefusedError):
            await _page(port)


async def _page(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_logs_lines_are_saved_to_a_file_and_copied(
    sit_down: Sit,
    kubeconfig: Path,
    friend: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    await friend.create(PODS, pod("teller", ["sh", "-c", "echo one; echo two; sleep 100000"]))
    async with sit_down(kubeconfig, command="po bench /^teller") as person:
        await person.expect(r"teller +1/1 +Running")
        await person.press("l")
        await person.expect(r"two *$")

        await person.press("ctrl+s")
        await person.expect(r"Saved \d lines to ")
        assert saved_lines(tmp_path)[-2:] == ["one", "two"]

        await person.type("/^two")
        await person.press("enter", "c")
        await person.expect(r"Copied 1 lines?\.")
        assert person.app.clipboard.splitlines() == ["two"]


def saved_lines(folder: Path) -> list[str]:
    [file] = folder.glob("*.log")
    return file.read_text().splitlines()


def sit_at_terminal(kubeconfig: Path, tmp_path: Path, command: str, **env: str) -> Terminal:
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        **env,
    }
    line = [sys.executable, "-m", "kube_tui", "-c", command]
    return Terminal(line, columns=140, env=environment)


async def test_attach_shows_a_container_until_ctrl_c_and_leaves_it_running(
    kubeconfig: Path, friend: Client, tmp_path: Path
) -> None:
    await friend.create(PODS, pod("talker", TALK))
    await asyncio.to_thread(_attach_to_talker, kubeconfig, tmp_path)
    status = (await friend.get(PODS, "talker", "bench"))["status"]
    assert (status["phase"], status["containerStatuses"][0]["restartCount"]) == ("Running", 0)


def _attach_to_talker(kubeconfig: Path, tmp_path: Path) -> None:
    with sit_at_terminal(kubeconfig, tmp_path, "po bench /^talker") as person:
        person.expect(r"talker +1/1 +Running")
        person.send("a")
        person.expect(r"attached to container app of pod talker in bench; Ctrl-C comes back")
        person.expect(r"^line \d+")
        person.send(CTRL_C)
        person.expect(r"talker +1/1 +Running")
        leave(person)


async def test_attach_gives_the_keys_to_a_container_that_has_a_terminal(
    kubeconfig: Path, friend: Client, tmp_path: Path
) -> None:
    await friend.create(PODS, pod("listener", ECHO, stdin=True, tty=True))
    await asyncio.to_thread(_attach_to_listener, kubeconfig, tmp_path)


def _attach_to_listener(kubeconfig: Path, tmp_path: Path) -> None:
    with sit_at_terminal(kubeconfig, tmp_path, "po bench /^listener") as person:
        person.expect(r"listener +1/1 +Running")
        person.send("a")
        person.expect(r"pod listener in bench; Ctrl-C goes to its program")

        def answered() -> bool:
            # What is typed before the terminal is handed over is thrown away: say it again.
            person.send(f"hello{ENTER}")
            return "heard hello" in person.screen

        person.wait_for(answered, "an answer from the container", within=20)
        person.send(CTRL_D)
        person.expect(r"listener +0/1 +Completed")
        leave(person)


# Somebody else writes while the editor is open; the editor's own words are "mine: 1".
EDITOR = """
import pathlib, subprocess, sys
file = pathlib.Path(sys.argv[1])
text = file.read_text()
file.write_text(text.replace("mine: '0'", "mine: '1'"))
if "It was refused" not in text:
    subprocess.run([sys.executable, sys.argv[0].replace("editor", "rival")], check=True)
"""
RIVAL = """
import asyncio
from kube_client.connect import connect
from kube_client.resource import CONFIG_MAPS

async def main():
    async with connect() as client:
        await client.patch(CONFIG_MAPS, {name!r}, {{"data": {data!r}}}, "bench")

asyncio.run(main())
"""


def edit_against(
    kubeconfig: Path, folder: Path, name: str, theirs: dict[str, str], expected: str
) -> None:
    """Edit a config map while somebody else does; ask for its newest version."""
    editor = folder / "editor.py"
    editor.write_text(EDITOR)
    (folder / "rival.py").write_text(RIVAL.format(name=name, data=theirs))
    with sit_at_terminal(
        kubeconfig, folder, f"cm bench /^{name}", EDITOR=f"{sys.executable} {editor}"
    ) as person:
        person.expect(rf"{name} +\d")
        person.send("e")
        person.expect(r"(?s)Not saved: .*Make my changes to its newest version")
        person.send(f"j{ENTER}")
        person.expect(expected)
        if "Updated" not in expected:
            person.send(f"j{ENTER}")
            found = person.expect(r"Nothing was saved\. Your text is in (\S+)\.")
            kept = Path(found[1])
            assert "mine: '1'" in kept.read_text()
            kept.unlink()
        leave(person)


async def test_an_edit_goes_on_top_of_what_somebody_else_changed_meanwhile(
    kubeconfig: Path, friend: Client, tmp_path: Path
) -> None:
    data = {"mine": "0", "other": "0"}
    await friend.create(CONFIG_MAPS, thing(CONFIG_MAPS, "shared", data=data))
    expected = r"Updated configmap shared in bench\."
    await asyncio.to_thread(edit_against, kubeconfig, tmp_path, "shared", {"other": "2"}, expected)
    now = await friend.get(CONFIG_MAPS, "shared", "bench")
    assert now["data"] == {"mine": "1", "other": "2"}


async def test_an_edit_does_not_undo_what_somebody_else_changed(
    kubeconfig: Path, friend: Client, tmp_path: Path
) -> None:
    await friend.create(CONFIG_MAPS, thing(CONFIG_MAPS, "fought", data={"mine": "0"}))
    expected = r"Not saved: Somebody else has changed data\.mine too"
    await asyncio.to_thread(edit_against, kubeconfig, tmp_path, "fought", {"mine": "2"}, expected)
    now = await friend.get(CONFIG_MAPS, "fought", "bench")
    assert now["data"] == {"mine": "2"}


def leave(person: Terminal) -> None:
    person.send(f":q{ENTER}")
    assert person.wait_exit() == 0
