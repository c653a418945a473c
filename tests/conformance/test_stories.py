"""What counts as alike when recorded watches are compared, and how deeds are told from them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.story import Obj, Story
from tests.conformance.story_alike import stream_difference
from tests.conformance.story_deeds import plan_of
from tests.conformance.story_lives import Seen
from tests.conformance.story_told import UntoldError
from tests.conformance.story_twins import Twins

END = 20.0


def seen(seconds: float, type_: str, kind: str = "Pod", name: str = "a", **status: Any) -> Seen:
    """One event about an object with this status."""
    meta = {"name": name, "uid": f"{kind}/{name}", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return Seen(seconds, type_, {"kind": kind, "metadata": meta, "status": status})


def test_a_pod_that_skips_a_step_is_different() -> None:
    recorded = [seen(1, "ADDED"), seen(2, "MODIFIED", phase="Pending"), seen(3, "MODIFIED", ip="x")]

    difference = stream_difference(recorded, [recorded[0], recorded[2]], END)

    assert "step 1" in difference


def test_a_step_that_comes_much_later_is_different() -> None:
    recorded = [seen(1, "ADDED"), seen(2, "MODIFIED", phase="Running")]
    found = [seen(1, "ADDED"), seen(9, "MODIFIED", phase="Running")]

    assert "comes after 8.0 s" in stream_difference(recorded, found, END)


@pytest.mark.parametrize("counts", [[0, 1, 2, 3], [0, 3], [0, 2, 3]])
def test_a_controller_may_count_in_more_or_fewer_steps(counts: list[int]) -> None:
    recorded = [seen(n, "MODIFIED", "ReplicaSet", ready=n) for n in range(4)]
    found = [seen(n, "MODIFIED", "ReplicaSet", ready=count) for n, count in enumerate(counts)]

    assert stream_difference(recorded, found, END) == ""


def test_a_controller_that_counts_too_far_is_different() -> None:
    recorded = [seen(n, "MODIFIED", "ReplicaSet", ready=count) for n, count in enumerate([0, 2])]
    found = [seen(n, "MODIFIED", "ReplicaSet", ready=count) for n, count in enumerate([0, 3, 2])]

    assert ".status.ready went through 0, 3, 2" in stream_difference(recorded, found, END)


def test_two_changes_in_the_opposite_order_are_different() -> None:
    recorded = [
        seen(1, "ADDED", "Job", active=1),
        seen(2, "MODIFIED", "Job", active=1, start="x"),
        seen(3, "MODIFIED", "Job", active=1, start="x", failed="y"),
    ]
    found = [
        recorded[0],
        seen(2, "MODIFIED", "Job", active=1, failed="y"),
        seen(3, "MODIFIED", "Job", active=1, start="x", failed="y"),
    ]

    assert "expected after" in stream_difference(recorded, found, END)


def test_objects_that_are_clearly_apart_keep_their_order() -> None:
    recorded = [seen(1, "ADDED", name="old"), seen(5, "ADDED", name="new")]
    found = [seen(1, "ADDED", name="new"), seen(5, "ADDED", name="old")]

    assert "comes before" in stream_difference(recorded, found, END)


def test_what_comes_when_the_recording_was_cut_may_be_too_much() -> None:
    recorded = [seen(1, "ADDED")]

    late = [*recorded, seen(19, "MODIFIED", phase="Running")]
    early = [*recorded, seen(9, "MODIFIED", phase="Running")]

    assert stream_difference(recorded, late, END) == ""
    assert "too much" in stream_difference(recorded, early, END)


def _story(actions: list[str], *events: Obj) -> Story:
    entry = {
        "id": "ctl.x.pods",
        "title": "x - watch of pods",
        "request": {"path": "/api/v1/namespaces/n/pods"},
        "actions": [{"t_ms": 100, "do": text} for text in actions],
        "response": {"end_ms": 1000, "stream": [{"t_ms": 110, "json": each} for each in events]},
    }
    return Story("ctl.x", [entry])


def test_a_posted_object_is_what_the_watch_showed_without_what_others_gave_it() -> None:
    meta = {"name": "p", "namespace": "n", "uid": "1", "resourceVersion": "5"}
    spec = {"containers": [{"name": "main"}], "nodeName": "node-1"}
    pod = {"kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Pending"}}

    [deed] = plan_of(_story(["POST pod"], {"type": "ADDED", "object": pod})).deeds

    assert (deed.method, deed.base) == ("POST", "/api/v1/namespaces/n/pods")
    assert deed.body["metadata"] == {"name": "p"}
    assert "status" not in deed.body
    assert "nodeName" not in deed.body["spec"]


def test_an_action_that_nothing_shows_is_said_not_to_be_known() -> None:
    with pytest.raises(UntoldError):
        plan_of(_story(["turn it upside down"]))


def _pod(name: str, created: int, **meta: Any) -> Obj:
    owner = {"kind": "ReplicaSet", "controller": True}
    stamp = f"2026-01-01T00:00:{created:02d}Z"
    return {
        "metadata": {"name": name, "creationTimestamp": stamp, "ownerReferences": [owner], **meta}
    }


@pytest.mark.parametrize("ours", [("web-1-bbbbb", "web-1-zzzzz"), ("web-1-zzzzz", "web-1-bbbbb")])
def test_a_pod_stands_for_one_of_the_same_birth_whatever_their_names(ours: tuple[str, str]) -> None:
    old, young = ours
    twins = Twins(["web-1-ccccc"], frozenset({old}))
    living = sorted((_pod(old, 1), _pod(young, 5)), key=lambda each: str(each["metadata"]["name"]))

    assert twins.name_of("web-1-ddddd", living) == old
    assert twins.name_of("web-1-ccccc", living) == young


def test_two_recorded_pods_have_two_twins_and_keep_them() -> None:
    names = ["web-1-bbbbb", "web-1-ccccc"]
    twins = Twins([], frozenset(names))
    living = [_pod(name, 1) for name in names]

    first = twins.name_of("web-1-ddddd", living)
    second = twins.name_of("web-1-fffff", living)

    assert {first, second} == set(names)
    assert twins.name_of("web-1-ddddd", living) == first


def test_what_goes_already_stands_for_nothing() -> None:
    gone = _pod("web-1-bbbbb", 1, deletionTimestamp="2026-01-01T00:00:09Z")
    twins = Twins([], frozenset({"web-1-bbbbb", "web-1-ccccc"}))

    assert twins.name_of("web-1-ddddd", [gone, _pod("web-1-ccccc", 1)]) == "web-1-ccccc"
