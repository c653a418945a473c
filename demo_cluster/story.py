"""The story of a cluster: the steps of its scenario, each at its time, in the past or to come."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from demo_cluster.kinds import Kind, Obj
from demo_cluster.scenario import Step
from demo_cluster.storage import key_of

if TYPE_CHECKING:
    from demo_cluster.world import World


class Story:
    """Makes happen what the scenario says."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._registry = world.registry
        self.on_told: Callable[[float], None] = lambda _seconds: None
        """Called after every step of the present, with its time in seconds."""

    def tell(self) -> None:
        """Everything that lies in the past."""
        clock, scenario = self._world.clock, self._world.scenario
        start = clock.now() + scenario.past
        for step in scenario.steps:
            if step.seconds > 0:
                break
            if scenario.past:
                clock.run_until(start + timedelta(seconds=step.seconds))
            self._happen(step)

    def go_on(self, begun: datetime, told: float = 0.0) -> None:
        """Arrange what is to come, of a story that began then and has been told so far."""
        elapsed = (self._world.clock.now() - begun).total_seconds()
        for step in self._world.scenario.steps:
            if 0 < step.seconds <= told:
                self._happened(step)
            elif step.seconds > max(told, 0):
                delay = max(step.seconds - elapsed, 0.0)
                self._world.clock.call_later(delay, lambda step=step: self._tell(step))  # type: ignore[misc]  # a lambda with a default

    def _tell(self, step: Step) -> None:
        self._happen(step)
        self.on_told(step.seconds)

    def _happened(self, step: Step) -> None:
        """It was told in an earlier run; only what no object keeps is done again."""
        if step.action in ("lose_node", "restore_node", "faults"):
            self._happen(step)

    def _happen(self, step: Step) -> None:
        actions: dict[str, Callable[[Any], None]] = {
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
            "lose_node": self._world.nodes.lose,
            "restore_node": self._world.nodes.restore,
            "faults": self._world.faults.change,
        }
        actions[step.action](step.value)

    def _kind(self, value: Obj) -> Kind | None:
        """The kind of an entry; a custom one is gone when its definition is."""
        return self._registry.by_kind(value.get("apiVersion", "v1"), value["kind"])

    def _create(self, value: Obj) -> None:
        kind = self._kind(value)
        if kind is None:
            return
        storage = self._world.storage
        namespace, name = key_of(value) if value["metadata"].get("name") else ("", "")
        if name and storage.get(kind, namespace, name) is not None:
            return
        self._world.admit(kind, copy.deepcopy(value))

    def _patch(self, value: Obj) -> None:
        """`{kind, namespace, name, image | replicas | merge}`."""
        kind = self._kind(value)
        if kind is None:
            return

        def change(obj: Obj) -> None:
            if "replicas" in value:
                obj["spec"]["replicas"] = value["replicas"]
            if "image" in value:
                container = obj["spec"]["template"]["spec"]["containers"][0]
                container["image"] = value["image"]
            _merge(obj, value.get("merge", {}))

        self._world.storage.modify(kind, value.get("namespace", ""), value["name"], change)

    def _delete(self, value: Obj) -> None:
        kind = self._kind(value)
        namespace, name = value.get("namespace", ""), value["name"]
        if kind and self._world.storage.get(kind, namespace, name) is not None:
            self._world.storage.request_delete(kind, namespace, name, propagation="Background")


def _merge(target: Any, patch: Any) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        elif value is None:
            target.pop(key, None)
        else:
            target[key] = copy.deepcopy(value)
