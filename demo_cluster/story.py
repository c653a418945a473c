"""The story of a cluster: the steps of its scenario, each at its time, in the past or to come."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from demo_cluster.kinds import Kind, KindRegistry, Obj
from demo_cluster.scenarios.scenario import Scenario, Step
from demo_cluster.store.history import HistoryClock
from demo_cluster.store.storage import Storage, key_of


class Story:
    """Makes happen what the scenario says.

    `turns` are what a step does to the cluster's machinery and no object keeps, by its action.
    """

    def __init__(
        self,
        scenario: Scenario,
        clock: HistoryClock,
        storage: Storage,
        registry: KindRegistry,
        turns: Mapping[str, Callable[[Any], None]],
    ) -> None:
        self._scenario = scenario
        self._clock = clock
        self._storage = storage
        self._registry = registry
        self._turns = turns
        self.on_told: Callable[[float], None] = lambda _seconds: None
        """Called after every step of the present, with its time in seconds."""

    def tell(self) -> None:
        """Everything that lies in the past."""
        clock, scenario = self._clock, self._scenario
        start = clock.now() + scenario.past
        for step in scenario.steps:
            if step.seconds > 0:
                break
            if scenario.past:
                clock.run_until(start + timedelta(seconds=step.seconds))
            self._happen(step)

    def go_on(self, begun: datetime, told: float = 0.0) -> None:
        """Arrange what is to come, of a story that began then and has been told so far."""
        elapsed = (self._clock.now() - begun).total_seconds()
        for step in self._scenario.steps:
            if 0 < step.seconds <= told:
                self._happened(step)
            elif step.seconds > max(told, 0):
                delay = max(step.seconds - elapsed, 0.0)
                self._clock.call_later(delay, lambda step=step: self._tell(step))  # type: ignore[misc]  # a lambda with a default

    def _tell(self, step: Step) -> None:
        self._happen(step)
        self.on_told(step.seconds)

    def _happened(self, step: Step) -> None:
        """It was told in an earlier run; only what no object keeps is done again."""
        if step.action in self._turns:
            self._happen(step)

    def _happen(self, step: Step) -> None:
        actions: dict[str, Callable[[Any], None]] = {
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
            **self._turns,
        }
        actions[step.action](step.value)

    def _kind(self, value: Obj) -> Kind | None:
        """The kind of an entry; a custom one is gone when its definition is."""
        return self._registry.by_kind(value.get("apiVersion", "v1"), value["kind"])

    def _create(self, value: Obj) -> None:
        kind = self._kind(value)
        if kind is None:
            return
        namespace, name = key_of(value) if value["metadata"].get("name") else ("", "")
        if name and self._storage.get(kind, namespace, name) is not None:
            return
        self._storage.create(kind, copy.deepcopy(value))

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

        self._storage.modify(kind, value.get("namespace", ""), value["name"], change)

    def _delete(self, value: Obj) -> None:
        kind = self._kind(value)
        namespace, name = value.get("namespace", ""), value["name"]
        if kind and self._storage.get(kind, namespace, name) is not None:
            self._storage.request_delete(kind, namespace, name, propagation="Background")


def _merge(target: Any, patch: Any) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        elif value is None:
            target.pop(key, None)
        else:
            target[key] = copy.deepcopy(value)
