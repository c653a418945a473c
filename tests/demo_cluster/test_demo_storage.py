"""What the demo cluster's storage promises."""

from __future__ import annotations

import random
from typing import Any

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent

CONFIG_MAPS = kind_of("configmaps")
PODS = kind_of("pods")
DEPLOYMENTS = kind_of("deployments", "apps")


@pytest.fixture
def storage() -> Storage:
    return Storage(SteppedClock(), random.Random(1))


def config_map(name: str, **data: str) -> Obj:
    return {"metadata": {"name": name, "namespace": "shop"}, "data": data}


def pod(name: str, **spec: Any) -> Obj:
    containers = [{"name": "main", "image": "busybox"}]
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": containers, **spec},
    }


def test_a_new_object_gets_an_identity_and_the_next_version(storage: Storage) -> None:
    first = storage.create(CONFIG_MAPS, config_map("a"))
    second = storage.create(CONFIG_MAPS, config_map("b"))

    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert (
        int(second["metadata"]["resourceVersion"]) == int(first["metadata"]["resourceVersion"]) + 1
    )
    assert first["metadata"]["creationTimestamp"] == "2026-01-01T12:00:00Z"


def test_a_name_can_be_taken_once(storage: Storage) -> None:
    storage.create(CONFIG_MAPS, config_map("a"))

    with pytest.raises(Failure) as caught:
        storage.create(CONFIG_MAPS, config_map("a"))

    assert caught.value.body()["message"] == 'configmaps "a" already exists'
    assert caught.value.code == 409


def test_a_write_on_an_old_version_is_refused(storage: Storage) -> None:
    old = storage.create(CONFIG_MAPS, config_map("a", k="1"))
    storage.update(CONFIG_MAPS, {**old, "data": {"k": "2"}})

    with pytest.raises(Failure) as caught:
        storage.update(CONFIG_MAPS, {**old, "data": {"k": "3"}})

    assert caught.value.reason == "Conflict"


def test_a_write_that_changes_nothing_is_no_event(storage: Storage) -> None:
    stored = storage.create(CONFIG_MAPS, config_map("a", k="1"))
    events: list[StorageEvent] = []
    storage.subscribe(events.append)

    again = storage.update(CONFIG_MAPS, dict(stored))

    assert again is stored
    assert events == []


def test_only_a_changed_spec_is_a_new_generation(storage: Storage) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    meta = {"name": "web", "namespace": "shop"}
    storage.create(DEPLOYMENTS, {"metadata": meta, "spec": spec})

    storage.modify(DEPLOYMENTS, "shop", "web", lambda obj: obj["status"].update(replicas=1))
    unchanged = storage.get(DEPLOYMENTS, "shop", "web")
    storage.modify(DEPLOYMENTS, "shop", "web", lambda obj: obj["spec"].update(replicas=5))
    changed = storage.get(DEPLOYMENTS, "shop", "web")

    assert unchanged is not None
    assert unchanged["metadata"]["generation"] == 1
    assert changed is not None
    assert changed["metadata"]["generation"] == 2


def test_a_callback_that_writes_is_announced_after_the_first_write(storage: Storage) -> None:
    seen: list[str] = []

    def follow(event: StorageEvent) -> None:
        if event.obj["metadata"]["name"] == "first":
            storage.create(CONFIG_MAPS, config_map("second"))

    storage.subscribe(follow)
    storage.subscribe(lambda event: seen.append(event.obj["metadata"]["name"]))

    storage.create(CONFIG_MAPS, config_map("first"))

    assert seen == ["first", "second"]


def test_a_list_can_be_seen_as_it_was(storage: Storage) -> None:
    storage.create(CONFIG_MAPS, config_map("a", k="old"))
    storage.create(CONFIG_MAPS, config_map("b"))
    version = storage.resource_version
    storage.modify(CONFIG_MAPS, "shop", "a", lambda obj: obj["data"].update(k="new"))
    storage.remove(CONFIG_MAPS, "shop", "b")
    storage.create(CONFIG_MAPS, config_map("c"))

    before = storage.list_at(CONFIG_MAPS, "shop", version)

    assert [(obj["metadata"]["name"], obj["data"]) for obj in before] == [
        ("a", {"k": "old"}),
        ("b", {}),
    ]


def test_pods_are_found_by_their_node(storage: Storage) -> None:
    storage.create(PODS, pod("here", nodeName="node-1"))
    storage.create(PODS, pod("there", nodeName="node-2"))
    storage.create(PODS, pod("nowhere"))

    found = storage.pods_on_node("node-1")

    assert [obj["metadata"]["name"] for obj in found] == ["here"]


def test_a_pod_on_a_node_waits_for_its_kubelet_to_go(storage: Storage) -> None:
    storage.create(PODS, pod("web", nodeName="node-1", terminationGracePeriodSeconds=5))

    marked = storage.request_delete(PODS, "shop", "web")

    assert storage.get(PODS, "shop", "web") is marked
    assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T12:00:05Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 5


def test_a_pod_without_a_node_goes_at_once(storage: Storage) -> None:
    storage.create(PODS, pod("web"))

    storage.request_delete(PODS, "shop", "web")

    assert storage.get(PODS, "shop", "web") is None


def test_a_finalizer_holds_an_object_until_it_is_taken_away(storage: Storage) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    storage.create(CONFIG_MAPS, held)
    storage.request_delete(CONFIG_MAPS, "shop", "held")

    assert storage.get(CONFIG_MAPS, "shop", "held") is not None
    storage.modify(CONFIG_MAPS, "shop", "held", lambda obj: obj["metadata"].update(finalizers=[]))

    assert storage.get(CONFIG_MAPS, "shop", "held") is None


def test_a_delete_of_another_uid_is_refused(storage: Storage) -> None:
    storage.create(CONFIG_MAPS, config_map("a"))

    with pytest.raises(Failure) as caught:
        storage.request_delete(CONFIG_MAPS, "shop", "a", uid="another")

    assert "does not match the UID in record" in caught.value.message
    assert storage.get(CONFIG_MAPS, "shop", "a") is not None
