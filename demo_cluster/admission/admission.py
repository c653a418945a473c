"""What the API server's admission does to an object before it is stored, or says against it."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Iterator
from typing import TypeVar

from demo_cluster.admission.limit_ranges import CLAIMS, apply_limit_ranges, hold_claim
from demo_cluster.admission.quota import check_quotas
from demo_cluster.admission.storage_classes import class_of
from demo_cluster.custom.kinds import DEFINITIONS, fill_definition_defaults
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.status import Failure, forbidden, resource_details
from demo_cluster.store.storage import Storage
from demo_cluster.wire.reply import Backend


def admit(backend: Backend, kind: Kind, new: Obj, old: Obj | None) -> None:
    """Fill in what admission fills in, in place.

    Raises:
        Failure: 403, a service account is missing, or limits and quotas leave no room; 500, no
            service address or node port is left.
    """
    if kind.storage_key == DEFINITIONS.storage_key:
        fill_definition_defaults(new)
    if kind.storage_key == ("", "services"):
        if old is not None:
            _drop_of_other_type(new["spec"], old["spec"])
        _allocate(backend, new)
    if kind.storage_key == ("", "secrets"):
        _write_string_data(new)
    if kind.storage_key == ("", "persistentvolumeclaims") and old is None:
        _name_class(backend.storage, new["spec"])
    if kind.storage_key == ("", "pods") and old is None:
        _check_runtime_class(backend, new)
        _check_service_account(backend, new)
        _set_priority(backend, new)
    admit_within_limits(backend.storage, kind, new, old)


def admit_within_limits(storage: Storage, kind: Kind, new: Obj, old: Obj | None = None) -> None:
    """Hold the object to the LimitRanges and ResourceQuotas of its namespace.

    Raises:
        Failure: 403, it does not keep to them.
    """
    if kind.storage_key == ("", "pods") and old is None:
        apply_limit_ranges(storage, new)
    if kind.storage_key == CLAIMS.storage_key:
        hold_claim(storage, new)
    check_quotas(storage, kind, new, old)


def _name_class(storage: Storage, claim: Obj) -> None:
    """A claim that names no class gets the cluster's default."""
    if claim.get("storageClassName") is None:
        found = class_of(storage, None)
        if found is not None:
            claim["storageClassName"] = found["metadata"]["name"]


def _write_string_data(secret: Obj) -> None:
    for name, text in (secret.pop("stringData", None) or {}).items():
        encoded = base64.b64encode(str(text).encode()).decode()
        secret.setdefault("data", {})[name] = encoded


def _drop_of_other_type(spec: Obj, before: Obj) -> None:
    """What only the type before needed goes, unless it was changed with it.

    Follows the service registry's dropTypeDependentFields.
    """
    if spec["type"] == before["type"]:
        return
    if spec["type"] not in _WITH_NODE_PORTS and _node_ports(spec) == _node_ports(before):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    for names, types in _ONLY_OF_TYPES:
        for name in names:
            if spec["type"] not in types and spec.get(name) == before.get(name):
                spec.pop(name, None)


_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
_ONLY_OF_TYPES = (
    (("externalTrafficPolicy",), _WITH_NODE_PORTS),
    (("allocateLoadBalancerNodePorts", "loadBalancerClass"), ("LoadBalancer",)),
    (
        ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"),
        ("ClusterIP", *_WITH_NODE_PORTS),
    ),
)
"""Fields that only services of these types have."""


def _node_ports(spec: Obj) -> list[int | None]:
    return [port.get("nodePort") for port in spec.get("ports") or ()]


def _allocate(backend: Backend, service: Obj) -> None:
    """A cluster address and node ports that nobody has, the same ones in every run."""
    spec = service["spec"]
    if spec["type"] == "ExternalName":
        return
    others = [
        other["spec"]
        for other in backend.storage.list(kind_of("services"))
        if other["metadata"]["uid"] != service["metadata"]["uid"]
    ]
    seed = int.from_bytes(hashlib.sha256(service["metadata"]["uid"].encode()).digest()[:6])
    if not spec.get("clusterIP"):
        taken = {other.get("clusterIP") for other in others}
        first, size = _ADDRESSES
        places = (first + (seed + step) % size for step in range(size))
        addresses = (str(ipaddress.IPv4Address(place)) for place in places)
        free = (address for address in addresses if address not in taken)
        spec["clusterIP"] = _next(free, "an IP")
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        used = {port.get("nodePort") for other in others for port in other.get("ports") or ()}
        first, size = _NODE_PORTS
        numbers = (first + (seed + step) % size for step in range(size))
        vacant = (number for number in numbers if number not in used)
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = _next(vacant, "a nodePort")
            used.add(port["nodePort"])


_ADDRESSES = (int(ipaddress.IPv4Address("10.96.1.0")), 0xEF000)
"""The first address of services, and how many there are."""
_NODE_PORTS = (30000, 2768)
"""The first node port, and how many there are."""
_T = TypeVar("_T")


def _next(free: Iterator[_T], what: str) -> _T:
    """The next one that nobody has.

    Raises:
        Failure: 500, somebody has each of them.
    """
    for each in free:
        return each
    text = f"failed to allocate {what}: range is full"
    raise Failure(500, "InternalError", f"Internal error occurred: {text}", _causes(text))


def _causes(text: str) -> Obj:
    return {"causes": [{"message": text}]}


def _check_runtime_class(backend: Backend, pod: Obj) -> None:
    name = pod["spec"].get("runtimeClassName")
    if name and backend.storage.get(kind_of("runtimeclasses", "node.k8s.io"), "", name) is None:
        shown = pod["metadata"]["name"]
        text = f'pods "{shown}" is forbidden: pod rejected: RuntimeClass "{name}" not found'
        failure = forbidden(text, resource_details(kind_of("pods"), shown))
        failure.headers = {}
        raise failure


def _check_service_account(backend: Backend, pod: Obj) -> None:
    name = pod["spec"].get("serviceAccountName", "default")
    namespace = pod["metadata"]["namespace"]
    if name == "default":
        return
    if backend.storage.get(kind_of("serviceaccounts"), namespace, name) is None:
        pods, own = kind_of("pods"), pod["metadata"]["name"]
        failure = forbidden(
            f'pods "{own}" is forbidden: error looking up service account {namespace}/{name}: '
            f'serviceaccount "{name}" not found',
            resource_details(pods, own),
        )
        failure.headers = {}
        raise failure


def _set_priority(backend: Backend, pod: Obj) -> None:
    name = pod["spec"].get("priorityClassName")
    if not name:
        return
    found = backend.storage.get(kind_of("priorityclasses", "scheduling.k8s.io"), "", name)
    if found is None:
        pods, own = kind_of("pods"), pod["metadata"]["name"]
        failure = forbidden(
            f'pods "{own}" is forbidden: no PriorityClass with name {name} was found',
            resource_details(pods, own),
        )
        failure.headers = {}
        raise failure
    pod["spec"]["priority"] = found.get("value", 0)
