"""CPU and memory that containers and nodes use: a smooth function of seed and time."""

from __future__ import annotations

from demo_cluster.clock import Clock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.kubelet.kubelet import Kubelet
from demo_cluster.store.storage import Storage
from demo_cluster.timestamps import parse_timestamp

PODS = kind_of("pods")
SYSTEM_CORES = 0.11
SYSTEM_MEMORY = 900 << 20

Measure = tuple[float, int]
"""Cores and bytes."""


class Usage:
    """What a metrics server and the kubelets' summaries say."""

    def __init__(self, storage: Storage, clock: Clock, kubelet: Kubelet) -> None:
        self._storage = storage
        self._clock = clock
        self._kubelet = kubelet

    def containers(self, pod: Obj) -> dict[str, Measure]:
        """The running containers of a pod and what they use."""
        found: dict[str, Measure] = {}
        status = pod.get("status", {})
        specs = {
            spec["name"]: spec
            for field in ("initContainers", "containers")
            for spec in pod["spec"].get(field) or ()
        }
        for field in ("initContainerStatuses", "containerStatuses"):
            for entry in status.get(field) or ():
                running = entry["state"].get("running")
                if running:
                    image = self._kubelet.images.find(specs[entry["name"]]["image"])
                    seed = f"{pod['metadata']['uid']}/{entry['name']}/{entry['restartCount']}"
                    started = parse_timestamp(running["startedAt"])
                    cores = self._kubelet.cpu_of(seed, image)
                    found[entry["name"]] = (cores, self._kubelet.memory_of(seed, image, started))
        return found

    def node(self, name: str) -> Measure:
        """A node's use: its pods and the system."""
        cores, memory = SYSTEM_CORES, SYSTEM_MEMORY
        for pod in self._storage.pods_on_node(name):
            for used_cores, used_memory in self.containers(pod).values():
                cores += used_cores
                memory += used_memory
        return cores, memory

    def core_seconds(self, pod: Obj, container: str) -> float:
        """CPU time since the container began: the integral of its mean use."""
        for entry in pod.get("status", {}).get("containerStatuses") or ():
            running = entry["state"].get("running")
            if entry["name"] == container and running:
                image = self._kubelet.images.find(entry["image"])
                age = self._clock.now() - parse_timestamp(running["startedAt"])
                return float(image.cpu * age.total_seconds())
        return 0.0
