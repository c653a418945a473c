"""The kinds that the cluster serves: one visible table, and the registry that CRDs extend."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

Obj: TypeAlias = dict[str, Any]
"""A Kubernetes object as plain JSON. Never changed once it is stored."""

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")
_STATUS_VERBS = ("get", "patch", "update")
_PROXY_VERBS = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A part of an object that is served under its own path; kind "" = the object's own kind."""

    name: str
    verbs: tuple[str, ...] = _STATUS_VERBS
    kind: str = ""
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of one group and version.

    `storage_group` names the group under which objects are kept when another group serves
    the same ones (events).
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    categories: tuple[str, ...] = ()
    storage_group: str | None = None
    is_custom: bool = False
    listed_as: str = ""
    selectable_fields: tuple[str, ...] = ()
    """What a definition lets field selectors name, such as `spec.colour`."""

    @property
    def api_version(self) -> str:
        """`v1`, or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_key(self) -> tuple[str, str]:
        """Group and plural under which the objects are kept, whatever version is asked for."""
        return (self.group if self.storage_group is None else self.storage_group, self.plural)

    @property
    def list_kind(self) -> str:
        """`PodList`, or what a definition calls it."""
        return self.listed_as or f"{self.kind}List"

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of this name, if there is one."""
        return next((sub for sub in self.subresources if sub.name == name), None)


_STATUS = Subresource("status")
_SCALE = Subresource("scale", kind="Scale", group="autoscaling", version="v1")
_POD_PARTS = (
    Subresource("attach", ("create", "get"), "PodAttachOptions"),
    Subresource("binding", ("create",), "Binding"),
    Subresource("ephemeralcontainers"),
    Subresource("eviction", ("create",), "Eviction", "policy", "v1"),
    Subresource("exec", ("create", "get"), "PodExecOptions"),
    Subresource("log", ("get",)),
    Subresource("portforward", ("create", "get"), "PodPortForwardOptions"),
    Subresource("proxy", _PROXY_VERBS, "PodProxyOptions"),
    Subresource("resize"),
    _STATUS,
)


def _core(plural: str, kind: str, short: str = "", *parts: Subresource, **more: Any) -> Kind:
    return _kind("", "v1", plural, kind, short, *parts, **more)


def _kind(
    group: str,
    version: str,
    plural: str,
    kind: str,
    short: str = "",
    *parts: Subresource,
    **more: Any,
) -> Kind:
    defaults: dict[str, Any] = {
        "namespaced": True,
        "singular": kind.lower(),
        "short_names": tuple(short.split()),
        "subresources": parts,
    }
    return Kind(group, version, plural, kind, **{**defaults, **more})


def _admission(plural: str, kind: str, *parts: Subresource) -> Kind:
    extension: dict[str, Any] = {"namespaced": False, "categories": ("api-extensions",)}
    return _kind("admissionregistration.k8s.io", "v1", plural, kind, "", *parts, **extension)


_ALL: dict[str, Any] = {"categories": ("all",)}
_CLUSTER: dict[str, Any] = {"namespaced": False}
_REVIEW: dict[str, Any] = {"verbs": ("create",)}
_CLUSTER_REVIEW: dict[str, Any] = {"namespaced": False, "verbs": ("create",)}

KINDS: tuple[Kind, ...] = (
    _core("bindings", "Binding", **_REVIEW),
    _core("componentstatuses", "ComponentStatus", "cs", namespaced=False, verbs=("get", "list")),
    _core("configmaps", "ConfigMap", "cm"),
    _core("endpoints", "Endpoints", "ep"),
    _core("events", "Event", "ev"),
    _core("limitranges", "LimitRange", "limits"),
    _core(
        "namespaces",
        "Namespace",
        "ns",
        Subresource("finalize", ("update",)),
        _STATUS,
        namespaced=False,
        verbs=_NO_COLLECTION,
    ),
    _core(
        "nodes",
        "Node",
        "no",
        Subresource("proxy", _PROXY_VERBS, "NodeProxyOptions"),
        _STATUS,
        **_CLUSTER,
    ),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", _STATUS),
    _core("persistentvolumes", "PersistentVolume", "pv", _STATUS, **_CLUSTER),
    _core("pods", "Pod", "po", *_POD_PARTS, **_ALL),
    _core("podtemplates", "PodTemplate"),
    _core("replicationcontrollers", "ReplicationController", "rc", _SCALE, _STATUS, **_ALL),
    _core("resourcequotas", "ResourceQuota", "quota", _STATUS),
    _core("secrets", "Secret"),
    _core(
        "serviceaccounts",
        "ServiceAccount",
        "sa",
        Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", "v1"),
    ),
    _core(
        "services",
        "Service",
        "svc",
        Subresource("proxy", _PROXY_VERBS, "ServiceProxyOptions"),
        _STATUS,
        **_ALL,
    ),
    _kind(
        "apiregistration.k8s.io",
        "v1",
        "apiservices",
        "APIService",
        "",
        _STATUS,
        namespaced=False,
        categories=("api-extensions",),
    ),
    _kind("apps", "v1", "controllerrevisions", "ControllerRevision"),
    _kind("apps", "v1", "daemonsets", "DaemonSet", "ds", _STATUS, **_ALL),
    _kind("apps", "v1", "deployments", "Deployment", "deploy", _SCALE, _STATUS, **_ALL),
    _kind("apps", "v1", "replicasets", "ReplicaSet", "rs", _SCALE, _STATUS, **_ALL),
    _kind("apps", "v1", "statefulsets", "StatefulSet", "sts", _SCALE, _STATUS, **_ALL),
    _kind("events.k8s.io", "v1", "events", "Event", "ev", storage_group=""),
    _kind(
        "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", **_CLUSTER_REVIEW
    ),
    _kind("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", **_CLUSTER_REVIEW),
    _kind(
        "authorization.k8s.io",
        "v1",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        **_REVIEW,
    ),
    _kind(
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        **_CLUSTER_REVIEW,
    ),
    _kind(
        "authorization.k8s.io",
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        **_CLUSTER_REVIEW,
    ),
    _kind(
        "authorization.k8s.io",
        "v1",
        "subjectaccessreviews",
        "SubjectAccessReview",
        **_CLUSTER_REVIEW,
    ),
    _kind(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        _STATUS,
        **_ALL,
    ),
    _kind(
        "autoscaling",
        "v1",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        _STATUS,
        **_ALL,
    ),
    _kind("batch", "v1", "cronjobs", "CronJob", "cj", _STATUS, **_ALL),
    _kind("batch", "v1", "jobs", "Job", "", _STATUS, **_ALL),
    _kind(
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        "csr",
        Subresource("approval"),
        _STATUS,
        **_CLUSTER,
    ),
    _kind("networking.k8s.io", "v1", "ingressclasses", "IngressClass", **_CLUSTER),
    _kind("networking.k8s.io", "v1", "ingresses", "Ingress", "ing", _STATUS),
    _kind("networking.k8s.io", "v1", "ipaddresses", "IPAddress", "ip", **_CLUSTER),
    _kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "netpol"),
    _kind("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", "", _STATUS, **_CLUSTER),
    _kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", _STATUS),
    _kind(
        "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", **_CLUSTER
    ),
    _kind("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", **_CLUSTER),
    _kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    _kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    _kind("storage.k8s.io", "v1", "csidrivers", "CSIDriver", **_CLUSTER),
    _kind("storage.k8s.io", "v1", "csinodes", "CSINode", **_CLUSTER),
    _kind("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity"),
    _kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", "sc", **_CLUSTER),
    _kind("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", "", _STATUS, **_CLUSTER),
    _kind(
        "storage.k8s.io",
        "v1",
        "volumeattributesclasses",
        "VolumeAttributesClass",
        "vac",
        **_CLUSTER,
    ),
    _admission("mutatingadmissionpolicies", "MutatingAdmissionPolicy"),
    _admission("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"),
    _admission("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    _admission("validatingadmissionpolicies", "ValidatingAdmissionPolicy", _STATUS),
    _admission("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
    _admission("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    _kind(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "crd crds",
        _STATUS,
        namespaced=False,
        categories=("api-extensions",),
    ),
    _kind("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "pc", **_CLUSTER),
    _kind("coordination.k8s.io", "v1", "leases", "Lease"),
    _kind("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", **_CLUSTER),
    _kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    _kind("resource.k8s.io", "v1", "deviceclasses", "DeviceClass", **_CLUSTER),
    _kind("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim", "", _STATUS),
    _kind("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate"),
    _kind("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", **_CLUSTER),
    _kind(
        "flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", "", _STATUS, **_CLUSTER
    ),
    _kind(
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        "",
        _STATUS,
        **_CLUSTER,
    ),
    _kind(
        "metrics.k8s.io",
        "v1beta1",
        "nodes",
        "NodeMetrics",
        singular="",
        namespaced=False,
        verbs=("get", "list"),
    ),
    _kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", singular="", verbs=("get", "list")),
)

_BY_NAME = {(kind.group, kind.plural): kind for kind in reversed(KINDS)}


def kind_of(plural: str, group: str = "") -> Kind:
    """The built-in kind of this plural name, in its preferred version.

    Raises:
        KeyError: There is none.
    """
    return _BY_NAME[group, plural]


@dataclass(frozen=True, slots=True)
class CustomForm:
    """What a definition says about one version of its kind."""

    schema: Obj
    printer_columns: list[Obj] | None = None
    scale_paths: Obj | None = None
    definition: str = ""
    """The name of its type."""


WARM_AFTER = timedelta(seconds=0.05)


class KindRegistry:
    """What is served right now: the built-in kinds and those that CRDs added."""

    def __init__(self, kinds: tuple[Kind, ...] = KINDS) -> None:
        self._kinds = {(kind.group, kind.version, kind.plural): kind for kind in kinds}
        self._versions = {(kind.group, kind.version) for kind in kinds}
        self._forms: dict[tuple[str, str, str], CustomForm] = {}
        self._digests: dict[tuple[str, str, str], str] = {}
        self._cold: dict[tuple[str, str], datetime | None] = {}
        self.generation = 0

    def chill(self, group: str, plural: str) -> None:
        """The objects of this resource can only be listed a moment after somebody first asked."""
        self._cold[group, plural] = None

    def is_cold(self, kind: Kind, now: datetime) -> bool:
        """Whether a list or watch has to come again; the first one begins to warm the storage."""
        key = (kind.group, kind.plural)
        if key not in self._cold:
            return False
        since = self._cold[key]
        if since is None:
            self._cold[key] = now
        elif now - since >= WARM_AFTER:
            del self._cold[key]
        return key in self._cold

    def all(self) -> list[Kind]:
        """Every kind, in the order in which they came."""
        return list(self._kinds.values())

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind behind a path, or None."""
        return self._kinds.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Kind | None:
        """The kind that an object names in its apiVersion and kind."""
        for candidate in self._kinds.values():
            if candidate.kind == kind and candidate.api_version == api_version:
                return candidate
        return None

    def preferred(self, group: str, plural: str) -> Kind | None:
        """The kind of this group and plural in the group's first version."""
        for candidate in self._kinds.values():
            if candidate.group == group and candidate.plural == plural:
                return candidate
        return None

    def serves(self, group: str, version: str) -> bool:
        """Whether any kind is served in this version of this group."""
        return (group, version) in self._versions

    def is_custom_group(self, group: str) -> bool:
        """Whether definitions made this group."""
        return any(kind.is_custom for kind in self._kinds.values() if kind.group == group)

    def groups(self) -> dict[str, list[str]]:
        """Named groups and their versions, the preferred one first."""
        groups: dict[str, list[str]] = {}
        for kind in self._kinds.values():
            versions = groups.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return groups

    def form(self, kind: Kind) -> CustomForm | None:
        """What a custom kind's definition says; None for built-in kinds."""
        return self._forms.get((kind.group, kind.version, kind.plural))

    def digest(self, kind: Kind) -> str:
        """Changes with the schema that a definition gives its kind; "" for built-in kinds."""
        key = (kind.group, kind.version, kind.plural)
        if key not in self._forms:
            return ""
        if key not in self._digests:
            text = json.dumps([kind.selectable_fields, self._forms[key].schema], sort_keys=True)
            self._digests[key] = hashlib.sha256(text.encode()).hexdigest()
        return self._digests[key]

    def add(self, kind: Kind, form: CustomForm) -> None:
        """Serve one more kind."""
        key = (kind.group, kind.version, kind.plural)
        self._digests.pop(key, None)
        self._kinds[key] = kind
        self._forms[key] = form
        self._versions.add((kind.group, kind.version))
        self.generation += 1

    def remove(self, group: str, plural: str) -> None:
        """Stop serving every version of this resource."""
        gone = [key for key in self._kinds if key[0] == group and key[2] == plural]
        for key in gone:
            del self._kinds[key]
            self._forms.pop(key, None)
            self._digests.pop(key, None)
        self._cold.pop((group, plural), None)
        self._versions = {(kind.group, kind.version) for kind in self._kinds.values()}
        self.generation += 1
