"""A person in front of a server that does not answer, or fails for a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_cluster.cluster import ClusterOptions
from demo_cluster.faults import FaultPlan, parse_fault
from demo_cluster.threaded import RunningCluster, running_cluster
from tests.terminal import CTRL_C, Terminal

COMPOSE = """
name: shop
services:
  web: {image: busybox, command: ["sleep", "1000"], stop_grace_period: 1s}
"""


@pytest.fixture(scope="module")
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture(scope="module")
def cluster(plan: FaultPlan) -> Iterator[RunningCluster]:
    with running_cluster(ClusterOptions(scenario="empty", faults=plan)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return tmp_path


def command(cluster: RunningCluster, *words: str) -> list[str]:
    where = ("--kubeconfig", str(cluster.kubeconfig), "-n", "patience")
    return [sys.executable, "-m", "kompose", *where, *words]


@pytest.mark.parametrize("words", [["up"], ["ps"], ["logs", "-f"], ["exec", "web", "ls"], ["stop"]])
def test_every_command_says_whom_it_waits_for_and_ctrl_c_leaves_at_once(
    cluster: RunningCluster, plan: FaultPlan, folder: Path, words: list[str]
) -> None:
    plan.change([parse_fault("stall:120@100%")])

    with Terminal(command(cluster, *words), cwd=folder) as person:
        person.expect(r"Waiting for https://127\.0\.0\.1:\d+ \.\.\.")
        person.send(CTRL_C)

        assert person.wait_exit(within=20) == 130


def test_a_server_that_fails_for_a_while_is_one_line_and_no_end(
    cluster: RunningCluster, plan: FaultPlan, folder: Path
) -> None:
    plan.change([parse_fault("503@100%")])

    with Terminal(command(cluster, "up", "-d"), cwd=folder) as person:
        person.expect(r"has trouble \(503: apiserver is shutting down\)\. Trying again \.\.\.")
        plan.change([])
        person.expect(r"✓ web +ready 1/1")

        assert person.wait_exit() == 0
        assert person.raw.count(b"has trouble") == 1
