"""`ls`: the projects of a cluster, or of as much of it as the user may see."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from kompose.cluster.health import Phase
from kompose.cluster.kinds import WORKLOADS
from kompose.cluster.ownership import MANAGED_BY, PROJECT, Object
from kompose.cluster.ps import service_rows
from kube_client.client import Client
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.resource import ResourceType


class ProjectRow(NamedTuple):
    """One project in one namespace, and how many of its services are in which state."""

    name: str
    namespace: str
    phases: tuple[tuple[Phase, int], ...]

    @property
    def status(self) -> str:
        """As docker compose says it: `ready(3), trouble(1)`."""
        return ", ".join(f"{phase.value}({count})" for phase, count in self.phases)


async def project_rows(client: Client, namespace: str | None) -> list[ProjectRow]:
    """The projects of a namespace, of all for None, by name.

    Raises:
        ForbiddenError: The user may list no workloads there.
    """
    lists = await asyncio.gather(*(_listed(client, kind, namespace) for kind in WORKLOADS))
    refusals = [found for found in lists if isinstance(found, ForbiddenError)]
    if len(refusals) == len(WORKLOADS):
        raise refusals[0]
    places = {
        (obj["metadata"]["labels"].get(PROJECT, ""), obj["metadata"]["namespace"])
        for found in lists
        if not isinstance(found, ForbiddenError)
        for obj in found
    }
    return [await _row(client, name, where) for name, where in sorted(places) if name]


async def _row(client: Client, name: str, namespace: str) -> ProjectRow:
    rows = await service_rows(client, name, namespace)
    found = [row.health.phase for row in rows]
    phases = tuple((phase, found.count(phase)) for phase in Phase if phase in found)
    return ProjectRow(name, namespace, phases)


async def _listed(
    client: Client, resource: ResourceType, namespace: str | None
) -> Sequence[Object] | ForbiddenError:
    try:
        labels = f"{MANAGED_BY}=kompose,{PROJECT}"
        return (await client.list(resource, namespace=namespace, labels=labels)).items
    except ForbiddenError as error:
        return error
    except NotFoundError:
        return []
