"""The client against the demo cluster: what is written is what is read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect, connect_to
from kube_client.errors import (
    AlreadyExistsError,
    ConfigError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    ProtocolError,
    TooManyRequestsError,
    UnauthorizedError,
)
from kube_client.kubeconfig import ConnectOptions
from kube_client.objects import KubeObject, Pod
from kube_client.patch import PatchType
from kube_client.resource import CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, NODES, PODS, ResourceType
from tests.kube_client.wire_server import Handler, Visit, answers, wire_server


@asynccontextmanager
async def asking(handler: Handler) -> AsyncIterator[Client]:
    """A client of a server whose answers are the test's."""
    async with wire_server(handler, tls=False) as server:
        url = f"http://127.0.0.1:{server.port}"
        client = connect_to(ClusterAccess(url), {})
        yield client
        await client.aclose()


def a_config_map(name: str = "it", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"set": "mine"}},
        "data": data,
    }


async def made(client: Client, name: str = "it", **data: str) -> dict[str, Any]:
    return await client.create(CONFIG_MAPS, a_config_map(name, **data), "default")


async def test_what_was_created_is_what_is_got(client: Client) -> None:
    created = await made(client, a="1")

    got = await client.get(CONFIG_MAPS, "it", "default")

    assert got == created
    assert (got["kind"], got["data"]) == ("ConfigMap", {"a": "1"})
    typed = await client.get_as(CONFIG_MAPS, "it", KubeObject, "default")
    assert typed.metadata.uid == got["metadata"]["uid"]
    assert typed.metadata.creation_timestamp is not None


async def test_creating_twice_is_refused(client: Client) -> None:
    await made(client)

    with pytest.raises(AlreadyExistsError, match=r'configmaps "it" already exists; choose another'):
        await made(client)


async def test_an_object_says_its_namespace_unless_one_is_given(client: Client) -> None:
    there = a_config_map("there")
    there["metadata"]["namespace"] = "kube-system"

    created = await client.create(CONFIG_MAPS, there)
    default = await client.create(CONFIG_MAPS, a_config_map("here"))

    assert created["metadata"]["namespace"] == "kube-system"
    assert default["metadata"]["namespace"] == client.namespace


async def test_a_dry_run_changes_nothing(client: Client) -> None:
    dry = await client.create(CONFIG_MAPS, a_config_map(), "default", dry_run=True)
    assert dry["metadata"]["uid"]
    with pytest.raises(NotFoundError):
        await client.get(CONFIG_MAPS, "it", "default")

    await made(client, a="1")
    await client.patch(CONFIG_MAPS, "it", {"data": {"a": "2"}}, "default", dry_run=True)
    await client.delete(CONFIG_MAPS, "it", "default", dry_run=True)
    assert (await client.get(CONFIG_MAPS, "it", "default"))["data"] == {"a": "1"}


async def test_a_list_is_joined_from_its_pages_in_order(client: Client) -> None:
    for number in range(7):
        await made(client, f"map-{number}")

    small = await client.list(
        CONFIG_MAPS, KubeObject, namespace="default", labels="set=mine", limit=3
    )
    pages = [
        page
        async for page in client.pages(
            CONFIG_MAPS, KubeObject, namespace="default", labels="set=mine", limit=3, first_limit=1
        )
    ]

    assert [item.metadata.name for item in small.items] == [f"map-{n}" for n in range(7)]
    assert [len(page.items) for page in pages] == [1, 3, 3]
    assert len({page.resource_version for page in pages}) == 1, "all pages are of one moment"


async def test_a_list_of_plain_objects_says_what_they_are(client: Client) -> None:
    await made(client)

    listed = await client.list(CONFIG_MAPS, namespace="default", labels="set=mine")

    [item] = listed.items
    assert (item["apiVersion"], item["kind"]) == ("v1", "ConfigMap")
    assert listed.resource_version.isdigit()


async def test_selectors_choose(client: Client) -> None:
    await made(client, "one")
    await made(client, "two")

    by_field = await client.list(
        CONFIG_MAPS, KubeObject, namespace="default", fields="metadata.name=two"
    )
    by_label = await client.list(CONFIG_MAPS, KubeObject, labels="set=nobody")

    assert [item.metadata.name for item in by_field.items] == ["two"]
    assert by_label.items == []


async def test_each_kind_of_patch_does_what_it_says(client: Client) -> None:
    await made(client, a="1", b="2")

    merged = await client.patch(CONFIG_MAPS, "it", {"data": {"a": None, "c": "3"}}, "default")
    steps = [{"op": "replace", "path": "/data/b", "value": "9"}]
    stepped = await client.patch(CONFIG_MAPS, "it", steps, "default", patch_type=PatchType.JSON)
    labels = {"metadata": {"labels": {"x": "y"}}}
    strategic = await client.patch(
        CONFIG_MAPS, "it", labels, "default", patch_type=PatchType.STRATEGIC
    )

    assert merged["data"] == {"b": "2", "c": "3"}
    assert stepped["data"] == {"b": "9", "c": "3"}
    assert strategic["metadata"]["labels"] == {"set": "mine", "x": "y"}


async def test_a_replacement_needs_the_latest_version(client: Client) -> None:
    first = await made(client, a="1")
    second = await client.replace(CONFIG_MAPS, first | {"data": {"a": "2"}})

    assert second["data"] == {"a": "2"}
    with pytest.raises(ConflictError, match="Fetch it again and repeat"):
        await client.replace(CONFIG_MAPS, first | {"data": {"a": "3"}})


async def test_an_apply_respects_who_owns_a_field_unless_it_is_forced(client: Client) -> None:
    await client.apply(CONFIG_MAPS, a_config_map(a="1"), field_manager="one", namespace="default")

    with pytest.raises(ConflictError, match=r"conflict with .one.*or force the apply"):
        await client.apply(
            CONFIG_MAPS, a_config_map(a="2"), field_manager="two", namespace="default"
        )
    forced = await client.apply(
        CONFIG_MAPS, a_config_map(a="2"), field_manager="two", namespace="default", force=True
    )

    assert forced["data"] == {"a": "2"}


async def test_an_object_without_a_name_cannot_be_applied(client: Client) -> None:
    with pytest.raises(ConfigError, match=r"no metadata\.name"):
        await client.apply(CONFIG_MAPS, {"metadata": {}}, field_manager="x")


async def test_a_delete_hits_only_the_object_that_was_meant(client: Client) -> None:
    await made(client)

    with pytest.raises(ConflictError):
        await client.delete(CONFIG_MAPS, "it", "default", uid="another")
    uid = (await client.get(CONFIG_MAPS, "it", "default"))["metadata"]["uid"]
    await client.delete(CONFIG_MAPS, "it", "default", uid=uid)

    with pytest.raises(NotFoundError, match=r'configmaps "it" not found in namespace .default.'):
        await client.get(CONFIG_MAPS, "it", "default")


async def test_the_ways_to_delete_reach_the_server() -> None:
    asked = []

    async def handler(visit: Visit) -> None:
        while (received := await visit.request()) is not None:
            asked.append(received)
            await visit.answer(b'{"kind": "Status"}')

    async with asking(handler) as client:
        await client.delete(PODS, "web", "shop", grace_seconds=0, propagation="Foreground", uid="u")
        await client.evict("web", "shop", grace_seconds=5, dry_run=True)

    deleted, evicted = asked
    assert (deleted.method, deleted.target) == ("DELETE", "/api/v1/namespaces/shop/pods/web")
    assert json.loads(deleted.body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u"},
    }
    assert evicted.target == "/api/v1/namespaces/shop/pods/web/eviction"
    assert json.loads(evicted.body)["deleteOptions"] == {"gracePeriodSeconds": 5, "dryRun": ["All"]}


async def test_a_workload_is_scaled(client: Client) -> None:
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    await client.create(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec}, "default")

    assert await client.scale(DEPLOYMENTS, "web", "default", 0) == 0
    assert await client.get_scale(DEPLOYMENTS, "web", "default") == 0


async def test_an_invalid_object_comes_back_with_the_servers_reasons(client: Client) -> None:
    with pytest.raises(InvalidError, match=r"not valid: .*metadata\.name") as caught:
        await client.create(NAMESPACES, {"metadata": {"name": "Not Valid"}})

    assert caught.value.details["causes"]


async def test_cluster_wide_kinds_have_no_namespace(client: Client) -> None:
    nodes = await client.list(NODES, KubeObject, namespace="ignored")

    assert nodes.items
    assert (await client.get(NODES, nodes.items[0].metadata.name))["kind"] == "Node"


async def test_a_kind_that_is_not_served_says_so(client: Client) -> None:
    ghosts = ResourceType("ghost.io", "v1", "ghosts", "Ghost", True)

    with pytest.raises(NotFoundError, match=r"does not serve ghosts.*api-resources"):
        await client.list(ghosts)


async def test_a_wrong_token_is_one_sentence(demo: Any) -> None:
    options = ConnectOptions(kubeconfig=str(demo.kubeconfig), token="wrong")
    async with connect(options) as client:
        with pytest.raises(UnauthorizedError, match=r"Log in again"):
            await client.list(PODS, Pod)


async def test_the_whole_answer_is_checked_for_being_kubernetes() -> None:
    for body in (b"<html></html>", b"[]", b"{}", b'{"metadata": 5}'):
        async with asking(answers(body)) as client:
            url = client.access.server
            with pytest.raises(ProtocolError, match=rf"The answer of {url} .*is not Kubernetes'"):
                await client.list(PODS, Pod)


async def test_null_lists_and_maps_are_empty_ones() -> None:
    pod = {
        "metadata": {"name": "web", "labels": None, "ownerReferences": None},
        "spec": {"containers": None},
        "status": {"containerStatuses": [{"name": "c", "state": None}], "unknown": {"x": None}},
    }
    body = json.dumps({"metadata": {"resourceVersion": "1"}, "items": [pod]}).encode()
    async with asking(answers(body)) as client:
        [got] = (await client.list(PODS, Pod)).items

    assert (got.metadata.labels, got.spec.containers) == ({}, ())
    assert got.status.container_statuses[0].state.running is None


async def test_a_list_that_expires_between_its_pages_says_so() -> None:
    page = json.dumps({"metadata": {"resourceVersion": "1", "continue": "x"}, "items": []}).encode()
    gone = json.dumps({"kind": "Status", "code": 410, "reason": "Expired"}).encode()

    async def handler(visit: Visit) -> None:
        while (received := await visit.request()) is not None:
            if "continue=x" in received.target:
                await visit.answer(gone, "410 Gone")
            else:
                await visit.answer(page)

    async with asking(handler) as client:
        with pytest.raises(GoneError, match="List again"):
            await client.list(PODS, Pod)


def busy(seconds: str) -> Handler:
    """A handler that is busy twice, then answers."""
    left = ["busy", "busy"]

    async def handler(visit: Visit) -> None:
        while await visit.request() is not None:
            if left:
                left.pop()
                await visit.answer(b"{}", "429 Too Many Requests", f"Retry-After: {seconds}")
            else:
                await visit.answer(b'{"gitVersion": "v1"}')

    return handler


async def test_a_busy_server_is_asked_again_when_it_wants_to_be() -> None:
    async with asking(busy("0.01")) as client:
        assert await client.version() == {"gitVersion": "v1"}


@pytest.mark.parametrize("seconds", ["", "3600"])
async def test_nobody_waits_long_without_being_told(seconds: str) -> None:
    async with asking(busy(seconds)) as client:
        with pytest.raises(TooManyRequestsError, match="refuses to get /version now"):
            await client.version()


async def test_an_eviction_that_a_budget_forbids_is_not_tried_behind_ones_back() -> None:
    async with asking(busy("0.01")) as client:
        with pytest.raises(TooManyRequestsError):
            await client.evict("web", "shop")


async def test_a_stream_that_is_refused_is_the_same_error(client: Client) -> None:
    with pytest.raises(NotFoundError):
        await client.stream("/api/v1/namespaces/default/pods/nobody/log")
