"""Logs, exec, attach and port-forward against a whole cluster: TLS, tokens, real pods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from kube_client.client import Client
from kube_client.connect import ConnectOptions, connect
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.exec import open_attach, open_exec, run_command
from kube_client.logs import LogQuery, follow_log, open_log
from kube_client.objects import Pod
from kube_client.port_forward import open_port_forward
from kube_client.reflector import Reflector
from kube_client.resource import PODS, ObjectKey

TALK = "i=0; while true; do echo line $i; i=$((i+1)); sleep 1; done"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    """A cluster without a story, five times as fast as life."""
    with running_cluster(ClusterOptions(scenario="empty", clock=RealClock(speed=5))) as running:
        yield running


@pytest.fixture
async def client(cluster: RunningCluster) -> AsyncIterator[Client]:
    async with connect(ConnectOptions(kubeconfig=str(cluster.kubeconfig))) as connected:
        yield connected


async def a_running_pod(client: Client, name: str, script: str = TALK, **container: object) -> str:
    """A pod of this name with one container `main` that runs the script; returns when it runs."""
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {"name": "main", "image": "busybox", "command": ["sh", "-c", script], **container}
        ],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    await client.create(PODS, pod)
    await in_phase(client, name, "Running", "Succeeded", "Failed")
    return name


async def in_phase(client: Client, name: str, *phases: str) -> None:
    """Return when the pod is in one of these phases, or gone when none is given."""
    reflector = Reflector(client, PODS, Pod, fields=f"metadata.name={name}", namespace="default")
    changes = reflector.store.subscribe()
    task = asyncio.create_task(reflector.run())
    try:
        async with asyncio.timeout(20):
            await reflector.synced()
            while True:
                pod = reflector.store.get(ObjectKey("default", name))
                if (pod.status.phase in phases) if pod else not phases:
                    return
                await changes.wait()
                changes.take()
    finally:
        task.cancel()
        changes.close()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_command_runs_with_input_output_and_exit_code(client: Client) -> None:
    pod = await a_running_pod(client, "runs-commands")

    echoed = await run_command(client, "default", pod, ["echo", "a b", "$HOME"])
    counted = await run_command(client, "default", pod, ["wc", "-l"], stdin=b"one\ntwo\n")
    failed = await run_command(client, "default", pod, ["sh", "-c", "echo no >&2; exit 7"])

    assert echoed == (0, b"a b $HOME\n", b"")
    assert counted.stdout.strip() == b"2"
    assert (failed.exit_code, failed.stderr) == (7, b"no\n")


async def test_a_shell_in_a_terminal_knows_its_size_and_ends_with_exit(client: Client) -> None:
    pod = await a_running_pod(client, "has-a-shell")
    shown = b""

    async with open_exec(client, "default", pod, ["sh"], stdin=True, tty=True) as session:
        await session.resize(91, 33)
        await session.send(b"stty size; exit 5\r")
        async for _, data in session:
            shown += data
        status = await session.exit_status()

    assert b"33 91" in shown
    assert status.code == 5


async def test_a_pod_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        await run_command(client, "default", "nobody", ["true"])


async def test_a_user_without_the_right_may_not_run_commands(
    client: Client, cluster: RunningCluster
) -> None:
    pod = await a_running_pod(client, "is-guarded")
    options = ConnectOptions(kubeconfig=str(cluster.kubeconfig), context="demo-viewer")

    async with connect(options) as viewer:
        with pytest.raises(ForbiddenError, match="may not connect to pods/is-guarded"):
            await run_command(viewer, "default", pod, ["true"])


async def test_attach_hears_what_a_container_says_from_now_on(client: Client) -> None:
    pod = await a_running_pod(client, "is-attached")
    heard = b""

    async with open_attach(client, "default", pod, container="main") as session:
        async for _, data in session:
            heard += data
            if heard.count(b"\n") >= 2:
                break

    first = int(heard.split(b"\n")[0].removeprefix(b"line "))
    assert heard.startswith(b"line %d\nline %d\n" % (first, first + 1))


async def test_a_forwarded_port_serves_the_pods_page(client: Client) -> None:
    pod = await a_running_pod(client, "serves")
    page = {"name": "main", "image": "nginx", "ports": [{"containerPort": 80}]}
    await client.create(
        PODS,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "nginx"},
            "spec": {"containers": [page]},
        },
    )
    await in_phase(client, "nginx", "Running")
    troubles: list[str] = []

    async with open_port_forward(
        client, "default", "nginx", 80, on_trouble=troubles.append
    ) as forward:
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
    async with open_port_forward(client, "default", pod, 9, on_trouble=troubles.append) as refused:
        reader, writer = await asyncio.open_connection("127.0.0.1", refused.local_port)
        assert await reader.read() == b""
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200")
    assert len(troubles) == 1
    assert "does not answer" in troubles[0]


async def test_a_log_is_read_with_its_stamps_and_its_last_lines(client: Client) -> None:
    pod = await a_running_pod(client, "is-done", "echo one; echo two; printf three")
    await in_phase(client, pod, "Succeeded")

    whole = b"".join([chunk async for chunk in open_log(client, LogQuery("default", pod))])
    query = LogQuery("default", pod, tail_lines=2, timestamps=False)
    last = b"".join([chunk async for chunk in open_log(client, query)])

    lines = whole.split(b"\n")
    assert [line.split(b" ", 1)[1] for line in lines] == [b"one", b"two", b"three"]
    assert all(len(line.split(b" ", 1)[0]) == 30 for line in lines)
    assert last == b"two\nthree"


async def test_a_followed_log_ends_with_its_container(client: Client) -> None:
    script = "for i in 1 2 3 4 5; do echo line $i; sleep 1; done; printf bye"
    pod = await a_running_pod(client, "says-five-lines", script)

    async def is_alive() -> bool:
        found = await client.get_as(PODS, pod, Pod)
        return found.status.phase == "Running"

    given = b""
    async with aclosing(
        follow_log(client, LogQuery("default", pod), is_alive=is_alive, on_trouble=pytest.fail)
    ) as blocks:
        async for block in blocks:
            given += block

    lines = [line.split(b" ", 1)[1] for line in given.split(b"\n")]
    assert lines == [b"line 1", b"line 2", b"line 3", b"line 4", b"line 5", b"bye"]
