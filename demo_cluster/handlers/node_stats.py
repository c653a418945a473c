"""The kubelet's stats/summary: what a node and its pods use, in the kubelet's own shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from demo_cluster.kinds import Obj
from demo_cluster.quantities import quantity
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.usage import Usage
from demo_cluster.wire.reply import Call

DISK = 98_831_908 << 10
_VOLUMES_SECONDS = 60.0
"""Volumes are measured once a minute: a new pod has no figures for them."""
_INODES = 6_553_600
_FREE_INODES = 6_300_000


@dataclass(frozen=True, slots=True)
class Summary:
    """Makes one summary; `only_basics` leaves CPU, memory and swap."""

    usage: Usage
    now: datetime
    only_basics: bool

    def whole(self, call: Call, node: Obj) -> Obj:
        """The answer about a node."""
        pods = [
            pod
            for pod in call.storage.pods_on_node(node["metadata"]["name"])
            if pod.get("status", {}).get("phase") == "Running"
        ]
        return {"node": self._node(node, pods), "pods": [self._pod(pod) for pod in pods]}

    def _node(self, node: Obj, pods: list[Obj]) -> Obj:
        name = node["metadata"]["name"]
        started = parse_timestamp(node["metadata"]["creationTimestamp"])
        age = (self.now - started).total_seconds()
        cores, memory = self.usage.node(name)
        room = int(quantity(node["status"]["capacity"]["memory"]))
        measured = [self.usage.containers(pod).values() for pod in pods]
        pod_cores = sum(each[0] for uses in measured for each in uses)
        pod_memory = sum(each[1] for uses in measured for each in uses)
        stats: Obj = {
            "nodeName": name,
            "systemContainers": [
                {
                    "name": "pods",
                    "startTime": timestamp(started),
                    **self._basics(pod_cores, pod_cores * age, pod_memory, room - pod_memory),
                    "swap": self._swap(),
                }
            ],
            "startTime": timestamp(started),
            **self._basics(cores, cores * age, memory, room - memory),
        }
        if not self.only_basics:
            stats["network"] = self._network(age, cores)
            stats["fs"] = self._disk(DISK // 5)
            stats["runtime"] = {
                "imageFs": self._disk(DISK // 12),
                "containerFs": self._disk(DISK // 12),
            }
            stats["rlimit"] = {"time": timestamp(self.now), "maxpid": 4194304, "curproc": 400}
        stats["swap"] = self._swap(0)
        return stats

    def _pod(self, pod: Obj) -> Obj:
        meta = pod["metadata"]
        measures = self.usage.containers(pod)
        started = parse_timestamp(pod["status"]["startTime"])
        limits = {name: memory_limit(pod, name) for name in measures}
        containers = [
            self._container(pod, name, cores, memory, limits[name])
            for name, (cores, memory) in measures.items()
        ]
        cores = sum(each[0] for each in measures.values())
        memory = sum(each[1] for each in measures.values())
        spent = sum(self.usage.core_seconds(pod, name) for name in measures)
        room = sum(limits.values()) - memory if limits and all(limits.values()) else None
        stats: Obj = {
            "podRef": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
            "startTime": timestamp(started),
            "containers": containers,
            **self._basics(cores, spent, memory, room),
        }
        if not self.only_basics:
            age = (self.now - started).total_seconds()
            stats["network"] = self._network(age, cores)
            if age > _VOLUMES_SECONDS and (volumes := self._volumes(pod)):
                stats["volume"] = volumes
            stats["ephemeral-storage"] = self._disk(40960)
            stats["process_stats"] = {"process_count": len(containers)}
        stats["swap"] = self._swap()
        return stats

    def _volumes(self, pod: Obj) -> list[Obj]:
        return [
            {**self._disk(12288), "name": volume["name"]}
            for volume in pod["spec"].get("volumes") or ()
        ]

    def _container(self, pod: Obj, name: str, cores: float, memory: int, limit: int) -> Obj:
        spent = self.usage.core_seconds(pod, name)
        made: Obj = {
            "name": name,
            "startTime": pod["status"]["startTime"],
            **self._basics(cores, spent, memory, limit - memory if limit else None),
        }
        if not self.only_basics:
            made["rootfs"] = self._disk(24576)
            made["logs"] = self._disk(12288)
        made["swap"] = self._swap(0 if limit else None)
        return made

    def _basics(self, cores: float, seconds: float, memory: int, room: int | None) -> Obj:
        """CPU and memory, and input and output where they are wanted."""
        moment = timestamp(self.now)
        found: Obj = {
            "cpu": {
                "time": moment,
                "usageNanoCores": int(cores * 1e9),
                "usageCoreNanoSeconds": int(seconds * 1e9),
                "psi": _no_pressure(),
            },
            "memory": {
                "time": moment,
                **({"availableBytes": max(room, 0)} if room is not None else {}),
                "usageBytes": memory * 11 // 10,
                "workingSetBytes": memory,
                "rssBytes": memory * 4 // 5,
                "pageFaults": memory // 4096,
                "majorPageFaults": 0,
                "psi": _no_pressure(),
            },
        }
        if not self.only_basics:
            found["io"] = {"time": moment, "psi": _no_pressure()}
        return found

    def _swap(self, available: int | None = None) -> Obj:
        room = {} if available is None else {"swapAvailableBytes": available}
        return {"time": timestamp(self.now), **room, "swapUsageBytes": 0}

    def _network(self, age: float, cores: float) -> Obj:
        received = int(age * (800 + cores * 90_000))
        interface = {
            "name": "eth0",
            "rxBytes": received,
            "rxErrors": 0,
            "txBytes": received * 3 // 4,
            "txErrors": 0,
        }
        return {"time": timestamp(self.now), **interface, "interfaces": [interface]}

    def _disk(self, used: int) -> Obj:
        return {
            "time": timestamp(self.now),
            "availableBytes": DISK - used,
            "capacityBytes": DISK,
            "usedBytes": used,
            "inodesFree": _FREE_INODES,
            "inodes": _INODES,
            "inodesUsed": _INODES - _FREE_INODES,
        }


def memory_limit(pod: Obj, container: str) -> int:
    """The bytes that a container may use; 0 = no limit."""
    for each in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]):
        if each["name"] == container:
            limits = (each.get("resources") or {}).get("limits") or {}
            return int(quantity(limits["memory"])) if "memory" in limits else 0
    return 0


def _no_pressure() -> Obj:
    calm = {"total": 0, "avg10": 0, "avg60": 0, "avg300": 0}
    return {"full": calm, "some": calm}
