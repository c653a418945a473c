"""One look at one deployment: which of its sets grow or shrink now."""

from __future__ import annotations

import math
from typing import Protocol

from demo_cluster.controllers.deployment_status import Limits
from demo_cluster.controllers.owned_pods import essence
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Obj

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    }
)


class Hands(Protocol):
    """Does what a rollout decides. Objects that are returned are as they are stored now."""

    def create_set(
        self, deployment: Obj, revision: int, replicas: int, limits: Limits
    ) -> Obj | None:
        """A set of the present template; nothing when its name was taken."""
        ...

    def change_set(self, owned: Obj, annotations: Obj, *, patience: int) -> Obj:
        """Give a set its annotations and its minReadySeconds."""
        ...

    def resize_set(
        self, deployment: Obj, owned: Obj, annotations: dict[str, str], replicas: int
    ) -> Obj:
        """Give a set another size."""
        ...

    def set_revision(self, deployment: Obj, revision: int) -> Obj:
        """Write the revision on the deployment."""
        ...

    def announce_new_set(self, deployment: Obj, revision: int, name: str) -> Obj:
        """Tell of a new set on the deployment."""
        ...

    def note_pause(self, deployment: Obj) -> Obj | None:
        """Show that it was paused or goes on; nothing when that is shown already."""
        ...

    def go_on_soon(self, deployment: Obj) -> None:
        """Take the next step in a moment."""
        ...

    def remove_old(self, deployment: Obj, old: list[Obj]) -> None:
        """Remove the sets beyond the history's limit."""
        ...

    def report(
        self, deployment: Obj, sets: list[Obj], new: Obj | None, *, is_rollout: bool
    ) -> None:
        """Write the status."""
        ...


class Rollout:
    """The next step of one deployment."""

    def __init__(self, controller: Hands, deployment: Obj, sets: list[Obj]) -> None:
        self._controller = controller
        self.deployment = deployment
        self.limits = Limits.of(deployment)
        own = [each for each in sets if self._is_of_template(each)]
        self.new = min(own, key=_age) if own else None
        self.old = [each for each in sets if each is not self.new]

    def _is_of_template(self, owned: Obj) -> bool:
        template = json_copy(owned["spec"]["template"])
        (template["metadata"].get("labels") or {}).pop(HASH, None)
        return bool(essence(template) == essence(self.deployment["spec"]["template"]))

    @property
    def sets(self) -> list[Obj]:
        """All sets, the new one last."""
        return [*self.old, *([self.new] if self.new else [])]

    def run(self) -> None:
        """Take the next step, and write the status."""
        paused = self._controller.note_pause(self.deployment)
        if paused is not None:
            self.deployment = paused
        if self.deployment["spec"].get("paused") or self._has_been_scaled():
            self._keep_new_up_to_date()
            self._scale_evenly()
            self._controller.report(self.deployment, self.sets, self.new, is_rollout=False)
            return
        strategy = self.deployment["spec"].get("strategy") or {}
        step = self._recreate if strategy.get("type") == "Recreate" else self._roll
        if step():
            return
        self._controller.remove_old(self.deployment, self.old)
        self._report()

    def _report(self) -> bool:
        self._controller.report(self.deployment, self.sets, self.new, is_rollout=True)
        return True

    # -- the set of the present template

    def _ensure_new(self) -> bool:
        """There is a set of this template; False when there is none, or only since now."""
        if self.new is not None:
            self._keep_new_up_to_date()
            return True
        newest = max((revision_of(each) for each in self.old), default=0)
        replicas = self._first_number()
        made = self._controller.create_set(self.deployment, newest + 1, replicas, self.limits)
        if made is None:
            return False
        self.new = made
        name = made["metadata"]["name"]
        self.deployment = self._controller.announce_new_set(self.deployment, newest + 1, name)
        self._controller.go_on_soon(self.deployment)
        return False

    def _keep_new_up_to_date(self) -> None:
        """Revision, annotations and minReadySeconds: first the set's, then the owner's."""
        if self.new is None:
            return
        newest_old = max((revision_of(each) for each in self.old), default=0)
        before = self.new["metadata"].get("annotations") or {}
        annotations = {**before, **copied_annotations(self.deployment)}
        revision = revision_of(self.new)
        if revision <= newest_old:
            if revision:
                history = [text for text in before.get(HISTORY, "").split(",") if text]
                annotations[HISTORY] = ",".join([*history, str(revision)])
            annotations[REVISION] = str(newest_old + 1)
        patience = self.deployment["spec"].get("minReadySeconds", 0)
        if annotations != before or self.new["spec"].get("minReadySeconds", 0) != patience:
            self.new = self._controller.change_set(self.new, annotations, patience=patience)
            return
        current = (self.deployment["metadata"].get("annotations") or {}).get(REVISION)
        if current != str(revision):
            self.deployment = self._controller.set_revision(self.deployment, revision)

    def _first_number(self) -> int:
        if (self.deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            return self.limits.wanted
        present = sum(_size(each) for each in self.old)
        room = self.limits.wanted + self.limits.surge - present
        return max(min(room, self.limits.wanted), 0)

    def _scale(self, owned: Obj, replicas: int) -> bool:
        """Give a set another size; True when it changed."""
        annotations = {
            **(owned["metadata"].get("annotations") or {}),
            DESIRED: str(self.limits.wanted),
            MAXIMUM: str(self.limits.wanted + self.limits.surge),
        }
        before = _size(owned)
        if before == replicas and annotations == (owned["metadata"].get("annotations") or {}):
            return False
        changed = self._controller.resize_set(self.deployment, owned, annotations, replicas)
        if owned is self.new:
            self.new = changed
        else:
            self.old = [changed if each is owned else each for each in self.old]
        return before != replicas

    # -- the deployment itself was scaled

    def _has_been_scaled(self) -> bool:
        wanted = str(self.limits.wanted)
        return any(
            _size(each)
            and (each["metadata"].get("annotations") or {}).get(DESIRED, wanted) != wanted
            for each in self.sets
        )

    def _scale_evenly(self) -> None:
        active = [each for each in self.sets if _size(each)]
        if len(active) <= 1:
            only = active[0] if active else self.new or next(iter(self.old[::-1]), None)
            if only is not None and _size(only) != self.limits.wanted:
                self._scale(only, self.limits.wanted)
            return
        if self._is_saturated():
            for each in [each for each in self.old if _size(each)]:
                self._scale(each, 0)
            return
        strategy = self.deployment["spec"].get("strategy") or {}
        if strategy.get("type", "RollingUpdate") == "RollingUpdate":
            self._scale_in_proportion(active)

    def _is_saturated(self) -> bool:
        new, wanted = self.new, self.limits.wanted
        if new is None:
            return False
        noted = (new["metadata"].get("annotations") or {}).get(DESIRED)
        available = new.get("status", {}).get("availableReplicas", 0)
        return _size(new) == wanted and noted == str(wanted) and available == wanted

    def _scale_in_proportion(self, active: list[Obj]) -> None:
        wanted = self.limits.wanted
        allowed = wanted + self.limits.surge if wanted else 0
        missing = allowed - sum(_size(each) for each in active)
        newest_first = missing > 0
        ordered = sorted(active, key=_age, reverse=newest_first)
        ordered.sort(key=_size, reverse=True)
        sizes: list[int] = []
        added = 0
        for each in ordered:
            share = self._share(each, missing, added)
            sizes.append(_size(each) + share)
            added += share
        sizes[0] = max(sizes[0] + missing - added, 0)
        for each, size in zip(ordered, sizes, strict=True):
            self._scale(each, size)

    def _share(self, owned: Obj, missing: int, added: int) -> int:
        if missing in (0, added):
            return 0
        size = _size(owned)
        if not self.limits.wanted:
            part = -size
        else:
            noted = (owned["metadata"].get("annotations") or {}).get(MAXIMUM)
            before = int(noted or 0) or self.deployment.get("status", {}).get("replicas", 0) or 1
            exact = size * (self.limits.wanted + self.limits.surge) / before
            part = math.floor(exact + 0.5) - size
        left = missing - added
        return min(part, left) if missing > 0 else max(part, left)

    # -- strategies: True when the step was taken and told

    def _recreate(self) -> bool:
        self._keep_new_up_to_date()
        shrunk = [self._scale(each, 0) for each in list(self.old) if _size(each)]
        if any(shrunk) or self._has_old_pods():
            return self._report()
        if not self._ensure_new():
            return True
        assert self.new is not None
        self._scale(self.new, self.limits.wanted)
        return False

    def _has_old_pods(self) -> bool:
        return any(
            each.get("status", {}).get(name)
            for each in self.old
            for name in ("replicas", "terminatingReplicas")
        )

    def _roll(self) -> bool:
        if not self._ensure_new():
            return True
        if self._grow_new() or self._shrink_old():
            return self._report()
        return False

    def _grow_new(self) -> bool:
        assert self.new is not None
        size, wanted = _size(self.new), self.limits.wanted
        if size == wanted:
            return False
        if size > wanted:
            return self._scale(self.new, wanted)
        total = sum(_size(each) for each in self.sets)
        room = min(wanted + self.limits.surge - total, wanted - size)
        return self._scale(self.new, size + max(room, 0))

    def _shrink_old(self) -> bool:
        assert self.new is not None
        active = sorted((each for each in self.old if _size(each)), key=_age)
        if not active:
            return False
        floor = self.limits.wanted - self.limits.unavailable
        unready = _size(self.new) - self.new.get("status", {}).get("availableReplicas", 0)
        allowed = sum(_size(each) for each in self.sets) - floor - unready
        if allowed <= 0:
            return False
        removed = self._remove_sick(active, allowed)
        available = sum(  # a status may be older than the size
            min(each.get("status", {}).get("availableReplicas", 0), _size(each))
            for each in [*self.old, self.new]
        )
        spare = available - floor
        for each in sorted((each for each in self.old if _size(each)), key=_age):
            step = min(_size(each), spare)
            if step > 0:
                removed = self._scale(each, _size(each) - step) or removed
                spare -= step
        return removed

    def _remove_sick(self, active: list[Obj], allowed: int) -> bool:
        """Old pods that are not available go first: they help nobody."""
        removed = 0
        for each in active:
            sick = _size(each) - each.get("status", {}).get("availableReplicas", 0)
            step = min(sick, allowed - removed)
            if step > 0:
                self._scale(each, _size(each) - step)
                removed += step
        return removed > 0


def revision_of(owned: Obj) -> int:
    """The revision that a set stands for; 0 when it says none."""
    return int((owned["metadata"].get("annotations") or {}).get(REVISION, "0"))


def copied_annotations(deployment: Obj) -> dict[str, str]:
    """What a deployment's sets take over from its annotations."""
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if name not in NOT_COPIED}


def _size(owned: Obj) -> int:
    return int(owned["spec"].get("replicas", 0))


def _age(owned: Obj) -> tuple[str, int, str]:
    meta = owned["metadata"]
    return meta["creationTimestamp"], revision_of(owned), meta["name"]
