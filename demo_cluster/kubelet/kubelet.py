"""The kubelets of all nodes: one worker for each pod, made when there is something to do."""

from __future__ import annotations

import contextlib
import hashlib
import random
import zlib
from collections.abc import Callable
from datetime import datetime

from demo_cluster.changes.internal_writers import KUBELET
from demo_cluster.clock import Clock
from demo_cluster.containers.images import SHELLS, Image, ImageLibrary, full_name
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.kubelet.environment import command_line, environment_of
from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_report import ENDED_PHASES
from demo_cluster.kubelet.pod_status import ContainerState
from demo_cluster.kubelet.pod_worker import PodWorker
from demo_cluster.kubelet.probes import has_command
from demo_cluster.kubelet.runs import ContainerRun, RunPlan, TalkingRun, ToyRun
from demo_cluster.kubelet.volumes import furnish, programs_of
from demo_cluster.quantities import quantity
from demo_cluster.status import Failure
from demo_cluster.store.pages import Pages
from demo_cluster.store.storage import Storage, StorageEvent
from demo_cluster.toybox.filesystem import Directory
from demo_cluster.toybox.machine import Machine, Server

PODS = kind_of("pods")
NODES = kind_of("nodes")
SERVICES = kind_of("services")


class Kubelet:
    """What runs on the nodes."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        rng: random.Random,
        events: EventRecorder,
        images: ImageLibrary,
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.events = events
        self.images = images
        self.claims: dict[tuple[str, str], Directory] = {}
        self.pages = Pages(self.find_worker)
        self.lost_nodes: set[str] = set()
        self._rng = rng
        self._workers: dict[str, PodWorker] = {}
        self._images_on_node: set[tuple[str, str]] = set()
        self._addresses: dict[str, int] = {}
        self._blocks: dict[str, int] = {}

    # -- pods come and go

    def on_event(self, event: StorageEvent) -> None:
        """A change in the storage."""
        if event.kind.storage_key != ("", "pods"):
            return
        pod = event.obj
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if event.type == "DELETED":
            if worker:
                worker.removed()
            return
        node = pod["spec"].get("nodeName")
        if not node or node in self.lost_nodes:
            return
        if worker:
            worker.change(pod)
        elif self._is_new(pod):
            self._workers[uid] = worker = PodWorker(self, pod)
            worker.start()
        elif pod["metadata"].get("deletionTimestamp"):
            self.worker(pod).change(pod)

    @staticmethod
    def _is_new(pod: Obj) -> bool:
        status = pod.get("status", {})
        return not status.get("startTime") and status.get("phase") not in ENDED_PHASES

    def worker(self, pod: Obj) -> PodWorker:
        """The worker of a pod on a node; made from the pod's status when there is none yet."""
        uid = pod["metadata"]["uid"]
        if uid not in self._workers:
            self._workers[uid] = worker = PodWorker(self, pod)
            worker.adopt()
        return self._workers[uid]

    def find_worker(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of a pod by name."""
        pod = self.storage.get(PODS, namespace, name)
        if pod is None or not pod["spec"].get("nodeName"):
            return None
        return self.worker(pod)

    def take_up(self) -> None:
        """The kubelets start again: what their pods' statuses say goes on."""
        for pod in self.storage.list(PODS):
            node, status = pod["spec"].get("nodeName"), pod.get("status", {})
            if not node or status.get("phase") in ENDED_PHASES:
                continue
            self._remember_address(node, pod)
            if node not in self.lost_nodes and self._has_news(pod):
                self.worker(pod).take_up()

    def _has_news(self, pod: Obj) -> bool:
        """Whether something will become of the pod by itself; others wait until they are asked."""
        statuses = pod.get("status", {}).get("containerStatuses") or ()
        containers = pod["spec"]["containers"]
        if not all("running" in entry["state"] for entry in statuses):
            return True
        if any(has_command(spec) for spec in containers):
            return True
        return any(
            image.runs_commands
            or image.crash
            or image.finish
            or image.unready
            or image.hangs_after
            or image.leaks_per_hour
            for image in (self.images.find(spec["image"]) for spec in containers)
        )

    def _remember_address(self, node: str, pod: Obj) -> None:
        address = pod.get("status", {}).get("podIP", "")
        if not address.startswith("10.") or pod["spec"].get("hostNetwork"):
            return
        _, second, third, last = map(int, address.split("."))
        self._addresses[node] = max(self._addresses.get(node, 3), last - 1)
        self._blocks.setdefault(node, (second - 244) % 8 * 256 + third)

    def forget(self, worker: Pod) -> None:
        """Nothing of the pod runs any more."""
        self._workers.pop(worker.uid, None)

    def remove(self, worker: Pod) -> None:
        """The pod has ended: let its object go."""
        meta = worker.pod["metadata"]
        self.forget(worker)
        with contextlib.suppress(Failure):
            self.storage.request_delete(
                PODS, meta["namespace"], meta["name"], grace_seconds=0, uid=meta["uid"]
            )
        worker.close()

    def write(self, pod: Obj, change: Callable[[Obj], None]) -> Obj | None:
        """Change the pod's object, unless it is another one by now."""
        meta = pod["metadata"]
        stored = self.storage.get(PODS, meta["namespace"], meta["name"])
        if stored is None or stored["metadata"]["uid"] != meta["uid"]:
            return None
        if stored["spec"].get("nodeName") in self.lost_nodes:
            return None
        return self.storage.modify(PODS, meta["namespace"], meta["name"], change, by=KUBELET)

    def close(self) -> None:
        """The cluster stops."""
        for worker in list(self._workers.values()):
            worker.close()
        self._workers.clear()

    # -- runs

    def new_run(self, worker: Pod, container: ContainerState) -> ContainerRun:
        """A run of the container that has not begun.

        Raises:
            MissingReferenceError: Its environment refers to what is not there.
        """
        image = self.images.find(container.spec["image"])
        number = container.restarts + (
            1 if container.terminated or container.last_terminated else 0
        )
        plan = self._plan(worker, container, image, number, self._container_id())
        return self._make_run(worker, container, plan, image, None)

    def resume(self, worker: Pod, container: ContainerState, since: datetime) -> ContainerRun:
        """The run that a status speaks of, not seen to begin and not going on yet."""
        image = self.images.find(container.spec["image"])
        identity = container.container_id.removeprefix("containerd://")
        plan = self._plan(worker, container, image, container.restarts, identity)
        return self._make_run(worker, container, plan, image, since)

    def _make_run(
        self,
        worker: Pod,
        container: ContainerState,
        plan: RunPlan,
        image: Image,
        since: datetime | None,
    ) -> ContainerRun:
        run: ContainerRun
        opened: list[int] = []

        def exited(code: int, reason: str) -> None:
            for port in opened:
                worker.network.servers.pop(port, None)
            worker.exited(container, run, code, reason)

        if image.runs_commands or (plan.command and plan.command[0].rpartition("/")[2] in SHELLS):
            run = ToyRun(plan, self.clock, exited)
        else:
            run = talking = TalkingRun(plan, self.clock, exited, since)
            opened += self.pages.open_ports(worker, container.spec, talking)
        return run

    def _plan(
        self,
        worker: Pod,
        container: ContainerState,
        image: Image,
        number: int,
        container_id: str,
    ) -> RunPlan:
        pod, spec = worker.pod, container.spec
        variables = environment_of(self.storage, pod, spec, image.environment)
        command = command_line(spec, image.command, variables) or ["/app"]
        limits = (spec.get("resources") or {}).get("limits") or {}
        user = (spec.get("securityContext") or {}).get("runAsUser")
        if user is None:
            user = (pod["spec"].get("securityContext") or {}).get("runAsUser")

        def machine() -> Machine:
            made = Machine(self.clock, self._hostname(pod), programs_of(image), worker.network)
            made.user = image.user if user is None else ("root" if user == 0 else "app")
            furnish(made, image, pod)
            worker.volumes.mount(made, spec)
            made.memory_bytes = lambda: self.memory_of(run_seed, image, plan_started())
            made.cpu_seconds = lambda pid: self._cpu_seconds(image, pid, plan_started())
            return made

        def plan_started() -> datetime:
            return container.running_since or self.clock.now()

        run_seed = f"{pod['metadata']['uid']}/{container.name}/{number}"
        return RunPlan(
            name=container.name,
            number=number,
            identity=run_seed,
            container_id=f"containerd://{container_id}",
            image=image,
            command=command,
            environment=variables,
            directory=spec.get("workingDir") or "/",
            has_stdin=bool(spec.get("stdin")),
            has_terminal=bool(spec.get("tty")),
            memory_limit=int(quantity(limits.get("memory", "0"))),
            facts={
                "pod": worker.name,
                "namespace": worker.namespace,
                "container": container.name,
                "node": pod["spec"].get("nodeName", ""),
                "version": spec["image"].rpartition("/")[2].partition(":")[2] or "latest",
            },
            make_machine=machine,
        )

    @staticmethod
    def _hostname(pod: Obj) -> str:
        if pod["spec"].get("hostNetwork"):
            return str(pod["spec"].get("nodeName", "node"))
        return str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63]

    def memory_of(self, seed: str, image: Image, started: datetime) -> int:
        """Bytes in use now: around the image's mean, growing when it leaks."""
        now = self.clock.now()
        wave = zlib.crc32(f"{seed}/{int(now.timestamp()) // 15}".encode()) / 2**32
        leaked = image.leaks_per_hour * (now - started).total_seconds() / 3600
        return int(image.memory * (0.92 + 0.16 * wave) + leaked)

    def cpu_of(self, seed: str, image: Image) -> float:
        """Cores in use now."""
        now = self.clock.now()
        wave = zlib.crc32(f"{seed}/cpu/{int(now.timestamp()) // 15}".encode()) / 2**32
        return image.cpu * (0.6 + 0.8 * wave)

    def _cpu_seconds(self, image: Image, pid: int, started: datetime) -> float:
        age = max((self.clock.now() - started).total_seconds(), 0.0)
        return image.cpu * age if pid == 1 else 0.0

    # -- the node

    def jitter(self, seconds: float) -> float:
        """A little time, never the same."""
        return self._rng.random() * seconds

    def _container_id(self) -> str:
        return f"{self._rng.getrandbits(256):064x}"

    def image_id(self, image: str) -> str:
        """The digest of an image."""
        return "sha256:" + hashlib.sha256(full_name(image).encode()).hexdigest()

    def has_image(self, node: str, image: str) -> bool:
        """Whether the node has it already."""
        return self.images.is_present(image) or (node, full_name(image)) in self._images_on_node

    def remember_image(self, node: str, image: str) -> None:
        """It has been pulled."""
        self._images_on_node.add((node, full_name(image)))

    def pull_seconds(self, node: str, image: str) -> float:
        """How long pulling takes: short when only the registry is asked."""
        if self.has_image(node, image):
            return 0.35
        return 0.6 + min(self.images.find(image).size / 90e6, 4.0)

    def node_address(self, name: str) -> str:
        """The node's internal address."""
        node = self.storage.get(NODES, "", name) or {}
        for address in node.get("status", {}).get("addresses") or ():
            if address["type"] == "InternalIP":
                return str(address["address"])
        return "192.0.2.10"

    def new_address(self, node: str) -> str:
        """An address for a pod, from its node's range."""
        used = self._addresses.get(node, 3)
        self._addresses[node] = used + 1
        found = self.storage.get(NODES, "", node) or {}
        prefix, dot, _ = found.get("spec", {}).get("podCIDR", "").rpartition(".")
        if dot and used < 250:
            return f"{prefix}.{2 + used}"
        index = self._blocks.setdefault(node, len(self._blocks))
        index += (used // 250) * 4096
        return f"10.{244 + index // 256 % 8}.{index % 256}.{2 + used % 250}"

    def reach(self, namespace: str) -> Callable[[str, int], Server | None]:
        """How containers of a namespace reach services: by name and port."""
        return lambda host, port: self.pages.service(self.storage, namespace, host, port)
