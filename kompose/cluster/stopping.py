"""`stop` and `start`: services without pods, and with as many as they had before."""

from typing import Any

from kompose.cluster.kinds import resource_of
from kompose.cluster.ownership import Object
from kube_client.client import Client
from kube_client.resource import (
    CRON_JOBS,
    DEPLOYMENTS,
    PODS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
)

_COPIES = "kompose.stopped-copies"
"""The annotation that tells how many copies ran before a stop."""
_SCALED = (DEPLOYMENTS, STATEFUL_SETS, REPLICATION_CONTROLLERS)


def can_stop(obj: Object) -> bool:
    """Whether a workload can be stopped and kept; pods that have ended need not be."""
    has_ended = (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return resource_of(obj) in (*_SCALED, CRON_JOBS) or (resource_of(obj) is PODS and has_ended)


async def stop(client: Client, obj: Object, namespace: str) -> bool:
    """Have a workload run nothing until it is started; False where it ran nothing."""
    resource, spec = resource_of(obj), obj.get("spec") or {}
    patch: dict[str, Any]
    if resource in _SCALED:
        copies = spec.get("replicas", 1)
        if not copies:
            return False
        patch = {"metadata": _annotated(str(copies)), "spec": {"replicas": 0}}
    elif resource is CRON_JOBS and not spec.get("suspend"):
        patch = {"spec": {"suspend": True}}
    else:
        return False
    await client.patch(resource, obj["metadata"]["name"], patch, namespace)
    return True


async def start(client: Client, obj: Object, namespace: str) -> Object | None:
    """Have a stopped workload run again; returns it as it is then, None where it ran."""
    resource, spec = resource_of(obj), obj.get("spec") or {}
    patch: dict[str, Any]
    if resource in _SCALED and not spec.get("replicas", 1):
        copies = (obj["metadata"].get("annotations") or {}).get(_COPIES, "1")
        patch = {"metadata": _annotated(None), "spec": {"replicas": int(copies)}}
    elif resource is CRON_JOBS and spec.get("suspend"):
        patch = {"spec": {"suspend": False}}
    else:
        return None
    return await client.patch(resource, obj["metadata"]["name"], patch, namespace)


def _annotated(copies: str | None) -> dict[str, Any]:
    return {"annotations": {_COPIES: copies}}
