"""Server-side apply, strategic merge and managedFields: pure, by value."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from demo_cluster.changes.managed_fields import Writer, apply, track_update
from demo_cluster.changes.patches import PatchError, json_patch, merge_patch
from demo_cluster.changes.strategic import strategic_merge_patch
from demo_cluster.status import Failure

CONFIG_MAP = "io.k8s.api.core.v1.ConfigMap"
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"
ALICE = Writer("alice", "Apply", "v1")
BOB = Writer("bob", "Apply", "v1")


def config_map(**data: str) -> dict[str, Any]:
    return {"metadata": {"name": "c"}, "data": data}


def applied(live: dict[str, Any], writer: Writer, *, force: bool = False, **data: str) -> Any:
    return apply(CONFIG_MAP, live, config_map(**data), writer, is_forced=force, now="t")


def test_what_a_manager_leaves_out_is_removed_when_nobody_else_has_it() -> None:
    live = applied({"metadata": {"name": "c"}}, ALICE, a="1", b="2")

    live = applied(live, ALICE, a="1")

    assert live["data"] == {"a": "1"}


def test_what_two_managers_state_stays_when_one_leaves_it_out() -> None:
    live = applied({"metadata": {"name": "c"}}, ALICE, a="1", b="2")
    live = applied(live, BOB, b="2")

    live = applied(live, ALICE, a="1")

    assert live["data"] == {"a": "1", "b": "2"}


def test_another_value_for_an_owned_field_is_a_conflict() -> None:
    live = applied({"metadata": {"name": "c"}}, ALICE, a="1")

    with pytest.raises(Failure) as caught:
        applied(live, BOB, a="x")

    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "alice": .data.a'


def test_force_takes_the_field_and_its_owner_loses_it() -> None:
    live = applied({"metadata": {"name": "c"}}, ALICE, a="1")

    live = applied(live, BOB, force=True, a="x")

    assert live["data"] == {"a": "x"}
    assert [entry["manager"] for entry in live["metadata"]["managedFields"]] == ["bob"]


def updated(before: dict[str, Any], managers: list[dict[str, Any]] | None) -> Any:
    after = copy.deepcopy(before)
    if managers is not None:
        after["metadata"]["managedFields"] = managers
    track_update(CONFIG_MAP, before, after, Writer("patcher", "Update", "v1"), "t2")
    return after["metadata"].get("managedFields")


def test_a_write_may_say_itself_who_manages_what() -> None:
    before = applied({"metadata": {"name": "c"}}, ALICE, a="1")
    entry = {**before["metadata"]["managedFields"][0], "manager": "carol"}

    assert updated(before, [entry]) == [entry]
    assert updated(before, None) == before["metadata"]["managedFields"]
    assert updated(before, [{}]) is None


def test_a_container_is_owned_by_its_name() -> None:
    containers = [{"name": "m", "image": "busybox"}]
    config = {"spec": {"template": {"spec": {"containers": containers}}}, "metadata": {}}

    live = apply(DEPLOYMENT, {"metadata": {}}, config, ALICE, is_forced=False, now="t")

    fields = live["metadata"]["managedFields"][0]["fieldsV1"]
    assert fields["f:spec"]["f:template"]["f:spec"]["f:containers"] == {
        'k:{"name":"m"}': {".": {}, "f:image": {}, "f:name": {}}
    }


def deployment(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


def names(patched: Any) -> list[str]:
    return [entry["name"] for entry in patched["spec"]["template"]["spec"]["containers"]]


def test_a_strategic_merge_finds_containers_by_name_and_keeps_their_order() -> None:
    live = deployment({"name": "a", "image": "1"}, {"name": "b", "image": "1"})

    patched = strategic_merge_patch(DEPLOYMENT, live, deployment({"name": "b", "image": "2"}))

    assert patched == deployment({"name": "a", "image": "1"}, {"name": "b", "image": "2"})


def test_a_strategic_merge_deletes_and_orders_by_directive() -> None:
    live = deployment({"name": "a"}, {"name": "b"}, {"name": "c"})
    spec = {
        "$setElementOrder/containers": [{"name": "d"}, {"name": "c"}, {"name": "a"}],
        "containers": [{"name": "b", "$patch": "delete"}, {"name": "d"}],
    }

    patched = strategic_merge_patch(DEPLOYMENT, live, {"spec": {"template": {"spec": spec}}})

    assert names(patched) == ["d", "c", "a"]


def test_a_strategic_merge_without_a_key_says_so() -> None:
    with pytest.raises(PatchError, match="does not contain declared merge key: name"):
        strategic_merge_patch(DEPLOYMENT, deployment({"name": "a"}), deployment({"image": "x"}))


def test_a_merge_patch_removes_with_null() -> None:
    assert merge_patch({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": 3}}) == {
        "b": {"c": 2, "d": 3}
    }


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/l/-", "value": 9}, {"l": [1, 2, 9], "m": {}}),
        ({"op": "add", "path": "/l/0", "value": 9}, {"l": [9, 1, 2], "m": {}}),
        ({"op": "remove", "path": "/l/1"}, {"l": [1], "m": {}}),
        ({"op": "replace", "path": "/l/0", "value": 7}, {"l": [7, 2], "m": {}}),
        ({"op": "move", "from": "/l/0", "path": "/m/a~1b"}, {"l": [2], "m": {"a/b": 1}}),
        ({"op": "test", "path": "/l/0", "value": 1}, {"l": [1, 2], "m": {}}),
    ],
)
def test_json_patch_operations(operation: dict[str, Any], expected: Any) -> None:
    assert json_patch({"l": [1, 2], "m": {}}, [operation]) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nope"},
        {"op": "replace", "path": "/l/7", "value": 1},
        {"op": "test", "path": "/l/0", "value": 5},
        {"op": "frob", "path": "/l"},
    ],
)
def test_json_patch_operations_that_do_not_fit_are_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchError):
        json_patch({"l": [1]}, [operation])
