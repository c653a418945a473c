"""The smallest object of each kind that a server takes, for names that a recording only mentions.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.manifests import Obj, config_map, deployment, pod
from tests.conformance.place import Place


def plain(place: Place, meta: Obj | None = None) -> Obj | None:
    """Something of this name with the labels of `meta`; None where nothing plain is known."""
    builder = _BUILDERS.get(place.plural)
    if builder is None or place.is_custom:
        return None
    made = builder(place.name)
    own = made.setdefault("metadata", {"name": place.name})
    for name in ("labels", "generateName"):
        if (meta or {}).get(name):
            own[name] = (meta or {})[name]
    return made


def _workload(name: str) -> Obj:
    spec = deployment(name)["spec"]
    return {"metadata": {"name": name}, "spec": spec}


def _stateful_set(name: str) -> Obj:
    return {"spec": {**_workload(name)["spec"], "serviceName": name}}


def _daemon_set(name: str) -> Obj:
    spec = _workload(name)["spec"]
    del spec["replicas"]
    return {"spec": spec}


def _job_spec(name: str) -> Obj:
    spec = pod(name, command=["sh", "-c", "sleep 100"], restartPolicy="Never")["spec"]
    return {"template": {"spec": spec}}


def _cron_job(name: str) -> Obj:
    return {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": _job_spec(name)}}}


def _autoscaler(name: str) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {"spec": {"scaleTargetRef": target, "maxReplicas": 3}}


def _ingress(name: str) -> Obj:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    return {"spec": {"defaultBackend": backend}}


def _volume(name: str) -> Obj:
    del name
    capacity = {"storage": "1Gi"}
    path = {"path": "/tmp/volume"}
    return {"spec": {"capacity": capacity, "accessModes": ["ReadWriteOnce"], "hostPath": path}}


def _claim(name: str) -> Obj:
    del name
    requests = {"requests": {"storage": "1Gi"}}
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": requests}}


def _binding(kind: str) -> Callable[[str], Obj]:
    def build(name: str) -> Obj:
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        user = {"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}
        return {"roleRef": reference, "subjects": [user]}

    return build


def _given(**parts: object) -> Callable[[str], Obj]:
    return lambda name: dict(parts)


_BUILDERS: dict[str, Callable[[str], Obj]] = {
    "pods": pod,
    "configmaps": lambda name: config_map(name, {"k": "v"}),
    "namespaces": _given(),
    "services": _given(spec={"ports": [{"port": 80}]}),
    "serviceaccounts": _given(),
    "secrets": _given(),
    "resourcequotas": _given(spec={"hard": {"pods": "10"}}),
    "limitranges": _given(spec={"limits": []}),
    "endpoints": _given(),
    "persistentvolumes": _volume,
    "persistentvolumeclaims": _claim,
    "deployments": _workload,
    "replicasets": _workload,
    "statefulsets": _stateful_set,
    "daemonsets": _daemon_set,
    "jobs": lambda name: {"spec": _job_spec(name)},
    "cronjobs": _cron_job,
    "horizontalpodautoscalers": _autoscaler,
    "ingresses": _ingress,
    "ingressclasses": _given(spec={"controller": "example.com/controller"}),
    "networkpolicies": _given(spec={"podSelector": {}}),
    "poddisruptionbudgets": _given(spec={"minAvailable": 1, "selector": {}}),
    "storageclasses": _given(provisioner="example.com/provisioner"),
    "priorityclasses": _given(value=1000),
    "runtimeclasses": _given(handler="runc"),
    "leases": _given(spec={}),
    "endpointslices": _given(addressType="IPv4", endpoints=[]),
    "roles": _given(rules=[]),
    "clusterroles": _given(rules=[]),
    "rolebindings": _binding("Role"),
    "clusterrolebindings": _binding("ClusterRole"),
}
"""The plural of a kind, and its smallest object."""
