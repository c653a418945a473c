"""What a kubelet does about failures: it shows them at its next look, and tries again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_ending import SHORTEST_GRACE
from demo_cluster.kubelet.pod_report import ENDED_PHASES
from demo_cluster.kubelet.pod_status import INIT, MAIN, SIDECAR, ContainerState

FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 300.0
FIRST_LOOK, NEXT_LOOK, LOOK_JITTER = 0.95, 10.0, 5.0
"""The first look comes with the news of the sandbox, later ones by the clock."""
RESTART, CONCLUDE = 0.12, 1.1


class Retries:
    """Restarts of one pod's containers, and further attempts to start them."""

    def __init__(self, worker: Pod) -> None:
        self._worker = worker

    def fail(
        self, container: ContainerState, reason: str, message: str, again: Callable[[], None]
    ) -> None:
        """The container waits for this reason; the next look shows it, then calls `again`."""
        delay = FIRST_LOOK if not container.failed_looks else self._next_look()
        container.failed_looks += 1

        def look() -> None:
            if self._worker.is_stopping:
                return
            container.waiting, container.waiting_message = reason, message
            if container.terminated is not None:
                container.last_terminated, container.terminated = container.terminated, None
            self._worker.report()
            again()

        self._worker.later(delay, look)

    def _next_look(self) -> float:
        return NEXT_LOOK + self._worker.kubelet.jitter(LOOK_JITTER)

    # -- restarts

    def after_exit(self, container: ContainerState) -> None:
        """The end of a run was seen: what comes next."""
        policy = container.restart_policy(self._worker.policy)
        code = container.terminated["exitCode"] if container.terminated else 0
        if self._worker.report_phase() in ENDED_PHASES and self._conclude():
            return
        if policy == "Always" or (policy == "OnFailure" and code):
            self._restart(container)
        elif container.role == INIT:
            self._worker.advance()
        elif container.role == MAIN:
            self._stop_sidecars_at_the_end()

    def _conclude(self) -> bool:
        """The pod's work is over: its last phase is told when nothing runs any more."""
        worker = self._worker
        if any(each.is_running for each in worker.containers):
            return False
        worker.later(CONCLUDE, worker.ending.conclude)
        return True

    def _stop_sidecars_at_the_end(self) -> None:
        containers = self._worker.containers
        if all(each.terminated for each in containers if each.role == MAIN):
            for each in containers:
                if each.role == SIDECAR and each.run and each.is_running:
                    each.run.stop()
                    self._worker.later(5.0, each.run.kill)

    def _restart(self, container: ContainerState) -> None:
        if container.restarts_free:
            container.restarts_free = False
            self._worker.later(RESTART, lambda: self._start_again(container))
            return
        container.failures = max(container.failures, 0) + 1
        if container.failures == 1:
            self._worker.later(RESTART, lambda: self._start_again(container))
            return
        seconds = min(FIRST_BACKOFF * 2 ** min(container.failures - 2, 10), LONGEST_BACKOFF)
        container.rests_until = self._worker.kubelet.clock.now() + timedelta(seconds=seconds)
        container.failed_looks = 0 if container.is_being_replaced else 1
        self._back_off(container, seconds)

    def _back_off(self, container: ContainerState, seconds: float) -> None:
        worker = self._worker
        where = f"{worker.name}_{worker.namespace}({worker.uid})"
        message = f"Back-off restarting failed container {container.name} in pod {where}"
        worker.say("BackOff", message, container=container, warning=True)

        def again() -> None:
            until = container.rests_until
            if until is not None and worker.kubelet.clock.now() < until:
                self._back_off(container, seconds)
            else:
                worker.later(RESTART, lambda: self._start_again(container))

        why = f"back-off {_go_duration(seconds)} restarting failed container={container.name} "
        self.fail(container, "CrashLoopBackOff", f"{why}pod={where}", again)

    def _start_again(self, container: ContainerState) -> None:
        if not self._worker.is_stopping and not container.is_running:
            self._worker.images.ensure(container)

    def restart_unhealthy(self, container: ContainerState, probe: str) -> None:
        """A liveness or startup probe gave up."""
        worker, run = self._worker, container.run
        message = f"Container {container.name} failed {probe} probe, will be restarted"
        worker.say("Killing", message, container=container)
        container.restarts_free = container.restarts == 0
        if run:
            container.is_being_replaced = True
            run.stop()
            own = (container.spec.get(f"{probe}Probe") or {}).get("terminationGracePeriodSeconds")
            grace = float(own or worker.pod["spec"].get("terminationGracePeriodSeconds", 30))
            worker.later(
                max(grace, SHORTEST_GRACE), lambda: run.kill(137) if run.is_running else None
            )

    def replace(self, container: ContainerState) -> None:
        """The run that a probe gave up has ended: the next one follows in the same breath."""
        container.running_since = None
        container.is_ready = container.is_started = False
        self.after_exit(container)
        container.is_being_replaced = False


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
