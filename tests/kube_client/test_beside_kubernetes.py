"""Two clients, one cluster: the `kubernetes` library and ours see and do the same."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes import client as theirs
from kubernetes.config import new_client_from_config

from kube_client.client import Client
from kube_client.objects import KubeObject, Pod
from kube_client.reflector import Reflector
from kube_client.resource import CONFIG_MAPS, DEPLOYMENTS, NODES, PODS, ObjectKey

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster

A_WHILE = 15.0


@pytest.fixture
def api(demo: "RunningCluster") -> Iterator[Any]:
    with new_client_from_config(str(demo.kubeconfig)) as connected:
        yield connected


def by_key(objects: Any, what: Any) -> dict[ObjectKey, Any]:
    return {
        ObjectKey(item.metadata.namespace or "", item.metadata.name): what(item) for item in objects
    }


async def test_both_list_the_same_nodes(client: Client, api: Any) -> None:
    them = await asyncio.to_thread(theirs.CoreV1Api(api).list_node)
    us = await client.list(NODES, KubeObject)

    def uid(item: Any) -> str:
        return str(item.metadata.uid)

    assert by_key(us.items, uid) == by_key(them.items, uid)
    assert us.items


async def test_both_read_the_same_pods_in_pages_or_at_once(client: Client, api: Any) -> None:
    us = await client.list(PODS, Pod, limit=7)
    core = theirs.CoreV1Api(api)
    them = await asyncio.to_thread(core.list_pod_for_all_namespaces)

    mine = by_key(us.items, lambda pod: (pod.metadata.uid, pod.metadata.creation_timestamp))
    other = by_key(them.items, lambda pod: (pod.metadata.uid, pod.metadata.creation_timestamp))
    in_both = mine.keys() & other.keys()
    assert {key: mine[key] for key in in_both} == {key: other[key] for key in in_both}
    assert len(in_both) > len(mine) * 0.9, "the cluster lives on between the two lists"


async def test_what_one_writes_the_other_sees(client: Client, api: Any) -> None:
    core = theirs.CoreV1Api(api)
    reflector = Reflector(client, CONFIG_MAPS, KubeObject, namespace="default")
    task = asyncio.create_task(reflector.run())
    try:
        async with asyncio.timeout(A_WHILE):
            await reflector.synced()
            body = theirs.V1ConfigMap(metadata=theirs.V1ObjectMeta(name="theirs"), data={"a": "1"})
            await asyncio.to_thread(core.create_namespaced_config_map, "default", body)
            news = reflector.store.subscribe()
            while ObjectKey("default", "theirs") not in reflector.store:
                news.take()
                await news.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await client.patch(CONFIG_MAPS, "theirs", {"data": {"b": "2"}}, "default")
    read = await asyncio.to_thread(core.read_namespaced_config_map, "theirs", "default")
    assert read.data == {"a": "1", "b": "2"}


async def test_a_scale_of_one_is_the_scale_of_the_other(client: Client, api: Any) -> None:
    labels = {"app": "twin"}
    containers = [{"name": "c", "image": "busybox"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    await client.create(DEPLOYMENTS, {"metadata": {"name": "twin"}, "spec": spec}, "default")

    await client.scale(DEPLOYMENTS, "twin", "default", 2)

    apps = theirs.AppsV1Api(api)
    scale = await asyncio.to_thread(apps.read_namespaced_deployment_scale, "twin", "default")
    assert scale.spec.replicas == 2
