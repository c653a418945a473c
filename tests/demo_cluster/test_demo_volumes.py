"""Volumes that somebody made: which claim gets which, and what becomes of them afterwards."""

from __future__ import annotations

from typing import Any

from demo_cluster.kinds import Obj, kind_of
from tests.demo_cluster.conftest import SteppedWorld

VOLUMES = kind_of("persistentvolumes")
CLAIMS = kind_of("persistentvolumeclaims")


def volume(world: SteppedWorld, name: str, size: str, **spec: Any) -> None:
    """A volume of the class `manual`."""
    own = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], **spec}
    own |= {"storageClassName": "manual", "hostPath": {"path": "/x"}}
    world.storage.create(VOLUMES, {"metadata": {"name": name}, "spec": own})


def claim(world: SteppedWorld, name: str, size: str, mode: str = "ReadWriteOnce") -> None:
    """A claim of the class `manual`."""
    wanted = {"accessModes": [mode], "resources": {"requests": {"storage": size}}}
    world.create("persistentvolumeclaims", name, {**wanted, "storageClassName": "manual"})


def phases(world: SteppedWorld) -> dict[str, str]:
    """The phase of each volume."""
    found: list[Obj] = world.storage.list(VOLUMES)
    return {each["metadata"]["name"]: each["status"]["phase"] for each in found}


async def test_a_claim_gets_the_smallest_volume_that_is_large_enough(world: SteppedWorld) -> None:
    for name, size in (("small", "1Gi"), ("large", "50Gi"), ("mid", "5Gi")):
        volume(world, name, size)
    world.advance(1)
    before = phases(world)

    claim(world, "c", "3Gi")
    world.advance(1)

    assert set(before.values()) == {"Available"}
    assert world.get("persistentvolumeclaims", "c")["spec"]["volumeName"] == "mid"
    assert phases(world) == {"small": "Available", "large": "Available", "mid": "Bound"}


async def test_a_claim_waits_until_a_volume_has_its_access_mode(world: SteppedWorld) -> None:
    volume(world, "one", "5Gi")
    claim(world, "c", "1Gi", "ReadWriteMany")
    world.advance(1)
    waiting = world.get("persistentvolumeclaims", "c")["status"]["phase"]

    volume(world, "many", "5Gi", accessModes=["ReadWriteOnce", "ReadWriteMany"])
    world.advance(1)

    assert waiting == "Pending"
    assert world.get("persistentvolumeclaims", "c")["spec"]["volumeName"] == "many"


async def test_a_volume_in_use_goes_when_its_claim_has_gone(world: SteppedWorld) -> None:
    volume(world, "v", "5Gi")
    volume(world, "kept", "6Gi")
    for name in ("c", "d"):
        claim(world, name, "5Gi")
        world.advance(1)

    world.storage.request_delete(VOLUMES, "", "v")
    world.advance(1)
    still = phases(world)
    for name in ("c", "d"):
        world.storage.request_delete(CLAIMS, "default", name)
    world.advance(1)

    assert still == {"v": "Bound", "kept": "Bound"}
    assert phases(world) == {"kept": "Released"}
