"""A project as it lives: its workloads, pods and events, followed by watch."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from kompose.cluster.health import Health, Living, Note, Phase, unit_health
from kompose.cluster.kinds import resource_of
from kompose.cluster.ownership import Object, service_key, service_selector
from kompose.cluster.workload import Event, Workload
from kube_client.client import Client
from kube_client.errors import ForbiddenError
from kube_client.objects import Pod
from kube_client.reflector import Reflector
from kube_client.resource import EVENTS, PODS, ObjectKey, ResourceType

_UNBOUND_REASONS = ("FailedBinding", "ProvisioningFailed")


class Expected(NamedTuple):
    """An object as it was when it was last written: older states of it tell nothing."""

    uid: str
    generation: int


class ProjectWatch:
    """Follows what a project runs, from entering the block to leaving it.

    Raises on entering:
        ForbiddenError: The user may not see the pods or the workloads.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        workloads: Mapping[str, Sequence[Object]],
        labels: str = "",
    ) -> None:
        self._namespace = namespace
        self._workloads = workloads
        self._expected: dict[tuple[str, str], Expected] = {}
        self._kept: set[str] = set()
        self._seen: set[tuple[str, str]] = set()
        self.pods = Reflector(
            client, PODS, Pod, namespace=namespace, labels=service_selector(list(workloads))
        )
        self._events = Reflector(client, EVENTS, Event, namespace=namespace)
        self._kinds: dict[ResourceType, Reflector[Workload]] = {
            resource: Reflector(client, resource, Workload, namespace=namespace, labels=labels)
            for resource in {resource_of(obj) for group in workloads.values() for obj in group}
            if resource is not PODS
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._subscriptions: list[Any] = []

    async def __aenter__(self) -> Self:
        required: list[Reflector[Any]] = [self.pods, *self._kinds.values()]
        for reflector in (*required, self._events):
            self._tasks.append(asyncio.create_task(reflector.run()))
            self._subscriptions.append(reflector.store.subscribe())
        for reflector in required:
            state = await reflector.settled()
            if isinstance(state.error, ForbiddenError):
                await self.__aexit__(None, None, None)
                raise state.error
        await self._events.settled()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for subscription in self._subscriptions:
            subscription.close()

    def expect(self, obj: Mapping[str, Any]) -> None:
        """This object was written just now; wait until the store has caught up with it."""
        meta = obj["metadata"]
        self._expected[obj["kind"], meta["name"]] = Expected(
            meta.get("uid", ""), int(meta.get("generation") or 0)
        )
        self._seen.discard((obj["kind"], meta["name"]))

    def keep(self, unit: str) -> None:
        """Nothing of this unit was written: what gave up before may still come back."""
        self._kept.add(unit)

    def health(self, unit: str) -> Health:
        """How this unit is."""
        if any(self._is_removed(obj) for obj in self._workloads[unit]):
            return Health(Phase.FAILED, why="somebody has removed it meanwhile")
        found = [self._living(obj) for obj in self._workloads[unit]]
        if any(workload is None for workload in found):
            return unit_health((), (), {})
        known = [workload for workload in found if workload is not None]
        health = unit_health(known, self.pods_of(unit), self._notes())
        if health.phase is Phase.FAILED and unit in self._kept:
            return health._replace(phase=Phase.TROUBLE)
        return health

    def pods_of(self, unit: str) -> list[Pod]:
        """The pods of a unit, oldest first."""
        names = {str(obj["metadata"]["name"]) for obj in self._workloads[unit]}
        pods = [
            pod
            for pod in self.pods.store.values()
            if pod.metadata.labels.get("io.kompose.service") == unit or pod.metadata.name in names
        ]
        return sorted(
            pods, key=lambda pod: (str(pod.metadata.creation_timestamp), pod.metadata.name)
        )

    async def changed(self, timeout: float | None) -> None:
        """Return when something has changed, or after this many seconds."""
        waiting = [
            asyncio.ensure_future(subscription.wait()) for subscription in self._subscriptions
        ]
        try:
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        for subscription in self._subscriptions:
            subscription.take()

    def _living(self, obj: Object) -> Living | None:
        """The object as the cluster has it; None before it is there in the state written."""
        resource = resource_of(obj)
        key = ObjectKey(self._namespace, str(obj["metadata"]["name"]))
        found: Workload | Pod | None
        if resource is PODS:
            found = self.pods.store.get(key)
        else:
            found = self._kinds[resource].store.get(key)
        expected = self._expected.get((resource.kind, key.name))
        if found is None:
            return None
        meta = found.metadata
        if expected and (meta.uid != expected.uid or meta.generation < expected.generation):
            return None
        self._seen.add((resource.kind, key.name))
        return Living(resource.kind, found)

    def _is_removed(self, obj: Object) -> bool:
        """Whether what was there in the state written is there no more."""
        return (obj["kind"], obj["metadata"]["name"]) in self._seen and self._living(obj) is None

    def _notes(self) -> dict[str, Note]:
        return latest_notes(self._events.store.values())


def latest_notes(events: Iterable[Event]) -> dict[str, Note]:
    """The last thing that was said of each object, by its uid.

    Claims for which there is no volume are there by their name too: `persistentvolumeclaim/data`.
    """
    notes: dict[str, Note] = {}
    for event in sorted(events, key=lambda event: str(event.when)):
        before = notes.get(event.involved_object.uid)
        unhealthy = "" if before is None else before.unhealthy
        if event.reason == "Unhealthy":
            unhealthy = event.message
        notes[event.involved_object.uid] = Note(
            event.type == "Warning", event.reason, event.message, unhealthy
        )
        if event.reason in _UNBOUND_REASONS:
            about = event.involved_object
            notes[f"{about.kind.lower()}/{about.name}"] = notes[about.uid]
    return notes


def units_of(objects: Iterable[Mapping[str, Any]]) -> dict[str, list[Object]]:
    """Workloads found on a cluster, by the service whose label they carry."""
    units: dict[str, list[Object]] = {}
    for obj in objects:
        units.setdefault(service_key(obj) or str(obj["metadata"]["name"]), []).append(dict(obj))
    return units
