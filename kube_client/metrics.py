"""What pods and nodes use, from metrics.k8s.io."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kube_client.client import Client
from kube_client.errors import KubeError, NotFoundError, ServerError
from kube_client.objects import KubeObject, KubeStruct
from kube_client.quantity import QuantityError, parse_bytes, parse_cores
from kube_client.resource import ObjectKey, ResourceType

POD_METRICS = ResourceType("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", True)
NODE_METRICS = ResourceType("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False)


class MetricsUnavailable(KubeError):  # noqa: N818  # an everyday state of a cluster, not a fault
    """The cluster has no metrics server, or it has no answer now."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor and memory in use."""

    cores: float = 0.0
    memory_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cores + other.cores, self.memory_bytes + other.memory_bytes)


@dataclass(frozen=True, slots=True)
class PodUsage:
    """What the containers of a pod use, by name, as of `at`."""

    containers: Mapping[str, Usage]
    at: datetime | None = None

    @property
    def total(self) -> Usage:
        """The whole pod's."""
        return sum(self.containers.values(), Usage())


class _ContainerMetrics(KubeStruct):
    name: str = ""
    usage: dict[str, str] = msgspec.field(default_factory=dict)


class _PodMetrics(KubeObject):
    timestamp: datetime | None = None
    containers: list[_ContainerMetrics] = msgspec.field(default_factory=list)


class _NodeMetrics(KubeObject):
    usage: dict[str, str] = msgspec.field(default_factory=dict)


async def pod_usage(
    client: Client, namespace: str | None = None, *, labels: str = ""
) -> dict[ObjectKey, PodUsage]:
    """What each pod uses; no namespace means all of them.

    Raises:
        MetricsUnavailable: The cluster does not measure.
    """
    try:
        found = await client.list(POD_METRICS, _PodMetrics, namespace=namespace, labels=labels)
    except (NotFoundError, ServerError) as error:
        raise _unavailable(error) from error
    return {
        item.key: PodUsage(
            {part.name: _usage(part.usage) for part in item.containers}, item.timestamp
        )
        for item in found.items
    }


async def node_usage(client: Client) -> dict[str, Usage]:
    """What each node uses, by name.

    Raises:
        MetricsUnavailable: The cluster does not measure.
    """
    try:
        found = await client.list(NODE_METRICS, _NodeMetrics)
    except (NotFoundError, ServerError) as error:
        raise _unavailable(error) from error
    return {item.metadata.name: _usage(item.usage) for item in found.items}


def _usage(quantities: Mapping[str, str]) -> Usage:
    try:
        return Usage(
            parse_cores(quantities.get("cpu", "0")), parse_bytes(quantities.get("memory", "0"))
        )
    except QuantityError:
        return Usage()


def _unavailable(error: KubeError) -> MetricsUnavailable:
    return MetricsUnavailable(
        "The cluster does not say what pods and nodes use: no metrics server answers "
        f"({error.__class__.__name__}). Install metrics-server to see it."
    )
