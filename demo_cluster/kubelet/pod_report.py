"""What a kubelet writes into the status of one pod, and when a phase may be said to be over."""

from __future__ import annotations

from datetime import datetime

from demo_cluster.kinds import Obj
from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_status import (
    EPHEMERAL,
    INIT,
    MAIN,
    SIDECAR,
    Conditions,
    conditions_of,
    phase_of,
)
from demo_cluster.quantities import total_resources
from demo_cluster.timestamps import parse_timestamp, timestamp

ENDED_PHASES = ("Succeeded", "Failed")
_OWN_CONDITIONS = frozenset(
    {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}
)
_STATUS_LISTS = (
    ("initContainerStatuses", (INIT, SIDECAR)),
    ("containerStatuses", (MAIN,)),
    ("ephemeralContainerStatuses", (EPHEMERAL,)),
)


class PodReport:
    """The status of one pod; written when it has changed."""

    def __init__(self, worker: Pod) -> None:
        self._worker = worker
        self._conditions = Conditions()
        self.started_at: datetime | None = None
        self.has_sandbox = False
        self.has_address = False
        self.failure: tuple[str, str] = ("", "")
        """Reason and message when the node itself ended the pod."""
        self.is_final = False
        """Nothing of the pod runs any more: only now its last phase may be told."""

    def adopt(self, status: Obj) -> None:
        """Go on from what the status says."""
        self.has_sandbox = self.has_address = True
        if status.get("startTime"):
            self.started_at = parse_timestamp(status["startTime"])
        self._conditions.adopt(status.get("conditions") or ())
        self.is_final = status.get("phase") in ENDED_PHASES

    def write(self) -> None:
        """Write the status when it has changed."""
        worker = self._worker
        generation = worker.pod["metadata"].get("generation", 1)
        phase = self.phase()
        conditions = conditions_of(
            worker.containers,
            phase,
            self._conditions,
            has_sandbox=self.has_sandbox and not self.is_final,
            now=worker.kubelet.clock.now(),
            generation=generation,
        )

        def write(pod: Obj) -> None:
            status = pod.setdefault("status", {})
            quality = status.get("qosClass", "BestEffort")
            kept = [c for c in status.get("conditions") or () if c["type"] not in _OWN_CONDITIONS]
            shown = phase
            if phase in ENDED_PHASES and not self.is_final:
                shown = status.get("phase", "Pending")
            pod["status"] = self._status(shown, [*conditions, *kept], generation, quality)

        stored = worker.kubelet.write(worker.pod, write)
        if stored is not None:
            worker.pod = stored

    def phase(self) -> str:
        """The phase that the containers are in, told or not."""
        if self.failure[0]:
            return "Failed"
        containers = self._worker.containers
        phase = phase_of(containers, self._worker.policy)
        if self.is_final and phase in ("Running", "Pending"):
            main = [each for each in containers if each.role == MAIN]
            ended = [each.terminated for each in main if each.terminated]
            if ended:
                return "Failed" if any(state["exitCode"] for state in ended) else "Succeeded"
        return phase

    def _status(self, phase: str, conditions: list[Obj], generation: int, quality: str) -> Obj:
        worker = self._worker
        status: Obj = {"observedGeneration": generation, "phase": phase, "conditions": conditions}
        if self.failure[0] and self.is_final:
            status["message"], status["reason"] = self.failure[1], self.failure[0]
        address = worker.kubelet.node_address(worker.pod["spec"]["nodeName"])
        status["hostIP"], status["hostIPs"] = address, [{"ip": address}]
        if self.has_address:
            status["podIP"] = worker.network.address
            status["podIPs"] = [{"ip": worker.network.address}]
        if self.started_at:
            status["startTime"] = timestamp(self.started_at)
        for name, roles in _STATUS_LISTS:
            entries = [each.status() for each in worker.containers if each.role in roles]
            if INIT not in roles:
                entries.sort(key=lambda entry: str(entry["name"]))
            if entries:
                status[name] = entries
        status["qosClass"] = quality
        containers = worker.pod["spec"]["containers"]
        totals = {
            section: total
            for section in ("limits", "requests")
            if (total := total_resources(containers, section))
        }
        if "requests" in totals:
            status["allocatedResources"] = totals["requests"]
        status["resources"] = totals
        return status
