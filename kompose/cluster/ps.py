"""`ps`: the services of a project and how they are."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kompose.cluster.health import Health, Living, Note, unit_health
from kompose.cluster.inventory import owned_objects
from kompose.cluster.kinds import WORKLOADS, is_workload, resource_of, title
from kompose.cluster.ownership import Object, service_selector
from kompose.cluster.plan import container_names
from kompose.cluster.reach import Reach, reaches
from kompose.cluster.watching import latest_notes, units_of
from kompose.cluster.workload import Event, Workload
from kube_client.client import Client
from kube_client.codec import convert
from kube_client.errors import ForbiddenError
from kube_client.objects import Pod
from kube_client.resource import EVENTS, INGRESSES, PODS, SERVICES


class ServiceRow(NamedTuple):
    """One service as it is now, or several that share pods. `restarts` counts those of all pods.

    `containers` are the names of what runs in a pod: other services than `service`, if several.
    """

    service: str
    workloads: tuple[str, ...]
    health: Health
    restarts: int
    created: datetime | None
    images: tuple[str, ...]
    pods: tuple[str, ...]
    reaches: tuple[Reach, ...]
    containers: tuple[str, ...] = ()


async def service_rows(client: Client, project: str, namespace: str) -> list[ServiceRow]:
    """The services of a project, by name; none when nothing of it runs."""
    owned = await owned_objects(client, project, namespace, (*WORKLOADS, SERVICES, INGRESSES))
    units = units_of(obj for obj in owned if is_workload(obj))
    if not units:
        return []
    pods, notes = await asyncio.gather(
        client.list(PODS, Pod, namespace=namespace, labels=service_selector(list(units))),
        _notes(client, namespace),
    )
    addresses = await reaches(client, owned, namespace)
    return [
        _row(unit, objects, _pods_of(unit, objects, pods.items), notes, addresses.get(unit, ()))
        for unit, objects in sorted(units.items())
    ]


def living(obj: Object) -> Living:
    """A listed workload as health sees it."""
    resource = resource_of(obj)
    decode_to: type[Pod | Workload] = Pod if resource is PODS else Workload
    return Living(resource.kind, convert(obj, decode_to))


def _pods_of(unit: str, objects: Sequence[Object], pods: Sequence[Pod]) -> list[Pod]:
    names = {obj["metadata"]["name"] for obj in objects}
    return [
        pod
        for pod in pods
        if pod.metadata.labels.get("io.kompose.service") == unit or pod.metadata.name in names
    ]


def _row(
    unit: str,
    objects: Sequence[Object],
    pods: Sequence[Pod],
    notes: dict[str, Note],
    addresses: tuple[Reach, ...],
) -> ServiceRow:
    workloads = [living(obj) for obj in objects]
    return ServiceRow(
        service=unit,
        workloads=tuple(title(obj) for obj in objects),
        health=unit_health(workloads, pods, notes),
        restarts=sum(
            status.restart_count for pod in pods for status in pod.status.container_statuses
        ),
        created=min(
            (one.object.metadata.creation_timestamp for one in workloads),
            key=str,
            default=None,
        ),
        images=tuple(
            dict.fromkeys(container.image for pod in pods for container in pod.spec.containers)
        ),
        pods=tuple(pod.metadata.name for pod in pods),
        reaches=addresses,
        containers=tuple(name for obj in objects for name in container_names(obj)),
    )


async def _notes(client: Client, namespace: str) -> dict[str, Note]:
    try:
        return latest_notes((await client.list(EVENTS, Event, namespace=namespace)).items)
    except ForbiddenError:
        return {}
