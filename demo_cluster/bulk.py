"""Many nodes and pods at once, running already, and the churn among them."""

from __future__ import annotations

import gc
import hashlib
import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from demo_cluster.clock import Clock
from demo_cluster.controllers.deployments import DESIRED, HASH, MAXIMUM, REVISION
from demo_cluster.controllers.owned_pods import owner_reference, template_hash
from demo_cluster.images import full_name
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.scenario import node_object
from demo_cluster.storage import NAME_LETTERS, Storage, key_of
from demo_cluster.timestamps import timestamp

PODS = kind_of("pods")
NODES = kind_of("nodes")
NAMESPACES = kind_of("namespaces")
DEPLOYMENTS = kind_of("deployments", "apps")
REPLICA_SETS = kind_of("replicasets", "apps")
PER_DEPLOYMENT = 20
TICK = 0.1
DELETED_EVERY = 60
TEAMS = ("orders", "search", "media", "fraud", "mail", "users", "stock", "ads", "maps", "chat")
IMAGES = (
    "registry.example.com/api:3.4",
    "nginx:1.27",
    "redis:7.4",
    "registry.example.com/worker:9",
)
ANNOTATION = (
    '{{"team":"{team}","runbook":"https://runbooks.example.com/{team}/{index}",'
    '"owner":"{team}-on-call@example.com","cost-center":"{index:05d}","tier":"{tier}"}}'
)


class Bulk:
    """Fills a cluster to a size and keeps it moving."""

    def __init__(
        self, storage: Storage, clock: Clock, rng: random.Random, settings: Mapping[str, Any]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rng = rng
        self._nodes = int(settings.get("nodes") or 0)
        self._pods = int(settings.get("pods") or 0)
        self._namespaces = int(settings.get("namespaces") or 0)
        self._churn = float(settings.get("churn") or 0)
        self._names: list[tuple[str, str]] = []
        self._changes = 0
        self._owed = 0.0

    def fill(self) -> None:
        """Make everything, as if it had been there for days."""
        if not (self._pods or self._nodes or self._namespaces):
            return
        gc.disable()  # millions of objects that stay: collecting among them takes as long as this
        try:
            self._fill()
        finally:
            gc.enable()
        gc.freeze()

    def _fill(self) -> None:
        nodes = [self._node(number) for number in range(1, self._nodes + 1)]
        nodes = nodes or [node["metadata"]["name"] for node in self._storage.list(NODES)]
        count = self._namespaces or max(self._pods // 300, 1) if self._pods else self._namespaces
        spaces = [self._namespace(number) for number in range(count)]
        made = 0
        index = 0
        while made < self._pods:
            size = min(PER_DEPLOYMENT, self._pods - made)
            self._deployment(spaces[index % len(spaces)], index, size, nodes, made)
            made += size
            index += 1

    def _node(self, number: int) -> str:
        name = f"bulk-{number:04d}"
        zone = {"topology.kubernetes.io/zone": f"zone-{number % 3 + 1}"}
        node = node_object(
            {
                "name": name,
                "cpu": 16,
                "memory": "64Gi",
                "pods": 250,
                "labels": zone,
                "address": f"172.{16 + number // 65536}.{number // 256 % 256}.{number % 256}",
            }
        )
        node["metadata"]["creationTimestamp"] = self._ago(30)
        self._storage.create(NODES, node)
        return name

    def _namespace(self, number: int) -> str:
        name = f"{TEAMS[number % len(TEAMS)]}-{number:03d}"
        meta = {"name": name, "creationTimestamp": self._ago(30)}
        if self._storage.get(NAMESPACES, "", name) is None:
            self._storage.create(NAMESPACES, {"metadata": meta})
        return name

    def _ago(self, days: float) -> str:
        return timestamp(self._clock.now() - timedelta(days=days))

    def _deployment(
        self, namespace: str, index: int, size: int, nodes: list[str], offset: int
    ) -> None:
        team = namespace.rpartition("-")[0]
        name = f"{team}-{index:04d}"
        spec = _deployment_spec(name, team, index, size)
        mark = template_hash(spec["template"])
        born = self._ago(1 + index % 20)
        meta = {"name": name, "namespace": namespace, "creationTimestamp": born}
        deployment = self._storage.create(
            DEPLOYMENTS,
            {
                "metadata": {**meta, "annotations": {REVISION: "1"}},
                "spec": spec,
                "status": _deployment_status(name, mark, size, born),
            },
        )
        owned = self._replica_set(deployment, mark, size, born)
        for position in range(size):
            node = nodes[(offset + position) % len(nodes)]
            self._pod(owned, node, offset + position, born)

    def _replica_set(self, deployment: Obj, mark: str, size: int, born: str) -> Obj:
        meta, spec = deployment["metadata"], deployment["spec"]
        labels = {**spec["template"]["metadata"]["labels"], HASH: mark}
        template = {**spec["template"], "metadata": {"labels": labels}}
        counts = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        status: Obj = dict.fromkeys(counts, size)
        status |= {"terminatingReplicas": 0, "observedGeneration": 1}
        surge = -(-size // 4)
        return self._storage.create(
            REPLICA_SETS,
            {
                "metadata": {
                    "name": f"{meta['name']}-{mark}",
                    "namespace": meta["namespace"],
                    "creationTimestamp": born,
                    "labels": labels,
                    "annotations": {DESIRED: str(size), MAXIMUM: str(size + surge), REVISION: "1"},
                    "ownerReferences": [owner_reference(deployment)],
                },
                "spec": {
                    "replicas": size,
                    "selector": {"matchLabels": {**spec["selector"]["matchLabels"], HASH: mark}},
                    "template": template,
                },
                "status": status,
            },
        )

    def _pod(self, owner: Obj, node: str, number: int, born: str) -> None:
        meta, template = owner["metadata"], owner["spec"]["template"]
        suffix = "".join(self._rng.choices(NAME_LETTERS, k=5))
        address = f"10.{64 + number // 62500}.{number // 250 % 250}.{number % 250 + 2}"
        pod = {
            "metadata": {
                "name": f"{meta['name']}-{suffix}",
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "creationTimestamp": born,
                "labels": template["metadata"]["labels"],
                "annotations": {"example.com/ownership": self._annotation(number)},
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": {**template["spec"], "nodeName": node},
            "status": self._pod_status(template["spec"]["containers"], address, born),
        }
        if self._storage.get(PODS, meta["namespace"], f"{meta['name']}-{suffix}") is None:
            self._names.append(key_of(self._storage.create(PODS, pod)))

    @staticmethod
    def _annotation(number: int) -> str:
        team = TEAMS[number % len(TEAMS)]
        return ANNOTATION.format(team=team, index=number, tier=number % 4)

    def _pod_status(self, containers: list[Obj], address: str, born: str) -> Obj:
        restarts = self._rng.choices((0, 0, 0, 1, 4, 37), k=1)[0]
        conditions = [
            {
                "type": kind,
                "observedGeneration": 1,
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": born,
            }
            for kind in _CONDITIONS
        ]
        statuses = [
            {
                "name": container["name"],
                "state": {"running": {"startedAt": born}},
                "lastState": {},
                "ready": True,
                "restartCount": restarts,
                "image": full_name(container["image"]),
                "imageID": "sha256:" + hashlib.sha256(container["image"].encode()).hexdigest(),
                "containerID": f"containerd://{self._rng.getrandbits(256):064x}",
                "started": True,
                "allocatedResources": container["resources"]["requests"],
                "resources": container["resources"],
            }
            for container in containers
        ]
        return {
            "observedGeneration": 1,
            "phase": "Running",
            "conditions": conditions,
            "hostIP": "192.0.2.99",
            "hostIPs": [{"ip": "192.0.2.99"}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": born,
            "containerStatuses": statuses,
            "qosClass": "Burstable",
        }

    # -- churn

    def go_on(self) -> None:
        """Begin to change things, so many a second."""
        if self._churn and self._names:
            self._clock.call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._owed += self._churn * TICK
        while self._owed >= 1:
            self._owed -= 1
            self._change()
        self._clock.call_later(TICK, self._tick)

    def _change(self) -> None:
        self._changes += 1
        position = self._rng.randrange(len(self._names))
        key = self._names[position]
        pod = self._storage.get(PODS, *key)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            self._names[position] = self._names[-1]
            if len(self._names) > 1:
                self._names.pop()
        elif self._changes % DELETED_EVERY == 0:
            self._owed -= 10
            self._storage.request_delete(PODS, *key, grace_seconds=1)
        else:
            self._storage.modify(PODS, *key, self._restart)

    def _restart(self, pod: Obj) -> None:
        """A container of the pod crashed and was started again."""
        now = timestamp(self._clock.now())
        for status in (pod.get("status", {}).get("containerStatuses") or ())[:1]:
            running = status["state"].get("running")
            if not running:
                continue
            status["lastState"] = {
                "terminated": {
                    "exitCode": 1,
                    "reason": "Error",
                    "startedAt": running["startedAt"],
                    "finishedAt": now,
                    "containerID": status["containerID"],
                }
            }
            status["state"] = {"running": {"startedAt": now}}
            status["containerID"] = f"containerd://{self._rng.getrandbits(256):064x}"
            status["restartCount"] += 1


_CONDITIONS = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)


def _deployment_spec(name: str, team: str, index: int, size: int) -> Obj:
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
    return {"containers": [main, sidecar]}


def _environment(index: int) -> Iterator[tuple[str, str]]:
    yield "SERVICE_INDEX", str(index)
    for name in ("DATABASE", "CACHE", "QUEUE", "SEARCH", "MAIL", "METRICS", "TRACES", "FLAGS"):
        yield f"{name}_URL", f"https://{name.lower()}.platform.svc.cluster.local:8443/{index}"


def _deployment_status(name: str, mark: str, size: int, born: str) -> Obj:
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
