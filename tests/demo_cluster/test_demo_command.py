"""`demo-cluster` as a command: what it says, how it ends, and two of them in one kubeconfig."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_cluster.faults import KINDS
from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import CONFIG_MAPS, NAMESPACES
from tests.terminal import Terminal

COMMAND = [sys.executable, "-m", "demo_cluster"]


def finished(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A run that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@contextlib.contextmanager
def serving(kubeconfig: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo cluster that has written its kubeconfig, until the end of the block."""
    name = arguments[arguments.index("--name") + 1] if "--name" in arguments else "demo"
    with subprocess.Popen(
        [*COMMAND, "--scenario", "empty", "--kubeconfig", str(kubeconfig), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not (kubeconfig.exists() and f"name: {name}\n" in kubeconfig.read_text()):
                assert process.poll() is None, process.stderr
                assert time.monotonic() < deadline
                time.sleep(0.02)  # a poll of another process
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


def test_the_help_teaches_every_dial_and_every_fault() -> None:
    shown = finished("--help").stdout

    dials = ("nodes", "pods", "namespaces", "churn", "log-rate", "latency", "clock-skew", "fault")
    assert all(f"--{dial}" in shown for dial in (*dials, "speed", "state", "user"))
    assert all(f"  {kind} " in shown for kind in KINDS)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--fault", "flood"], 2, "unknown fault 'flood'; write KIND"),
        (["--speed", "0"], 2, "'0' is no speed; write 0.5, 1 or 10"),
        (["--port", "70000"], 2, "write 0 to 65535"),
        (["--merge"], 2, "add --kubeconfig FILE"),
        (["--user", "eve=boss"], 1, "no ClusterRole 'boss' for the user 'eve'; write one of"),
        (["--fault", "503,on"], 2, "not aimed with 'on'; write KEY=VALUE"),
        (["--scenario", "none"], 1, "no scenario 'none'"),
        (["--state", "/nope/x/s"], 1, "there is no folder /nope/x; make it, or name another"),
        (["--kubeconfig", "/dev/null/x"], 1, "cannot write a kubeconfig to /dev/null/x"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], code: int, words: str) -> None:
    done = finished(*arguments)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = finished("--scenario", "empty", "--port", str(port))

    assert done.returncode == 1
    assert done.stderr == (
        f"demo-cluster: port {port} on 127.0.0.1 is in use; take another with --port, "
        "or leave --port out for any free one.\n"
    )


def test_control_c_ends_it_at_once_and_a_pipe_hears_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "config") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert (out, err) == ("", "")


def test_control_c_ends_it_while_the_world_is_made() -> None:
    with Terminal([*COMMAND, "--scenario", "big", "--pods", "200000"]) as person:
        person.expect(r"Making the cluster: \d+ s")
        person.send("\x03")

        assert person.wait_exit() == 130


async def test_two_clusters_share_a_kubeconfig_and_each_takes_its_own_out(tmp_path: Path) -> None:
    both = tmp_path / "both"
    with serving(both, "--name", "east", "--merge") as east:
        with serving(both, "--name", "west", "--merge") as west:
            async with (
                connect(ConnectOptions(kubeconfig=str(both), context="east")) as there,
                connect(ConnectOptions(kubeconfig=str(both), context="west")) as here,
            ):
                meta = {"name": "only-east", "namespace": "default"}
                body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
                await there.create(CONFIG_MAPS, body)
                found = await there.list(CONFIG_MAPS, dict, namespace="default")
                elsewhere = await here.list(CONFIG_MAPS, dict, namespace="default")
                assert (await here.list(NAMESPACES, dict)).items
            west.send_signal(signal.SIGTERM)
            west.communicate(timeout=10)
        left = both.read_text()
        east.send_signal(signal.SIGTERM)
        east.communicate(timeout=10)

    assert "only-east" in [item["metadata"]["name"] for item in found.items]
    assert "only-east" not in [item["metadata"]["name"] for item in elsewhere.items]
    assert "east" in left
    assert "west" not in left
    assert not both.exists()
