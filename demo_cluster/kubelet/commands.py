"""Commands that a kubelet itself runs in a container: hooks and exec probes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from demo_cluster.clock import TimerHandle
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.toybox.machine import NoSuchProgramError
from demo_cluster.toybox.processes import Nothing, Outlet, Process

LONGEST_OUTPUT = 10 << 10
"""Bytes of a command's output that the kubelet reads."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    output: str
    """Both streams, as they came."""
    is_late: bool = False
    """It was ended because its time was up."""


def run_command(
    run: ContainerRun,
    command: list[str],
    done: Callable[[Outcome], None],
    *,
    seconds: float | None = None,
) -> None:
    """Run a command inside; `done` is called once, perhaps before this returns.

    It may take `seconds` of the cluster's time (nothing: as long as it likes).

    Raises:
        NoSuchProgramError: It cannot be started; `done` is not called.
    """
    machine = run.machine
    collected = bytearray()
    sink = Outlet(lambda data: collected.extend(data[: LONGEST_OUTPUT - len(collected)]))
    process = machine.spawn(
        command,
        environment=run.plan.environment,
        directory=run.plan.directory,
        streams=(Nothing(), sink, sink),
    )
    timer: TimerHandle | None = None
    is_late = False

    def time_is_up() -> None:
        nonlocal is_late
        is_late = True
        _end_tree(process)

    def ended() -> None:
        if timer is not None:
            timer.cancel()
        output = bytes(collected[:LONGEST_OUTPUT]).decode("utf-8", "replace")
        done(Outcome(process.exit_code or 0, output, is_late))

    if seconds is not None and process.exit_code is None:
        timer = machine.clock.call_later(seconds, time_is_up)
    process.when_ended(ended)


def _end_tree(process: Process) -> None:
    for child in process.table.children(process.pid):
        _end_tree(child)
    process.kill(137)


def start_failure(error: NoSuchProgramError) -> str:
    """What the container runtime says of a command that it could not start."""
    start = (
        f'failed to exec in container: failed to start exec "{secrets.token_hex(32)}": '
        "OCI runtime exec failed: exec failed: "
    )
    if not error.name:
        return start + "args must not be empty: unknown"
    start += f'unable to start container process: exec: "{error.name}": '
    if error.code == 126:
        return f"{start}permission denied: unknown"
    if "/" in error.name:
        return f"{start}stat {error.name}: no such file or directory: unknown"
    return f"{start}executable file not found in $PATH: unknown"
