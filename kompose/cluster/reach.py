"""Where the ports of a project are reached: from outside, from inside, or by a forward."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kompose.cluster.ownership import Object, service_key
from kube_client.client import Client
from kube_client.errors import KubeError
from kube_client.resource import INGRESSES, NODES, SERVICES


class Reach(NamedTuple):
    """One port of a service. `outside` is empty when only the cluster can reach it."""

    port: int
    target: str
    protocol: str
    inside: str
    outside: str = ""


async def reaches(
    client: Client, objects: Sequence[Object], namespace: str
) -> dict[str, tuple[Reach, ...]]:
    """The ports of each service, by its label; the objects are its Services and Ingresses."""
    services = [obj for obj in objects if obj.get("kind") == SERVICES.kind]
    hosts = _hosts(obj for obj in objects if obj.get("kind") == INGRESSES.kind)
    node = ""
    if any((service.get("spec") or {}).get("type") == "NodePort" for service in services):
        node = await _node_address(client)
    found: dict[str, tuple[Reach, ...]] = {}
    for service in services:
        key = service_key(service) or str(service["metadata"]["name"])
        found[key] = (*found.get(key, ()), *_of_service(service, namespace, node, hosts))
    return found


def _of_service(
    service: Object, namespace: str, node: str, hosts: Mapping[tuple[str, int], str]
) -> list[Reach]:
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
        outside = hosts.get((name, number), outside)
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


def _hosts(ingresses: Iterable[Object]) -> dict[tuple[str, int], str]:
    """The address that an Ingress gives to a port of a Service, by both."""
    found: dict[tuple[str, int], str] = {}
    for ingress in ingresses:
        spec: Mapping[str, Any] = ingress.get("spec") or {}
        secure = {host for entry in spec.get("tls") or () for host in entry.get("hosts") or ()}
        for rule in spec.get("rules") or ():
            host = str(rule.get("host") or "")
            scheme = "https" if host in secure else "http"
            for path in (rule.get("http") or {}).get("paths") or ():
                backend = (path.get("backend") or {}).get("service") or {}
                place = (
                    str(backend.get("name")),
                    int((backend.get("port") or {}).get("number", 0)),
                )
                if host:
                    found.setdefault(place, f"{scheme}://{host}{path.get('path') or '/'}")
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
