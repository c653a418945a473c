"""The objects of a big cluster, of the size and shape that real ones have. Pure.

Pods of one Deployment share what is the same in all of them: thirty thousand pods of eight
kilobytes each take a fraction of that in memory, and nothing that is stored is ever changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from demo_cluster.changes.managed_fields import Writer, track_update
from demo_cluster.containers.images import full_name
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.schema.types import definition_of_kind

PODS = kind_of("pods")
TEAMS = ("orders", "search", "media", "fraud", "mail", "users", "stock", "ads", "maps", "chat")
IMAGES = (
    "registry.example.com/api:3.4",
    "nginx:1.27",
    "redis:7.4",
    "registry.example.com/worker:9",
)
OWNERSHIP = "example.com/ownership"
"""The annotation that all bulk pods have."""
_ANNOTATION = (
    '{{"team":"{team}","runbook":"https://runbooks.example.com/{team}/{index}",'
    '"owner":"{team}-on-call@example.com","cost-center":"{index:05d}","tier":"{tier}"}}'
)
_CONDITIONS = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)
_CONTROLLER = Writer("kube-controller-manager", "Update", "v1")
_KUBELET = Writer("kubelet", "Update", "v1", "status")


def ownership_note(number: int) -> str:
    """The annotation that a platform team's tools leave on everything."""
    team = TEAMS[number % len(TEAMS)]
    return _ANNOTATION.format(team=team, index=number, tier=number % 4)


class PodMould:
    """Pods of one ReplicaSet: `first` is such a pod as it is stored, still without a status."""

    def __init__(self, first: Obj, template: Obj, born: str) -> None:
        self._pod = first
        self._born = born
        containers = first["spec"]["containers"]
        self.containers = len(containers)
        self._statuses = [_container_status(container, born) for container in containers]
        self._conditions = [_condition(kind, born) for kind in _CONDITIONS]
        self._managers = self._managed(template["spec"])

    def _managed(self, spec: Obj) -> list[Obj]:
        """Who owns what; what admission filled in belongs to nobody."""
        definition = definition_of_kind(PODS)
        meta = self._pod["metadata"]
        created: Obj = {"metadata": {**meta}, "spec": {**spec, "enableServiceLinks": True}}
        track_update(definition, None, created, _CONTROLLER, self._born)
        status = self._status("192.0.2.99", "192.0.2.98", ["" for _ in self._statuses], 0)
        running: Obj = {**created, "metadata": {**created["metadata"]}, "status": status}
        track_update(definition, created, running, _KUBELET, self._born)
        found: list[Obj] = running["metadata"]["managedFields"]
        return found

    def pod(
        self,
        suffix: str,
        uid: str,
        node: tuple[str, str],
        address: str,
        runs: tuple[int, list[str]],
    ) -> Obj:
        """A pod that runs on a node (name and address) since it was born.

        `runs` says how often its containers were restarted, and their present ids.
        """
        meta = self._pod["metadata"]
        restarts, identities = runs
        return {
            **self._pod,
            "metadata": {
                **meta,
                "name": meta["generateName"] + suffix,
                "uid": uid,
                "managedFields": self._managers_of(address),
            },
            "spec": {**self._pod["spec"], "nodeName": node[0]},
            "status": self._status(address, node[1], identities, restarts),
        }

    def _managers_of(self, address: str) -> list[Obj]:
        *others, kubelet = self._managers
        fields = kubelet["fieldsV1"]["f:status"]
        entry: Obj = {".": {}, "f:ip": {}}
        fields = {**fields, "f:podIPs": {".": {}, f'k:{{"ip":"{address}"}}': entry}}
        return [*others, {**kubelet, "fieldsV1": {"f:status": fields}}]

    def _status(self, address: str, host: str, identities: list[str], restarts: int) -> Obj:
        return {
            "observedGeneration": 1,
            "phase": "Running",
            "conditions": self._conditions,
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": self._born,
            "containerStatuses": [
                {
                    **status,
                    "restartCount": restarts,
                    "containerID": f"containerd://{identity}",
                }
                for status, identity in zip(self._statuses, identities, strict=True)
            ],
            "qosClass": "Burstable",
        }


def _condition(kind: str, born: str) -> Obj:
    return {
        "type": kind,
        "observedGeneration": 1,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": born,
    }


def _container_status(container: Obj, born: str) -> Obj:
    mounts = [
        {**mount, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else mount
        for mount in container.get("volumeMounts") or ()
    ]
    return {
        "name": container["name"],
        "state": {"running": {"startedAt": born}},
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": full_name(container["image"]),
        "imageID": "sha256:" + hashlib.sha256(container["image"].encode()).hexdigest(),
        "containerID": "",
        "started": True,
        "allocatedResources": container["resources"]["requests"],
        "resources": container["resources"],
        **({"volumeMounts": mounts} if mounts else {}),
    }


def deployment_spec(name: str, team: str, index: int, size: int) -> Obj:
    """What a team wants to run; every second Deployment has a sidecar."""
    labels = {
        "app": name,
        "team": team,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": team,
    }
    return {
        "replicas": size,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": labels}, "spec": _pod_template(index)},
    }


def _pod_template(index: int) -> Obj:
    main = {
        "name": "main",
        "image": IMAGES[index % len(IMAGES)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": name, "value": value} for name, value in _environment(index)],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    }
    sidecar = {
        "name": "proxy",
        "image": "envoyproxy/envoy:v1.32.1",
        "args": ["--config-path", "/etc/envoy/envoy.yaml", "--log-level", "warning"],
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
    }
    return {"containers": [main, sidecar] if index % 2 else [main]}


def _environment(index: int) -> Iterator[tuple[str, str]]:
    yield "SERVICE_INDEX", str(index)
    for name in ("DATABASE", "CACHE", "QUEUE", "TRACES"):
        yield f"{name}_URL", f"https://{name.lower()}.platform.svc.cluster.local:8443/{index}"


def deployment_status(name: str, mark: str, size: int, born: str) -> Obj:
    """The status of a Deployment all of whose pods are well; `mark` is its template's hash."""
    conditions = [
        {
            "type": kind,
            "status": "True",
            "lastUpdateTime": born,
            "lastTransitionTime": born,
            "reason": reason,
            "message": message,
        }
        for kind, reason, message in (
            ("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            (
                "Progressing",
                "NewReplicaSetAvailable",
                f'ReplicaSet "{name}-{mark}" has successfully progressed.',
            ),
        )
    ]
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        "observedGeneration": 1,
        **dict.fromkeys(counts, size),
        "terminatingReplicas": 0,
        "conditions": conditions,
    }
