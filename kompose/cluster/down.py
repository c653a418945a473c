"""`down`: remove exactly what `up` made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from kompose.cluster.errors import ClusterError
from kompose.cluster.gone import until_none
from kompose.cluster.inventory import owned_objects
from kompose.cluster.kinds import WORKLOADS, resource_of, title
from kompose.cluster.namespace import is_empty, is_own_namespace
from kompose.cluster.ownership import (
    Object,
    project_selector,
    service_key,
    service_selector,
)
from kube_client.client import Client
from kube_client.errors import ConflictError, ForbiddenError, NotFoundError
from kube_client.objects import KubeObject
from kube_client.resource import (
    JOBS,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICA_SETS,
    ResourceType,
)

Descendant: TypeAlias = tuple[ResourceType, KubeObject]
"""What a controller made of a removed object, and its kind."""


@dataclass(frozen=True, slots=True)
class DownOptions:
    """What to remove: volumes only when asked for, some services or all.

    Containers get `grace_seconds` to stop, None leaves them their own time; `timeout` is how many
    seconds to wait until all is gone, None waits for ever.
    """

    namespace: str
    volumes: bool = False
    services: tuple[str, ...] = ()
    grace_seconds: int | None = None
    timeout: float | None = 120.0


class Removal(NamedTuple):
    """One piece of news: an object is being removed, or is gone."""

    title: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class DownPlan:
    """What will go, and what stays."""

    removed: tuple[Object, ...]
    kept_volumes: tuple[str, ...]
    namespace: str = ""
    """One that up made: it goes too, when nothing of anybody else is left in it."""

    @property
    def destroys_data(self) -> bool:
        """Whether volumes are among what goes."""
        return any(obj["kind"] == PERSISTENT_VOLUME_CLAIMS.kind for obj in self.removed)


@dataclass(frozen=True, slots=True)
class DownResult:
    """What went, what stayed; nothing went when the person said no."""

    removed: tuple[str, ...] = ()
    kept_volumes: tuple[str, ...] = ()
    kept_namespace: str = ""
    is_declined: bool = False


async def down(
    client: Client,
    project_name: str,
    options: DownOptions,
    confirm: Callable[[DownPlan], Awaitable[bool]],
    progress: Callable[[Removal], None],
) -> DownResult:
    """Remove a project's objects and wait until they are gone.

    The namespace goes too when `up` made it and nothing of anybody else is left in it.

    Raises:
        ClusterError: Something did not end in time.
        KubeError: The server refused, or went away.
    """
    plan = _plan(await owned_objects(client, project_name, options.namespace), options)
    may_go = not options.services and not plan.kept_volumes
    if may_go and await is_own_namespace(client, project_name, options.namespace):
        plan = replace(plan, namespace=options.namespace)
    if (plan.removed or plan.namespace) and not await confirm(plan):
        return DownResult(is_declined=True)
    kin = await _descendants(client, plan.removed, options.namespace)
    foreign = await _foreign_pods(client, plan.removed, kin, options.namespace)
    for obj in reversed(plan.removed):
        await _delete(client, obj, options)
        progress(Removal(title(obj)))
    await _hurry(client, plan.removed, kin, options)
    await _until_all_gone(client, project_name, plan.removed, foreign, options, progress)
    removed = [title(obj) for obj in plan.removed]
    kept = plan.namespace
    if plan.namespace and await is_empty(client, options.namespace):
        with suppress(ForbiddenError):
            await _delete_namespace(client, options, progress)
            removed.append(f"namespace/{options.namespace}")
            kept = ""
    return DownResult(tuple(removed), plan.kept_volumes, kept)


def _plan(found: Sequence[Object], options: DownOptions) -> DownPlan:
    chosen = [obj for obj in found if not options.services or service_key(obj) in options.services]
    is_volume = [obj["kind"] == PERSISTENT_VOLUME_CLAIMS.kind for obj in chosen]
    pairs = list(zip(chosen, is_volume, strict=True))
    return DownPlan(
        tuple(obj for obj, volume in pairs if options.volumes or not volume),
        tuple(obj["metadata"]["name"] for obj, volume in pairs if volume and not options.volumes),
    )


async def _delete(client: Client, obj: Object, options: DownOptions) -> None:
    resource = resource_of(obj)
    grace = options.grace_seconds if resource is PODS else None
    with suppress(NotFoundError):  # somebody was quicker
        await client.delete(
            resource,
            obj["metadata"]["name"],
            options.namespace,
            uid=obj["metadata"]["uid"],
            propagation="Background",
            grace_seconds=grace,
        )


async def _hurry(
    client: Client, removed: Sequence[Object], kin: Sequence[Descendant], options: DownOptions
) -> None:
    """Give the pods of what was removed no longer than they are to get.

    Their ReplicaSets go first: they would make new pods. `kin` are the descendants before the
    removal: a ReplicaSet may be gone by now, and nothing else says whose pods its pods were.
    """
    if options.grace_seconds is None:
        return
    known = {obj.metadata.uid for _, obj in kin}
    now = await _descendants(client, removed, options.namespace, also_of=known)
    new = [(resource, obj) for resource, obj in now if obj.metadata.uid not in known]
    for resource, obj in [*kin, *new]:
        with suppress(NotFoundError, ConflictError):  # it has gone, perhaps another has its name
            await client.delete(
                resource,
                obj.metadata.name,
                options.namespace,
                uid=obj.metadata.uid,
                propagation="Background",
                grace_seconds=options.grace_seconds if resource is PODS else None,
            )


async def _descendants(
    client: Client,
    removed: Sequence[Object],
    namespace: str,
    *,
    also_of: AbstractSet[str] = frozenset(),
) -> list[Descendant]:
    """The ReplicaSets, Jobs and pods that these objects own, owners first."""
    owners = {obj["metadata"]["uid"] for obj in removed} | also_of
    found: list[Descendant] = []
    for resource in (REPLICA_SETS, JOBS, PODS):
        try:
            listed = await client.list(resource, KubeObject, namespace=namespace)
        except ForbiddenError:
            continue
        mine = [
            obj
            for obj in listed.items
            if any(owner.uid in owners for owner in obj.metadata.owner_references)
        ]
        owners |= {obj.metadata.uid for obj in mine}
        found += [(resource, obj) for obj in mine]
    return found


async def _foreign_pods(
    client: Client, removed: Sequence[Object], kin: Sequence[Descendant], namespace: str
) -> set[str]:
    """The uids of pods that look like those of the project's services, and are not."""
    own = {obj["metadata"]["uid"] for obj in removed}
    own |= {obj.metadata.uid for _, obj in kin}
    units = _units(removed)
    if not units:
        return set()
    alike = await client.list(PODS, KubeObject, namespace=namespace, labels=service_selector(units))
    return {obj.metadata.uid for obj in alike.items} - own


def _units(removed: Sequence[Object]) -> list[str]:
    """The services whose pods go with these objects."""
    return sorted({service_key(obj) for obj in removed if resource_of(obj) in WORKLOADS} - {""})


async def _until_all_gone(
    client: Client,
    project: str,
    removed: Sequence[Object],
    foreign: set[str],
    options: DownOptions,
    progress: Callable[[Removal], None],
) -> None:
    """Wait for the objects and for the pods that they ran."""
    kinds = dict.fromkeys(resource_of(obj) for obj in removed)
    waits = [
        _until_kind_gone(
            client,
            resource,
            [obj for obj in removed if resource_of(obj) is resource],
            project,
            options,
            progress,
        )
        for resource in kinds
    ]
    if units := _units(removed):
        waits.append(_until_pods_gone(client, units, foreign, options, progress))
    await asyncio.gather(*waits)


async def _until_kind_gone(
    client: Client,
    resource: ResourceType,
    removed: Sequence[Object],
    project: str,
    options: DownOptions,
    progress: Callable[[Removal], None],
) -> None:
    uids = {obj["metadata"]["uid"] for obj in removed}
    there = [obj["metadata"]["name"] for obj in removed]

    def tell(left: list[str]) -> None:
        for name in [name for name in there if name not in left]:
            there.remove(name)
            progress(Removal(f"{resource.kind.lower()}/{name}", is_gone=True))

    await until_none(
        client,
        resource,
        options.namespace,
        labels=project_selector(project),
        is_awaited=lambda found: found.metadata.uid in uids,
        on_left=tell,
        timeout=options.timeout,
    )
    tell([])


def pods_news(progress: Callable[[Removal], None]) -> Callable[[list[str]], None]:
    """Makes news of the names of the pods that are left, each time."""
    seen: set[str] = set()

    def tell(left: list[str]) -> None:
        for name in sorted(seen.symmetric_difference(left)):
            progress(Removal(f"pod/{name}", is_gone=name not in left))
        seen.intersection_update(left)
        seen.update(left)

    return tell


async def _until_pods_gone(
    client: Client,
    units: list[str],
    foreign: set[str],
    options: DownOptions,
    progress: Callable[[Removal], None],
) -> None:
    tell = pods_news(progress)
    await until_none(
        client,
        PODS,
        options.namespace,
        labels=service_selector(units),
        is_awaited=lambda found: found.metadata.uid not in foreign,
        on_left=tell,
        timeout=options.timeout,
    )
    tell([])


async def _delete_namespace(
    client: Client, options: DownOptions, progress: Callable[[Removal], None]
) -> None:
    name = f"namespace/{options.namespace}"
    await client.delete(NAMESPACES, options.namespace)
    progress(Removal(name))
    try:
        await until_none(
            client,
            NAMESPACES,
            "",
            fields=f"metadata.name={options.namespace}",
            is_awaited=lambda found: found.metadata.name == options.namespace,
            timeout=options.timeout,
        )
    except ClusterError:
        return  # it is on its way out, and has been told as such
    progress(Removal(name, is_gone=True))
