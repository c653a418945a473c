"""What a kubelet measures, in the text form of Prometheus: metrics, metrics/cadvisor and others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from demo_cluster.kinds import Obj
from demo_cluster.quantities import quantity
from demo_cluster.timestamps import parse_timestamp
from demo_cluster.usage import Measure, Usage
from demo_cluster.wire.reply import Call


@dataclass
class Family:
    """One metric: its name, what it says, and its samples."""

    name: str
    kind: str
    help: str
    samples: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def add(self, value: float | str, **labels: str) -> None:
        """One more sample."""
        self.samples.append((labels, str(value)))

    def lines(self, stamp: str = "") -> Iterator[str]:
        """The family as Prometheus reads it; nothing when it has no samples."""
        if not self.samples:
            return
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in sorted(self.samples, key=lambda sample: list(sample[0].items())):
            inside = ",".join(f'{name}="{text}"' for name, text in sorted(labels.items()))
            yield " ".join(
                filter(None, (f"{self.name}{{{inside}}}" if inside else self.name, value, stamp))
            )


@dataclass(frozen=True, slots=True)
class Container:
    """One running container and what it uses."""

    pod: Obj
    name: str
    measure: Measure
    core_seconds: float
    id: str
    image: str
    started: float

    @property
    def labels(self) -> dict[str, str]:
        """Whose it is."""
        meta = self.pod["metadata"]
        return {"container": self.name, "namespace": meta["namespace"], "pod": meta["name"]}


def containers_on(call: Call, node: str, usage: Usage) -> list[Container]:
    """The running containers of a node."""
    found = []
    for pod in call.storage.pods_on_node(node):
        entries = {
            entry["name"]: entry
            for kind in ("initContainerStatuses", "containerStatuses")
            for entry in pod.get("status", {}).get(kind) or ()
        }
        for name, measure in usage.containers(pod).items():
            entry = entries[name]
            started = parse_timestamp(entry["state"]["running"]["startedAt"]).timestamp()
            number = entry.get("containerID", "").rpartition("/")[2]
            spent = usage.core_seconds(pod, name)
            made = Container(pod, name, measure, spent, number, entry.get("image", ""), started)
            found.append(made)
    return found


def resource_metrics(call: Call, node: Obj, usage: Usage) -> str:
    """metrics/resource: what metrics-server reads."""
    name = node["metadata"]["name"]
    containers = containers_on(call, name, usage)
    cores, memory = usage.node(name)
    now = call.backend.clock.now()
    age = (now - parse_timestamp(node["metadata"]["creationTimestamp"])).total_seconds()
    families = [
        Family(f"{of}_{what}", kind, f"[STABLE] {text}")
        for of, what, kind, text in _RESOURCE_FAMILIES
    ]
    by_name = {family.name: family for family in families}
    for each in containers:
        by_name["container_cpu_usage_seconds_total"].add(f"{each.core_seconds:.9f}", **each.labels)
        by_name["container_memory_working_set_bytes"].add(each.measure[1], **each.labels)
        by_name["container_start_time_seconds"].add(f"{each.started:.9e}", **each.labels)
        by_name["container_swap_usage_bytes"].add(0, **each.labels)
    for uses in _by_pod(containers).values():
        labels = {key: uses[0].labels[key] for key in ("namespace", "pod")}
        spent = sum(each.core_seconds for each in uses)
        by_name["pod_cpu_usage_seconds_total"].add(f"{spent:.9f}", **labels)
        held = sum(each.measure[1] for each in uses)
        by_name["pod_memory_working_set_bytes"].add(held, **labels)
        by_name["pod_swap_usage_bytes"].add(0, **labels)
    by_name["node_cpu_usage_seconds_total"].add(f"{cores * age:.9f}")
    by_name["node_memory_working_set_bytes"].add(memory)
    by_name["node_swap_usage_bytes"].add(0)
    stamp = str(int(now.timestamp() * 1000))
    families.sort(key=lambda family: family.name)
    ok = Family("resource_scrape_error", "gauge", _SCRAPE_HELP)
    ok.add(0)
    return _text([*(line for family in families for line in family.lines(stamp)), *ok.lines()])


def cadvisor_metrics(call: Call, node: Obj, usage: Usage) -> str:
    """metrics/cadvisor: the container metrics that dashboards are made of."""
    about = node["status"]["nodeInfo"]
    version = Family("cadvisor_version_info", "gauge", _CADVISOR_HELP)
    version.add(
        1,
        cadvisorRevision="",
        cadvisorVersion="",
        dockerVersion="",
        kernelVersion=about["kernelVersion"],
        osVersion=about["osImage"],
    )
    families = [Family(name, kind, text) for name, kind, text in _CADVISOR_FAMILIES]
    for each in containers_on(call, node["metadata"]["name"], usage):
        labels = {**each.labels, "image": each.image, "name": each.id, "id": _cgroup(each)}
        for family, value in zip(families, _cadvisor_values(each), strict=True):
            if value is not None:
                family.add(value, **labels)
    stamp = str(int(call.backend.clock.now().timestamp() * 1000))
    machine = Family("machine_cpu_cores", "gauge", "Number of logical CPU cores.")
    info = {name: about[name] for name in ("machineID", "systemUUID", "bootID")}
    labels = {"machine_id": info["machineID"], "system_uuid": info["systemUUID"]}
    machine.add(node["status"]["capacity"]["cpu"], boot_id=info["bootID"], **labels)
    memory = Family("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.")
    room = int(quantity(node["status"]["capacity"]["memory"]))
    memory.add(room, boot_id=info["bootID"], **labels)
    lines = [line for family in families for line in family.lines(stamp)]
    return _text([*version.lines(), *lines, *machine.lines(), *memory.lines()])


def own_metrics(call: Call, node: Obj, usage: Usage) -> str:
    """metrics: a few of the kubelet's figures about itself."""
    name = node["metadata"]["name"]
    pods = call.storage.pods_on_node(name)
    running = [pod for pod in pods if pod.get("status", {}).get("phase") == "Running"]
    families = [Family(*words) for words in _OWN_FAMILIES]
    version = node["status"]["nodeInfo"]["kubeletVersion"]
    families[0].add(1, major="1", minor="36", git_version=version)
    families[1].add(1, node=name)
    families[2].add(len(containers_on(call, name, usage)), container_state="running")
    families[3].add(len(running))
    return _text(line for family in families for line in family.lines())


def _by_pod(containers: Iterable[Container]) -> dict[str, list[Container]]:
    found: dict[str, list[Container]] = {}
    for each in containers:
        found.setdefault(each.pod["metadata"]["uid"], []).append(each)
    return found


def _cgroup(each: Container) -> str:
    quality = each.pod.get("status", {}).get("qosClass", "BestEffort").lower()
    slice_name = "" if quality == "guaranteed" else f"/{quality}"
    return f"/kubepods{slice_name}/pod{each.pod['metadata']['uid']}/{each.id}"


def _cadvisor_values(each: Container) -> tuple[float | int | str | None, ...]:
    memory = each.measure[1]
    spent = f"{each.core_seconds:.6f}"
    return (
        0,
        0,
        spent,
        memory // 10,
        memory,
        0,
        memory * 4 // 5,
        memory * 11 // 10,
        memory,
        1,
        f"{each.started:.9e}",
        1,
    )


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


_SCRAPE_HELP = "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise"
_CADVISOR_HELP = (
    "A metric with a constant '1' value labeled by kernel version, OS version, docker version, "
    "cadvisor version & cadvisor revision."
)
_CPU = "Cumulative cpu time consumed by the {} in core-seconds"
_MEMORY = "Current working set of the {} in bytes"
_SWAP = "Current amount of the {} swap usage in bytes. Reported only on non-windows systems"
_RESOURCE_FAMILIES = (
    *(
        (of, what, kind, text.format(of))
        for of in ("container", "node", "pod")
        for what, kind, text in (
            ("cpu_usage_seconds_total", "counter", _CPU),
            ("memory_working_set_bytes", "gauge", _MEMORY),
            ("swap_usage_bytes", "gauge", _SWAP),
        )
    ),
    (
        "container",
        "start_time_seconds",
        "gauge",
        "Start time of the container since unix epoch in seconds",
    ),
)
_CADVISOR_FAMILIES = (
    (
        "container_cpu_cfs_burst_periods_total",
        "counter",
        "Number of periods when burst occurs.",
    ),
    (
        "container_cpu_cfs_burst_seconds_total",
        "counter",
        "Total time duration the container has been bursted.",
    ),
    ("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds."),
    ("container_memory_cache", "gauge", "Number of bytes of page cache memory."),
    ("container_memory_max_usage_bytes", "gauge", "Maximum memory usage recorded in bytes"),
    ("container_memory_failcnt", "counter", "Number of memory usage hits limits"),
    ("container_memory_rss", "gauge", "Size of RSS in bytes."),
    (
        "container_memory_usage_bytes",
        "gauge",
        "Current memory usage in bytes, including all memory regardless of when it was accessed",
    ),
    ("container_memory_working_set_bytes", "gauge", "Current working set in bytes."),
    ("container_processes", "gauge", "Number of processes running inside the container."),
    (
        "container_start_time_seconds",
        "gauge",
        "Start time of the container since unix epoch in seconds.",
    ),
    ("container_threads", "gauge", "Number of threads running inside the container"),
)
_OWN_FAMILIES = (
    (
        "kubernetes_build_info",
        "gauge",
        "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version.",
    ),
    ("kubelet_node_name", "gauge", "[ALPHA] The node's name. The count is always 1."),
    (
        "kubelet_running_containers",
        "gauge",
        "[ALPHA] Number of containers currently running",
    ),
    (
        "kubelet_running_pods",
        "gauge",
        "[ALPHA] Number of pods that have a running pod sandbox",
    ),
)
