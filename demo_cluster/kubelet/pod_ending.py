"""How a pod ends: signals in order, grace, hooks, the last report, and the object's removal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from demo_cluster.kubelet.commands import run_command
from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_status import INIT, SIDECAR, ContainerState
from demo_cluster.toybox.machine import NoSuchProgramError

NOTICE, REMOVE = 0.3, 0.25
SHORTEST_GRACE = 2.0
"""Every container gets at least this long to end by itself."""


class PodEnding:
    """Stops one pod."""

    def __init__(self, worker: Pod) -> None:
        self._worker = worker
        self._sidecars_until: datetime | None = None
        """Sidecars wait for the others; their grace runs out then."""

    def stop(self, grace: float) -> None:
        """Tell all containers to end; sidecars when the others have, or their time is up."""
        worker = self._worker
        worker.is_stopping = True
        worker.probes.stop_liveness()
        worker.cancel_timers()
        for each in worker.containers:
            each.notice_end()
        running = [each for each in worker.containers if each.is_running and each.run]
        for each in running:
            worker.say("Killing", f"Stopping container {each.name}", container=each)
        self._sidecars_until = worker.kubelet.clock.now() + timedelta(seconds=max(grace, 0.0))
        worker.later(max(grace, 0.0), self._end_sidecars)
        for each in running:
            if each.role != SIDECAR:
                self._end(each, grace)
        if all(each.role == SIDECAR for each in running):
            self.one_less()

    def _end_sidecars(self) -> None:
        until, self._sidecars_until = self._sidecars_until, None
        if until is None:
            return
        left = (until - self._worker.kubelet.clock.now()).total_seconds()
        for each in self._worker.containers:
            if each.role == SIDECAR and each.is_running:
                self._end(each, left)

    def _end(self, container: ContainerState, grace: float) -> None:
        run = container.run
        if run is not None:
            self.run_hook(container, "preStop", then=run.stop)
            wait = max(grace, SHORTEST_GRACE)
            self._worker.later(wait, lambda: run.kill(137) if run.is_running else None)

    def kill_all(self) -> None:
        """SIGKILL for whatever still runs."""
        for each in self._worker.containers:
            if each.run and each.run.is_running:
                each.run.kill(137)

    def run_hook(
        self, container: ContainerState, name: str, then: Callable[[], None] | None = None
    ) -> None:
        """Run the container's hook of this name, if it has one, and go on."""
        hook = (container.spec.get("lifecycle") or {}).get(name) or {}
        run = container.run
        done = then or (lambda: None)
        if "sleep" in hook:
            self._worker.later(float(hook["sleep"].get("seconds", 0)), done)
        elif "exec" in hook and run is not None:
            command = list(hook["exec"].get("command") or ["true"])
            try:
                run_command(
                    run, command, lambda outcome: self._hooked(container, name, outcome.code, done)
                )
            except NoSuchProgramError as error:
                self._hooked(container, name, error.code, done)
        else:
            done()

    def _hooked(
        self, container: ContainerState, name: str, code: int, then: Callable[[], None]
    ) -> None:
        """A hook has run; a container whose first hook failed does not stay."""
        worker, run = self._worker, container.run
        if code:
            word = name[:1].upper() + name[1:]
            reason = f"Failed{word}Hook"
            worker.say(reason, f"{word}Hook failed", container=container, warning=True)
            if name == "postStart" and run is not None and run.is_running:
                worker.say("Killing", reason, container=container)
                run.stop()
                grace = float(worker.pod["spec"].get("terminationGracePeriodSeconds", 30))
                wait = max(grace, SHORTEST_GRACE)
                worker.later(wait, lambda: run.kill(137) if run.is_running else None)
        then()

    def one_less(self) -> None:
        """A container of a stopping pod has ended, or there was none."""
        worker = self._worker
        running = [each for each in worker.containers if each.is_running]
        if running:
            if all(each.role == SIDECAR for each in running):
                self._end_sidecars()
            return
        for call in list(worker.on_stopped):
            call()
        if worker.is_gone:
            worker.kubelet.forget(worker)
            return
        worker.cancel_timers()
        worker.later(NOTICE, self.conclude)

    def conclude(self) -> None:
        """Nothing runs any more: say so, and let the object go when it was to go."""
        worker = self._worker
        for each in worker.containers:
            each.is_ready = each.role == INIT and each.is_done
            each.is_started = False
        worker.report(is_final=True)
        worker.probes.stop()
        if worker.pod["metadata"].get("deletionTimestamp"):
            worker.later(REMOVE, self._remove)

    def _remove(self) -> None:
        self._worker.is_gone = True
        self._worker.kubelet.remove(self._worker)
