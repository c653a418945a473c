"""The fields that the API server fills in when a user leaves them out. Pure, in place."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.defaults import platform
from demo_cluster.defaults import pods as pod_defaults
from demo_cluster.defaults import workloads as workload_defaults
from demo_cluster.defaults.pods import default
from demo_cluster.kinds import Kind, Obj


def fill_defaults(kind: Kind, obj: Obj) -> None:
    """Fill in what a real server would; fields that are there stay as they are."""
    fill = _FILLERS.get(kind.storage_key)
    if fill is not None:
        fill(obj)
    for name in _CONDITION_TIMES.get(kind.storage_key, ()):
        for condition in (obj.get("status") or {}).get("conditions") or ():
            condition.setdefault(name, None)


_CONDITION_TIMES = {
    ("apps", "deployments"): ("lastUpdateTime", "lastTransitionTime"),
    ("apps", "replicasets"): ("lastTransitionTime",),
    ("apps", "statefulsets"): ("lastTransitionTime",),
    ("apps", "daemonsets"): ("lastTransitionTime",),
    ("batch", "jobs"): ("lastProbeTime", "lastTransitionTime"),
    ("", "nodes"): ("lastHeartbeatTime", "lastTransitionTime"),
    ("", "pods"): ("lastProbeTime", "lastTransitionTime"),
}
"""Times of conditions that are written even when there are none."""


def _service(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    default(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] == "ExternalName":
        obj.setdefault("status", {}).setdefault("loadBalancer", {})
        return
    default(
        spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack", internalTrafficPolicy="Cluster"
    )
    if spec["type"] in ("NodePort", "LoadBalancer"):
        default(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        default(spec, allocateLoadBalancerNodePorts=True)
    if spec["sessionAffinity"] == "ClientIP":
        default(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})
    for port in spec.get("ports") or ():
        default(port, protocol="TCP", targetPort=port.get("port"))
        port["targetPort"] = port["targetPort"] or port.get("port")
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _namespace(obj: Obj) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels.setdefault("kubernetes.io/metadata.name", obj["metadata"]["name"])
    if "resourceVersion" not in obj["metadata"]:
        default(obj.setdefault("spec", {}), finalizers=["kubernetes"])
    default(obj.setdefault("status", {}), phase="Active")


def _node(obj: Obj) -> None:
    obj.setdefault("spec", {})
    obj.setdefault("status", {})


def _secret(obj: Obj) -> None:
    default(obj, type="Opaque")


def _event(obj: Obj) -> None:
    """Fields of events that are always shown, null or not."""
    obj.setdefault("source", {})
    for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
        obj.setdefault(name, None)
    for name in ("reportingComponent", "reportingInstance"):
        obj.setdefault(name, "")


def _claim(obj: Obj) -> None:
    default(obj.setdefault("spec", {}), volumeMode="Filesystem")
    default(obj.setdefault("status", {}), phase="Pending")
    _protect(obj, "kubernetes.io/pvc-protection")


def _protect(obj: Obj, finalizer: str) -> None:
    """A new object that is in use may not go before its users."""
    meta = obj["metadata"]
    if "resourceVersion" not in meta and finalizer not in meta.get("finalizers", ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), finalizer]


def _volume_object(obj: Obj) -> None:
    platform.persistent_volume(obj)
    _protect(obj, "kubernetes.io/pv-protection")


def _autoscaler(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    default(spec, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if isinstance(spec.get("behavior"), dict):
        _scaling_behavior(spec["behavior"])
    status = obj.setdefault("status", {})
    default(status, currentMetrics=None, desiredReplicas=0)


def _scaling_behavior(behavior: Obj) -> None:
    """How fast an autoscaler may go, both ways, once anything is said about it."""
    doubling = {"type": "Percent", "value": 100, "periodSeconds": 15}
    four_more = {"type": "Pods", "value": 4, "periodSeconds": 15}
    default(behavior, scaleUp={}, scaleDown={})
    up, down = behavior["scaleUp"], behavior["scaleDown"]
    default(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[four_more, doubling])
    default(down, selectPolicy="Max", policies=[doubling])


def _endpoints(obj: Obj) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            default(port, protocol="TCP")


def _endpoint_slice(obj: Obj) -> None:
    for port in obj.get("ports") or ():
        default(port, name="", protocol="TCP")


def _ingress_class(obj: Obj) -> None:
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters:
        default(parameters, scope="Cluster")


def _ingress(obj: Obj) -> None:
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _role_binding(obj: Obj) -> None:
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            default(subject, apiGroup="rbac.authorization.k8s.io")
    if isinstance(obj.get("roleRef"), dict):
        default(obj["roleRef"], apiGroup="rbac.authorization.k8s.io")


def _network_policy(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    default(spec, podSelector={}, policyTypes=types)
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            default(port, protocol="TCP")


def _status_only(obj: Obj) -> None:
    obj.setdefault("status", {})


_WEBHOOKS = "admissionregistration.k8s.io"
_FILLERS: dict[tuple[str, str], Callable[[Obj], None]] = {
    ("", "pods"): pod_defaults.pod,
    ("", "services"): _service,
    ("", "namespaces"): _namespace,
    ("", "nodes"): _node,
    ("", "secrets"): _secret,
    ("", "events"): _event,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume_object,
    ("apps", "deployments"): workload_defaults.deployment,
    ("apps", "replicasets"): workload_defaults.replica_set,
    ("apps", "statefulsets"): workload_defaults.stateful_set,
    ("apps", "daemonsets"): workload_defaults.daemon_set,
    ("batch", "jobs"): workload_defaults.job,
    ("batch", "cronjobs"): workload_defaults.cron_job,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("networking.k8s.io", "networkpolicies"): _network_policy,
    ("networking.k8s.io", "ingressclasses"): _ingress_class,
    ("networking.k8s.io", "servicecidrs"): _status_only,
    ("discovery.k8s.io", "endpointslices"): _endpoint_slice,
    ("", "endpoints"): _endpoints,
    ("", "replicationcontrollers"): workload_defaults.replication_controller,
    ("", "podtemplates"): workload_defaults.pod_template,
    ("", "limitranges"): platform.limit_range,
    ("", "resourcequotas"): _status_only,
    ("certificates.k8s.io", "certificatesigningrequests"): _status_only,
    ("storage.k8s.io", "storageclasses"): platform.storage_class,
    ("storage.k8s.io", "csidrivers"): platform.storage_driver,
    ("scheduling.k8s.io", "priorityclasses"): platform.priority_class,
    (_WEBHOOKS, "validatingwebhookconfigurations"): platform.webhook_configuration,
    (_WEBHOOKS, "mutatingwebhookconfigurations"): platform.mutating_webhook_configuration,
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): platform.flow_schema,
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): platform.priority_level,
    ("resource.k8s.io", "resourceclaims"): platform.resource_claim,
    ("resource.k8s.io", "resourceclaimtemplates"): platform.resource_claim_template,
    ("policy", "poddisruptionbudgets"): _status_only,
    ("rbac.authorization.k8s.io", "rolebindings"): _role_binding,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _role_binding,
}
