"""What `kubectl get` prints of an object, by value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from demo_cluster.tables.custom import find
from demo_cluster.tables.duration import human_duration
from demo_cluster.tables.pods import pod_row
from demo_cluster.tables.selectors import selector_text

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUNNING = {"running": {"startedAt": "2026-01-01T11:00:00Z"}}


def pod(*states: dict[str, Any], phase: str = "Running", **meta: Any) -> dict[str, Any]:
    statuses = [
        {"name": f"c{index}", "ready": "running" in state, "restartCount": 0, "state": state}
        for index, state in enumerate(states)
    ]
    return {
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T11:00:00Z", **meta},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": entry["name"]} for entry in statuses],
        },
        "status": {"phase": phase, "containerStatuses": statuses},
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (330, "5m30s"),
        (3600, "60m"),
        (3 * 3600 + 60, "3h1m"),
        (26 * 3600, "26h"),
        (3 * 86400 + 3600, "3d1h"),
        (30 * 86400, "30d"),
        (800 * 86400, "2y70d"),
        (-5, "<invalid>"),
    ],
)
def test_ages_are_those_of_kubectl(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    ("shown", "status", "ready"),
    [
        (pod(RUNNING, RUNNING), "Running", "2/2"),
        (pod(RUNNING, {"waiting": {"reason": "CrashLoopBackOff"}}), "CrashLoopBackOff", "1/2"),
        (
            pod({"waiting": {"reason": "ContainerCreating"}}, phase="Pending"),
            "ContainerCreating",
            "0/1",
        ),
        (
            pod({"terminated": {"exitCode": 0, "reason": "Completed"}}, phase="Succeeded"),
            "Completed",
            "0/1",
        ),
        (pod({"terminated": {"exitCode": 3}}, phase="Failed"), "ExitCode:3", "0/1"),
        (pod(RUNNING, deletionTimestamp="2026-01-01T12:00:00Z"), "Terminating", "1/1"),
    ],
)
def test_the_status_of_a_pod_is_its_worst_news(shown: Any, status: str, ready: str) -> None:
    row = pod_row(shown, NOON)

    assert (row[2], row[1], row[4]) == (status, ready, "60m")


def test_init_containers_are_counted_until_they_are_done() -> None:
    waiting = pod({"waiting": {"reason": "PodInitializing"}}, phase="Pending")
    waiting["spec"]["initContainers"] = [{"name": "one"}, {"name": "two"}]
    waiting["status"]["initContainerStatuses"] = [
        {"name": "one", "state": {"terminated": {"exitCode": 0}}, "restartCount": 0},
        {"name": "two", "state": RUNNING, "restartCount": 0},
    ]

    assert pod_row(waiting, NOON)[2] == "Init:1/2"


def test_restarts_tell_when_the_last_one_was() -> None:
    restarted = pod(RUNNING)
    [entry] = restarted["status"]["containerStatuses"]
    entry.update(restartCount=2, lastState={"terminated": {"finishedAt": "2026-01-01T11:55:00Z"}})

    assert pod_row(restarted, NOON)[3] == "2 (5m ago)"


def test_selectors_are_written_as_they_are_typed() -> None:
    clause = {"key": "tier", "operator": "In", "values": ["b", "a"]}

    text = selector_text({"matchLabels": {"app": "web"}, "matchExpressions": [clause]})

    assert text == "app=web,tier in (a,b)"


def test_printer_columns_reach_into_lists() -> None:
    ready = {"type": "Ready", "status": "True"}
    obj = {"status": {"conditions": [{"type": "Other", "status": "x"}, ready]}}

    assert find(obj, '.status.conditions[?(@.type=="Ready")].status') == ["True"]
    assert find(obj, ".status.conditions[*].type") == ["Other", "Ready"]
    assert find(obj, ".nothing.here") == []
