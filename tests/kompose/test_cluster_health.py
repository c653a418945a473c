"""How a service is, told from what the cluster says, by value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kompose.cluster.health import Crash, Living, Note, Phase, crashes, pod_health, unit_health
from kompose.cluster.watching import latest_notes
from kompose.cluster.workload import Event, Workload
from kompose.live.happenings import owner_of
from kube_client.codec import convert
from kube_client.objects import Pod


def a_pod(**status: Any) -> Pod:
    node = {} if status.pop("unscheduled", False) else {"nodeName": "node-1"}
    return convert(
        {
            "metadata": {"name": "web-1", "uid": "u1", "generation": 1},
            "spec": {"containers": [{"name": "web"}], **node},
            "status": status,
        },
        Pod,
    )


def container(**state: Any) -> dict[str, Any]:
    restarts = state.pop("restarts", 0)
    last = state.pop("last", {})
    return {
        "name": "web",
        "image": "shop/web",
        "restartCount": restarts,
        "state": state,
        "lastState": last,
    }


def a_deployment(wanted: int = 1, generation: int = 1, **status: Any) -> Living:
    found = convert(
        {
            "metadata": {"name": "web", "uid": "d1", "generation": generation},
            "spec": {"replicas": wanted},
            "status": {"observedGeneration": 1, **status},
        },
        Workload,
    )
    return Living("Deployment", found)


READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
ROLLED = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}


@pytest.mark.parametrize(
    ("status", "phase", "words"),
    [
        (READY, Phase.READY, ""),
        ({"phase": "Succeeded"}, Phase.COMPLETED, ""),
        ({"phase": "Pending", "unscheduled": True}, Phase.PENDING, "waits for a node"),
        (
            {
                "phase": "Pending",
                "unscheduled": True,
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "message": "0/2 nodes: too small"}
                ],
            },
            Phase.TROUBLE,
            "no node takes it: 0/2 nodes: too small",
        ),
        (
            {
                "phase": "Pending",
                "containerStatuses": [
                    container(waiting={"reason": "ImagePullBackOff", "message": "not found"})
                ],
            },
            Phase.TROUBLE,
            "image shop/web: not found",
        ),
        (
            {
                "phase": "Running",
                "containerStatuses": [
                    container(
                        waiting={"reason": "CrashLoopBackOff"},
                        restarts=3,
                        last={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    )
                ],
            },
            Phase.TROUBLE,
            "web crashed 3 times (OOMKilled, exit code 137)",
        ),
        (
            {
                "phase": "Pending",
                "containerStatuses": [container(waiting={"reason": "ContainerCreating"})],
            },
            Phase.STARTING,
            "being made",
        ),
        (
            {"phase": "Running", "containerStatuses": [container(running={})]},
            Phase.STARTING,
            "not ready yet",
        ),
        (
            {
                "phase": "Failed",
                "containerStatuses": [container(terminated={"exitCode": 2, "reason": "Error"})],
            },
            Phase.FAILED,
            "web ended with exit code 2 (Error)",
        ),
    ],
)
def test_a_pod_says_where_it_stands_and_why(
    status: dict[str, Any], phase: Phase, words: str
) -> None:
    health = pod_health(a_pod(**status), {})

    assert health.phase is phase
    assert words in health.why


@pytest.mark.parametrize(
    ("note", "phase", "words"),
    [
        (Note(False, "Pulling", 'Pulling image "shop/web"'), Phase.PULLING, 'image "shop/web"'),
        (Note(True, "Unhealthy", "Readiness probe failed"), Phase.STARTING, "probe failed"),
        (Note(False, "Scheduled", "assigned"), Phase.STARTING, "being made"),
    ],
)
def test_the_last_event_tells_what_a_pod_is_waiting_for(
    note: Note, phase: Phase, words: str
) -> None:
    health = pod_health(a_pod(phase="Pending"), {"u1": note})

    assert health.phase is phase
    assert words in health.why


def test_a_deployment_is_ready_when_nothing_old_is_left() -> None:
    pods = [a_pod(**READY)]

    assert unit_health([a_deployment(**ROLLED)], pods, {}).phase is Phase.READY
    two = {**ROLLED, "replicas": 2}
    assert unit_health([a_deployment(**two)], pods, {}).phase is Phase.STARTING


def test_a_change_that_the_controller_has_not_seen_is_not_ready() -> None:
    health = unit_health([a_deployment(generation=2, **ROLLED)], [a_pod(**READY)], {})

    assert not health.is_good


def test_a_quota_that_forbids_pods_is_said_in_its_own_words() -> None:
    refused = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}]

    health = unit_health([a_deployment(conditions=refused)], [], {})

    assert (health.phase, health.why) == (Phase.TROUBLE, "exceeded quota: small")


def test_a_workload_with_no_copies_wanted_is_ready() -> None:
    assert unit_health([a_deployment(wanted=0)], [], {}).phase is Phase.READY


def test_a_job_is_over_when_it_says_so() -> None:
    def job(kind: str) -> Living:
        conditions = [{"type": kind, "status": "True", "message": "backoff limit"}]
        return Living("Job", convert({"status": {"conditions": conditions}}, Workload))

    assert unit_health([job("Complete")], [], {}).phase is Phase.COMPLETED
    failed = unit_health([job("Failed")], [], {})
    assert (failed.phase, failed.why) == (Phase.FAILED, "backoff limit")


def test_what_is_not_there_yet_is_pending() -> None:
    assert unit_health([], [], {}).phase is Phase.PENDING


def test_a_container_that_its_health_check_ends_says_what_the_check_failed_with() -> None:
    ended = {"terminated": {"exitCode": 137, "reason": "Error"}}
    waiting = {"reason": "CrashLoopBackOff"}
    pod = a_pod(containerStatuses=[container(waiting=waiting, last=ended)])
    note = Note(True, "BackOff", "Back-off restarting", unhealthy="Liveness probe failed: HTTP 500")

    health = pod_health(pod, {pod.metadata.uid: note})

    assert health.phase is Phase.TROUBLE
    assert health.why.endswith("; Liveness probe failed: HTTP 500")


def test_a_pod_that_waits_for_a_volume_says_why_there_is_none() -> None:
    message = "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    scheduled = {"type": "PodScheduled", "status": "False", "message": message}
    pod = a_pod(unscheduled=True, phase="Pending", conditions=[scheduled])
    note = Note(False, "FailedBinding", "no storage class is set")

    health = pod_health(pod, {"persistentvolumeclaim/data": note})

    assert health.why.endswith(
        "; persistentvolumeclaim/data: FailedBinding: no storage class is set"
    )


def test_what_a_health_check_failed_with_outlives_the_events_after_it() -> None:
    about = {"kind": "Pod", "name": "web-1", "uid": "p1"}
    events = [
        {"reason": "Unhealthy", "message": "HTTP 500", "lastTimestamp": "2026-01-01T00:00:01Z"},
        {"reason": "Killing", "message": "Stopping", "lastTimestamp": "2026-01-01T00:00:02Z"},
    ]
    found = [
        convert({"metadata": {"name": f"e{i}"}, "involvedObject": about, **event}, Event)
        for i, event in enumerate(events)
    ]

    assert latest_notes(found) == {"p1": Note(False, "Killing", "Stopping", "HTTP 500")}


def test_each_crash_is_known_by_its_number() -> None:
    ended = {"terminated": {"exitCode": 1}}
    pod = a_pod(containerStatuses=[container(waiting={}, restarts=2, last=ended)])

    assert crashes([pod]) == [Crash("web-1", "web", 2)]
    assert crashes([a_pod(containerStatuses=[container(running={})])]) == []


def test_how_a_container_ends_whose_pod_is_removed_is_no_crash() -> None:
    ended = container(terminated={"exitCode": 137})
    pod = a_pod(containerStatuses=[ended])
    pod.metadata.deletion_timestamp = datetime(2026, 1, 1, tzinfo=UTC)

    assert crashes([pod]) == []


@pytest.mark.parametrize(
    ("kind", "name", "owner"),
    [
        ("Deployment", "web", "web"),
        ("Pod", "web-7d9-x1", "web"),
        ("Pod", "web-api-7d9-x1", "web-api"),
        ("Service", "web-other", None),
        ("Pod", "website-1", None),
    ],
)
def test_an_event_is_of_the_service_whose_name_fits_best(
    kind: str, name: str, owner: str | None
) -> None:
    event = convert({"metadata": {}, "involvedObject": {"kind": kind, "name": name}}, Event)

    assert owner_of(event, ["web", "web-api"]) == owner
