import json
from pathlib import Path

import pytest

from kube_client.client import Client
from kube_client.metrics import MetricsUnavailable, PodUsage, Usage, node_usage, pod_usage
from kube_client.resource import ObjectKey
from tests.kube_client.recorded import exchanges, replaying


def replying(body: object) -> dict[str, object]:
    return {"response": {"status": 200, "body": json.dumps(body)}}


async def test_usage_is_read_per_container_and_summed_per_pod() -> None:
    containers = [
        {"name": "app", "usage": {"cpu": "12345678n", "memory": "2048Ki"}},
        {"name": "proxy", "usage": {"cpu": "1m", "memory": "1Mi"}},
    ]
    item = {
        "metadata": {"name": "web", "namespace": "shop"},
        "timestamp": "2026-11-20T12:00:00Z",
        "containers": containers,
    }
    body = {"kind": "PodMetricsList", "metadata": {}, "items": [item]}

    async with replaying(lambda _: replying(body)) as (client, asked):
        usage = await pod_usage(client, "shop")

    pod = usage[ObjectKey("shop", "web")]
    assert pod.containers["app"] == Usage(0.012345678, 2 << 20)
    assert pod.total == Usage(0.013345678, 3 << 20)
    assert asked[0].target.startswith("/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?")


async def test_a_pod_without_containers_uses_nothing() -> None:
    assert PodUsage({}).total == Usage(0.0, 0)


async def test_a_quantity_that_cannot_be_read_counts_as_nothing() -> None:
    item = {"metadata": {"name": "n"}, "usage": {"cpu": "lots", "memory": "1Ki"}}

    async with replaying(lambda _: replying({"metadata": {}, "items": [item]})) as (client, _):
        assert await node_usage(client) == {"n": Usage()}


@pytest.mark.parametrize("name", ["node.metrics-pods", "node.metrics-nodes"])
async def test_a_recorded_cluster_without_metrics_says_so(shared_data: Path, name: str) -> None:
    recorded = exchanges(shared_data, "09-node-metrics.json")[name]

    async with replaying(lambda _: recorded) as (client, _):
        with pytest.raises(MetricsUnavailable, match="Install metrics-server"):
            await (pod_usage(client) if "pods" in name else node_usage(client))


async def test_the_demo_cluster_measures_its_nodes(client: Client) -> None:
    nodes = await node_usage(client)

    assert nodes
    assert all(usage.memory_bytes > 0 for usage in nodes.values())
