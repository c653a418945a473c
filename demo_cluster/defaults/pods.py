"""The fields that the API server fills in of pods and of the templates of pods. Pure, in place."""

from __future__ import annotations

import hashlib

from demo_cluster.kinds import Obj


def default(target: Obj, **fields: object) -> None:
    """Set the fields that are not there, or null."""
    for name, value in fields.items():
        if target.get(name) is None:
            target[name] = value


def pod(obj: Obj) -> None:
    """A pod: its spec, its token, and its first status."""
    pod_spec(obj.setdefault("spec", {}))
    default(obj["spec"], enableServiceLinks=True)
    account = obj["spec"].get("serviceAccountName") or obj["spec"].get("serviceAccount")
    default(obj["spec"], serviceAccountName=account or "default")
    default(obj["spec"], serviceAccount=obj["spec"]["serviceAccountName"])
    default(obj["spec"], preemptionPolicy="PreemptLowerPriority", priority=0)
    _add_tolerations(obj["spec"])
    if obj["spec"].get("automountServiceAccountToken") is not False:
        _mount_token(obj)
    status = obj.setdefault("status", {})
    default(status, phase="Pending", qosClass=quality_of_service(obj["spec"]))
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
    default(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if spec.get("serviceAccountName"):
        default(spec, serviceAccount=spec["serviceAccountName"])
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            _container(container, is_host_network=bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or ():
        _volume(volume)


def _container(container: Obj, *, is_host_network: bool) -> None:
    default(
        container,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(container.get("image", "")),
    )
    for port in container.get("ports") or ():
        default(port, protocol="TCP")
        if is_host_network:
            default(port, hostPort=port.get("containerPort"))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe):
            _probe(container[probe])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and isinstance(hook.get("httpGet"), dict):
            default(hook["httpGet"], path="/", scheme="HTTP")
    for variable in container.get("env") or ():
        _reference(variable.get("valueFrom") or {})
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
    default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if isinstance(probe.get("httpGet"), dict):
        default(probe["httpGet"], path="/", scheme="HTTP")
    if isinstance(probe.get("grpc"), dict):
        default(probe["grpc"], service="")


def _volume(volume: Obj) -> None:
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if isinstance(volume.get(source), dict):
            default(volume[source], defaultMode=420)
    host_path(volume)
    _fields_of_pod(volume)
    for source_ in (volume.get("projected") or {}).get("sources") or ():
        _fields_of_pod(source_)
        if isinstance(source_.get("serviceAccountToken"), dict):
            default(source_["serviceAccountToken"], expirationSeconds=3600)
    claim = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if isinstance(claim, dict):
        default(claim.setdefault("spec", {}), volumeMode="Filesystem")
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}


def host_path(volume: Obj) -> None:
    """A folder of the node, in a pod's volume or a PersistentVolume."""
    if isinstance(volume.get("hostPath"), dict):
        default(volume["hostPath"], type="")


def _fields_of_pod(source: Obj) -> None:
    for item in (source.get("downwardAPI") or {}).get("items") or ():
        _reference(item)


def _reference(source: Obj) -> None:
    """A field of the pod, or of its resources, as a variable or a file."""
    if source.get("fieldRef"):
        default(source["fieldRef"], apiVersion="v1")
    if source.get("resourceFieldRef"):
        default(source["resourceFieldRef"], divisor="0")


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
