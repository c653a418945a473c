"""Workloads and events, as many of their fields as waiting needs."""

from datetime import datetime

import msgspec

from kube_client.objects import Condition, KubeObject, KubeStruct


class WorkloadSpec(KubeStruct):
    """What is wanted."""

    replicas: int | None = None
    schedule: str = ""
    completions: int | None = None


class WorkloadStatus(KubeStruct):
    """What is; each kind fills its own fields."""

    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    desired_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    current_revision: str = ""
    update_revision: str = ""
    succeeded: int = 0
    failed: int = 0
    conditions: list[Condition] = msgspec.field(default_factory=list)


class Workload(KubeObject):
    """A Deployment, StatefulSet, DaemonSet, ReplicationController, Job or CronJob."""

    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)
    status: WorkloadStatus = msgspec.field(default_factory=WorkloadStatus)

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, if the workload has it."""
        return next((found for found in self.status.conditions if found.type == kind), None)


class InvolvedObject(KubeStruct):
    """What an event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Event(KubeObject):
    """Something that happened to an object."""

    involved_object: InvolvedObject = msgspec.field(default_factory=InvolvedObject)
    type: str = ""
    reason: str = ""
    message: str = ""
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def when(self) -> datetime | None:
        """When it last happened."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp
