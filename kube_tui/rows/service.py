"""Services: where they listen, and whom they speak for."""

from __future__ import annotations

import msgspec

from kube_client.objects import KubeObject, KubeStruct
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    labels_column,
    name_column,
    namespace_column,
    text_cell,
)


class ServicePort(KubeStruct):
    """One port of a service."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    node_port: int = 0
    target_port: int | str = 0


class ServiceSpec(KubeStruct):
    """Where a service listens."""

    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_name: str = ""
    external_ips: list[str] = msgspec.field(default_factory=list, name="externalIPs")
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    ports: list[ServicePort] = msgspec.field(default_factory=list)


class LoadBalancerAddress(KubeStruct):
    """Where the load balancer answers."""

    ip: str = ""
    hostname: str = ""


class LoadBalancerStatus(KubeStruct):
    """The addresses of the load balancer."""

    ingress: list[LoadBalancerAddress] = msgspec.field(default_factory=list)


class ServiceStatus(KubeStruct):
    """What the load balancer says."""

    load_balancer: LoadBalancerStatus = msgspec.field(default_factory=LoadBalancerStatus)


class Service(KubeObject):
    """A Service."""

    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)
    status: ServiceStatus = msgspec.field(default_factory=ServiceStatus)

    @property
    def selector(self) -> str:
        """Of its pods, as the API's labelSelector takes it; '' when it has none."""
        return ",".join(f"{name}={value}" for name, value in sorted(self.spec.selector.items()))


def external_address(service: Service) -> tuple[str, Tone]:
    """Where it is reached from outside the cluster; '' when it is not."""
    if service.spec.type == "ExternalName":
        return service.spec.external_name, Tone.WELL
    balanced = [each.ip or each.hostname for each in service.status.load_balancer.ingress]
    addresses = balanced + service.spec.external_ips
    if addresses:
        return ",".join(addresses), Tone.WELL
    return ("<pending>", Tone.BUSY) if service.spec.type == "LoadBalancer" else ("", Tone.WELL)


def _external(service: Service, _: Moment) -> Cell:
    return text_cell(*external_address(service))


def _ports(service: Service, _: Moment) -> Cell:
    return text_cell(
        ",".join(
            f"{port.port}{f':{port.node_port}' if port.node_port else ''}/{port.protocol}"
            for port in service.spec.ports
        )
    )


SERVICE_COLUMNS: tuple[Column[Service], ...] = (
    namespace_column(),
    name_column(),
    Column("TYPE", lambda service, _: text_cell(service.spec.type), rank=1, letter="T"),
    Column("CLUSTER-IP", lambda service, _: text_cell(service.spec.cluster_ip), rank=2),
    Column("EXTERNAL-IP", _external, rank=3),
    Column("PORTS", _ports, rank=0),
    Column("SELECTOR", lambda service, _: text_cell(service.selector), rank=3),
    labels_column(),
    age_column(),
)


def explain_service(service: Service, _: Moment) -> str:
    """What is unusual about the service, or ''."""
    if service.spec.type == "ExternalName":
        return f"stands for the name {service.spec.external_name}; it has no pods"
    if not service.spec.selector:
        return "has no selector: its endpoints are written by someone else"
    if external_address(service)[0] == "<pending>":
        return "waits for a load balancer to give it an address"
    return ""
