"""The kubelet's own paths behind nodes/NAME/proxy: stats/summary, metrics/resource, healthz."""

from __future__ import annotations

from datetime import datetime

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.quantities import quantity
from demo_cluster.reply import Call, Reply
from demo_cluster.status import Failure, not_found
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.usage import Usage

NODES = kind_of("nodes")
PLAIN = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
METRICS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"}
DISK = 98_831_908 << 10


async def proxy(call: Call) -> Reply:
    """Any request to a node's kubelet.

    Raises:
        Failure: 404, no such node; 503, it does not answer.
    """
    node = call.storage.get(NODES, "", call.route.name)
    if node is None:
        raise not_found(NODES, call.route.name)
    if call.route.name in call.backend.world.kubelet.lost_nodes:
        address = call.backend.world.kubelet.node_address(call.route.name)
        text = f"error trying to reach service: dial tcp {address}:10250: connect: no route to host"
        raise Failure(503, "ServiceUnavailable", text)
    path = call.route.rest.strip("/")
    if path == "stats/summary":
        return Reply(body=_summary(call, node, only_basics=call.flag("only_cpu_and_memory")))
    if path == "metrics/resource":
        return Reply(200, _resource_metrics(call, node), METRICS)
    if path == "healthz":
        return Reply(200, "ok", PLAIN)
    return Reply(404, "404 page not found\n", PLAIN)


def _usage_of(call: Call) -> Usage:
    usage: Usage = call.backend.world.usage
    return usage


def _summary(call: Call, node: Obj, *, only_basics: bool) -> Obj:
    now, usage = call.backend.clock.now(), _usage_of(call)
    name = node["metadata"]["name"]
    started = parse_timestamp(node["metadata"]["creationTimestamp"])
    cores, memory = usage.node(name)
    capacity = int(quantity(node["status"]["capacity"]["memory"]))
    age = (now - started).total_seconds()
    stats: Obj = {
        "nodeName": name,
        "startTime": timestamp(started),
        "cpu": _cpu(now, cores, cores * age),
        "memory": _memory(now, memory, capacity - memory),
    }
    if not only_basics:
        stats["network"] = {**_network(now, age, cores), "interfaces": [_interface(age, cores)]}
        stats["fs"] = _disk(now, DISK // 5)
        stats["runtime"] = {
            "imageFs": _disk(now, DISK // 12),
            "containerFs": _disk(now, DISK // 12),
        }
        stats["rlimit"] = {"time": timestamp(now), "maxpid": 4194304, "curproc": 400}
    stats["swap"] = {"time": timestamp(now), "swapAvailableBytes": 0, "swapUsageBytes": 0}
    pods = [
        _pod(usage, pod, now, only_basics=only_basics)
        for pod in call.storage.pods_on_node(name)
        if pod.get("status", {}).get("phase") == "Running"
    ]
    return {"node": stats, "pods": pods}


def _pod(usage: Usage, pod: Obj, now: datetime, *, only_basics: bool) -> Obj:
    meta, status = pod["metadata"], pod["status"]
    measures = usage.containers(pod)
    started = parse_timestamp(status["startTime"])
    age = (now - started).total_seconds()
    containers = []
    for name, (cores, memory) in measures.items():
        container: Obj = {
            "name": name,
            "startTime": timestamp(started),
            "cpu": _cpu(now, cores, usage.core_seconds(pod, name)),
            "memory": _memory(now, memory, None),
        }
        if not only_basics:
            container["rootfs"] = _disk(now, 24576)
            container["logs"] = _disk(now, 12288)
        container["swap"] = {"time": timestamp(now), "swapUsageBytes": 0}
        containers.append(container)
    cores = sum(each[0] for each in measures.values())
    memory = sum(each[1] for each in measures.values())
    spent = sum(usage.core_seconds(pod, name) for name in measures)
    stats: Obj = {
        "podRef": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
        "startTime": timestamp(started),
        "containers": containers,
        "cpu": _cpu(now, cores, spent),
        "memory": _memory(now, memory, None),
    }
    if not only_basics:
        stats["network"] = {**_network(now, age, cores), "interfaces": [_interface(age, cores)]}
        stats["ephemeral-storage"] = _disk(now, 40960)
        stats["process_stats"] = {"process_count": len(containers)}
    stats["swap"] = {"time": timestamp(now), "swapUsageBytes": 0}
    return stats


def _cpu(now: datetime, cores: float, seconds: float) -> Obj:
    return {
        "time": timestamp(now),
        "usageNanoCores": int(cores * 1e9),
        "usageCoreNanoSeconds": int(seconds * 1e9),
    }


def _memory(now: datetime, used: int, available: int | None) -> Obj:
    return {
        "time": timestamp(now),
        **({"availableBytes": available} if available is not None else {}),
        "usageBytes": used * 11 // 10,
        "workingSetBytes": used,
        "rssBytes": used * 4 // 5,
        "pageFaults": used // 4096,
        "majorPageFaults": 0,
    }


def _interface(age: float, cores: float) -> Obj:
    received = int(age * (800 + cores * 90_000))
    return {
        "name": "eth0",
        "rxBytes": received,
        "rxErrors": 0,
        "txBytes": received * 3 // 4,
        "txErrors": 0,
    }


def _network(now: datetime, age: float, cores: float) -> Obj:
    return {"time": timestamp(now), **_interface(age, cores)}


def _disk(now: datetime, used: int) -> Obj:
    return {
        "time": timestamp(now),
        "availableBytes": DISK - used,
        "capacityBytes": DISK,
        "usedBytes": used,
        "inodesFree": 6_300_000,
        "inodes": 6_553_600,
        "inodesUsed": 253_600,
    }


def _resource_metrics(call: Call, node: Obj) -> str:
    """The metrics of metrics-server, in the text form of Prometheus."""
    usage, now = _usage_of(call), call.backend.clock.now()
    stamp = int(now.timestamp() * 1000)
    cpu, memory = [], []
    for pod in call.storage.pods_on_node(node["metadata"]["name"]):
        meta = pod["metadata"]
        for name, (_cores, used) in usage.containers(pod).items():
            labels = f'container="{name}",namespace="{meta["namespace"]}",pod="{meta["name"]}"'
            spent = usage.core_seconds(pod, name)
            cpu.append(f"container_cpu_usage_seconds_total{{{labels}}} {spent:.9f} {stamp}")
            memory.append(f"container_memory_working_set_bytes{{{labels}}} {used} {stamp}")
    lines = [
        (
            "# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the "
            "container in core-seconds"
        ),
        "# TYPE container_cpu_usage_seconds_total counter",
        *sorted(cpu),
        (
            "# HELP container_memory_working_set_bytes [STABLE] Current working set of the "
            "container in bytes"
        ),
        "# TYPE container_memory_working_set_bytes gauge",
        *sorted(memory),
    ]
    return "\n".join(lines) + "\n"
