"""`run`: one command in a pod of its own, as the service would run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from kompose.cluster.once import OneOff, one_off_name, one_off_pod
from tests.terminal import Terminal

_NAMES = count(1)
COMPOSE = """
name: shop
services:
  web:
    image: busybox
    command: ["sh", "-c", "while true; do echo serving; sleep 1; done"]
    environment: {LEVEL: info}
    configs: [greeting]
    depends_on: [db]
    stop_grace_period: 1s
  db: {image: busybox, command: ["sleep", "1000"], stop_grace_period: 1s}
configs: {greeting: {content: good morning}}
"""
CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": "shop/web",
    "args": ["serve"],
    "env": [{"name": "LEVEL", "value": "info"}],
    "ports": [{"containerPort": 80}],
    "livenessProbe": {"exec": {"command": ["true"]}},
}
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "spec": {
        "template": {
            "metadata": {"labels": {"io.kompose.service": "web"}},
            "spec": {"containers": [{"name": "side"}, CONTAINER], "volumes": [{"name": "data"}]},
        }
    },
}


def test_a_pod_for_one_command_has_what_the_service_has_and_no_traffic() -> None:
    pod = one_off_pod(DEPLOYMENT, "web", "web-run-1", OneOff(("migrate", "up"), workdir="/srv"))

    assert pod["metadata"] == {"name": "web-run-1", "labels": {"io.kompose.service": "web-run-1"}}
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["volumes"] == [{"name": "data"}]
    [container] = pod["spec"]["containers"]
    assert container == {
        "name": "web-run-1",
        "image": "shop/web",
        "args": ["migrate", "up"],
        "env": [{"name": "LEVEL", "value": "info"}],
        "workingDir": "/srv",
    }


def test_variables_win_over_the_services_and_another_program_gets_no_words_of_it() -> None:
    wish = OneOff(entrypoint="sh", environment={"LEVEL": "debug"}, tty=True)
    [container] = one_off_pod(DEPLOYMENT, "web", "n", wish)["spec"]["containers"]

    assert container["env"] == [{"name": "LEVEL", "value": "debug"}]
    assert (container["command"], container.get("args")) == (["sh"], None)
    assert (container["stdin"], container["stdinOnce"], container["tty"]) == (True, True, True)


def test_a_long_name_leaves_room_for_what_tells_pods_apart() -> None:
    name = one_off_name("w" * 63, "abc123")

    assert len(name) == 63
    assert name.endswith("-run-abc123")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with running_cluster(ClusterOptions(scenario="empty", clock=RealClock(speed=5))) as running:
        yield running


class Shop:
    """A project in a namespace of its own."""

    def __init__(self, folder: Path, cluster: RunningCluster) -> None:
        self.folder = folder
        self._where = ("--kubeconfig", str(cluster.kubeconfig), "-n", f"once-{next(_NAMES)}")
        (folder / "compose.yaml").write_text(COMPOSE)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "kompose", *self._where, *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def services(self) -> list[str]:
        return [one["Service"] for one in json.loads(self.run("ps", "--json").stdout)]


@pytest.fixture
def shop(tmp_path: Path, cluster: RunningCluster) -> Shop:
    return Shop(tmp_path, cluster)


def test_a_command_runs_beside_what_the_service_needs_and_its_code_is_ours(shop: Shop) -> None:
    script = 'cat /greeting; echo " $LEVEL $MORE"; exit 7'
    done = shop.run("run", "--rm", "-e", "MORE=x", "web", "sh", "-c", script)

    assert (done.returncode, done.stdout) == (7, "good morning info x\n")
    assert shop.services() == ["db"]


def test_without_what_it_needs_the_pod_stays_and_down_removes_it(shop: Shop) -> None:
    assert shop.run("run", "--no-deps", "--name", "probe", "web", "true").returncode == 0

    assert shop.services() == ["probe"]
    assert "pod/probe removed" in shop.run("down").stderr


def test_ctrl_c_leaves_and_takes_the_pod_along(shop: Shop) -> None:
    with subprocess.Popen(
        shop.command("run", "--rm", "--no-deps", "web"),
        cwd=shop.folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130

    assert "Nothing of the project" in shop.run("ps").stderr


def test_a_person_gets_a_shell_in_a_service_that_does_not_run(shop: Shop) -> None:
    command = shop.command("run", "--rm", "--no-deps", "web", "sh")
    with Terminal(command, cwd=shop.folder) as person:
        person.expect(r"[$#] *$")
        person.send("echo $((6*7)) it is\r")
        person.expect(r"^42 it is")
        person.send("exit 3\r")
        assert person.wait_exit() == 3
