"""Many nodes and pods at once, running already."""

from __future__ import annotations

import gc
import random
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import owner_reference, template_hash
from demo_cluster.controllers.rollouts import DESIRED, HASH, MAXIMUM, REVISION
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.scenarios.bulk_objects import (
    OWNERSHIP,
    TEAMS,
    PodMould,
    deployment_spec,
    deployment_status,
    ownership_note,
)
from demo_cluster.scenarios.churn import Churn
from demo_cluster.scenarios.objects import node_object
from demo_cluster.store.storage import NAME_LETTERS, Key, Storage, key_of
from demo_cluster.timestamps import timestamp

PODS = kind_of("pods")
NODES = kind_of("nodes")
NAMESPACES = kind_of("namespaces")
DEPLOYMENTS = kind_of("deployments", "apps")
REPLICA_SETS = kind_of("replicasets", "apps")
PER_DEPLOYMENT = 20


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
        self._names: list[Key] = []
        self._addresses: dict[str, str] = {}

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
        spec = deployment_spec(name, team, index, size)
        mark = template_hash(spec["template"])
        born = self._ago(1 + index % 20)
        meta = {"name": name, "namespace": namespace, "creationTimestamp": born}
        deployment = self._storage.create(
            DEPLOYMENTS,
            {
                "metadata": {**meta, "annotations": {REVISION: "1"}},
                "spec": spec,
                "status": deployment_status(name, mark, size, born),
            },
        )
        owned = self._replica_set(deployment, mark, size, born)
        mould = self._mould(owned, born, index)
        for number in range(offset, offset + size):
            self._pod(mould, nodes[number % len(nodes)], number)

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

    def _mould(self, owner: Obj, born: str, index: int) -> PodMould:
        meta, template = owner["metadata"], owner["spec"]["template"]
        pod = {
            "metadata": {
                "name": "",
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "creationTimestamp": born,
                "labels": template["metadata"]["labels"],
                "annotations": {OWNERSHIP: ownership_note(index)},
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": template["spec"],
        }
        return PodMould(self._storage.prepare(PODS, pod), template, born)

    def _pod(self, mould: PodMould, node: str, number: int) -> None:
        rng = self._rng
        pod = mould.pod(
            suffix="".join(rng.choices(NAME_LETTERS, k=5)),
            uid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            node=(node, self._address_of(node)),
            address=f"10.{64 + number // 62500}.{number // 250 % 250}.{number % 250 + 2}",
            runs=(
                rng.choices((0, 0, 0, 1, 4, 37), k=1)[0],
                [f"{rng.getrandbits(256):064x}" for _ in range(mould.containers)],
            ),
        )
        key = key_of(pod)
        if self._storage.get(PODS, *key) is None:
            self._storage.insert(PODS, pod)
            self._names.append(key)

    def _address_of(self, node: str) -> str:
        if node not in self._addresses:
            found = self._storage.get(NODES, "", node) or {}
            addresses = found.get("status", {}).get("addresses") or [{"address": "192.0.2.99"}]
            self._addresses[node] = addresses[0]["address"]
        return self._addresses[node]

    def go_on(self) -> None:
        """Begin to change things, so many a second."""
        names = self._names or [key_of(pod) for pod in self._storage.list(PODS)]
        Churn(self._storage, self._clock, self._rng, names, self._churn).go_on()
