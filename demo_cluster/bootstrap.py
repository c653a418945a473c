"""What every new cluster has: its first namespaces, roles, bindings and priority classes."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage
from demo_cluster.timestamps import micro_timestamp, timestamp

FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_BOOTSTRAP_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}

_CORE_VIEWED = [
    "configmaps",
    "endpoints",
    "persistentvolumeclaims",
    "persistentvolumeclaims/status",
    "pods",
    "replicationcontrollers",
    "replicationcontrollers/scale",
    "serviceaccounts",
    "services",
    "services/status",
    "bindings",
    "events",
    "limitranges",
    "namespaces/status",
    "pods/log",
    "pods/status",
    "replicationcontrollers/status",
    "resourcequotas",
    "resourcequotas/status",
    "namespaces",
]
_APPS = [
    "controllerrevisions",
    "daemonsets",
    "daemonsets/status",
    "deployments",
    "deployments/scale",
    "deployments/status",
    "replicasets",
    "replicasets/scale",
    "replicasets/status",
    "statefulsets",
    "statefulsets/scale",
    "statefulsets/status",
]
_BATCH = ["cronjobs", "cronjobs/status", "jobs", "jobs/status"]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Obj:
    return {"verbs": verbs, "apiGroups": [group], "resources": resources}


def _urls(urls: list[str], verbs: list[str]) -> Obj:
    return {"verbs": verbs, "nonResourceURLs": urls}


_VIEW: list[Obj] = [
    _rule("", _CORE_VIEWED, _READ),
    _rule("discovery.k8s.io", ["endpointslices"], _READ),
    _rule("apps", _APPS, _READ),
    _rule("autoscaling", ["horizontalpodautoscalers", "horizontalpodautoscalers/status"], _READ),
    _rule("batch", _BATCH, _READ),
    _rule("policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"], _READ),
    _rule("networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"], _READ),
    _rule("metrics.k8s.io", ["pods", "nodes"], _READ),
]
_OWN_EDIT: list[Obj] = [
    _rule(
        "",
        ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
        _READ,
    ),
    _rule("", ["serviceaccounts"], ["impersonate"]),
    _rule(
        "",
        ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "pods/eviction"],
        _WRITE,
    ),
    _rule(
        "",
        [
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ],
        _WRITE,
    ),
    _rule("", ["serviceaccounts/token"], ["create"]),
    _rule("apps", _APPS, _WRITE),
    _rule("autoscaling", ["horizontalpodautoscalers"], _WRITE),
    _rule("batch", _BATCH, _WRITE),
    _rule("policy", ["poddisruptionbudgets"], _WRITE),
    _rule("networking.k8s.io", ["ingresses", "networkpolicies"], _WRITE),
    _rule("coordination.k8s.io", ["leases"], [*_READ, *_WRITE]),
]
_EDIT = [*_OWN_EDIT, *_VIEW]
_OWN_ADMIN: list[Obj] = [
    _rule(_RBAC, ["rolebindings", "roles"], [*_READ, *_WRITE]),
    _rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
]
_ADMIN = [*_EDIT, *_OWN_ADMIN]
_HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]

_CLUSTER_ROLES: dict[str, list[Obj]] = {
    "cluster-admin": [_rule("*", ["*"], ["*"]), _urls(["*"], ["*"])],
    "admin": _ADMIN,
    "edit": _EDIT,
    "view": _VIEW,
    "system:aggregate-to-admin": _OWN_ADMIN,
    "system:aggregate-to-edit": _OWN_EDIT,
    "system:aggregate-to-view": _VIEW,
    "system:discovery": [
        _urls(
            sorted(["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", *_HEALTH]),
            ["get"],
        )
    ],
    "system:service-account-issuer-discovery": [_urls(["/.well-known", "/.well-known/*"], ["get"])],
    "system:basic-user": [
        _rule(
            "authorization.k8s.io",
            ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            ["create"],
        ),
        _rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
    "system:public-info-viewer": [_urls(_HEALTH, ["get"])],
}
_AGGREGATED = {
    "view": "edit",
    "edit": "admin",
    "system:aggregate-to-admin": "admin",
    "system:aggregate-to-edit": "edit",
    "system:aggregate-to-view": "view",
}
"""Which roles are parts of which."""


def _cluster_role(name: str, rules: list[Obj]) -> Obj:
    labels = dict(_BOOTSTRAP_LABELS)
    if name in _AGGREGATED:
        labels[f"{_RBAC}/aggregate-to-{_AGGREGATED[name]}"] = "true"
    role: Obj = {"metadata": {"name": name, "labels": labels, "annotations": dict(_UPDATED)}}
    if name in ("admin", "edit", "view"):
        selector = {"matchLabels": {f"{_RBAC}/aggregate-to-{name}": "true"}}
        role["aggregationRule"] = {"clusterRoleSelectors": [selector]}
    return {**role, "rules": rules}


_UPDATED = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_CLUSTER_BINDINGS: dict[str, tuple[str, ...]] = {
    "cluster-admin": ("system:masters",),
    "system:basic-user": ("system:authenticated",),
    "system:discovery": ("system:authenticated",),
    "system:public-info-viewer": ("system:authenticated", "system:unauthenticated"),
    "system:service-account-issuer-discovery": ("system:authenticated",),
}
_PRIORITIES = {
    "system-cluster-critical": (
        2000000000,
        (
            "Used for system critical pods that must run in the cluster, but can be moved to "
            "another node if necessary."
        ),
    ),
    "system-node-critical": (
        2000001000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
}


_API_SERVICES = kind_of("apiservices", "apiregistration.k8s.io")
_GROUP_PRIORITIES = {
    "": 18000,
    "apiregistration.k8s.io": 0,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "resource.k8s.io": 15900,
    "metrics.k8s.io": 100,
}
"""groupPriorityMinimum of the API services; 0: the group has none."""


def api_services(groups: Mapping[str, Sequence[str]], now: str) -> Iterator[Obj]:
    """An APIService for each group and version that is served, the preferred version first."""
    for group, versions in groups.items():
        priority = _GROUP_PRIORITIES.get(group, 1000)
        if not priority:
            continue
        for position, version in enumerate(reversed(versions)):
            is_local = group != "metrics.k8s.io"
            condition = {
                "type": "Available",
                "status": "True",
                "lastTransitionTime": now,
                "reason": "Local" if is_local else "Passed",
                "message": "Local APIServices are always available"
                if is_local
                else "all checks passed",
            }
            spec: Obj = {
                "group": group,
                "version": version,
                "groupPriorityMinimum": priority,
                "versionPriority": (1 if not group else 15) * (position + 1),
            }
            name = f"{version}.{group}"
            uid = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
            meta: Obj = {"name": name, "uid": uid, "creationTimestamp": now}
            if is_local:
                meta["labels"] = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
            else:
                service = {"namespace": "kube-system", "name": "metrics-server", "port": 443}
                spec |= {"service": service, "insecureSkipTLSVerify": True}
            head = {"kind": _API_SERVICES.kind, "apiVersion": _API_SERVICES.api_version}
            yield {**head, "metadata": meta, "spec": spec, "status": {"conditions": [condition]}}


def make_first_objects(
    storage: Storage, served: Mapping[str, Sequence[str]], now: datetime
) -> None:
    """Create them in an empty storage; `served` are the groups with their versions."""
    for service in api_services(served, timestamp(now)):
        storage.insert(_API_SERVICES, service)
    for name in FIRST_NAMESPACES:
        _create(storage, "namespaces", "", {"metadata": {"name": name}})
    for name, rules in _CLUSTER_ROLES.items():
        _create(storage, "clusterroles", _RBAC, _cluster_role(name, rules))
    for name, groups in _CLUSTER_BINDINGS.items():
        _create(storage, "clusterrolebindings", _RBAC, cluster_binding(name, name, groups))
    for name, (value, text) in _PRIORITIES.items():
        body: dict[str, Any] = {
            "metadata": {"name": name},
            "value": value,
            "description": text,
            "preemptionPolicy": "PreemptLowerPriority",
        }
        _create(storage, "priorityclasses", "scheduling.k8s.io", body)
    _create(storage, "leases", "coordination.k8s.io", _identity_lease(now))
    for plural, group, obj in _own_service():
        _create(storage, plural, group, obj)


def _own_service() -> Iterator[tuple[str, str, Obj]]:
    """The API server's own service, where pods find it, and the range that services live in."""
    place: Obj = {"name": "kubernetes", "namespace": "default"}
    labels = {"component": "apiserver", "provider": "kubernetes"}
    port: Obj = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    address = "10.96.0.1"
    spec = {"clusterIP": address, "clusterIPs": [address], "ports": [port]}
    yield "services", "", {"metadata": {**place, "labels": labels}, "spec": spec}
    ports = [{"name": "https", "port": 6443, "protocol": "TCP"}]
    mirrored = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    subsets = [{"addresses": [{"ip": _HOST}], "ports": ports}]
    yield "endpoints", "", {"metadata": {**place, "labels": mirrored}, "subsets": subsets}
    yield (
        "endpointslices",
        "discovery.k8s.io",
        {
            "metadata": {**place, "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [_HOST], "conditions": {"ready": True}}],
            "ports": ports,
        },
    )
    meta = {"name": "kubernetes", "finalizers": ["networking.k8s.io/service-cidr-finalizer"]}
    yield "servicecidrs", "networking.k8s.io", {"metadata": meta, "spec": {"cidrs": [SERVICES]}}


SERVICES = "10.96.0.0/12"
"""The addresses that services may have."""
_HOST = "192.0.2.10"


def _identity_lease(now: datetime) -> Obj:
    """The lease by which API servers know of one another."""
    name = "apiserver-" + base64.b32encode(hashlib.sha256(b"demo").digest()).decode().lower()[:26]
    labels = {
        "apiserver.kubernetes.io/identity": "kube-apiserver",
        "kubernetes.io/hostname": "host-1",
    }
    peer = {"kubernetes.io/peer-advertise-address": f"{_HOST}:6443"}
    meta = {"name": name, "namespace": "kube-system", "labels": labels, "annotations": peer}
    holder = f"{name}_{uuid.uuid5(uuid.NAMESPACE_DNS, name)}"
    renewed = micro_timestamp(now)
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 3600, "renewTime": renewed}
    return {"metadata": meta, "spec": spec}


def bind_first_users(storage: Storage) -> None:
    """Let viewers look at everything, and developers change what is in their namespaces."""
    for role, group in (("view", "viewers"), ("edit", "developers")):
        name = f"demo-{group}"
        _create(storage, "clusterrolebindings", _RBAC, cluster_binding(name, role, (group,)))


def cluster_binding(name: str, role: str, groups: tuple[str, ...]) -> Obj:
    """A ClusterRoleBinding of groups to a cluster role."""
    subjects = [{"kind": "Group", "apiGroup": _RBAC, "name": group} for group in groups]
    return {
        "metadata": {"name": name, "labels": dict(_BOOTSTRAP_LABELS)},
        "subjects": subjects,
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
    }


def _create(storage: Storage, plural: str, group: str, obj: Obj) -> None:
    storage.create(kind_of(plural, group), obj)
