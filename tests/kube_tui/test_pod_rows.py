"""A pod as a row: what `kubectl get pods` says of it, and why it is not well."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kube_client.objects import Pod
from kube_client.resource import ObjectKey
from kube_tui.rows.container import CONTAINER_COLUMNS, container_lines
from kube_tui.rows.pod import POD_COLUMNS, explain_pod, pod_state
from kube_tui.rows.row import Moment, Tone, Usage

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class Book:
    """Says what one pod uses."""

    def pod(self, _key: ObjectKey) -> Usage:
        return Usage(0.212, 301 * 1024**2)

    def container(self, _pod: ObjectKey, _name: str) -> Usage:
        return Usage(0.1, 490 * 1024**2)

    def node(self, _name: str) -> None:
        return None


def stamp(ago: timedelta) -> str:
    return (NOW - ago).isoformat().replace("+00:00", "Z")


def pod(**parts: Any) -> Pod:
    """A pod of one running container, with these parts in place of its own."""
    resources = {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "500Mi"},
    }
    value: dict[str, Any] = {
        "metadata": {
            "name": "web-1",
            "namespace": "shop",
            "uid": "u1",
            "creationTimestamp": stamp(timedelta(days=3)),
        },
        "spec": {"nodeName": "node-4", "containers": [{"name": "app", "resources": resources}]},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "containerStatuses": [
                {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {}}}
            ],
        },
    }
    for name, part in parts.items():
        value[name] = {**value[name], **part}
    return msgspec.convert(value, Pod)


def crashed(restarts: int = 12) -> Pod:
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": stamp(timedelta(seconds=41))}
    return pod(
        status={
            "containerStatuses": [
                {
                    "name": "app",
                    "ready": False,
                    "restartCount": restarts,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": ended},
                }
            ]
        }
    )


def cells(of: Pod, moment: Moment | None = None) -> dict[str, str]:
    shown = moment or Moment(NOW, Book())
    return {column.name: column.cell(of, shown).text for column in POD_COLUMNS}


def test_a_running_pod_is_well_and_says_what_it_uses_of_what_it_asked_for() -> None:
    row = cells(pod())

    assert (row["READY"], row["STATUS"], row["RESTARTS"]) == ("1/1", "Running", "0")
    assert (row["CPU"], row["%REQ"], row["%LIM"]) == ("212m", "85", "21")
    assert (row["MEM"], row["%MREQ"], row["%MLIM"]) == ("301Mi", "118", "60")
    assert (row["NODE"], row["AGE"]) == ("node-4", "3d")
    assert pod_state(pod()).tone is Tone.WELL
    assert explain_pod(pod(), Moment(NOW)) == ""


def test_without_metrics_and_requests_there_are_dashes_not_zeros() -> None:
    bare = pod(spec={"containers": [{"name": "app"}]})

    assert cells(pod(), Moment(NOW))["CPU"] == "-"
    assert cells(bare)["%REQ"] == "-"
    assert cells(bare)["%MLIM"] == "-"


def test_a_crash_loop_says_how_often_and_how_it_ended() -> None:
    row = cells(crashed())

    assert (row["READY"], row["STATUS"]) == ("0/1", "CrashLoopBackOff")
    assert row["RESTARTS"] == "12 (41s)"
    assert pod_state(crashed()).tone is Tone.BROKEN
    assert explain_pod(crashed(), Moment(NOW)) == "app: exited 1, restarted 12 times, last 41s ago"


def test_a_pod_that_fits_nowhere_is_explained_by_the_scheduler() -> None:
    waiting = pod(
        spec={"nodeName": ""},
        status={
            "phase": "Pending",
            "containerStatuses": [],
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": "0/3 nodes are available: 3 Insufficient cpu.",
                }
            ],
        },
    )

    assert pod_state(waiting).status == "Pending"
    assert explain_pod(waiting, Moment(NOW)) == "0/3 nodes are available: 3 Insufficient cpu."


@pytest.mark.parametrize(
    ("init_state", "status", "tone"),
    [
        ({"running": {}}, "Init:0/1", Tone.BUSY),
        ({"waiting": {"reason": "ImagePullBackOff"}}, "Init:ImagePullBackOff", Tone.BROKEN),
        ({"terminated": {"exitCode": 3}}, "Init:ExitCode:3", Tone.BROKEN),
        ({"terminated": {"exitCode": 0, "reason": "Completed"}}, "Running", Tone.WELL),
    ],
)
def test_the_first_unfinished_init_container_gives_the_status(
    init_state: dict[str, Any], status: str, tone: Tone
) -> None:
    initializing = pod(
        spec={"initContainers": [{"name": "migrate"}]},
        status={"initContainerStatuses": [{"name": "migrate", "state": init_state}]},
    )

    state = pod_state(initializing)

    assert (state.status, state.tone) == (status, tone)


def test_a_sidecar_counts_as_a_container_of_its_pod() -> None:
    with_sidecar = pod(
        spec={"initContainers": [{"name": "proxy", "restartPolicy": "Always"}]},
        status={
            "initContainerStatuses": [
                {"name": "proxy", "ready": True, "started": True, "state": {"running": {}}}
            ]
        },
    )

    state = pod_state(with_sidecar)

    assert (state.ready, state.total, state.status) == (2, 2, "Running")


def test_a_deleted_pod_is_terminating_and_names_what_holds_it() -> None:
    ending = pod(
        metadata={
            "name": "web-1",
            "deletionTimestamp": stamp(timedelta(minutes=5)),
            "finalizers": ["example.com/wait"],
        }
    )

    assert pod_state(ending).status == "Terminating"
    assert explain_pod(ending, Moment(NOW)) == (
        "asked to end 5m ago; held by the finalizers example.com/wait"
    )


def test_a_completed_job_pod_is_done_and_needs_no_words() -> None:
    done = pod(
        status={
            "phase": "Succeeded",
            "containerStatuses": [
                {
                    "name": "app",
                    "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
                }
            ],
        }
    )

    assert pod_state(done).tone is Tone.DONE
    assert explain_pod(done, Moment(NOW)) == ""


def test_containers_are_rows_in_the_order_in_which_they_start() -> None:
    with_init = pod(
        spec={"initContainers": [{"name": "migrate", "image": "shop/migrate:1"}]},
        status={
            "initContainerStatuses": [{"name": "migrate", "state": {"terminated": {"exitCode": 0}}}]
        },
    )

    lines = container_lines(with_init)

    assert [(line.spec.name, line.index) for line in lines] == [("migrate", "I1"), ("app", "1")]
    by_name = {c.name: c.cell(lines[1], Moment(NOW, Book())) for c in CONTAINER_COLUMNS}
    assert by_name["MEM"].text == "490Mi"
    assert (by_name["%MLIM"].text, by_name["%MLIM"].tone) == ("98", Tone.BROKEN)
