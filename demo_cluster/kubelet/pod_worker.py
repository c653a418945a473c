"""One pod on its node: what is there, what changes, and the order in which its containers start."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.clock import TimerHandle
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.container_starts import ContainerStarts
from demo_cluster.kubelet.image_pulls import ImagePulls
from demo_cluster.kubelet.pod import Node
from demo_cluster.kubelet.pod_ending import PodEnding
from demo_cluster.kubelet.pod_report import ENDED_PHASES, PodReport
from demo_cluster.kubelet.pod_status import EPHEMERAL, INIT, MAIN, SIDECAR, ContainerState
from demo_cluster.kubelet.probes import Probes
from demo_cluster.kubelet.retries import Retries
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.kubelet.volumes import Volumes
from demo_cluster.toybox.machine import Network

ACKNOWLEDGE, SANDBOX = 0.02, 0.42
DEADLINE_STOP = 1.0
FORCED_GRACE = 2.1


class PodWorker:
    """Brings one pod's containers to where its spec wants them, and reports."""

    def __init__(self, kubelet: Node, pod: Obj) -> None:
        self.kubelet = kubelet
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.network = Network(reach=kubelet.reach(pod["metadata"]["namespace"]))
        self.volumes = Volumes(kubelet.storage, pod, kubelet.claims)
        self.containers = [
            *(
                ContainerState(spec, SIDECAR if spec.get("restartPolicy") == "Always" else INIT)
                for spec in pod["spec"].get("initContainers") or ()
            ),
            *(ContainerState(spec, MAIN) for spec in pod["spec"]["containers"]),
        ]
        self.is_stopping = False
        self.is_gone = False
        self.probes = Probes(self)
        self.status = PodReport(self)
        self.images = ImagePulls(self)
        self.starts = ContainerStarts(self)
        self.retries = Retries(self)
        self.ending = PodEnding(self)
        self.on_stopped: list[Callable[[], None]] = []
        """Who wants to know that nothing of the pod runs any more."""
        self._timers: list[TimerHandle] = []

    # -- the outside

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.pod["metadata"]["namespace"])

    @property
    def policy(self) -> str:
        """The pod's restart policy."""
        return str(self.pod["spec"].get("restartPolicy", "Always"))

    def container(self, name: str) -> ContainerState | None:
        """A container by name."""
        return next((each for each in self.containers if each.name == name), None)

    def start(self) -> None:
        """The pod was bound to this node."""
        self.status.started_at = self.kubelet.clock.now()
        for container in self.containers:
            initial = any(each.role in (INIT, SIDECAR) for each in self.containers)
            container.waiting = "PodInitializing" if initial else "ContainerCreating"
        self.later(ACKNOWLEDGE, self._acknowledge)

    def adopt(self) -> None:
        """The pod runs already, as its status says: go on from there."""
        status = self.pod["status"]
        self.status.adopt(status)
        self.network.address = status.get("podIP", self.network.address)
        entries = {
            entry["name"]: entry
            for field in ("initContainerStatuses", "containerStatuses")
            for entry in status.get(field) or ()
        }
        for container in self.containers:
            if container.name in entries:
                self.starts.adopt(container, entries[container.name])

    def take_up(self) -> None:
        """The kubelet has started again: probes begin anew, and what waits is tried once more."""
        if self.is_stopping:
            return
        if not self.pod["status"].get("podIP"):
            self.status.has_sandbox = self.status.has_address = False
            self.later(SANDBOX, self._make_sandbox)
            return
        for container in self.containers:
            if container.is_running:
                self.probes.begin(container)
            elif container.terminated is not None:
                self.later(SANDBOX, lambda container=container: self.retries.after_exit(container))  # type: ignore[misc]  # a lambda with a default
            elif container.waiting not in ("", "PodInitializing", "ContainerCreating"):
                self.later(SANDBOX, lambda container=container: self.images.ensure(container))  # type: ignore[misc]  # a lambda with a default
        self.advance()

    def change(self, pod: Obj) -> None:
        """The object changed: perhaps it is to go, perhaps it got an ephemeral container."""
        before, self.pod = self.pod, pod
        meta = pod["metadata"]
        if meta.get("deletionTimestamp") and not self.is_stopping:
            self.ending.stop(meta.get("deletionGracePeriodSeconds") or 0)
            self.later(ACKNOWLEDGE, self.report)
        elif meta.get("deletionTimestamp"):
            grace = meta.get("deletionGracePeriodSeconds") or 0
            if grace < (before["metadata"].get("deletionGracePeriodSeconds") or 0):
                self.later(grace, self.ending.kill_all)
        elif meta.get("generation") != before["metadata"].get("generation"):
            self._take_over_specs()
            self.later(ACKNOWLEDGE, self.report)
        known = {each.name for each in self.containers}
        for spec in pod["spec"].get("ephemeralContainers") or ():
            if spec["name"] not in known:
                self._add_ephemeral(spec)

    def _take_over_specs(self) -> None:
        """Images and resources of running containers may be changed."""
        spec = self.pod["spec"]
        changed = {
            each["name"]: each
            for each in [*(spec.get("initContainers") or ()), *spec["containers"]]
        }
        for container in self.containers:
            container.spec = changed.get(container.name, container.spec)

    def removed(self) -> None:
        """The object is gone although the containers run (forced): they last a little longer."""
        self.is_gone = True
        self.cancel_timers()
        self.probes.stop()
        for each in self.containers:
            each.notice_end()
        if not any(each.is_running for each in self.containers):
            self.kubelet.forget(self)
            return
        for each in self.containers:
            if each.run:
                each.run.stop()
        self.later(FORCED_GRACE, self.ending.kill_all)

    def when_stopped(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when the pod ends and nothing of it runs any more. Returns how to forget it."""
        self.on_stopped.append(call)

        def forget() -> None:
            if call in self.on_stopped:
                self.on_stopped.remove(call)

        return forget

    def close(self) -> None:
        """The cluster stops."""
        self.cancel_timers()
        self.probes.stop()
        for each in self.containers:
            for run in (each.run, each.previous):
                if run:
                    run.abandon()

    def later(self, seconds: float, call: Callable[[], None]) -> TimerHandle:
        """Call after some time, unless the pod has gone by then."""
        self._timers = self._timers[-64:]
        handle = self.kubelet.clock.call_later(seconds, call)
        self._timers.append(handle)
        return handle

    def cancel_timers(self) -> None:
        """Nothing that was planned happens any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def say(
        self,
        reason: str,
        message: str,
        *,
        container: ContainerState | None = None,
        warning: bool = False,
    ) -> None:
        """An event about the pod, or about one of its containers."""
        path = ""
        if container:
            field = {MAIN: "containers", EPHEMERAL: "ephemeralContainers"}
            path = f"spec.{field.get(container.role, 'initContainers')}{{{container.name}}}"
        self.kubelet.events.record(
            self.pod,
            reason,
            message,
            component="kubelet",
            host=self.pod["spec"]["nodeName"],
            field_path=path,
            warning=warning,
        )

    def report(self, *, is_final: bool = False) -> None:
        """Write the status when it has changed; finally, when nothing runs any more."""
        self.status.is_final = self.status.is_final or is_final
        if not self.is_gone:
            self.status.write()

    def report_phase(self) -> str:
        """The phase that the containers are in."""
        return self.status.phase()

    # -- starting

    def _acknowledge(self) -> None:
        if self.is_stopping:
            return
        self.report()
        self._arm_deadline()
        self.later(SANDBOX + self.kubelet.jitter(0.1), self._make_sandbox)

    def _arm_deadline(self) -> None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds:
            self.later(float(seconds), self._exceed_deadline)

    def _exceed_deadline(self) -> None:
        if self.is_stopping or self.pod.get("status", {}).get("phase") in ENDED_PHASES:
            return
        message = "Pod was active on the node longer than the specified deadline"
        self.say("DeadlineExceeded", message)
        self.stop_for("DeadlineExceeded", message, after=DEADLINE_STOP)

    def _make_sandbox(self, attempt: int = 0) -> None:
        if self.is_stopping:
            return
        missing = self.volumes.missing()
        if missing:
            name, why = missing
            self.say(
                "FailedMount", f'MountVolume.SetUp failed for volume "{name}" : {why}', warning=True
            )
            wait = min(0.5 * 2 ** min(attempt, 8), 122.0)
            self.later(wait, lambda: self._make_sandbox(attempt + 1))
            return
        self.status.has_sandbox = True
        host = self.pod["spec"].get("hostNetwork")
        node = self.pod["spec"]["nodeName"]
        self.network.address = (
            self.kubelet.node_address(node) if host else self.kubelet.new_address(node)
        )
        self.report()
        self.status.has_address = True
        self.advance()

    def advance(self) -> None:
        """Start what may start now: init containers one after the other, then the rest."""
        if self.is_stopping or not self.status.has_sandbox:
            return
        for container in self.containers:
            if container.role == INIT and not container.is_done:
                if container.waiting == "PodInitializing":
                    self._start_soon(container)
                return
            if container.role == SIDECAR:
                if container.waiting == "PodInitializing":
                    self._start_soon(container)
                if not container.is_started:
                    return
        for container in self.containers:
            if container.role == MAIN and container.waiting in (
                "PodInitializing",
                "ContainerCreating",
            ):
                self._start_soon(container)

    def _start_soon(self, container: ContainerState) -> None:
        if container.run is None and not container.failures:
            container.failures = -1
            self.later(self.kubelet.jitter(0.02), lambda: self.images.ensure(container))

    def _add_ephemeral(self, spec: Obj) -> None:
        container = ContainerState(spec, EPHEMERAL, waiting="ContainerCreating")
        self.containers.append(container)
        self.later(ACKNOWLEDGE, lambda: self.images.ensure(container))

    # -- ending

    def exited(self, container: ContainerState, run: ContainerRun, code: int, reason: str) -> None:
        """A run ended by itself or was ended."""
        self.starts.exited(container, run, code, reason)

    def stop_for(self, reason: str, message: str, *, after: float = 0.0) -> None:
        """End the pod without deleting it: its deadline has passed, or the node wants it gone."""
        self.status.failure = (reason, message)
        self.report()
        grace = float(self.pod["spec"].get("terminationGracePeriodSeconds", 30)) if after else 0.0
        self.later(after, lambda: None if self.is_stopping else self.ending.stop(grace))
