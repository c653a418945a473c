"""The cells of services, nodes, storage, access and the rest. Follows the API server's printers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.tables.duration import age
from demo_cluster.tables.selectors import selector_text

_NONE, _UNSET = "<none>", "<unset>"


def _age(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def service_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get services` prints it."""
    spec = obj.get("spec", {})
    ports = ",".join(_service_port(port) for port in spec.get("ports", ())) or _NONE
    selector = ",".join(
        f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())
    )
    return [
        _name(obj),
        spec.get("type", ""),
        next(iter(spec.get("clusterIPs") or ()), _NONE),
        _external_ip(obj),
        ports,
        _age(obj, now),
        selector or _NONE,
    ]


def _service_port(port: Obj) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _external_ip(obj: Obj) -> str:
    spec = obj.get("spec", {})
    external = ",".join(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case "LoadBalancer":
            given = load_balancer_text(obj)
            return ",".join(text for text in (given, external) if text) or "<pending>"
        case "ClusterIP" | "NodePort":
            return external or _NONE
        case _:
            return "<unknown>"


def load_balancer_text(obj: Obj) -> str:
    """The addresses that a load balancer gave, sorted and comma separated."""
    entries = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    given = {entry.get("ip") or entry.get("hostname", "") for entry in entries}
    return ",".join(sorted(given - {""}))


def node_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get nodes` prints it."""
    status, spec = obj.get("status", {}), obj.get("spec", {})
    ready = {entry["type"]: entry.get("status") for entry in status.get("conditions", ())}
    words = (
        ["Ready" if ready["Ready"] == "True" else "NotReady"] if "Ready" in ready else ["Unknown"]
    )
    if spec.get("unschedulable"):
        words.append("SchedulingDisabled")
    addresses = {entry["type"]: entry["address"] for entry in reversed(status.get("addresses", ()))}
    about = status.get("nodeInfo", {})
    kernel = about.get("kernelVersion") or "<unknown>"
    if about.get("architecture"):
        kernel = f"{kernel} ({about['architecture']})"
    return [
        _name(obj),
        ",".join(words),
        _node_roles(obj),
        _age(obj, now),
        about.get("kubeletVersion", ""),
        addresses.get("InternalIP", _NONE),
        addresses.get("ExternalIP", _NONE),
        about.get("osImage") or "<unknown>",
        kernel,
        about.get("containerRuntimeVersion") or "<unknown>",
    ]


def _node_roles(obj: Obj) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels") or {}
    roles = {name[len(prefix) :] for name in labels if name.startswith(prefix)} - {""}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    return ",".join(sorted(roles)) or _NONE


def event_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get events` prints it."""
    series = obj.get("series") or {}
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = series.get("lastObservedTime") or obj.get("lastTimestamp") or first
    about = obj.get("involvedObject", {})
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent", "")
    host = source.get("host") or obj.get("reportingInstance", "")
    return [
        age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        "/".join(filter(None, (about.get("kind", "").lower(), about.get("name")))),
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        obj.get("message", "").strip(),
        age(first, now),
        series.get("count") or obj.get("count") or 1,
        _name(obj),
    ]


def namespace_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get namespaces` prints it."""
    return [_name(obj), obj.get("status", {}).get("phase", ""), _age(obj, now)]


def config_map_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get configmaps` prints it."""
    count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
    return [_name(obj), count, _age(obj, now)]


def secret_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get secrets` prints it."""
    return [_name(obj), obj.get("type", ""), len(obj.get("data") or {}), _age(obj, now)]


def service_account_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get serviceaccounts` prints it."""
    return [_name(obj), len(obj.get("secrets") or ()), _age(obj, now)]


def endpoints_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get endpoints` prints it."""
    found = []
    for subset in obj.get("subsets") or ():
        addresses = subset.get("addresses") or ()
        ports = subset.get("ports") or ()
        if not ports:
            found += [entry["ip"] for entry in addresses]
        for port in ports:
            found += [f"{entry['ip']}:{port['port']}" for entry in addresses]
    return [_name(obj), _at_most(found), _age(obj, now)]


def _at_most(found: list[str], limit: int = 3) -> str:
    if not found:
        return _NONE
    more = f" + {len(found) - limit} more..." if len(found) > limit else ""
    return ",".join(found[:limit]) + more


def endpoint_slice_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get endpointslices` prints it."""
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    found = [address for entry in obj.get("endpoints") or () for address in entry["addresses"]]
    return [
        _name(obj),
        obj.get("addressType", ""),
        _at_most(ports) if ports else _UNSET,
        _at_most(found) if found else _UNSET,
        _age(obj, now),
    ]


def ingress_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get ingresses` prints it."""
    spec = obj.get("spec", {})
    ports = "80, 443" if spec.get("tls") else "80"
    return [
        _name(obj),
        spec.get("ingressClassName") or _NONE,
        _hosts(spec.get("rules") or ()),
        load_balancer_text(obj),
        ports,
        _age(obj, now),
    ]


def _hosts(rules: Sequence[Obj], limit: int = 3) -> str:
    """The first hosts; rules without one count among those that are not shown."""
    shown: list[str] = []
    for rule in rules:
        if len(shown) == limit:
            return f"{','.join(shown)} + {len(rules) - limit} more..."
        if rule.get("host"):
            shown.append(rule["host"])
    return ",".join(shown) or "*"


def ingress_class_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get ingressclasses` prints it."""
    spec = obj.get("spec", {})
    parameters = spec.get("parameters")
    text = _NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        text = f"{parameters['kind']}{group}/{parameters['name']}"
    return [_name(obj), spec.get("controller", ""), text, _age(obj, now)]


def network_policy_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get networkpolicies` prints it."""
    return [_name(obj), selector_text(obj.get("spec", {}).get("podSelector")), _age(obj, now)]


_ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def _modes(modes: list[str] | None) -> str:
    return ",".join(_ACCESS_MODES.get(mode, mode) for mode in modes or ())


def _phase(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(obj.get("status", {}).get("phase", ""))


def _storage_class(obj: Obj) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    given = annotations.get("volume.beta.kubernetes.io/storage-class")
    return str(given or obj.get("spec", {}).get("storageClassName") or "")


def claim_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get persistentvolumeclaims` prints it."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    is_bound = bool(spec.get("volumeName"))
    phase = _phase(obj)
    return [
        _name(obj),
        phase,
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "") if is_bound else "",
        _modes(status.get("accessModes")) if is_bound else "",
        _storage_class(obj),
        spec.get("volumeAttributesClassName") or _UNSET,
        _age(obj, now),
        spec.get("volumeMode") or _UNSET,
    ]


def volume_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get persistentvolumes` prints it."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    claim = spec.get("claimRef")
    phase = _phase(obj)
    return [
        _name(obj),
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{claim['namespace']}/{claim['name']}" if claim else "",
        _storage_class(obj),
        spec.get("volumeAttributesClassName") or _UNSET,
        status.get("reason", ""),
        _age(obj, now),
        spec.get("volumeMode") or _UNSET,
    ]


def storage_class_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get storageclasses` prints it."""
    name = _name(obj)
    annotations = obj["metadata"].get("annotations") or {}
    if annotations.get("storageclass.kubernetes.io/is-default-class") == "true":
        name += " (default)"
    return [
        name,
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        _age(obj, now),
    ]


def quota_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get resourcequotas` prints it."""
    status = obj.get("status", {})
    hard, used = status.get("hard") or {}, status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard):
        text = f"{name}: {used.get(name, '0')}/{hard[name]}"
        (limits if name.startswith("limits.") else requests).append(text)
    return [_name(obj), ", ".join(requests), ", ".join(limits), _age(obj, now)]


def role_binding_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get rolebindings, clusterrolebindings` prints it."""
    role = obj.get("roleRef", {})
    found: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name, kind = subject.get("name", ""), subject.get("kind", "")
        if kind == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        found.setdefault(kind, []).append(name)
    return [
        _name(obj),
        f"{role.get('kind')}/{role.get('name')}",
        _age(obj, now),
        ", ".join(found["User"]),
        ", ".join(found["Group"]),
        ", ".join(found["ServiceAccount"]),
    ]


def lease_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get leases` prints it."""
    return [_name(obj), obj.get("spec", {}).get("holderIdentity") or "", _age(obj, now)]


def priority_class_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get priorityclasses` prints it."""
    policy = obj.get("preemptionPolicy", "")
    return [_name(obj), obj.get("value", 0), bool(obj.get("globalDefault")), _age(obj, now), policy]


def api_service_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get apiservices` prints it."""
    service = obj.get("spec", {}).get("service")
    text = f"{service['namespace']}/{service['name']}" if service else "Local"
    conditions = obj.get("status", {}).get("conditions", ())
    available = next((entry["status"] for entry in conditions if entry["type"] == "Available"), "")
    return [_name(obj), text, available, _age(obj, now)]


def created_row(obj: Obj, now: datetime) -> list[Any]:
    """Kinds that show only when they were made."""
    del now
    return [_name(obj), obj["metadata"].get("creationTimestamp")]


def runtime_class_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get runtimeclasses` prints it."""
    return [_name(obj), obj.get("handler", ""), _age(obj, now)]
