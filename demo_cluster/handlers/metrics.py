"""metrics.k8s.io: what pods and nodes use now."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.selection import label_matcher
from demo_cluster.status import not_found
from demo_cluster.timestamps import timestamp
from demo_cluster.usage import Measure, Usage
from demo_cluster.wire.documents import ListDocument
from demo_cluster.wire.negotiation import WHOLE, Form, negotiated
from demo_cluster.wire.presentation import is_pretty, partial
from demo_cluster.wire.reply import Call, Reply, StreamReply

PODS = kind_of("pods")
NODES = kind_of("nodes")
API = "metrics.k8s.io/v1beta1"
WINDOW = "15.0s"


def _usage_of(call: Call) -> Usage:
    usage: Usage = call.backend.world.usage
    return usage


def _figures(measure: Measure) -> Obj:
    cores, memory = measure
    return {"cpu": f"{math.ceil(cores * 1e9)}n", "memory": f"{math.ceil(memory / 1024)}Ki"}


def _head(kind: str, obj: Obj, now: datetime) -> Obj:
    meta = obj["metadata"]
    shown = {name: meta[name] for name in ("name", "namespace", "labels") if name in meta}
    shown["creationTimestamp"] = timestamp(now)
    moment = timestamp(now.replace(second=now.second // 15 * 15))
    return {
        "kind": kind,
        "apiVersion": API,
        "metadata": shown,
        "timestamp": moment,
        "window": WINDOW,
    }


def _pod(call: Call, pod: Obj) -> Obj | None:
    measures = _usage_of(call).containers(pod)
    if not measures:
        return None
    containers = [{"name": name, "usage": _figures(use)} for name, use in measures.items()]
    return {**_head("PodMetrics", pod, call.backend.clock.now()), "containers": containers}


def _node(call: Call, node: Obj) -> Obj:
    use = _usage_of(call).node(node["metadata"]["name"])
    return {**_head("NodeMetrics", node, call.backend.clock.now()), "usage": _figures(use)}


def _selected(call: Call, objects: list[Obj]) -> list[Obj]:
    text = call.param("labelSelector")
    matches = label_matcher(text) if text else None
    return [obj for obj in objects if matches is None or matches(obj)]


def _listed(
    call: Call, kind: str, objects: list[Obj], measured: Callable[[Call, Obj], Obj | None]
) -> Reply | StreamReply:
    if (form := negotiated(call.headers.get("accept", ""))).shape == "table":
        return _table([item for obj in objects if (item := measured(call, obj))], form)

    def items(some: Sequence[Obj]) -> list[Obj]:
        found = (measured(call, obj) for obj in some)
        return [{k: v for k, v in item.items() if k not in _HEAD} for item in found if item]

    head: Obj = {"kind": kind, "apiVersion": API, "metadata": {}}
    return ListDocument(head, "items", objects, items).reply(WHOLE, is_pretty=is_pretty(call))


_HEAD = ("kind", "apiVersion")


def _one(call: Call, item: Obj) -> Reply:
    if (form := negotiated(call.headers.get("accept", ""))).shape == "table":
        return _table([item], form)
    return Reply(body=item)


def _table(items: list[Obj], form: Form) -> Reply:
    """What is used, in the columns of metrics-server."""
    columns = [
        {"name": name, "type": "string", "format": format_, "description": text, "priority": 0}
        for name, format_, text in _COLUMNS
    ]
    body = {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": {},
        "columnDefinitions": columns,
        "rows": [{"cells": _cells(item), "object": partial(item, form)} for item in items],
    }
    return Reply(body=body, headers={"Content-Type": form.content_type})


_COLUMNS = (
    ("Name", "name", "Name of the resource"),
    ("cpu", "quantity", "Resource usage metric for cpu"),
    ("memory", "quantity", "Resource usage metric for memory"),
    ("Window", "duration", "How long was measured"),
)


def _cells(item: Obj) -> list[str]:
    used = [item["usage"]] if "usage" in item else [each["usage"] for each in item["containers"]]
    cpu = sum(int(each["cpu"].removesuffix("n")) for each in used)
    memory = sum(int(each["memory"].removesuffix("Ki")) for each in used)
    return [item["metadata"]["name"], f"{cpu}n", f"{memory}Ki", "15s"]


async def list_pods(call: Call) -> Reply | StreamReply:
    """GET of the use of many pods."""
    pods = _selected(call, call.storage.list(PODS, call.route.namespace))
    return _listed(call, "PodMetricsList", pods, _pod)


async def get_pod(call: Call) -> Reply:
    """GET of the use of one pod.

    Raises:
        Failure: 404, there is none, or nothing of it runs.
    """
    kind = call.route.kind or PODS
    pod = call.storage.get(PODS, call.route.namespace or "", call.route.name)
    measured = _pod(call, pod) if pod else None
    if measured is None:
        raise not_found(kind, call.route.name)
    return _one(call, measured)


async def list_nodes(call: Call) -> Reply | StreamReply:
    """GET of the use of all nodes."""
    lost = call.backend.world.kubelet.lost_nodes
    nodes = _selected(call, call.storage.list(NODES))
    reporting = [node for node in nodes if node["metadata"]["name"] not in lost]
    return _listed(call, "NodeMetricsList", reporting, _node)


async def get_node(call: Call) -> Reply:
    """GET of the use of one node.

    Raises:
        Failure: 404, there is none.
    """
    kind = call.route.kind or NODES
    node = call.storage.get(NODES, "", call.route.name)
    if node is None:
        raise not_found(kind, call.route.name)
    return _one(call, _node(call, node))
