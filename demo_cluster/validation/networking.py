"""Ingresses and network policies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    forbidden,
    invalid,
    invalid_for,
    required,
    unsupported,
)
from demo_cluster.validation.metadata import selector_causes

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]
_CLASS = "kubernetes.io/ingress.class"
_BAD_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_POLICY_TYPES = ["Egress", "Ingress"]


def ingress_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with an ingress."""
    spec = new.get("spec") or {}
    annotation = (new["metadata"].get("annotations") or {}).get(_CLASS)
    if old is None and annotation is not None and spec.get("ingressClassName") is not None:
        why = "can not be set when the class field is also set"
        yield invalid(f"metadata.annotations[{_CLASS}]", annotation, why)
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        why = "either `defaultBackend` or `rules` must be specified"
        yield invalid("spec", None, why)
    if backend is not None:
        yield from _backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        yield from _rule(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        for number, host in enumerate(tls.get("hosts") or ()):
            check = formats.wildcard if "*" in host else formats.subdomain
            yield from invalid_for(f"spec.tls[{index}].hosts[{number}]", host, check(host))
    if name := spec.get("ingressClassName"):
        yield from invalid_for("spec.ingressClassName", name, formats.subdomain(name))


def _rule(rule: Obj, path: str) -> Iterator[Cause]:
    host = rule.get("host", "")
    if host:
        if not formats.address(host):
            yield invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        check = formats.wildcard if "*" in host else formats.subdomain
        yield from invalid_for(f"{path}.host", host, check(host))
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        yield required(f"{path}.http.paths")
    for index, each in enumerate(http.get("paths") or ()):
        yield from _path(each, f"{path}.http.paths[{index}]")


def _path(each: Obj, path: str) -> Iterator[Cause]:
    kind, text = each.get("pathType"), each.get("path", "")
    if kind is None:
        yield required(f"{path}.pathType", "pathType must be specified")
    elif kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            yield invalid(f"{path}.path", text, "must be an absolute path")
        for part in _BAD_IN_PATHS:
            if part in text:
                yield invalid(f"{path}.path", text, f"must not contain '{part}'")
        for end in _BAD_ENDS:
            if text.endswith(end):
                yield invalid(f"{path}.path", text, f"cannot end with '{end}'")
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            yield invalid(f"{path}.path", text, "must be an absolute path")
    else:
        yield unsupported(f"{path}.pathType", kind, _PATH_TYPES)
    yield from _backend(each.get("backend") or {}, f"{path}.backend")


def _backend(backend: Obj, path: str) -> Iterator[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        for name in ("kind", "name"):
            if not resource.get(name):
                yield required(f"{path}.resource.{name}")
    elif service is not None:
        yield from _service_backend(service, path)
    else:
        yield invalid(path, "", "resource or service backend is required")


def _service_backend(service: Obj, path: str) -> Iterator[Cause]:
    name, port = service.get("name", ""), service.get("port") or {}
    if not name:
        yield required(f"{path}.service.name")
    else:
        yield from invalid_for(f"{path}.service.name", name, formats.label(name))
    if port.get("name") and port.get("number"):
        yield invalid(path, "", "cannot set both port name & port number")
    elif port.get("name"):
        reasons = formats.port_name(port["name"])
        yield from invalid_for(f"{path}.service.port.name", port["name"], reasons)
    elif port.get("number"):
        reasons = formats.port_number(port["number"])
        yield from invalid_for(f"{path}.service.port.number", port["number"], reasons)
    else:
        yield required(path, "port name or number is required")


def ingress_class_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with an ingress class."""
    controller = (new.get("spec") or {}).get("controller", "")
    if not controller and old is None:
        yield required("spec.controller")
    if old is not None and (old.get("spec") or {}).get("controller") != controller:
        yield invalid("spec.controller", controller, "field is immutable")


def network_policy_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a network policy."""
    del old
    spec = new.get("spec") or {}
    yield from selector_causes(spec.get("podSelector"), "spec.podSelector")
    for section, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(section) or ()):
            path = f"spec.{section}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                yield from _policy_port(port, f"{path}.ports[{number}]")
            for number, peer in enumerate(rule.get(peers) or ()):
                yield from _peer(peer, f"{path}.{peers}[{number}]")
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        yield invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, each in enumerate(types):
        if each not in _POLICY_TYPES:
            yield unsupported(f"spec.policyTypes[{index}]", each, _POLICY_TYPES)


def _policy_port(port: Obj, path: str) -> Iterator[Cause]:
    protocols = ["SCTP", "TCP", "UDP"]
    if port.get("protocol", "TCP") not in protocols:
        yield unsupported(f"{path}.protocol", port["protocol"], protocols)
    number, last = port.get("port"), port.get("endPort")
    if number is None:
        if last is not None:
            yield required(f"{path}.port", "must be specified if endPort is specified")
        return
    yield from invalid_for(f"{path}.port", number, formats.port(number))
    if last is None:
        return
    if isinstance(number, str):
        why = "cannot be specified when port is a string"
        yield invalid(f"{path}.endPort", last, why)
    elif last < number:
        yield invalid(f"{path}.endPort", number, "must be greater than or equal to `port`")
    if not isinstance(number, str):
        yield from invalid_for(f"{path}.endPort", last, formats.port_number(last))


def _peer(peer: Obj, path: str) -> Iterator[Cause]:
    stated = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if name in peer]
    for name in stated[:2]:
        if name != "ipBlock":
            yield from selector_causes(peer[name], f"{path}.{name}")
    if "ipBlock" in peer:
        yield from _block(peer["ipBlock"], f"{path}.ipBlock")
    if not stated:
        yield required(path, "must specify a peer")
    elif len(stated) > 1 and "ipBlock" in stated:
        yield forbidden(path, "may not specify both ipBlock and another peer")


def _block(block: Obj, path: str) -> Iterator[Cause]:
    text = block.get("cidr", "")
    if not text:
        yield required(f"{path}.cidr")
        return
    reasons = formats.network(text)
    yield from invalid_for(f"{path}.cidr", text, reasons)
    if reasons:
        return
    outer = ipaddress.ip_network(text, strict=False)
    for index, each in enumerate(block.get("except") or ()):
        where, reasons = f"{path}.except[{index}]", formats.network(each)
        yield from invalid_for(where, each, reasons)
        if reasons:
            continue
        inner = ipaddress.ip_network(each, strict=False)
        if not _is_inside(inner, outer):
            yield invalid(where, each, "must be a strict subset of `cidr`")


def _is_inside(inner: _Network, outer: _Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner != outer and inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner != outer and inner.subnet_of(outer)
    return False
