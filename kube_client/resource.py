"""Which kind of object, which object, and where both live in the API's URLs."""

from typing import NamedTuple
from urllib.parse import quote

import msgspec


class ObjectKey(NamedTuple):
    """The name of one object within its kind; an empty namespace means cluster scope."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class ResourceType(msgspec.Struct, frozen=True):
    """One kind as the server serves it, and the URL path of its objects."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()
    verbs: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        """`v1`, or `apps/v1` for a named group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """The plural with its group, `deployments.apps`; what kubectl and RBAC messages print."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(
        self,
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
    ) -> str:
        """The URL path of the collection, of one object, or of one of its subresources.

        An empty or absent namespace means all namespaces, or cluster scope.
        """
        root = f"/apis/{quote(self.group, safe='')}" if self.group else "/api"
        parts = [root, quote(self.version, safe="")]
        if namespace and self.namespaced:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(quote(self.plural, safe=""))
        if name:
            parts.append(quote(name, safe=":"))
            if subresource:
                parts.append(quote(subresource, safe="/"))
        return "/".join(parts)


def _core(
    plural: str, kind: str, *short_names: str, namespaced: bool = True, version: str = "v1"
) -> ResourceType:
    return ResourceType("", version, plural, kind, namespaced, kind.lower(), short_names)


def _grouped(
    group: str, plural: str, kind: str, *short_names: str, version: str = "v1"
) -> ResourceType:
    return ResourceType(group, version, plural, kind, True, kind.lower(), short_names)


PODS = _core("pods", "Pod", "po")
NAMESPACES = _core("namespaces", "Namespace", "ns", namespaced=False)
SERVICES = _core("services", "Service", "svc")
NODES = _core("nodes", "Node", "no", namespaced=False)
EVENTS = _core("events", "Event", "ev")
CONFIG_MAPS = _core("configmaps", "ConfigMap", "cm")
SECRETS = _core("secrets", "Secret")
SERVICE_ACCOUNTS = _core("serviceaccounts", "ServiceAccount", "sa")
PERSISTENT_VOLUME_CLAIMS = _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc")
PERSISTENT_VOLUMES = _core("persistentvolumes", "PersistentVolume", "pv", namespaced=False)
REPLICATION_CONTROLLERS = _core("replicationcontrollers", "ReplicationController", "rc")
DEPLOYMENTS = _grouped("apps", "deployments", "Deployment", "deploy")
REPLICA_SETS = _grouped("apps", "replicasets", "ReplicaSet", "rs")
STATEFUL_SETS = _grouped("apps", "statefulsets", "StatefulSet", "sts")
DAEMON_SETS = _grouped("apps", "daemonsets", "DaemonSet", "ds")
JOBS = _grouped("batch", "jobs", "Job")
CRON_JOBS = _grouped("batch", "cronjobs", "CronJob", "cj")
ENDPOINT_SLICES = _grouped("discovery.k8s.io", "endpointslices", "EndpointSlice")
INGRESSES = _grouped("networking.k8s.io", "ingresses", "Ingress", "ing")
NETWORK_POLICIES = _grouped("networking.k8s.io", "networkpolicies", "NetworkPolicy", "netpol")
HORIZONTAL_POD_AUTOSCALERS = _grouped(
    "autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", version="v2"
)
CUSTOM_RESOURCE_DEFINITIONS = ResourceType(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    False,
    "customresourcedefinition",
    ("crd", "crds"),
)
