"""From a container's image to its running process, and to the news of its end."""

from __future__ import annotations

from datetime import UTC, datetime

from demo_cluster.containers.images import full_name
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.environment import MissingReferenceError
from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_status import INIT, ContainerState, terminated_state
from demo_cluster.kubelet.runs import ContainerRun, ToyRun
from demo_cluster.timestamps import parse_timestamp
from demo_cluster.toybox.machine import NoSuchProgramError

CREATE, NOTICE = 0.12, 0.3
BACKOFF_FORGIVEN = 600.0


class ContainerStarts:
    """Creates, starts and sees the end of the containers of one pod."""

    def __init__(self, worker: Pod) -> None:
        self._worker = worker

    def adopt(self, container: ContainerState, entry: Obj) -> None:
        """Go on from what the container's status says."""
        container.restarts = entry["restartCount"]
        container.image, container.image_id = entry["image"], entry["imageID"]
        container.container_id = entry.get("containerID", "")
        container.is_ready = entry["ready"]
        container.is_started = bool(entry.get("started"))
        container.last_terminated = entry.get("lastState", {}).get("terminated")
        state = entry["state"]
        container.terminated = state.get("terminated")
        waiting = state.get("waiting") or {}
        container.waiting = waiting.get("reason", "")
        container.waiting_message = waiting.get("message", "")
        if "running" in state:
            since = parse_timestamp(state["running"]["startedAt"])
            container.running_since = since
            self._go_on(container, self._worker.kubelet.resume(self._worker, container, since))

    def _go_on(self, container: ContainerState, run: ContainerRun) -> None:
        container.run = run
        try:
            run.start()
        except NoSuchProgramError as error:
            why = error
            self._worker.later(NOTICE, lambda: self._failed_to_start(container, run, why))

    def create(self, container: ContainerState) -> None:
        """The image is there: make the container, and start it a moment later."""
        worker = self._worker
        try:
            run = worker.kubelet.new_run(worker, container)
        except MissingReferenceError as error:
            worker.say("Failed", f"Error: {error}", container=container, warning=True)
            worker.retries.fail(
                container,
                "CreateContainerConfigError",
                str(error),
                lambda: worker.images.ensure(container),
            )
            return
        worker.say("Created", "Container created", container=container)
        worker.later(CREATE, lambda: self._start(container, run))

    def _start(self, container: ContainerState, run: ContainerRun) -> None:
        worker = self._worker
        if worker.is_stopping:
            run.abandon()
            return
        container.previous, container.run = container.run, run
        container.container_id = run.plan.container_id
        container.image = full_name(container.spec["image"])
        container.image_id = worker.kubelet.image_id(container.spec["image"])
        if container.terminated or container.last_terminated:
            container.last_terminated = container.terminated or container.last_terminated
            container.restarts += 1
        container.failures = max(container.failures, 0)
        container.terminated = None
        container.waiting = container.waiting_message = ""
        container.running_since = worker.kubelet.clock.now()
        container.is_started = "startupProbe" not in container.spec
        container.is_ready = container.is_started and "readinessProbe" not in container.spec
        if container.role == INIT:
            container.is_ready = False
        try:
            run.start()
        except NoSuchProgramError as error:
            self._failed_to_start(container, run, error)
            return
        worker.say("Started", "Container started", container=container)
        worker.ending.run_hook(container, "postStart")
        if container.is_running:
            worker.report()
            worker.probes.begin(container)
            worker.advance()

    def _failed_to_start(
        self, container: ContainerState, run: ContainerRun, error: NoSuchProgramError
    ) -> None:
        worker = self._worker
        run.log.end()
        reason = "executable file not found in $PATH" if error.code == 127 else "permission denied"
        message = (
            "failed to create containerd task: failed to create shim task: OCI runtime create "
            f"failed: runc create failed: unable to start container process: exec: "
            f'"{error.name}": {reason}: unknown'
        )
        worker.say("Failed", f"Error: {message}", container=container, warning=True)
        container.running_since = None
        container.is_started = container.is_ready = False
        container.terminated = terminated_state(
            128,
            "StartError",
            datetime(1970, 1, 1, tzinfo=UTC),
            worker.kubelet.clock.now(),
            container.container_id,
            message,
        )
        worker.report()
        worker.later(NOTICE, lambda: worker.retries.after_exit(container))

    def exited(self, container: ContainerState, run: ContainerRun, code: int, reason: str) -> None:
        """A run ended by itself or was ended."""
        worker = self._worker
        now = worker.kubelet.clock.now()
        if container.run is not run:
            return
        container.terminated = terminated_state(
            code, reason, run.started, now, container.container_id, self._last_words(container)
        )
        if (now - run.started).total_seconds() >= BACKOFF_FORGIVEN:
            container.failures = 0
        if worker.is_gone or worker.is_stopping:
            container.running_since = None
            worker.ending.one_less()
        else:
            worker.probes.end(container)
            if container.is_being_replaced and worker.policy != "Never":
                worker.retries.replace(container)
                return
            delay = NOTICE + worker.kubelet.jitter(0.3)
            worker.later(delay, lambda: self._noticed(container, run))

    def _last_words(self, container: ContainerState) -> str:
        """The termination message: what was written to the file of that name."""
        run = container.run
        if run is None:
            return ""
        path = container.spec.get("terminationMessagePath", "/dev/termination-log")
        if not isinstance(run, ToyRun) or run.machine.files.lookup(path) is None:
            return ""
        return run.machine.files.read(path).decode("utf-8", "replace")[:4096]

    def _noticed(self, container: ContainerState, run: ContainerRun) -> None:
        worker = self._worker
        if container.run is not run or worker.is_stopping:
            return
        container.running_since = None
        container.is_started = False
        container.is_ready = container.role == INIT and container.is_done
        worker.report()
        worker.retries.after_exit(container)
