"""Probes: whether a container has started, is ready, is alive."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.clock import TimerHandle
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.commands import Outcome, run_command, start_failure
from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_status import ContainerState
from demo_cluster.kubelet.runs import ContainerRun, TalkingRun
from demo_cluster.toybox.machine import NoSuchProgramError

FIELDS = {"startup": "startupProbe", "readiness": "readinessProbe", "liveness": "livenessProbe"}
_NOTICED = 0.6
"""Seconds until the kubelet's own view of its containers shows that one has started."""
STEADY = 3600.0
"""A talking image without moods is not asked again before this many seconds."""


def has_command(container: Obj) -> bool:
    """Whether a probe of this container runs a command in it."""
    return any("exec" in (container.get(field) or {}) for field in FIELDS.values())


class Probe:
    """One probe of one run."""

    def __init__(self, worker: Pod, container: ContainerState, kind: str, spec: Obj) -> None:
        self._worker = worker
        self._container = container
        self._run = container.run
        self.kind = kind
        self._spec = spec
        self._timer: TimerHandle | None = None
        self._failures = self._successes = 0

    def start(self) -> None:
        """The first look, after the initial delay."""
        delay = float(self._spec.get("initialDelaySeconds") or 0)
        if self.kind == "readiness" and isinstance(self._run, TalkingRun) and not delay:
            delay = self._run.plan.image.ready_after
        elif not isinstance(self._run, TalkingRun):
            delay = max(delay, _NOTICED)
        self._again(delay)

    def stop(self) -> None:
        """No more looks."""
        if self._timer:
            self._timer.cancel()
        self._run = None

    def _again(self, seconds: float) -> None:
        clock = self._worker.kubelet.clock
        self._timer = clock.call_later(max(seconds, 0.01), self._look)

    def _look(self) -> None:
        run = self._run
        if run is None:
            return
        if not run.is_running:
            self._look_at_the_dead()
            return
        if self.kind != "startup" and not self._container.is_started:
            self._again(float(self._spec.get("periodSeconds", 10)))
            return
        failure = self._mood(run) if isinstance(run, TalkingRun) else None
        command = (self._spec.get("exec") or {}).get("command")
        if failure is not None:
            self._judge(failure)
        elif command:
            self._execute(run, list(command))
        elif run.plan.image.is_unknown and isinstance(run, TalkingRun):
            self._judge(None)  # anything may listen anywhere in it
        else:
            self._judge(self._refused())

    def _look_at_the_dead(self) -> None:
        """A container of a stopping pod has exited, and the pod does not know it yet."""
        if not self._worker.is_stopping or "exec" not in self._spec:
            return
        self._give_no_verdict("failed to exec in container: container is in CONTAINER_EXITED state")

    def _give_no_verdict(self, why: str) -> None:
        """The command could not be run: that counts neither as success nor as failure."""
        self._say(
            f"probe errored and resulted in unknown state: rpc error: code = Unknown desc = {why}"
        )
        self._again(float(self._spec.get("periodSeconds") or 10))

    def _execute(self, run: ContainerRun, command: list[str]) -> None:
        try:
            seconds = float(self._spec.get("timeoutSeconds") or 1)
            run_command(run, command, self._executed, seconds=seconds)
        except NoSuchProgramError as error:
            if run.plan.image.is_unknown:
                self._judge(None)
            else:
                self._give_no_verdict(start_failure(error))

    def _executed(self, outcome: Outcome) -> None:
        if outcome.is_late:
            command = " ".join(self._spec["exec"]["command"])
            seconds = int(self._spec.get("timeoutSeconds") or 1)
            self._judge(f'command timed out: "{command}" timed out after {seconds}s')
        else:
            self._judge(outcome.output if outcome.code else None)

    def _refused(self) -> str | None:
        """A TCP or HTTP probe: somebody must listen, and have what is asked for."""
        section = self._spec.get("httpGet") or self._spec.get("tcpSocket") or self._spec.get("grpc")
        if section is None:
            return None
        port = self._port(section.get("port"))
        if port in self._worker.network.servers:
            return self._http_failure(section, port) if "httpGet" in self._spec else None
        address = self._worker.network.address
        if "httpGet" in self._spec:
            url = f"http://{address}:{port}{section.get('path', '/')}"
            return f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
        return f"dial tcp {address}:{port}: connect: connection refused"

    def _http_failure(self, section: Obj, port: int) -> str | None:
        path = section.get("path", "/")
        answer = self._worker.network.servers[port](f"GET {path} HTTP/1.1\r\n\r\n".encode())
        code = int(answer.split(b" ", 2)[1])
        return None if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"

    def _port(self, port: int | str | None) -> int:
        if isinstance(port, int):
            return port
        ports = self._container.spec.get("ports") or ()
        return next((p["containerPort"] for p in ports if p.get("name") == port), 0)

    def _mood(self, run: TalkingRun) -> str | None:
        """What is wrong when the image is in its bad mood now."""
        if not run.has_begun and self.kind != "liveness":
            return self._words(503)
        if self.kind == "readiness" and run.is_unwilling:
            return self._words(503)
        return self._words(500) if self.kind == "liveness" and run.is_hung else None

    def _words(self, code: int) -> str:
        return (
            f"HTTP probe failed with statuscode: {code}" if "httpGet" in self._spec else "not ready"
        )

    def _say(self, text: str) -> None:
        self._worker.say(
            "Unhealthy",
            f"{self.kind.capitalize()} {text}",
            container=self._container,
            warning=True,
        )

    def _judge(self, failure: str | None) -> None:
        """Count it: nothing is a success, a text (perhaps empty) is what the failure said."""
        if self._run is None:
            return
        if failure is not None:
            self._successes = 0
            self._failures += 1
            self._say(f"probe failed: {failure}")
            if self._failures >= int(self._spec.get("failureThreshold", 3)):
                self._gave_up()
        else:
            self._failures = 0
            self._successes += 1
            if self._successes >= int(self._spec.get("successThreshold", 1)):
                self._passed()
        if self._run is not None:
            is_settled = failure is None and self._is_steady()
            self._again(STEADY if is_settled else float(self._spec.get("periodSeconds") or 10))

    def _is_steady(self) -> bool:
        """Whether it will find what it found until somebody changes the image."""
        if not isinstance(self._run, TalkingRun):
            return False
        image = self._run.plan.image
        command = (self._spec.get("exec") or {}).get("command")
        if command and command[0] not in image.checks:
            return False
        return image.unready is None and image.hangs_after is None

    def _gave_up(self) -> None:
        if self.kind == "readiness":
            self._set_ready(is_ready=False)
        else:
            self._failures = 0
            self._worker.retries.restart_unhealthy(self._container, self.kind)
            self.stop()  # until there is another run

    def _passed(self) -> None:
        if self.kind == "readiness":
            self._set_ready(is_ready=True)
        elif self.kind == "startup":
            self.stop()
            self._container.is_started = True
            if "readinessProbe" not in self._container.spec:
                self._container.is_ready = True
            self._worker.report()
            self._worker.advance()

    def _set_ready(self, *, is_ready: bool) -> None:
        if self._container.is_ready != is_ready:
            self._container.is_ready = is_ready
            self._worker.report()


class Probes:
    """All probes of one pod."""

    def __init__(self, worker: Pod) -> None:
        self._worker = worker
        self._probes: dict[str, list[Probe]] = {}

    def begin(self, container: ContainerState) -> None:
        """A run of this container began."""
        self.end(container)
        probes = [
            Probe(self._worker, container, kind, container.spec[field])
            for kind, field in FIELDS.items()
            if container.spec.get(field)
        ]
        self._probes[container.name] = probes
        for probe in probes:
            probe.start()

    def end(self, container: ContainerState) -> None:
        """The run is over."""
        self._stop(self._probes.pop(container.name, []), lambda _probe: True)

    def stop_liveness(self) -> None:
        """The pod stops: readiness goes on, restarts do not."""
        for probes in self._probes.values():
            self._stop(probes, lambda probe: probe.kind != "readiness")

    def stop(self) -> None:
        """No more looks at anything."""
        for probes in self._probes.values():
            self._stop(probes, lambda _probe: True)
        self._probes.clear()

    @staticmethod
    def _stop(probes: list[Probe], wanted: Callable[[Probe], bool]) -> None:
        for probe in probes:
            if wanted(probe):
                probe.stop()
