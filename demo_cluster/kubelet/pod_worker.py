"""One pod on its node: from the sandbox to the last exit, restarts and back-off included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from demo_cluster.clock import TimerHandle
from demo_cluster.images import full_name
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.environment import MissingReferenceError
from demo_cluster.kubelet.pod_status import (
    EPHEMERAL,
    INIT,
    MAIN,
    SIDECAR,
    Conditions,
    ContainerState,
    conditions_of,
    phase_of,
    terminated_state,
)
from demo_cluster.kubelet.probes import Probes
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.kubelet.volumes import Volumes
from demo_cluster.quantities import total_resources
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.toybox.machine import Network, NoSuchProgramError

if TYPE_CHECKING:
    from demo_cluster.kubelet.kubelet import Kubelet

ACKNOWLEDGE, SANDBOX, CREATE, NOTICE = 0.02, 0.42, 0.12, 0.3
FIRST_BACKOFF, LONGEST_BACKOFF, BACKOFF_FORGIVEN = 10.0, 300.0, 600.0
SHOW_BACKOFF = 1.5
FORCED_GRACE = 2.1
ENDED_PHASES = ("Succeeded", "Failed")


class PodWorker:
    """Brings one pod's containers to where its spec wants them, and reports."""

    def __init__(self, kubelet: Kubelet, pod: Obj) -> None:
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
        self.probes = Probes(self)
        self._conditions = Conditions()
        self._timers: list[TimerHandle] = []
        self._started_at: datetime | None = None
        self._has_sandbox = False
        self._has_address = False
        self._is_stopping = False
        self._is_gone = False
        self._on_stopped: list[Callable[[], None]] = []
        self._failure: tuple[str, str] = ("", "")

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
        self._started_at = self.kubelet.clock.now()
        for container in self.containers:
            initial = any(each.role in (INIT, SIDECAR) for each in self.containers)
            container.waiting = "PodInitializing" if initial else "ContainerCreating"
        self.later(ACKNOWLEDGE, self._acknowledge)

    def adopt(self) -> None:
        """The pod runs already, as its status says: go on from there."""
        status = self.pod["status"]
        self._has_sandbox = self._has_address = True
        if status.get("startTime"):
            self._started_at = parse_timestamp(status["startTime"])
        self.network.address = status.get("podIP", self.network.address)
        self._conditions.adopt(status.get("conditions") or ())
        entries = {
            entry["name"]: entry
            for field in ("initContainerStatuses", "containerStatuses")
            for entry in status.get(field) or ()
        }
        for container in self.containers:
            if container.name in entries:
                self._adopt_container(container, entries[container.name])

    def _adopt_container(self, container: ContainerState, entry: Obj) -> None:
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
            container.running_since = parse_timestamp(state["running"]["startedAt"])
            container.run = self.kubelet.resume(self, container, container.running_since)

    def change(self, pod: Obj) -> None:
        """The object changed: perhaps it is to go, perhaps it got an ephemeral container."""
        before, self.pod = self.pod, pod
        meta = pod["metadata"]
        if meta.get("deletionTimestamp") and not self._is_stopping:
            self.report()
            self._stop(meta.get("deletionGracePeriodSeconds") or 0)
        elif meta.get("deletionTimestamp"):
            grace = meta.get("deletionGracePeriodSeconds") or 0
            if grace < (before["metadata"].get("deletionGracePeriodSeconds") or 0):
                self.later(grace, self._kill_all)
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
        self._is_gone = True
        self._cancel_timers()
        self.probes.stop()
        if not any(each.is_running for each in self.containers):
            self.kubelet.forget(self)
            return
        for each in self.containers:
            if each.run:
                each.run.stop()
        self.later(FORCED_GRACE, self._kill_all)

    def when_stopped(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when the pod ends and nothing of it runs any more. Returns how to forget it."""
        self._on_stopped.append(call)

        def forget() -> None:
            if call in self._on_stopped:
                self._on_stopped.remove(call)

        return forget

    def close(self) -> None:
        """The cluster stops."""
        self._cancel_timers()
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

    def _cancel_timers(self) -> None:
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

    # -- the status

    def report(self) -> None:
        """Write the status when it has changed."""
        if self._is_gone:
            return
        now = self.kubelet.clock.now()
        generation = self.pod["metadata"].get("generation", 1)
        phase = self._phase()
        conditions = conditions_of(
            self.containers,
            phase,
            self._conditions,
            has_sandbox=self._has_sandbox and phase not in ENDED_PHASES,
            now=now,
            generation=generation,
        )

        def write(pod: Obj) -> None:
            status = pod.setdefault("status", {})
            quality = status.get("qosClass", "BestEffort")
            kept = [c for c in status.get("conditions") or () if c["type"] not in _OWN_CONDITIONS]
            pod["status"] = self._status(phase, [*conditions, *kept], generation, quality)

        stored = self.kubelet.write(self.pod, write)
        if stored is not None:
            self.pod = stored

    def _phase(self) -> str:
        phase = phase_of(self.containers, self.policy)
        stopped = not any(each.is_running for each in self.containers)
        if self._failure[0] and stopped:
            return "Failed"
        if self._is_stopping and stopped and phase in ("Running", "Pending"):
            main = [each for each in self.containers if each.role == MAIN]
            ended = [each.terminated for each in main if each.terminated]
            if ended:
                return "Failed" if any(state["exitCode"] for state in ended) else "Succeeded"
        return phase

    def _status(self, phase: str, conditions: list[Obj], generation: int, quality: str) -> Obj:
        node = self.pod["spec"]["nodeName"]
        status: Obj = {"observedGeneration": generation, "phase": phase, "conditions": conditions}
        if self._failure[0]:
            status["message"], status["reason"] = self._failure[1], self._failure[0]
        address = self.kubelet.node_address(node)
        status["hostIP"], status["hostIPs"] = address, [{"ip": address}]
        if self._has_address:
            status["podIP"] = self.network.address
            status["podIPs"] = [{"ip": self.network.address}]
        if self._started_at:
            status["startTime"] = timestamp(self._started_at)
        for name, roles in _STATUS_LISTS:
            entries = [each.status() for each in self.containers if each.role in roles]
            if entries:
                status[name] = entries
        status["qosClass"] = quality
        allocated = total_resources(self.pod["spec"]["containers"], "requests")
        if allocated:
            status["allocatedResources"] = allocated
        status["resources"] = self._pod_resources()
        return status

    def _pod_resources(self) -> Obj:
        """Requests and limits of the whole pod, once its containers run."""
        if not any(each.container_id for each in self.containers):
            return {}
        found = {}
        for section in ("limits", "requests"):
            total = total_resources(self.pod["spec"]["containers"], section)
            if total:
                found[section] = total
        return found

    # -- starting

    def _acknowledge(self) -> None:
        if self._is_stopping:
            return
        self.report()
        self._arm_deadline()
        self.later(SANDBOX + self.kubelet.jitter(0.1), self._make_sandbox)

    def _arm_deadline(self) -> None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds:
            self.later(float(seconds), self._exceed_deadline)

    def _exceed_deadline(self) -> None:
        if self._is_stopping or self.pod.get("status", {}).get("phase") in ENDED_PHASES:
            return
        message = "Pod was active on the node longer than the specified deadline"
        self._failure = ("DeadlineExceeded", message)
        self.say("DeadlineExceeded", message)
        self._stop(self.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _make_sandbox(self, attempt: int = 0) -> None:
        if self._is_stopping:
            return
        missing = self.volumes.missing()
        if missing:
            name, why = missing
            self.say(
                "FailedMount", f'MountVolume.SetUp failed for volume "{name}" : {why}', warning=True
            )
            wait = min(0.5 * 2**attempt, 122.0)
            self.later(wait, lambda: self._make_sandbox(attempt + 1))
            return
        self._has_sandbox = True
        host = self.pod["spec"].get("hostNetwork")
        node = self.pod["spec"]["nodeName"]
        self.network.address = (
            self.kubelet.node_address(node) if host else self.kubelet.new_address(node)
        )
        self.report()
        self._has_address = True
        self.advance()

    def advance(self) -> None:
        """Start what may start now: init containers one after the other, then the rest."""
        if self._is_stopping or not self._has_sandbox:
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
            self.later(self.kubelet.jitter(0.02), lambda: self._pull(container))

    def _pull(self, container: ContainerState, attempt: int = 0) -> None:
        """Get the image, or say that it cannot be had."""
        if self._is_stopping:
            return
        image, policy = (
            container.spec["image"],
            container.spec.get("imagePullPolicy", "IfNotPresent"),
        )
        node = self.pod["spec"]["nodeName"]
        if policy != "Always" and self.kubelet.has_image(node, image):
            self.say(
                "Pulled",
                f'Container image "{image}" already present on machine and can be accessed by '
                "the pod",
                container=container,
            )
            self._create(container)
        elif policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            self.say("ErrImageNeverPull", message, container=container, warning=True)
            self.say("Failed", "Error: ErrImageNeverPull", container=container, warning=True)
            self._wait(container, "ErrImageNeverPull", message)
            self.later(12.0 if attempt else 1.0, lambda: self._pull(container, attempt + 1))
        else:
            self.say("Pulling", f'Pulling image "{image}"', container=container)
            self.later(
                self.kubelet.pull_seconds(node, image), lambda: self._pulled(container, attempt)
            )

    def _pulled(self, container: ContainerState, attempt: int) -> None:
        if self._is_stopping:
            return
        image = container.spec["image"]
        if self.kubelet.images.can_pull(image):
            taken = self.kubelet.pull_seconds(self.pod["spec"]["nodeName"], image)
            size = self.kubelet.images.find(image).size
            self.kubelet.remember_image(self.pod["spec"]["nodeName"], image)
            duration = f"{taken:.3f}s" if taken >= 1 else f"{taken * 1000:.0f}ms"
            self.say(
                "Pulled",
                f'Successfully pulled image "{image}" in {duration} ({duration} including '
                f"waiting). Image size: {size} bytes.",
                container=container,
            )
            self._create(container)
            return
        why = _pull_error(image)
        self.say(
            "Failed", f'Failed to pull image "{image}": {why}', container=container, warning=True
        )
        self.say("Failed", "Error: ErrImagePull", container=container, warning=True)
        self._wait(container, "ErrImagePull", why)
        backoff = min(FIRST_BACKOFF * 2**attempt, LONGEST_BACKOFF)
        self.later(min(backoff * 0.9, 12.0), lambda: self._back_off_pull(container))
        self.later(backoff + 2, lambda: self._pull(container, attempt + 1))

    def _back_off_pull(self, container: ContainerState) -> None:
        if self._is_stopping or container.waiting != "ErrImagePull":
            return
        image = container.spec["image"]
        message = f'Back-off pulling image "{image}"'
        self.say("BackOff", message, container=container)
        self.say("Failed", "Error: ImagePullBackOff", container=container, warning=True)
        self._wait(container, "ImagePullBackOff", f"{message}: ErrImagePull: {_pull_error(image)}")

    def _wait(self, container: ContainerState, reason: str, message: str) -> None:
        container.waiting, container.waiting_message = reason, message
        self.report()

    def _create(self, container: ContainerState) -> None:
        try:
            run = self.kubelet.new_run(self, container)
        except MissingReferenceError as error:
            self.say("Failed", f"Error: {error}", container=container, warning=True)
            self._wait(container, "CreateContainerConfigError", str(error))
            self.later(11.0, lambda: self._pull(container))
            return
        self.say("Created", "Container created", container=container)
        self.later(CREATE, lambda: self._start(container, run))

    def _start(self, container: ContainerState, run: ContainerRun) -> None:
        if self._is_stopping:
            run.abandon()
            return
        container.previous, container.run = container.run, run
        container.container_id = run.plan.container_id
        container.image = full_name(container.spec["image"])
        container.image_id = self.kubelet.image_id(container.spec["image"])
        if container.terminated or container.last_terminated:
            container.last_terminated = container.terminated or container.last_terminated
            container.restarts += 1
        container.failures = max(container.failures, 0)
        container.terminated = None
        container.waiting = container.waiting_message = ""
        now = self.kubelet.clock.now()
        container.running_since = now
        container.is_started = "startupProbe" not in container.spec
        container.is_ready = container.is_started and "readinessProbe" not in container.spec
        if container.role == INIT:
            container.is_ready = False
        try:
            self.kubelet.begin(run)
        except NoSuchProgramError as error:
            self._failed_to_start(container, error)
            return
        self.say("Started", "Container started", container=container)
        self._run_hook(container, "postStart")
        if container.is_running:
            self.report()
            self.probes.begin(container)
            self.advance()

    def _failed_to_start(self, container: ContainerState, error: NoSuchProgramError) -> None:
        run = container.run
        assert run is not None
        run.log.end()
        reason = "executable file not found in $PATH" if error.code == 127 else "permission denied"
        message = (
            "failed to create containerd task: failed to create shim task: OCI runtime create "
            f"failed: runc create failed: unable to start container process: exec: "
            f'"{error.name}": {reason}: unknown'
        )
        self.say("Failed", f"Error: {message}", container=container, warning=True)
        epoch = parse_timestamp("1970-01-01T00:00:00Z")
        container.running_since = None
        container.is_started = container.is_ready = False
        container.terminated = terminated_state(
            128, "StartError", epoch, self.kubelet.clock.now(), container.container_id, message
        )
        self.report()
        self.later(NOTICE, lambda: self._after_exit(container))

    # -- ending

    def exited(self, container: ContainerState, run: ContainerRun, code: int, reason: str) -> None:
        """A run ended by itself or was ended."""
        now = self.kubelet.clock.now()
        if container.run is not run:
            return
        lasted = (now - run.started).total_seconds()
        container.terminated = terminated_state(
            code, reason, run.started, now, container.container_id, self._last_words(container)
        )
        self.probes.end(container)
        delay = NOTICE + self.kubelet.jitter(0.3)
        if lasted >= BACKOFF_FORGIVEN:
            container.failures = 0
        if self._is_gone or self._is_stopping:
            container.running_since = None
            self._finish_when_stopped()
        else:
            self.later(delay, lambda: self._noticed(container, run))

    def _last_words(self, container: ContainerState) -> str:
        """The termination message: what was written to the file of that name."""
        run = container.run
        if run is None:
            return ""
        path = container.spec.get("terminationMessagePath", "/dev/termination-log")
        machine = self.kubelet.machine_if_made(run)
        if machine is None or machine.files.lookup(path) is None:
            return ""
        return machine.files.read(path).decode("utf-8", "replace")[:4096]

    def _noticed(self, container: ContainerState, run: ContainerRun) -> None:
        if container.run is not run or self._is_stopping:
            return
        container.running_since = None
        container.is_started = False
        container.is_ready = container.role == INIT and container.is_done
        self.report()
        self._after_exit(container)

    def _after_exit(self, container: ContainerState) -> None:
        policy = container.restart_policy(self.policy)
        code = container.terminated["exitCode"] if container.terminated else 0
        if policy == "Always" or (policy == "OnFailure" and code):
            self._restart(container)
        elif container.role == INIT:
            self.advance()
        elif container.role == MAIN:
            self._stop_sidecars_at_the_end()

    def _stop_sidecars_at_the_end(self) -> None:
        if self._phase() not in ENDED_PHASES and any(
            each.is_running or each.waiting for each in self.containers if each.role == MAIN
        ):
            return
        main = [each for each in self.containers if each.role == MAIN]
        if all(each.terminated for each in main):
            for each in self.containers:
                if each.role == SIDECAR and each.run and each.is_running:
                    each.run.stop()
                    self.later(5.0, each.run.kill)

    def _restart(self, container: ContainerState) -> None:
        container.failures = max(container.failures, 0) + 1
        if container.failures == 1:
            self.later(CREATE, lambda: self._pull_again(container))
            return
        backoff = min(FIRST_BACKOFF * 2 ** (container.failures - 2), LONGEST_BACKOFF)
        self.later(SHOW_BACKOFF, lambda: self._show_backoff(container, backoff))
        self.later(backoff, lambda: self._pull_again(container))

    def _pull_again(self, container: ContainerState) -> None:
        if not self._is_stopping and not container.is_running:
            self._pull(container)

    def _show_backoff(self, container: ContainerState, backoff: float) -> None:
        if self._is_stopping or container.is_running or container.terminated is None:
            return
        where = f"{self.name}_{self.namespace}({self.uid})"
        seconds = _go_duration(backoff)
        self.say(
            "BackOff",
            f"Back-off restarting failed container {container.name} in pod {where}",
            container=container,
            warning=True,
        )
        container.last_terminated = container.terminated
        container.terminated = None
        message = f"back-off {seconds} restarting failed container={container.name} pod={where}"
        self._wait(container, "CrashLoopBackOff", message)

    def restart_unhealthy(self, container: ContainerState, probe: str) -> None:
        """A liveness or startup probe gave up."""
        self.say(
            "Killing",
            f"Container {container.name} failed {probe} probe, will be restarted",
            container=container,
        )
        run = container.run
        if run:
            run.stop()
            grace = self.pod["spec"].get("terminationGracePeriodSeconds", 30)
            self.later(float(grace), lambda: run.kill(137) if run.is_running else None)

    def _add_ephemeral(self, spec: Obj) -> None:
        container = ContainerState(spec, EPHEMERAL, waiting="ContainerCreating")
        self.containers.append(container)
        self.later(ACKNOWLEDGE, lambda: self._pull(container))

    # -- stopping

    def _stop(self, grace: float) -> None:
        self._is_stopping = True
        self.probes.stop_liveness()
        self._cancel_timers()
        running = [each for each in self.containers if each.is_running and each.run]
        for each in running:
            self.say("Killing", f"Stopping container {each.name}", container=each)
        for each in running:
            self._run_hook(each, "preStop", then=each.run.stop if each.run else None)
        self.later(max(grace, 0.0), self._kill_all)
        if not running:
            self._finish_when_stopped()

    def _run_hook(
        self, container: ContainerState, name: str, then: Callable[[], None] | None = None
    ) -> None:
        hook = (container.spec.get("lifecycle") or {}).get(name) or {}
        run = container.run
        done = then or (lambda: None)
        if "sleep" in hook:
            self.later(float(hook["sleep"].get("seconds", 0)), done)
        elif "exec" in hook and run is not None:
            self.kubelet.execute(run, list(hook["exec"].get("command") or ["true"]), done)
        else:
            done()

    def _kill_all(self) -> None:
        for each in self.containers:
            if each.run and each.run.is_running:
                each.run.kill(137)

    def _finish_when_stopped(self) -> None:
        if any(each.is_running for each in self.containers):
            return
        for call in list(self._on_stopped):
            call()
        if self._is_gone:
            self.kubelet.forget(self)
            return
        self._cancel_timers()
        self.later(NOTICE, self._report_the_end)

    def _report_the_end(self) -> None:
        for each in self.containers:
            each.is_ready = each.is_started = False
            if each.role == INIT:
                each.is_ready = each.is_done
        self.report()
        self.probes.stop()
        if self.pod["metadata"].get("deletionTimestamp"):
            self.later(0.25, self._remove)

    def _remove(self) -> None:
        self._is_gone = True
        self.kubelet.remove(self)

    def stop_for(self, reason: str, message: str) -> None:
        """End the pod without deleting it (eviction by the node)."""
        self._failure = (reason, message)
        self._stop(0)


_OWN_CONDITIONS = frozenset(
    {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}
)
_STATUS_LISTS = (
    ("initContainerStatuses", (INIT, SIDECAR)),
    ("containerStatuses", (MAIN,)),
    ("ephemeralContainerStatuses", (EPHEMERAL,)),
)


def _pull_error(image: str) -> str:
    name = full_name(image)
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": failed to '
        f'resolve reference "{name}": {name}: not found'
    )


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
