"""The kinds that a project can consist of: their resources, and the order of making them. Pure."""

from collections.abc import Mapping
from typing import Any

from kompose.cluster.errors import ClusterError
from kube_client.resource import (
    CONFIG_MAPS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    HORIZONTAL_POD_AUTOSCALERS,
    INGRESSES,
    JOBS,
    NAMESPACES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICATION_CONTROLLERS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
    ResourceType,
)

_IN_ORDER = (
    NAMESPACES,
    SERVICE_ACCOUNTS,
    SECRETS,
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    NETWORK_POLICIES,
    SERVICES,
    INGRESSES,
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    REPLICATION_CONTROLLERS,
    JOBS,
    CRON_JOBS,
    PODS,
    HORIZONTAL_POD_AUTOSCALERS,
)
_RESOURCES = {(resource.api_version, resource.kind): resource for resource in _IN_ORDER}
_RANKS = {resource: rank for rank, resource in enumerate(_IN_ORDER)}

WORKLOADS = (
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    REPLICATION_CONTROLLERS,
    JOBS,
    CRON_JOBS,
    PODS,
)
"""Kinds that run something."""

OWNED = tuple(resource for resource in _IN_ORDER if resource is not NAMESPACES)
"""Kinds in which down looks for what up made, in the order of making."""


def resource_of(obj: Mapping[str, Any]) -> ResourceType:
    """The resource of an object that convert wrote.

    Raises:
        ClusterError: It is of a kind that up does not make.
    """
    identity = (str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
    found = _RESOURCES.get(identity)
    if found is None:
        raise ClusterError(
            f"up does not make {identity[1] or 'objects without a kind'} ({identity[0]}). "
            "Write it with: kompose convert --stdout, and apply it with kubectl"
        )
    return found


def rank(resource: ResourceType) -> int:
    """When a kind is made: what others need comes first."""
    return _RANKS[resource]


def is_workload(obj: Mapping[str, Any]) -> bool:
    """Whether the object runs something."""
    return _RESOURCES.get((obj.get("apiVersion", ""), obj.get("kind", ""))) in WORKLOADS


def title(obj: Mapping[str, Any]) -> str:
    """An object in words: `deployment/web`."""
    return f"{str(obj.get('kind', '')).lower()}/{obj.get('metadata', {}).get('name', '')}"
