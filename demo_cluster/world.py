"""The world: everything that lives on the cluster and makes it move."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo_cluster.access.certificates import Certificates
from demo_cluster.admission.admission import admit_within_limits
from demo_cluster.containers.images import ImageLibrary
from demo_cluster.controllers.account_tokens import AccountTokens
from demo_cluster.controllers.certificate_signer import CertificateSigner
from demo_cluster.controllers.cluster_roles import ClusterRoleAggregation
from demo_cluster.controllers.cron_jobs import CronJobController
from demo_cluster.controllers.daemon_sets import DaemonSetController
from demo_cluster.controllers.deployments import DeploymentController
from demo_cluster.controllers.disruption import DisruptionController
from demo_cluster.controllers.endpoint_slices import EndpointSliceController
from demo_cluster.controllers.horizontal_pod_autoscalers import PodAutoscaler
from demo_cluster.controllers.jobs import JobController
from demo_cluster.controllers.namespaces import NamespaceController
from demo_cluster.controllers.nodes import NodeController
from demo_cluster.controllers.owners import GarbageCollector
from demo_cluster.controllers.persistent_volume_claims import ClaimController
from demo_cluster.controllers.replica_sets import (
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    ReplicaSetController,
)
from demo_cluster.controllers.resource_quotas import ResourceQuotaController
from demo_cluster.controllers.services import ServiceController
from demo_cluster.controllers.stateful_sets import StatefulSetController
from demo_cluster.controllers.taint_eviction import TaintEviction
from demo_cluster.events import EventRecorder
from demo_cluster.faults import Fault, FaultPlan
from demo_cluster.kubelet.kubelet import Kubelet
from demo_cluster.scenarios.bulk import Bulk
from demo_cluster.scenarios.images import load_images
from demo_cluster.scenarios.scenario import Scenario
from demo_cluster.scheduler import Scheduler
from demo_cluster.store.history import HistoryClock
from demo_cluster.store.storage import Storage, StorageEvent
from demo_cluster.story import Story
from demo_cluster.usage import Usage
from demo_cluster.wire.reply import Backend

EVENT_SWEEP = 300.0


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What lives there: a scenario, and a seed for what it leaves open."""

    scenario: Scenario = field(default_factory=Scenario)
    seed: int = 1
    faults: FaultPlan = field(default_factory=FaultPlan)
    """What the scenario's timeline may change."""


class World:
    """Controllers, kubelets and the story of one cluster."""

    def __init__(
        self,
        backend: Backend,
        clock: HistoryClock,
        options: WorldOptions,
        certificates: Certificates,
    ) -> None:
        self.storage: Storage = backend.storage
        self.registry = backend.registry
        self.clock = clock
        self.options = options
        self.scenario = options.scenario
        self.faults = options.faults
        rng = random.Random(options.seed)
        self.events = EventRecorder(self.storage, clock)
        self.images = ImageLibrary(load_images(self.scenario.bulk))
        self.images.add(self.scenario.images)
        kubelet_rng = random.Random(rng.getrandbits(64))
        self.kubelet = Kubelet(self.storage, clock, kubelet_rng, self.events, self.images)
        self.usage = Usage(self.storage, clock, self.kubelet)
        storage, events = self.storage, self.events
        storage.admission = lambda kind, new: admit_within_limits(storage, kind, new)
        text = certificates.authority.decode()
        self.nodes = NodeController(storage, clock, events, self.kubelet)
        self._listeners: list[Callable[[StorageEvent], None]] = [
            each.on_event
            for each in (
                ServiceController(storage, rng),
                self.kubelet,
                Scheduler(storage, clock, events),
                DeploymentController(storage, clock, events),
                ReplicaSetController(storage, clock, events, REPLICA_SETS),
                ReplicaSetController(storage, clock, events, REPLICATION_CONTROLLERS),
                StatefulSetController(storage, clock, events),
                DaemonSetController(storage, clock, events),
                JobController(storage, clock, events),
                CronJobController(storage, clock, events),
                EndpointSliceController(storage, clock),
                NamespaceController(storage, clock, backend.registry, text),
                AccountTokens(storage, clock, backend.tokens, text),
                GarbageCollector(storage, clock),
                DisruptionController(storage, clock),
                PodAutoscaler(storage, clock, events, self.usage),
                ClaimController(storage, clock, events),
                ResourceQuotaController(storage, clock),
                CertificateSigner(storage, clock, certificates),
                ClusterRoleAggregation(storage, clock),
                TaintEviction(storage, clock, events),
                self.nodes,
            )
        ]
        turns: dict[str, Callable[[Any], None]] = {
            "lose_node": self.nodes.lose,
            "restore_node": self.nodes.restore,
            "faults": self._change_faults,
        }
        self.story = Story(self.scenario, clock, storage, self.registry, turns)
        self.begun = clock.now()
        """When the present of this story began."""
        bulk_rng = random.Random(rng.getrandbits(64))
        self._bulk = Bulk(storage, clock, bulk_rng, self.scenario.bulk)
        self._unsubscribe: Callable[[], object] = lambda: None

    def _change_faults(self, faults: Sequence[Fault]) -> None:
        self.faults.change(faults)
        self.faults.begin(self.clock.now())

    def begin(self) -> None:
        """Go back to where the scenario's history starts; nothing may be stored yet."""
        if self.scenario.past:
            self.clock.begin(self.scenario.past)
        self.listen()

    def listen(self) -> None:
        """Controllers and kubelets see what is stored from now on."""
        self._unsubscribe = self.storage.subscribe(self._on_event)

    def start(self) -> None:
        """Live through the past, then let the present go on by itself."""
        self.story.tell()
        self.clock.catch_up()
        self._bulk.fill()
        self._go_on(self.clock.now(), 0.0)

    def resume(self, begun: datetime, told: float) -> None:
        """Go on from what is stored: a run of this story that began then and came so far."""
        self.kubelet.take_up()
        self._go_on(begun, told)

    def _go_on(self, begun: datetime, told: float) -> None:
        self.begun = begun
        self.events.forget_old()
        self._sweep()
        self.story.go_on(begun, told)
        self._bulk.go_on()

    def _sweep(self) -> None:
        self.clock.call_later(EVENT_SWEEP, self._forget)

    def _forget(self) -> None:
        self.events.forget_old()
        self._sweep()

    def stop(self) -> None:
        """Everything that runs ends, without a trace in the storage."""
        self._unsubscribe()
        self.kubelet.close()

    def _on_event(self, event: StorageEvent) -> None:
        for listener in self._listeners:
            listener(event)
