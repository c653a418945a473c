"""PersistentVolumes that somebody made: available, claimed, released, and which fits a claim."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.quantities import quantity
from demo_cluster.selection import selector_matcher
from demo_cluster.store.storage import Storage, key_of
from demo_cluster.timestamps import timestamp

CLAIMS = kind_of("persistentvolumeclaims")
VOLUMES = kind_of("persistentvolumes")
PROTECTION = "kubernetes.io/pv-protection"


class Volumes:
    """The volumes of a cluster, as their controller sees them."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def settle(self, name: str) -> None:
        """Say what phase a volume is in, and let one go that is to go and not in use."""
        volume = self._storage.get(VOLUMES, "", name)
        if volume is None:
            return
        phase = (volume.get("status") or {}).get("phase", "Pending")
        if volume["metadata"].get("deletionTimestamp"):
            if phase != "Bound" and PROTECTION in (volume["metadata"].get("finalizers") or ()):
                self._storage.modify(VOLUMES, "", name, _unprotect, by=CONTROLLERS)
        elif phase == "Pending" and not (volume["spec"].get("claimRef") or {}).get("uid"):
            self.turn(name, "Available")

    def turn(self, name: str, phase: str) -> None:
        """Write the phase and when it began."""
        now = timestamp(self._clock.now())

        def change(obj: Obj) -> None:
            obj["status"] = {"phase": phase, "lastPhaseTransitionTime": now}

        self._storage.modify(VOLUMES, "", name, change, by=CONTROLLERS)

    def fitting(self, claim: Obj, storage_class: str) -> Obj | None:
        """The smallest free volume that has what the claim wants; one kept for it comes first."""
        free = [
            volume for volume in self._storage.list(VOLUMES) if _fits(volume, claim, storage_class)
        ]
        free.sort(key=lambda volume: (not volume["spec"].get("claimRef"), _size(volume)))
        return free[0] if free else None

    def release(self, claim: Obj) -> None:
        """The claim is gone: its volume is kept, or goes with it."""
        name = claim["spec"].get("volumeName")
        volume = self._storage.get(VOLUMES, "", name) if name else None
        if volume is None or not _is_kept_for(volume, claim):
            return
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            self._storage.remove(VOLUMES, *key_of(volume))
        else:
            self.turn(volume["metadata"]["name"], "Released")


def _fits(volume: Obj, claim: Obj, storage_class: str) -> bool:
    """Whether the claim may have the volume. Follows the volume index's checks."""
    spec, wanted = volume["spec"], claim["spec"]
    if spec.get("claimRef") and not _is_kept_for(volume, claim):
        return False
    if "deletionTimestamp" in volume["metadata"]:
        return False
    named = wanted.get("volumeName")
    if named:
        return bool(named == volume["metadata"]["name"])
    modes, wanted_modes = spec.get("accessModes") or (), wanted.get("accessModes") or ()
    asked = ((wanted.get("resources") or {}).get("requests") or {}).get("storage", "0")
    matches = selector_matcher(wanted["selector"]) if wanted.get("selector") else None
    return (
        spec.get("storageClassName", "") == storage_class
        and spec.get("volumeMode", "Filesystem") == wanted.get("volumeMode", "Filesystem")
        and set(wanted_modes) <= set(modes)
        and _size(volume) >= quantity(str(asked))
        and (matches is None or matches(volume["metadata"].get("labels") or {}))
    )


def _is_kept_for(volume: Obj, claim: Obj) -> bool:
    """Whether the volume names this claim, or one that came to be it."""
    reference, meta = volume["spec"].get("claimRef") or {}, claim["metadata"]
    is_same = (reference.get("namespace"), reference.get("name")) == key_of(claim)
    return is_same and reference.get("uid") in (None, meta["uid"])


def _size(volume: Obj) -> float:
    return float(quantity(str((volume["spec"].get("capacity") or {}).get("storage", "0"))))


def _unprotect(obj: Obj) -> None:
    left = [name for name in obj["metadata"]["finalizers"] if name != PROTECTION]
    obj["metadata"]["finalizers"] = left
    if not left:
        del obj["metadata"]["finalizers"]
