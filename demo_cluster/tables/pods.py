"""The cells of a pod. Follows printPod of the API server's printers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.tables.duration import age

_NONE = "<none>"


def pod_row(pod: Obj, now: datetime) -> list[Any]:
    """Name, ready, status, restarts, age; then what `-o wide` adds."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    reason, restarts, last_restart, ready = _summary(pod)
    total = len(spec.get("containers", ())) + sum(map(_is_sidecar, spec.get("initContainers", ())))
    restart_text = str(restarts)
    if restarts and last_restart:
        restart_text = f"{restarts} ({age(last_restart, now)} ago)"
    ips = status.get("podIPs") or ()
    return [
        pod["metadata"]["name"],
        f"{ready}/{total}",
        reason,
        restart_text,
        age(pod["metadata"].get("creationTimestamp"), now),
        (ips[0].get("ip") if ips else status.get("podIP")) or _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        _readiness_gates(spec, status),
    ]


def _readiness_gates(spec: Obj, status: Obj) -> str:
    gates = spec.get("readinessGates") or ()
    if not gates:
        return _NONE
    true = {
        entry["type"] for entry in status.get("conditions", ()) if entry.get("status") == "True"
    }
    return f"{sum(gate['conditionType'] in true for gate in gates)}/{len(gates)}"


def _is_sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def _summary(pod: Obj) -> tuple[str, int, str, int]:
    """Reason, restarts, time of the last restart, ready containers."""
    status, meta = pod.get("status", {}), pod["metadata"]
    reason = status.get("reason") or status.get("phase", "")
    for entry in status.get("conditions", ()):
        if entry["type"] == "PodScheduled" and entry.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    counted = _Count()
    initialising = _initial(pod, counted)
    if initialising:
        reason = initialising
    if not initialising or _is_initialised(status):
        reason = _running(pod, reason, counted)
    if meta.get("deletionTimestamp"):
        finished = status.get("phase") in ("Succeeded", "Failed")
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif not finished:
            reason = "Terminating"
    return reason, counted.restarts, counted.last_restart, counted.ready


class _Count:
    def __init__(self) -> None:
        self.restarts = 0
        self.last_restart = ""
        self.ready = 0

    def add(self, container: Obj) -> None:
        self.restarts += container.get("restartCount", 0)
        finished = (container.get("lastState", {}).get("terminated") or {}).get("finishedAt") or ""
        self.last_restart = max(self.last_restart, finished)


def _is_initialised(status: Obj) -> bool:
    return any(
        entry["type"] == "Initialized" and entry.get("status") == "True"
        for entry in status.get("conditions", ())
    )


def _initial(pod: Obj, counted: _Count) -> str:
    """What the init containers say: `Init:0/2`; "" when they are done."""
    specs = {entry["name"]: entry for entry in pod.get("spec", {}).get("initContainers", ())}
    statuses = pod.get("status", {}).get("initContainerStatuses", ())
    for index, container in enumerate(statuses):
        counted.add(container)
        state = container.get("state", {})
        sidecar = _is_sidecar(specs.get(container["name"], {}))
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if terminated and terminated.get("exitCode") == 0:
            continue
        if sidecar and container.get("started"):
            counted.ready += bool(container.get("ready"))
            continue
        if terminated:
            return "Init:" + _terminated(terminated)
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(specs)}"
    return ""


def _terminated(state: Obj) -> str:
    if state.get("reason"):
        return str(state["reason"])
    if state.get("signal"):
        return f"Signal:{state['signal']}"
    return f"ExitCode:{state.get('exitCode', 0)}"


def _running(pod: Obj, reason: str, counted: _Count) -> str:
    statuses: Sequence[Obj] = pod.get("status", {}).get("containerStatuses", ())
    is_any_running = False
    if pod.get("status", {}).get("initContainerStatuses"):
        counted.restarts = counted.restarts if _has_sidecars(pod) else 0
        counted.last_restart = counted.last_restart if _has_sidecars(pod) else ""
    for container in reversed(statuses):
        counted.add(container)
        state = container.get("state", {})
        waiting, terminated = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated:
            reason = _terminated(terminated)
        elif container.get("ready") and state.get("running") is not None:
            is_any_running = True
            counted.ready += 1
    if reason == "Completed" and is_any_running:
        is_ready = any(
            entry["type"] == "Ready" and entry.get("status") == "True"
            for entry in pod["status"].get("conditions", ())
        )
        return "Running" if is_ready else "NotReady"
    return reason


def _has_sidecars(pod: Obj) -> bool:
    return any(map(_is_sidecar, pod.get("spec", {}).get("initContainers", ())))
