"""Where the ports of a project are reached: from outside, from inside, or by a forward."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kompose.cluster.ownership import Object, service_key
from kube_client.client import Client
from kube_client.errors import KubeError
from kube_client.resource import NODES


class Reach(NamedTuple):
    """One port of a service. `outside` is empty when only the cluster can reach it."""

    port: int
    target: str
    protocol: str
    inside: str
    outside: str = ""


async def reaches(
    client: Client, services: Sequence[Object], namespace: str
) -> dict[str, tuple[Reach, ...]]:
    """The ports of each service, by its label."""
    node = ""
    if any((service.get("spec") or {}).get("type") == "NodePort" for service in services):
        node = await _node_address(client)
    found: dict[str, tuple[Reach, ...]] = {}
    for service in services:
        key = service_key(service) or str(service["metadata"]["name"])
        found[key] = (*found.get(key, ()), *_of_service(service, namespace, node))
    return found


def _of_service(service: Object, namespace: str, node: str) -> list[Reach]:
    spec: Mapping[str, Any] = service.get("spec") or {}
    name = service["metadata"]["name"]
    kind = spec.get("type") or "ClusterIP"
    found = []
    for port in spec.get("ports") or ():
        number = int(port["port"])
        outside = ""
        if kind == "NodePort" and port.get("nodePort"):
            outside = f"{node or '<any node>'}:{port['nodePort']}"
        elif kind == "LoadBalancer":
            address = _balancer(service)
            outside = f"{address}:{number}" if address else ""
        found.append(
            Reach(
                number,
                str(port.get("targetPort", number)),
                str(port.get("protocol", "TCP")).lower(),
                f"{name}.{namespace}.svc:{number}",
                outside,
            )
        )
    return found


def _balancer(service: Object) -> str:
    status = (service.get("status") or {}).get("loadBalancer") or {}
    for ingress in status.get("ingress") or ():
        address = ingress.get("hostname") or ingress.get("ip")
        if address:
            return str(address)
    return ""


async def _node_address(client: Client) -> str:
    """An address of some node, the outermost known; empty when nodes may not be seen."""
    try:
        nodes = (await client.list(NODES, limit=10)).items
    except KubeError:
        return ""
    for kind in ("ExternalIP", "InternalIP"):
        for node in nodes:
            for address in (node.get("status") or {}).get("addresses") or ():
                if address.get("type") == kind:
                    return str(address["address"])
    return ""
