"""What up made for a project, found again by its labels."""

import asyncio
from collections.abc import Sequence

from kompose.cluster.errors import ClusterError
from kompose.cluster.kinds import OWNED, WORKLOADS, title
from kompose.cluster.needed import needed_titles
from kompose.cluster.ownership import MANAGED_BY, Object, project_selector, service_key
from kube_client.client import Client
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.resource import PERSISTENT_VOLUME_CLAIMS, ResourceType


async def owned_objects(
    client: Client,
    project: str,
    namespace: str,
    kinds: Sequence[ResourceType] = OWNED,
) -> list[Object]:
    """The objects of a project, in the order of making, without managed fields.

    Kinds that the server does not have, or that the user may not list, have none.

    Raises:
        ForbiddenError: The user may list none of the kinds.
    """
    lists = await asyncio.gather(
        *(_listed(client, resource, project_selector(project), namespace) for resource in kinds)
    )
    refusals = [found for found in lists if isinstance(found, ForbiddenError)]
    if len(refusals) == len(kinds):
        raise refusals[0]
    return [obj for found in lists if not isinstance(found, ForbiddenError) for obj in found]


async def owned_workloads(client: Client, project: str, namespace: str) -> list[Object]:
    """What runs for a project.

    Raises:
        ClusterError: Nothing of the project is there.
    """
    found = await owned_objects(client, project, namespace, WORKLOADS)
    if not found:
        raise ClusterError(
            f"Nothing of the project {project!r} runs in namespace {namespace}. "
            "Start it with: kompose up, or name another namespace with --namespace"
        )
    return found


async def orphans(
    client: Client, objects: Sequence[Object], project: str, namespace: str
) -> tuple[Object, ...]:
    """What an earlier up of a project made and its files, converted to objects, no longer have.

    Claims that a StatefulSet of the files made for its pods are no orphans, nor is what the files
    take to be there already.
    """
    wanted = {title(obj) for obj in objects} | needed_titles(objects)
    found = await owned_objects(client, project, namespace)
    set_keys = {
        service_key(claim)
        for obj in objects
        for claim in (obj.get("spec") or {}).get("volumeClaimTemplates") or ()
    }
    return tuple(
        obj
        for obj in found
        if title(obj) not in wanted
        and not (obj["kind"] == PERSISTENT_VOLUME_CLAIMS.kind and service_key(obj) in set_keys)
    )


async def running_projects(client: Client, namespace: str) -> list[str]:
    """The projects that up made something for in a namespace."""
    names: set[str] = set()
    for resource in OWNED:
        found = await _listed(client, resource, f"{MANAGED_BY}=kompose", namespace)
        if not isinstance(found, ForbiddenError):
            names |= {obj["metadata"]["labels"].get("io.kompose.project", "") for obj in found}
    return sorted(names - {""})


def of_service(workloads: Sequence[Object], key: str, name: str) -> list[Object]:
    """The workloads of one service.

    Raises:
        ClusterError: The service runs nothing.
    """
    from kompose.cluster.plan import container_names

    found = [obj for obj in workloads if service_key(obj) == key] or [
        obj for obj in workloads if key in container_names(obj)
    ]
    if not found:
        known = ", ".join(sorted({service_key(obj) for obj in workloads} - {""}))
        raise ClusterError(f"There is no service {name!r} running; these are: {known}.")
    return found


async def _listed(
    client: Client, resource: ResourceType, labels: str, namespace: str
) -> list[Object] | ForbiddenError:
    try:
        found = await client.list(resource, namespace=namespace, labels=labels)
    except ForbiddenError as error:
        return error
    except NotFoundError:
        return []
    for obj in found.items:
        obj.setdefault("apiVersion", resource.api_version)
        obj.setdefault("kind", resource.kind)
        obj["metadata"].pop("managedFields", None)
    return found.items
