"""The namespace that a project lives in: made when it is missing, and known again."""

from collections.abc import Callable, Sequence

from kompose.cluster.apply import Applied, Outcome
from kompose.cluster.gone import until_gone
from kompose.cluster.kinds import title
from kompose.cluster.ownership import FIELD_MANAGER, MANAGED_BY, PROJECT, stamped
from kube_client.client import Client
from kube_client.discovery import Discovery
from kube_client.errors import AlreadyExistsError, ForbiddenError, KubeError, NotFoundError
from kube_client.objects import KubeObject
from kube_client.resource import EVENTS, NAMESPACES, ResourceType

_MADE_BY_ITSELF = {
    "ConfigMap": ("kube-root-ca.crt", "openshift-service-ca.crt"),
    "ServiceAccount": ("default",),
}
_OF_OTHERS = frozenset(("Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"))


async def ensure_namespace(
    client: Client,
    name: str,
    project: str,
    *,
    dry_run: bool,
    timeout: float | None,
    on_wait: Callable[[str], None],
) -> Applied | None:
    """Make the namespace when it is missing, marked as ours; None when it was there.

    One that is being deleted is waited for, and made anew. A user who may not look at namespaces
    is believed to have one.

    Raises:
        ClusterError: It is being deleted, and is not gone after `timeout` seconds.
    """
    try:
        found = await client.get(NAMESPACES, name)
        if "deletionTimestamp" in found["metadata"]:
            on_wait(f"namespace/{name} is being deleted; waiting until it is gone ...")
            await until_gone(client, NAMESPACES, "", name, found["metadata"]["uid"], timeout)
            await client.get(NAMESPACES, name)
    except NotFoundError:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        try:
            made = await client.create(
                NAMESPACES,
                stamped(namespace, project),
                dry_run=dry_run,
                field_manager=FIELD_MANAGER,
            )
        except AlreadyExistsError:  # somebody was quicker, or our own first try was carried out
            return None
        return Applied(title(namespace), Outcome.CREATED, made)
    except ForbiddenError:
        return None
    return None


async def is_own_namespace(client: Client, project: str, name: str) -> bool:
    """Whether up made the namespace for this project."""
    try:
        namespace = await client.get(NAMESPACES, name)
    except (NotFoundError, ForbiddenError):
        return False
    labels = namespace["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) == "kompose" and labels.get(PROJECT) == project


async def is_empty(client: Client, namespace: str) -> bool:
    """Whether nothing is left in a namespace but what is in every one, and what is leaving.

    In doubt, no.
    """
    try:
        resources = (await Discovery.discover(client)).resources
        for resource in resources:
            if resource.namespaced and "list" in resource.verbs and not _is_of_others(resource):
                found = await client.list(resource, KubeObject, namespace=namespace)
                automatic = _MADE_BY_ITSELF.get(resource.kind, ())
                if any(_stays(obj, automatic) for obj in found.items):
                    return False
    except KubeError:
        return False
    return True


def _stays(obj: KubeObject, automatic: Sequence[str]) -> bool:
    return obj.metadata.deletion_timestamp is None and obj.metadata.name not in automatic


def _is_of_others(resource: ResourceType) -> bool:
    return resource.kind in _OF_OTHERS or resource.plural == EVENTS.plural
