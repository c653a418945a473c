"""`restart` and `scale`: the workloads of services that run, changed in place."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from kompose.cluster.errors import ClusterError
from kompose.cluster.gone import until_gone
from kompose.cluster.kinds import resource_of, title
from kompose.cluster.ownership import FIELD_MANAGER, Object, service_key
from kube_client.client import Client
from kube_client.errors import NotFoundError
from kube_client.patch import PatchType
from kube_client.resource import (
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    PODS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
)

_ROLLED = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)
_SCALED = (DEPLOYMENTS, STATEFUL_SETS, REPLICATION_CONTROLLERS)
_ONLY_THESE = "only Deployments, StatefulSets and ReplicationControllers run copies"
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


async def restart(client: Client, obj: Object, namespace: str) -> Object | None:
    """Have a workload's pods replaced, one after the other where it can; returns it as it is then.

    None means that there is nothing to restart between two runs of a schedule.
    """
    resource = resource_of(obj)
    name = obj["metadata"]["name"]
    if resource in _ROLLED:
        annotations = {_RESTARTED_AT: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        return await client.patch(resource, name, patch, namespace, patch_type=PatchType.STRATEGIC)
    if resource is CRON_JOBS:
        return None
    if resource is REPLICATION_CONTROLLERS:
        await _replace_pods(client, obj, namespace)
        return await client.get(resource, name, namespace)
    assert resource in (PODS, JOBS)
    uid = obj["metadata"]["uid"]
    with suppress(NotFoundError):
        await client.delete(resource, name, namespace, uid=uid, propagation="Background")
    await until_gone(client, resource, namespace, name, uid)
    return await client.apply(
        resource, _fresh(obj), field_manager=FIELD_MANAGER, force=True, namespace=namespace
    )


async def scale(
    client: Client, workloads: Sequence[Object], namespace: str, replicas: int
) -> Object:
    """Have a service run this many copies; returns the workload as it is then.

    Raises:
        ClusterError: The service is of a kind that has no copies.
    """
    for obj in workloads:
        resource = resource_of(obj)
        if resource in _SCALED:
            name = obj["metadata"]["name"]
            await client.scale(resource, name, namespace, replicas)
            return await client.get(resource, name, namespace)
    names = ", ".join(title(obj) for obj in workloads)
    raise ClusterError(f"{names} cannot be scaled: {_ONLY_THESE}.")


def with_copies(objects: Sequence[Object], copies: Mapping[str, int]) -> list[Object]:
    """The objects with these numbers of copies, by the label of the service.

    Raises:
        ClusterError: A service is of a kind that has no copies.
    """
    missing = set(copies)
    sized = []
    for obj in objects:
        key = service_key(obj)
        if key in copies and any(obj.get("kind") == resource.kind for resource in _SCALED):
            missing.discard(key)
            sized.append({**obj, "spec": {**obj["spec"], "replicas": copies[key]}})
        else:
            sized.append(obj)
    for key in missing:
        raise ClusterError(f"{key} cannot be scaled: {_ONLY_THESE}.")
    return sized


async def _replace_pods(client: Client, obj: Object, namespace: str) -> None:
    labels = (obj.get("spec") or {}).get("selector") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    for pod in (await client.list(PODS, namespace=namespace, labels=selector)).items:
        with suppress(NotFoundError):
            name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
            await client.delete(PODS, name, namespace, uid=uid)


def _fresh(obj: Object) -> Object:
    """A pod or job as it could be made again: without what the server and the scheduler wrote."""
    spec = dict(obj["spec"])
    if obj["kind"] == PODS.kind:
        spec.pop("nodeName", None)
        return {**_bare(obj), "spec": _without_token_mounts(spec)}
    spec.pop("selector", None)
    template = dict(spec["template"])
    meta = dict(template.get("metadata") or {})
    own = ("controller-uid", "job-name")
    meta["labels"] = {
        key: value for key, value in (meta.get("labels") or {}).items() if not key.endswith(own)
    }
    return {**_bare(obj), "spec": {**spec, "template": {**template, "metadata": meta}}}


def _bare(obj: Object) -> Object:
    meta = {key: value for key, value in obj["metadata"].items() if key not in _OF_THE_SERVER}
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "metadata": meta,
    }


def _without_token_mounts(spec: Object) -> Object:
    """The spec without the service account's volume, which every new pod gets by itself."""

    def kept(parts: Sequence[Object] | None) -> list[Object]:
        return [part for part in parts or () if not part["name"].startswith("kube-api-access-")]

    spec = {**spec, "volumes": kept(spec.get("volumes"))}
    for field in ("containers", "initContainers"):
        if spec.get(field):
            spec[field] = [
                {**container, "volumeMounts": kept(container.get("volumeMounts"))}
                for container in spec[field]
            ]
    return spec
