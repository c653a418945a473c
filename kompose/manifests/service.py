"""Ports of a component as Services."""

from collections.abc import Iterable
from typing import Any

from kompose.manifests.component import Component, Port, Scope
from kompose.manifests.fields import fields, metadata

_HEADLESS_PORT = 55555


def service_type(component: Component, scope: Scope, *, is_member: bool = False) -> str | None:
    """The kind of Service; None for the one that nobody named.

    A member of a group has the one it asks for, whatever controller is asked for.
    """
    if (
        not is_member
        and scope.options.controller == "statefulset"
        and not scope.options.is_openshift
    ):
        return "Headless"
    if component.labels.service_type is not None:
        return component.labels.service_type
    deploy = component.service.deploy
    return "NodePort" if deploy is not None and deploy.endpoint_mode == "vip" else None


def services(component: Component, scope: Scope, selected: str = "") -> list[dict[str, Any]]:
    """The Services of a component: one, none, or one for each protocol of a load balancer.

    `selected` is the name of the group whose pods run the component, if it is not its own.
    """
    kind = service_type(component, scope, is_member=bool(selected))
    owner = selected or component.key
    if not component.ports:
        if kind == "Headless" or scope.options.mends:
            return [_headless(component, scope, owner)]
        if not scope.options.is_openshift:
            scope.report.warn(
                f'Service "{component.display_name}" won\'t be created '
                "because 'ports' is not specified"
            )
        return []
    if kind == "LoadBalancer" and not scope.options.mends:
        return list(_load_balancers(component, scope, owner))
    if component.labels.traffic_policy and kind not in ("NodePort", "LoadBalancer"):
        _ignore_policy(owner, kind or "", scope)
    spec = fields(
        ports=_ports(_reachable(component, scope), component.labels.node_port),
        selector={"io.kompose.service": owner},
        clusterIP="None" if kind == "Headless" else "",
        type="ClusterIP" if kind == "Headless" else kind,
        externalTrafficPolicy=component.labels.traffic_policy if kind == "LoadBalancer" else "",
    )
    return [_service(component.display_name, owner, component, spec)]


def _headless(component: Component, scope: Scope, owner: str) -> dict[str, Any]:
    """A name without an address; mended, it resolves from the start, as names in compose do."""
    if component.labels.traffic_policy:
        _ignore_policy(owner, "Headless", scope)
    port = {"name": "headless", "port": _HEADLESS_PORT, "targetPort": 0}
    spec = fields(
        ports=[] if scope.options.mends else [port],
        selector={"io.kompose.service": owner},
        clusterIP="None",
        publishNotReadyAddresses=scope.options.mends,
    )
    return _service(component.display_name, owner, component, spec)


def _ignore_policy(name: str, kind: str, scope: Scope) -> None:
    scope.report.warn(f"External Traffic Policy is ignored for the service {name} of type {kind}")


def _load_balancers(component: Component, scope: Scope, owner: str) -> Iterable[dict[str, Any]]:
    tcp = tuple(port for port in component.ports if port.protocol == "TCP")
    other = tuple(port for port in component.ports if port.protocol != "TCP")
    if tcp and other:
        scope.report.warn(
            "Create multiple service to avoid using mixed protocol in the same service "
            "when it's loadbalancer type"
        )
    for suffix, ports in (("tcp", tcp), ("udp", other)):
        if ports:
            name = f"{owner}-{suffix}"
            spec = fields(
                ports=_ports(ports, 0, tells_apart=False),
                selector={"io.kompose.service": component.display_name},
                type="LoadBalancer",
                externalTrafficPolicy=component.labels.traffic_policy,
            )
            yield _service(name, name, component, spec)


def _reachable(component: Component, scope: Scope) -> Iterable[Port]:
    """The ports; mended, each number and protocol once, as the API has it."""
    if not scope.options.mends:
        return component.ports
    found: dict[tuple[int, str], Port] = {}
    for port in component.ports:
        kept = found.setdefault((port.service_port, port.protocol), port)
        if kept.container != port.container:
            scope.report.warn(
                f"Port {port.service_port} of service {component.service.name} leads to "
                f"{kept.container}: {port.container} is left out"
            )
    return found.values()


def _ports(
    ports: Iterable[Port], node_port: int, *, tells_apart: bool = True
) -> list[dict[str, Any]]:
    found = []
    names: set[str] = set()
    for port in ports:
        name = str(port.service_port)
        if tells_apart and name in names:
            name = f"{name}-{port.protocol.lower()}"
        names.add(name)
        made: dict[str, Any] = {"name": name}
        if port.protocol not in ("TCP", ""):
            made["protocol"] = port.protocol
        made["port"] = port.service_port
        made["targetPort"] = port.container
        if node_port:
            made["nodePort"] = node_port
        found.append(made)
    return found


def _service(name: str, label: str, component: Component, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": metadata(
            name,
            labels={"io.kompose.service": label},
            annotations=dict(component.annotations),
        ),
        "spec": spec,
        "status": {"loadBalancer": {}},
    }
