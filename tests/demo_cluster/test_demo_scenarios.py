"""The shipped scenarios: what a person meets in them, the same for the same seed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions, DemoCluster
from demo_cluster.kinds import Obj, kind_of
from tests.demo_cluster.conftest import SteppedWorld

PODS = kind_of("pods")


@asynccontextmanager
async def living(scenario: str, **options: Any) -> AsyncIterator[SteppedWorld]:
    """A cluster with this scenario; time stands still."""
    clock = SteppedClock()
    cluster = DemoCluster(ClusterOptions(scenario=scenario, clock=clock, **options))
    await cluster.start()
    try:
        yield SteppedWorld(cluster, clock)
    finally:
        await cluster.stop()


def waiting(pod: Obj) -> str:
    """Why the pod's first container waits."""
    for status in pod["status"].get("containerStatuses") or ():
        return str((status["state"].get("waiting") or {}).get("reason", ""))
    return ""


def log_of(world: SteppedWorld, pod: Obj) -> bytes:
    """The last lines of a pod's first container."""
    meta = pod["metadata"]
    worker = world.cluster.backend.world.kubelet.find_worker(meta["namespace"], meta["name"])
    run = worker.containers[-1].run
    return b"".join(entry.data for entry in run.log.read(20, None)) if run else b""


async def test_the_shop_has_what_a_newcomer_should_see() -> None:
    async with living("shop") as world:
        pods = world.storage.list(PODS)
        by_app = {pod["metadata"].get("labels", {}).get("app", ""): pod for pod in pods}
        services = world.storage.list(kind_of("services"))
        world.advance(20)
        recommendations = [p for p in world.storage.list(PODS) if "recommend" in str(p["metadata"])]

    assert len({service["metadata"]["namespace"] for service in services}) >= 3
    assert len(services) >= 10
    assert by_app["analytics"]["status"]["conditions"][0]["reason"] == "Unschedulable"
    assert waiting(by_app["search"]) == "ImagePullBackOff"
    assert recommendations[0]["status"]["containerStatuses"][0]["restartCount"] > 5
    assert len(by_app["checkout"]["spec"]["containers"]) == 2
    assert by_app["catalog"]["spec"]["initContainers"]
    assert {pod["status"]["phase"] for pod in pods} >= {"Running", "Pending", "Succeeded"}


async def test_the_shop_looks_lived_in() -> None:
    async with living("shop") as world:
        revisions = world.storage.list(kind_of("replicasets", "apps"), "shop")
        ages = {pod["metadata"]["creationTimestamp"][:10] for pod in world.storage.list(PODS)}
        [gateway, *_] = [p for p in world.storage.list(PODS, "shop") if "gateway" in str(p)]
        lines = log_of(world, gateway).splitlines()
        events = world.storage.list(kind_of("events"))

    assert len(ages) >= 4
    assert sum(not each["spec"]["replicas"] for each in revisions) >= 3
    assert len(lines) == 20
    assert events


async def test_the_same_seed_makes_the_same_world() -> None:
    async def seen(seed: int) -> tuple[list[str], list[bytes]]:
        async with living("shop", seed=seed) as world:
            world.advance(30)
            pods = world.storage.list(PODS)
            names = [f"{p['metadata']['name']} {p['metadata']['uid']}" for p in pods]
            logs = [log_of(world, pod) for pod in pods if pod["status"]["phase"] == "Running"]
            return names, logs

    first, again, other = await seen(1), await seen(1), await seen(2)

    assert first == again
    assert first != other


async def test_a_bad_day_follows_its_timeline() -> None:
    async with living("bad-day") as world:
        world.advance(55)
        gateways = [p for p in world.storage.list(PODS, "shop") if "gateway" in str(p["metadata"])]
        world.advance(60)
        nodes = world.storage.list(kind_of("nodes"))
        stuck = world.storage.get(kind_of("namespaces"), "", "preview")

    states = {
        node["metadata"]["name"]: node["status"]["conditions"][-1]["status"] for node in nodes
    }
    assert any(pod["status"]["containerStatuses"][0]["restartCount"] for pod in gateways)
    assert states["worker-2"] == "Unknown"
    assert stuck is not None
    assert stuck["status"]["phase"] == "Terminating"


async def test_dials_make_a_cluster_as_big_as_wanted_and_keep_it_moving() -> None:
    dials = {"nodes": 12, "pods": 240, "namespaces": 4, "churn": 50}
    async with living("big", dials=dials) as world:
        pods = world.storage.list(PODS)
        before = world.storage.resource_version
        world.advance(2)
        changed = world.storage.resource_version - before

    running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
    assert len(running) == len(pods) == 240
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 12
    assert changed >= 90


async def test_churn_without_bulk_pods_writes_to_those_that_are_there() -> None:
    async with living("shop", dials={"churn": 20}) as world:
        version = world.storage.resource_version
        world.advance(2)
        changed = world.storage.resource_version - version
        settled = world.storage.list(PODS, "data")
        touched = [p for p in world.storage.list(PODS) if "touched" in str(p["metadata"])]

    assert changed >= 38
    assert len(touched) > 5
    assert sum(map(restarts, settled)) == 0


def restarts(pod: Obj) -> int:
    """How often the pod's containers were restarted."""
    return sum(s["restartCount"] for s in pod["status"].get("containerStatuses") or ())
