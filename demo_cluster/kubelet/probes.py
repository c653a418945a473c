"""Probes: whether a container has started, is ready, is alive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from demo_cluster.clock import TimerHandle
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.pod_status import ContainerState
from demo_cluster.kubelet.runs import TalkingRun

if TYPE_CHECKING:
    from demo_cluster.kubelet.pod_worker import PodWorker

FIELDS = {"startup": "startupProbe", "readiness": "readinessProbe", "liveness": "livenessProbe"}
_NOTICED = 0.6
"""Seconds until the kubelet's own view of its containers shows that one has started."""
_SILENT = " "
"""The failure of a command that said nothing."""
STEADY = 3600.0
"""A talking image without moods is not asked again before this many seconds."""


class Probe:
    """One probe of one run."""

    def __init__(self, worker: PodWorker, container: ContainerState, kind: str, spec: Obj) -> None:
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
        command = (self._spec.get("exec") or {}).get("command")
        if command and not isinstance(run, TalkingRun):
            self._worker.kubelet.execute_code(run, list(command), self._executed)
        else:
            failure = self._talking_failure(run) if isinstance(run, TalkingRun) else self._refused()
            self._judge(failure)

    def _look_at_the_dead(self) -> None:
        """A container of a stopping pod has exited, and the pod does not know it yet."""
        if not self._worker.is_stopping or "exec" not in self._spec:
            return
        self._worker.say(
            "Unhealthy",
            f"{self.kind.capitalize()} probe errored and resulted in unknown state: rpc error: "
            "code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED "
            "state",
            container=self._container,
            warning=True,
        )
        self._again(float(self._spec.get("periodSeconds") or 10))

    def _executed(self, code: int, output: bytes) -> None:
        if self._run is None:
            return
        self._judge(output.decode("utf-8", "replace") or _SILENT if code else "")

    def _refused(self) -> str:
        """A TCP or HTTP probe of a toy container: somebody must listen."""
        section = self._spec.get("httpGet") or self._spec.get("tcpSocket") or self._spec.get("grpc")
        if section is None:
            return ""
        port = self._port(section.get("port"))
        if port in self._worker.network.servers:
            return self._http_failure(section, port) if "httpGet" in self._spec else ""
        address = self._worker.network.address
        if "httpGet" in self._spec:
            url = f"http://{address}:{port}{section.get('path', '/')}"
            return f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
        return f"dial tcp {address}:{port}: connect: connection refused"

    def _http_failure(self, section: Obj, port: int) -> str:
        path = section.get("path", "/")
        answer = self._worker.network.servers[port](f"GET {path} HTTP/1.1\r\n\r\n".encode())
        code = int(answer.split(b" ", 2)[1])
        return "" if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"

    def _port(self, port: int | str | None) -> int:
        if isinstance(port, int):
            return port
        ports = self._container.spec.get("ports") or ()
        return next((p["containerPort"] for p in ports if p.get("name") == port), 0)

    def _talking_failure(self, run: TalkingRun) -> str:
        """Whether the image is in its bad mood now."""
        image = run.plan.image
        age = (self._worker.kubelet.clock.now() - run.started).total_seconds()
        if age < image.ready_after and self.kind != "liveness":
            return self._words(503)
        if self.kind == "readiness" and image.unready:
            every, lasting = image.unready
            if age % every >= every - lasting:
                return self._words(503)
        if self.kind == "liveness" and image.hangs_after is not None and age >= image.hangs_after:
            return self._words(500)
        return ""

    def _words(self, code: int) -> str:
        return (
            f"HTTP probe failed with statuscode: {code}" if "httpGet" in self._spec else "not ready"
        )

    def _judge(self, failure: str) -> None:
        if self._run is None:
            return
        if failure:
            self._successes = 0
            self._failures += 1
            word = self.kind.capitalize()
            self._worker.say(
                "Unhealthy",
                f"{word} probe failed: {'' if failure is _SILENT else failure}",
                container=self._container,
                warning=True,
            )
            if self._failures >= int(self._spec.get("failureThreshold", 3)):
                self._gave_up()
        else:
            self._failures = 0
            self._successes += 1
            if self._successes >= int(self._spec.get("successThreshold", 1)):
                self._passed()
        if self._run is not None:
            self._again(self._period(failure))

    def _period(self, failure: str) -> float:
        period = float(self._spec.get("periodSeconds") or 10)
        if isinstance(self._run, TalkingRun) and not failure:
            image = self._run.plan.image
            if image.unready is None and image.hangs_after is None:
                return STEADY
        return period

    def _gave_up(self) -> None:
        if self.kind == "readiness":
            self._set_ready(is_ready=False)
        else:
            self._failures = 0
            self._worker.retries.restart_unhealthy(self._container, self.kind)
            if self.kind == "liveness":
                self.stop()

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

    def __init__(self, worker: PodWorker) -> None:
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
