"""A cluster on a stepped clock, in the test's own event loop."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions, DemoCluster
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.kubelet.runs import ContainerRun


class SteppedWorld:
    """An empty cluster whose time moves only when it is told to."""

    def __init__(self, cluster: DemoCluster, clock: SteppedClock) -> None:
        self.cluster = cluster
        self.storage = cluster.storage
        self.clock = clock

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def create(self, plural: str, name: str, spec: Obj, group: str = "", **meta: Any) -> Obj:
        """An object in the default namespace."""
        place = {"name": name, "namespace": "default", **meta}
        return self.storage.create(kind_of(plural, group), {"metadata": place, "spec": spec})

    def pod(self, name: str, script: str, **spec: Any) -> None:
        """A pod that runs a script in busybox."""
        self.create("pods", name, {**pod_spec(script), **spec})

    def get(self, plural: str, name: str, group: str = "") -> Obj:
        """An object of the default namespace, which must be there."""
        found = self.storage.get(kind_of(plural, group), "default", name)
        assert found is not None
        return found

    def pods(self, prefix: str = "") -> list[Obj]:
        """The pods of the default namespace."""
        found = self.storage.list(kind_of("pods"), "default")
        return [pod for pod in found if pod["metadata"]["name"].startswith(prefix)]

    def run_of(self, pod: str, container: str = "main") -> ContainerRun | None:
        """A container's present run; nothing before the first has begun."""
        worker = self.cluster.backend.world.kubelet.find_worker("default", pod)
        return worker.container(container).run if worker else None

    def log(self, pod: str, container: str = "main") -> str:
        """What a container wrote in its present run."""
        run = self.run_of(pod, container)
        assert run is not None
        return b"".join(entry.data for entry in run.log.read(None, None)).decode()

    def reasons(self, about: str) -> list[str]:
        """The reasons of the events about an object, oldest first."""
        events = self.storage.list(kind_of("events"), "default")
        mine = [e for e in events if e["involvedObject"]["name"] == about]
        mine.sort(key=lambda e: int(e["metadata"]["resourceVersion"]))
        return [event["reason"] for event in mine]


def pod_spec(script: str, **container: Any) -> Obj:
    """The spec of a pod with one container that runs a script."""
    main = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", script], **container}
    return {"containers": [main], "terminationGracePeriodSeconds": 2}


def workload(script: str, labels: Mapping[str, str], **spec: Any) -> Obj:
    """The spec of a Deployment, StatefulSet or DaemonSet."""
    template = {"metadata": {"labels": dict(labels)}, "spec": pod_spec(script)}
    return {"selector": {"matchLabels": dict(labels)}, "template": template, **spec}


@pytest.fixture
async def world() -> AsyncIterator[SteppedWorld]:
    """Two nodes and nothing else; time stands still."""
    clock = SteppedClock()
    cluster = DemoCluster(ClusterOptions(scenario="empty", clock=clock))
    await cluster.start()
    clock.advance(1)
    yield SteppedWorld(cluster, clock)
    await cluster.stop()


Advance = Callable[[float], None]
