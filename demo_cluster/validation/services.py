"""Services and their ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from demo_cluster.bootstrap import SERVICES
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Cause
from demo_cluster.store.storage import Storage
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    duplicate,
    forbidden,
    invalid,
    invalid_for,
    required,
    unsupported,
)
from demo_cluster.validation.containers import PROTOCOLS
from demo_cluster.validation.metadata import labels_causes

_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
_AFFINITIES = ["ClientIP", "None"]
_TRAFFIC = ["Cluster", "Local"]
_DISTRIBUTIONS = ["PreferClose", "PreferSameNode", "PreferSameZone"]
_LONGEST_AFFINITY = 86400


def service_causes(new: Obj, old: Obj | None, storage: Storage) -> Iterator[Cause]:
    """What is wrong with a service, or with a change of it."""
    spec = new["spec"]
    ports, kind = spec.get("ports") or [], spec.get("type")
    if old is not None:
        yield from _same_address(spec, old["spec"])
    yield from _of_its_type(spec, ports)
    yield from _ports(ports)
    yield from labels_causes(spec.get("selector") or {}, "spec.selector")
    yield from _affinity(spec)
    yield from _addresses(spec)
    if kind not in _TYPES:
        yield unsupported("spec.type", kind, _TYPES)
    if kind == "ClusterIP":
        yield from _no_node_ports(ports)
    yield from _same_node_ports(ports)
    yield from _same_ports(ports)
    yield from _traffic(spec)
    yield from _free_address(new, old, storage)
    if kind in ("NodePort", "LoadBalancer"):
        taken = _taken_node_ports((old or new)["metadata"]["uid"], ports, storage)
        for index, port in enumerate(ports):
            field = f"spec.ports[{index}].nodePort"
            yield from _node_port(port.get("nodePort"), taken, field)


def _of_its_type(spec: Obj, ports: list[Obj]) -> Iterator[Cause]:
    kind, is_headless = spec.get("type"), spec.get("clusterIP") == "None"
    if not ports and not is_headless and kind != "ExternalName":
        yield required("spec.ports")
    if is_headless and kind in ("LoadBalancer", "NodePort"):
        why = f"may not be set to 'None' for {kind} services"
        yield invalid("spec.clusterIPs[0]", "None", why)
    if kind == "ExternalName":
        yield from _external_name(spec)


def _addresses(spec: Obj) -> Iterator[Cause]:
    address = spec.get("clusterIP")
    if address and address != "None" and spec.get("type") != "ExternalName":
        yield from invalid_for("spec.clusterIPs[0]", address, formats.address(address))
    for index, text in enumerate(spec.get("externalIPs") or ()):
        yield from _external_address(text, f"spec.externalIPs[{index}]")


def _no_node_ports(ports: list[Obj]) -> Iterator[Cause]:
    for index, port in enumerate(ports):
        if port.get("nodePort"):
            why = "may not be used when `type` is 'ClusterIP'"
            yield forbidden(f"spec.ports[{index}].nodePort", why)


def _same_address(new: Obj, old: Obj) -> Iterator[Cause]:
    """The first address cannot change, except from or to the name of another host."""
    if "ExternalName" in (new.get("type"), old.get("type")):
        return
    before, now = old.get("clusterIP"), new.get("clusterIP")
    if before and before != now:
        why = "may not change once set" if now else "primary clusterIP can not be unset"
        yield invalid("spec.clusterIPs[0]", new.get("clusterIPs") or None, why)


def _free_address(new: Obj, old: Obj | None, storage: Storage) -> Iterator[Cause]:
    """An address that a service asks for is one that it can have."""
    own = new["spec"].get("clusterIP")
    before = (old or {"spec": {}})["spec"].get("clusterIP")
    if not own or before or own == "None" or formats.address(own):
        return
    uid = (old or new)["metadata"]["uid"]
    others = (each for each in storage.list(kind_of("services")) if each["metadata"]["uid"] != uid)
    why = ""
    if ipaddress.ip_address(own) not in ipaddress.ip_network(SERVICES):
        why = "the provided network does not match the current range"
    elif any(each["spec"].get("clusterIP") == own for each in others):
        why = "provided IP is already allocated"
    if why:
        shown = new["spec"].get("clusterIPs") or [own]
        yield invalid("spec.clusterIPs", shown, f"failed to allocate IP {own}: {why}")


def _external_name(spec: Obj) -> Iterator[Cause]:
    if spec.get("clusterIP") or spec.get("clusterIPs"):
        yield forbidden("spec.clusterIPs", "may not be set for ExternalName services")
    name = str(spec.get("externalName") or "").removesuffix(".")
    if not name:
        yield required("spec.externalName")
    else:
        yield from invalid_for("spec.externalName", name, formats.subdomain(name))


def _ports(ports: list[Obj]) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"spec.ports[{index}]", port.get("name")
        if len(ports) > 1 and not name:
            yield required(f"{path}.name")
        elif name:
            yield from invalid_for(f"{path}.name", name, formats.label(name))
            if name in names:
                yield duplicate(f"{path}.name", name)
            names.add(name)
        number = port.get("port") or 0
        yield from invalid_for(f"{path}.port", number, formats.port_number(number))
        if port.get("protocol") not in PROTOCOLS:
            yield unsupported(f"{path}.protocol", port.get("protocol"), PROTOCOLS)
        target = port.get("targetPort", 0)
        yield from invalid_for(f"{path}.targetPort", target, formats.port(target))
        if application := port.get("appProtocol"):
            reasons = formats.qualified_name(application)
            yield from invalid_for(f"{path}.appProtocol", application, reasons)


def _affinity(spec: Obj) -> Iterator[Cause]:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    if affinity is not None and affinity not in _AFFINITIES:
        yield unsupported("spec.sessionAffinity", affinity, _AFFINITIES)
    if affinity == "None" and config is not None:
        why = "must not be set when session affinity is None"
        yield forbidden("spec.sessionAffinityConfig", why)
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    if affinity == "ClientIP" and seconds is not None and not 0 < seconds <= _LONGEST_AFFINITY:
        why = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
        yield invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, why)


def _external_address(text: str, field: str) -> Iterator[Cause]:
    reasons = formats.address(text)
    yield from invalid_for(field, text, reasons)
    if reasons:
        return
    address = ipaddress.ip_address(text)
    if address.is_unspecified:
        yield invalid(field, text, f"may not be unspecified ({text})")
    if address.is_loopback:
        why = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
        yield invalid(field, text, why)
    if address.is_link_local:
        why = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
        yield invalid(field, text, why)


def _traffic(spec: Obj) -> Iterator[Cause]:
    kind, ranges = spec.get("type"), spec.get("loadBalancerSourceRanges") or []
    field = "spec.LoadBalancerSourceRanges"
    if ranges and kind != "LoadBalancer":
        yield forbidden(field, "may only be used when `type` is 'LoadBalancer'")
    for index, text in enumerate(ranges):
        yield from invalid_for(f"{field}[{index}]", text.strip(), formats.network(text.strip()))
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        why = "may only be used when `type` is 'LoadBalancer'"
        yield forbidden("spec.allocateLoadBalancerNodePorts", why)
    if spec.get("loadBalancerClass") is not None and kind != "LoadBalancer":
        why = "may only be used when `type` is 'LoadBalancer'"
        yield forbidden("spec.loadBalancerClass", why)
    outer = spec.get("externalTrafficPolicy")
    is_outside = kind in ("NodePort", "LoadBalancer") or bool(spec.get("externalIPs"))
    if outer and not is_outside:
        why = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", outer, why)
    elif outer and outer not in _TRAFFIC:
        yield unsupported("spec.externalTrafficPolicy", outer, _TRAFFIC)
    inner = spec.get("internalTrafficPolicy")
    if inner is not None and inner not in _TRAFFIC:
        yield unsupported("spec.internalTrafficPolicy", inner, _TRAFFIC)
    wanted = spec.get("trafficDistribution")
    if wanted is not None and wanted not in _DISTRIBUTIONS:
        yield unsupported("spec.trafficDistribution", wanted, _DISTRIBUTIONS)


def _same_node_ports(ports: list[Obj]) -> Iterator[Cause]:
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("nodePort"))
        if port.get("nodePort") and key in seen:
            yield duplicate(f"spec.ports[{index}].nodePort", port["nodePort"])
        seen.add(key)


def _same_ports(ports: list[Obj]) -> Iterator[Cause]:
    """A port number stands once for each protocol; the value is shown as Go's type has it."""
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        protocol, number = port.get("protocol"), port.get("port")
        if (protocol, number) in seen:
            shown = {"Name": "", "Protocol": protocol, "AppProtocol": None, "Port": number}
            yield duplicate(f"spec.ports[{index}]", {**shown, "TargetPort": 0, "NodePort": 0})
        seen.add((protocol, number))


def _taken_node_ports(uid: str, ports: list[Obj], storage: Storage) -> set[int]:
    """The node ports of other services, when any port here asks for one."""
    if not any(port.get("nodePort") for port in ports):
        return set()
    others = (each for each in storage.list(kind_of("services")) if each["metadata"]["uid"] != uid)
    return {port.get("nodePort") for each in others for port in each["spec"].get("ports") or ()}


def _node_port(wanted: int | None, taken: set[int], field: str) -> Iterator[Cause]:
    if not wanted:
        return
    if not 30000 <= wanted <= 32767:
        why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
        yield invalid(field, wanted, why)
    elif wanted in taken:
        yield invalid(field, wanted, "provided port is already allocated")
