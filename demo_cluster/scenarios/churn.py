"""Change all the time: containers of bulk pods restart, and now and then one is deleted.

Other pods have kubelets that mind their containers; those are only written to.
"""

from __future__ import annotations

import random

from demo_cluster.clock import Clock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.scenarios.bulk_objects import OWNERSHIP
from demo_cluster.store.storage import Key, Storage
from demo_cluster.timestamps import timestamp

PODS = kind_of("pods")
TOUCHED = "example.com/touched"
TICK = 0.02
DELETED_EVERY = 60
_COST_OF_DELETION = 8
"""How many changes one deletion leads to: the end of the old pod and the start of the new one."""


class Churn:
    """So many changes of pods in a second, among the pods of these names."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        rng: random.Random,
        names: list[Key],
        changes_per_second: float,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rng = rng
        self._names = names
        self._per_second = changes_per_second
        self._changes = 0
        self._owed = 0.0
        self._last = clock.now()

    def go_on(self) -> None:
        """Begin to change things."""
        if self._per_second and self._names:
            self._last = self._clock.now()
            self._clock.call_later(TICK, self._tick)

    def _tick(self) -> None:
        now = self._clock.now()
        elapsed = (now - self._last).total_seconds()
        self._last = now
        self._owed += self._per_second * min(elapsed, 1.0)
        while self._owed >= 1 and self._names:
            self._owed -= 1
            self._change()
        self._clock.call_later(TICK, self._tick)

    def _change(self) -> None:
        self._changes += 1
        position = self._rng.randrange(len(self._names))
        key = self._names[position]
        pod = self._storage.get(PODS, *key)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            self._names[position] = self._names[-1]
            self._names.pop()
            self._owed += 1
        elif OWNERSHIP not in (pod["metadata"].get("annotations") or ()):
            self._touch(pod)
        elif self._changes % DELETED_EVERY == 0:
            self._owed -= _COST_OF_DELETION
            self._storage.request_delete(PODS, *key, grace_seconds=1)
        else:
            self._restart(pod)

    def _touch(self, pod: Obj) -> None:
        """A tool noted something on the pod."""
        meta = pod["metadata"]
        annotations = {**(meta.get("annotations") or {}), TOUCHED: str(self._changes)}
        self._storage.replace(PODS, {**pod, "metadata": {**meta, "annotations": annotations}})

    def _restart(self, pod: Obj) -> None:
        """The first container of the pod crashed and was started again."""
        first, *rest = pod["status"]["containerStatuses"]
        running = first["state"].get("running")
        if not running:
            return
        now = timestamp(self._clock.now())
        ended = {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": running["startedAt"],
            "finishedAt": now,
            "containerID": first["containerID"],
        }
        restarted = {
            **first,
            "state": {"running": {"startedAt": now}},
            "lastState": {"terminated": ended},
            "containerID": f"containerd://{self._rng.getrandbits(256):064x}",
            "restartCount": first["restartCount"] + 1,
        }
        status = {**pod["status"], "containerStatuses": [restarted, *rest]}
        self._storage.replace(PODS, {**pod, "metadata": {**pod["metadata"]}, "status": status})
