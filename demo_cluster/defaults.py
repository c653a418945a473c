"""The fields that the API server fills in when a user leaves them out. Pure, in place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

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


def _default(target: Obj, **fields: object) -> None:
    for name, value in fields.items():
        if target.get(name) is None:
            target[name] = value


def _pod(obj: Obj) -> None:
    pod_spec(obj.setdefault("spec", {}))
    _default(obj["spec"], enableServiceLinks=True)
    account = obj["spec"].get("serviceAccountName") or obj["spec"].get("serviceAccount")
    _default(obj["spec"], serviceAccountName=account or "default")
    _default(obj["spec"], serviceAccount=obj["spec"]["serviceAccountName"])
    _default(obj["spec"], preemptionPolicy="PreemptLowerPriority", priority=0)
    _add_tolerations(obj["spec"])
    if obj["spec"].get("automountServiceAccountToken") is not False:
        _mount_token(obj)
    status = obj.setdefault("status", {})
    _default(status, phase="Pending", qosClass=quality_of_service(obj["spec"]))
    if obj["spec"].get("schedulingGates") and "resourceVersion" not in obj["metadata"]:
        status["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": obj["metadata"].get("creationTimestamp"),
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]


def _add_tolerations(spec: Obj) -> None:
    """Five minutes on a node that is lost, unless the pod says otherwise."""
    present = spec.get("tolerations") or []
    tolerated = {
        entry.get("key") for entry in present if entry.get("effect") in (None, "", "NoExecute")
    }
    if None in tolerated or "" in tolerated:
        return
    missing = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        if key not in tolerated
    ]
    if missing:
        spec["tolerations"] = [*present, *missing]


_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 -- a well-known path


def _mount_token(pod: Obj) -> None:
    """The service account's token as a volume of every container, with a name of its own."""
    spec = pod["spec"]
    volumes = spec.get("volumes") or []
    if any(volume.get("name", "").startswith("kube-api-access-") for volume in volumes):
        return
    name = "kube-api-access-" + short_name(str(pod["metadata"].get("uid", "")))
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        },
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    spec["volumes"] = [
        *volumes,
        {"name": name, "projected": {"sources": sources, "defaultMode": 420}},
    ]
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        mounts = container.get("volumeMounts") or []
        if not any(mount.get("mountPath") == _TOKEN_PATH for mount in mounts):
            mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_PATH}
            container["volumeMounts"] = [*mounts, mount]


def short_name(seed: str, length: int = 5) -> str:
    """Letters as generated names have them, the same for the same seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    letters = "bcdfghjklmnpqrstvwxz2456789"
    made = ""
    for _ in range(length):
        number, index = divmod(number, len(letters))
        made += letters[index]
    return made


def pod_spec(spec: Obj) -> None:
    """The defaults of a pod's spec, which templates have too."""
    _default(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if spec.get("serviceAccountName"):
        _default(spec, serviceAccount=spec["serviceAccountName"])
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            _container(container, is_host_network=bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or ():
        _volume(volume)


def _container(container: Obj, *, is_host_network: bool) -> None:
    _default(
        container,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(container.get("image", "")),
    )
    for port in container.get("ports") or ():
        _default(port, protocol="TCP")
        if is_host_network:
            _default(port, hostPort=port.get("containerPort"))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe):
            _probe(container[probe])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and isinstance(hook.get("httpGet"), dict):
            _default(hook["httpGet"], path="/", scheme="HTTP")
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        if source.get("fieldRef"):
            _default(source["fieldRef"], apiVersion="v1")
        if source.get("resourceFieldRef"):
            _default(source["resourceFieldRef"], divisor="0")
    resources = container["resources"]
    if isinstance(resources, dict) and resources.get("limits"):
        requests = resources.setdefault("requests", {})
        for name, value in resources["limits"].items():
            requests.setdefault(name, value)


def _pull_policy(image: str) -> str:
    tag = image.rpartition("/")[2].partition("@")
    if tag[1]:
        return "IfNotPresent"
    _, colon, version = tag[0].partition(":")
    return "Always" if not colon or version == "latest" else "IfNotPresent"


def _probe(probe: Obj) -> None:
    _default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if isinstance(probe.get("httpGet"), dict):
        _default(probe["httpGet"], path="/", scheme="HTTP")
    if isinstance(probe.get("grpc"), dict):
        _default(probe["grpc"], service="")


def _volume(volume: Obj) -> None:
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if isinstance(volume.get(source), dict):
            _default(volume[source], defaultMode=420)
    if isinstance(volume.get("hostPath"), dict):
        _default(volume["hostPath"], type="")
    projected = volume.get("projected")
    for source_ in (projected or {}).get("sources") or ():
        if isinstance(source_.get("serviceAccountToken"), dict):
            _default(source_["serviceAccountToken"], expirationSeconds=3600)
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}


def quality_of_service(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort. Follows qos.ComputePodQOS."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    pairs = [
        (
            (container.get("resources") or {}).get("requests") or {},
            (container.get("resources") or {}).get("limits") or {},
        )
        for container in containers
    ]
    if not any(part.get(name) for pair in pairs for part in pair for name in ("cpu", "memory")):
        return "BestEffort"
    for requests, limits in pairs:
        for name in ("cpu", "memory"):
            if not limits.get(name) or requests.get(name, limits[name]) != limits[name]:
                return "Burstable"
    return "Guaranteed"


def _template(spec: Obj) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _deployment(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _template(spec)
    _default(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    _default(spec, strategy={})
    strategy = spec["strategy"]
    _default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _default(strategy, rollingUpdate={})
        _default(strategy["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    obj.setdefault("status", {})


def _replica_set(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("template"):
        _template(spec)
    _default(spec, replicas=1)
    _default(obj.setdefault("status", {}), replicas=0)


def _stateful_set(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _template(spec)
    _default(
        spec,
        replicas=1,
        podManagementPolicy="OrderedReady",
        revisionHistoryLimit=10,
        updateStrategy={},
        persistentVolumeClaimRetentionPolicy={},
    )
    _default(
        spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain"
    )
    _default(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _default(spec["updateStrategy"], rollingUpdate={})
        _default(spec["updateStrategy"]["rollingUpdate"], partition=0)
    for claim in spec.get("volumeClaimTemplates") or ():
        _default(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        _default(claim.setdefault("spec", {}), volumeMode="Filesystem")
        _default(claim.setdefault("status", {}), phase="Pending")
    _default(obj.setdefault("status", {}), replicas=0, availableReplicas=0)


TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def count_template(obj: Obj, old: Obj) -> None:
    """Daemon sets count the changes of their template in an annotation."""
    if old["kind"] != "DaemonSet":
        return
    before = (old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "1")
    has_changed = obj["spec"]["template"] != old["spec"]["template"]
    annotations = obj["metadata"].setdefault("annotations", {})
    annotations[TEMPLATE_GENERATION] = str(int(before) + has_changed)


def _daemon_set(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _template(spec)
    if "resourceVersion" not in obj["metadata"]:
        _default(obj["metadata"], annotations={})
        obj["metadata"]["annotations"].setdefault(TEMPLATE_GENERATION, "1")
    _default(spec, revisionHistoryLimit=10, updateStrategy={})
    strategy = spec["updateStrategy"]
    _default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _default(strategy, rollingUpdate={})
        _default(strategy["rollingUpdate"], maxUnavailable=1, maxSurge=0)
    _default(
        obj.setdefault("status", {}),
        currentNumberScheduled=0,
        numberMisscheduled=0,
        desiredNumberScheduled=0,
        numberReady=0,
    )


def _job_spec(spec: Obj) -> None:
    _template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    _default(
        spec,
        parallelism=1,
        backoffLimit=2147483647 if spec.get("backoffLimitPerIndex") is not None else 6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
    )


def _job(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _job_spec(spec)
    _default(spec, manualSelector=False)
    template_labels = spec["template"]["metadata"].setdefault("labels", {})
    if not obj["metadata"].get("labels") and template_labels:
        obj["metadata"]["labels"] = dict(template_labels)
    uid = obj["metadata"].get("uid")
    if uid and not spec.get("manualSelector"):
        labels = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": obj["metadata"]["name"],
            "controller-uid": uid,
            "job-name": obj["metadata"]["name"],
        }
        for name, value in labels.items():
            template_labels.setdefault(name, value)
        _default(spec, selector={"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    if not obj["metadata"].get("labels") and template_labels:
        obj["metadata"]["labels"] = dict(template_labels)
    obj.setdefault("status", {})


def _cron_job(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _default(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    inner = template.setdefault("spec", {})
    _template(inner)
    obj.setdefault("status", {})


def _service(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _default(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] == "ExternalName":
        obj.setdefault("status", {}).setdefault("loadBalancer", {})
        return
    _default(
        spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack", internalTrafficPolicy="Cluster"
    )
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _default(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _default(spec, allocateLoadBalancerNodePorts=True)
    if spec["sessionAffinity"] == "ClientIP":
        _default(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})
    for port in spec.get("ports") or ():
        _default(port, protocol="TCP", targetPort=port.get("port"))
        port["targetPort"] = port["targetPort"] or port.get("port")
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _namespace(obj: Obj) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels.setdefault("kubernetes.io/metadata.name", obj["metadata"]["name"])
    if "resourceVersion" not in obj["metadata"]:
        _default(obj.setdefault("spec", {}), finalizers=["kubernetes"])
    _default(obj.setdefault("status", {}), phase="Active")


def _node(obj: Obj) -> None:
    obj.setdefault("spec", {})
    obj.setdefault("status", {})


def _secret(obj: Obj) -> None:
    _default(obj, type="Opaque")


def _event(obj: Obj) -> None:
    """Fields of events that are always shown, null or not."""
    obj.setdefault("source", {})
    for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
        obj.setdefault(name, None)
    for name in ("reportingComponent", "reportingInstance"):
        obj.setdefault(name, "")


def _claim(obj: Obj) -> None:
    _default(obj.setdefault("spec", {}), volumeMode="Filesystem")
    _default(obj.setdefault("status", {}), phase="Pending")
    _protect(obj, "kubernetes.io/pvc-protection")


def _protect(obj: Obj, finalizer: str) -> None:
    """A new object that is in use may not go before its users."""
    meta = obj["metadata"]
    if "resourceVersion" not in meta and finalizer not in meta.get("finalizers", ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), finalizer]


def _volume_object(obj: Obj) -> None:
    _default(
        obj.setdefault("spec", {}), persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem"
    )
    _default(obj.setdefault("status", {}), phase="Pending")
    _protect(obj, "kubernetes.io/pv-protection")


def _autoscaler(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _default(spec, minReplicas=1)
    status = obj.setdefault("status", {})
    _default(status, currentMetrics=None, desiredReplicas=0)


def _ingress(obj: Obj) -> None:
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _role_binding(obj: Obj) -> None:
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            _default(subject, apiGroup="rbac.authorization.k8s.io")
    if isinstance(obj.get("roleRef"), dict):
        _default(obj["roleRef"], apiGroup="rbac.authorization.k8s.io")


def _network_policy(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    _default(spec, podSelector={}, policyTypes=types)


def _status_only(obj: Obj) -> None:
    obj.setdefault("status", {})


_FILLERS: dict[tuple[str, str], Callable[[Obj], None]] = {
    ("", "pods"): _pod,
    ("", "services"): _service,
    ("", "namespaces"): _namespace,
    ("", "nodes"): _node,
    ("", "secrets"): _secret,
    ("", "events"): _event,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume_object,
    ("apps", "deployments"): _deployment,
    ("apps", "replicasets"): _replica_set,
    ("apps", "statefulsets"): _stateful_set,
    ("apps", "daemonsets"): _daemon_set,
    ("batch", "jobs"): _job,
    ("batch", "cronjobs"): _cron_job,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("networking.k8s.io", "networkpolicies"): _network_policy,
    ("policy", "poddisruptionbudgets"): _status_only,
    ("rbac.authorization.k8s.io", "rolebindings"): _role_binding,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _role_binding,
}
