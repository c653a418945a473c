"""The kubelet's own paths behind nodes/NAME/proxy."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.handlers.node_metrics import cadvisor_metrics, own_metrics, resource_metrics
from demo_cluster.handlers.node_stats import Summary
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure, not_found
from demo_cluster.usage import Usage
from demo_cluster.wire.reply import Call, Reply

NODES = kind_of("nodes")
PLAIN = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
METRICS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"}


async def proxy(call: Call) -> Reply:
    """Any request to a node's kubelet.

    Raises:
        Failure: 404, no such node; 503, it does not answer.
    """
    name = call.route.name.partition(":")[0]
    node = call.storage.get(NODES, "", name)
    if node is None:
        raise not_found(NODES, name)
    kubelet = call.backend.world.kubelet
    if name in kubelet.lost_nodes:
        address = kubelet.node_address(name)
        text = f"error trying to reach service: dial tcp {address}:10250: connect: no route to host"
        raise Failure(503, "ServiceUnavailable", text)
    answer = _PATHS.get(call.route.rest.strip("/"))
    return answer(call, node) if answer else Reply(404, "404 page not found\n", PLAIN)


def _usage_of(call: Call) -> Usage:
    usage: Usage = call.backend.world.usage
    return usage


def _summary(call: Call, node: Obj) -> Reply:
    now = call.backend.clock.now()
    summary = Summary(_usage_of(call), now, only_basics=call.flag("only_cpu_and_memory"))
    return Reply(body=summary.whole(call, node))


def _pods(call: Call, node: Obj) -> Reply:
    pods = call.storage.pods_on_node(node["metadata"]["name"])
    bare = [{k: v for k, v in pod.items() if k not in ("kind", "apiVersion")} for pod in pods]
    return Reply(body={"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": bare})


def _configuration(call: Call, node: Obj) -> Reply:
    del call
    room = int(node["status"]["capacity"].get("pods", "110"))
    config = {
        "enableServer": True,
        "syncFrequency": "1m0s",
        "fileCheckFrequency": "20s",
        "httpCheckFrequency": "20s",
        "address": "0.0.0.0",  # noqa: S104 - what a kubelet says of itself; nothing listens there
        "port": 10250,
        "healthzPort": 10248,
        "healthzBindAddress": "127.0.0.1",
        "clusterDomain": "cluster.local",
        "clusterDNS": ["10.96.0.10"],
        "streamingConnectionIdleTimeout": "4h0m0s",
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "5m0s",
        "nodeLeaseDurationSeconds": 40,
        "cgroupDriver": "systemd",
        "maxPods": room,
        "containerLogMaxSize": "10Mi",
        "containerLogMaxFiles": 5,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "10%"},
        "failSwapOn": True,
    }
    return Reply(body={"kubeletconfig": config})


def _healthy(call: Call, node: Obj) -> Reply:
    del call, node
    return Reply(200, "ok", PLAIN)


def _metrics(text: Callable[[Call, Obj, Usage], str]) -> Callable[[Call, Obj], Reply]:
    return lambda call, node: Reply(200, text(call, node, _usage_of(call)), METRICS)


_PATHS: dict[str, Callable[[Call, Obj], Reply]] = {
    "stats/summary": _summary,
    "metrics": _metrics(own_metrics),
    "metrics/cadvisor": _metrics(cadvisor_metrics),
    "metrics/resource": _metrics(resource_metrics),
    "pods": _pods,
    "runningpods": _pods,
    "configz": _configuration,
    "healthz": _healthy,
    "healthz/ping": _healthy,
    "healthz/syncloop": _healthy,
}
"""What a kubelet answers, by path."""
