"""Run a command beside a server of logs, and say what it cost."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a finished command used."""

    wall: float
    cpu: float
    peak_mib: float


@contextlib.contextmanager
def log_server(
    streams: int,
    lines: int,
    line_bytes: int = 180,
    *,
    live: bool = False,
    every: float = 0,
    lines_per_chunk: int = 32,
) -> Iterator[Mapping[str, str]]:
    """A server with so many containers of so many lines each; gives an environment for clients.

    With `every` each log goes on with a line in so many seconds, which says when it was sent.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        command = [
            *(sys.executable, "-m", "benchmarks.stern.server", "--kubeconfig", str(path)),
            *("--streams", str(streams), "--lines", str(lines), "--line-bytes", str(line_bytes)),
            *("--lines-per-chunk", str(lines_per_chunk)),
            *(["--live"] if live else []),
            *(["--every", str(every)] if every else []),
        ]
        with subprocess.Popen(command) as server:
            try:
                while not path.exists():
                    if server.poll() is not None:
                        raise SystemExit("the server of logs did not start")
                    time.sleep(0.01)
                yield {**environment(), "KUBECONFIG": str(path), "STERNCONFIG": os.devnull}
            finally:
                server.terminate()


def environment() -> dict[str, str]:
    """What a person's programs run in: modules are compiled once, as an installation does."""
    return {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def run(command: Sequence[str], env: Mapping[str, str], *, to_pipe: bool = False) -> Cost:
    """Run to the end, with standard output to a file or to a reader behind a pipe."""
    with contextlib.ExitStack() as stack:
        if to_pipe:
            reader = stack.enter_context(
                subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            )
            assert reader.stdin is not None
            out = reader.stdin
        else:
            out = stack.enter_context(tempfile.TemporaryFile())
        begin = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if to_pipe:
            out.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Following:
    """A command that follows, after it has printed so many lines.

    `idle_share` is its part of a core from then on, and `late_seconds` how long after it was sent
    each line came out.
    """

    wall: float
    peak_mib: float
    idle_share: float
    late_seconds: Sequence[float] = ()


def follow(
    command: Sequence[str], env: Mapping[str, str], lines: int, *, idle_seconds: float = 0
) -> Following:
    """Time until the command has printed so many lines; then its load for some seconds."""
    begin = time.perf_counter()
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        left = lines
        while left > 0:
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                raise SystemExit(f"{' '.join(command)} ended after {lines - left} lines")
            left -= data.count(b"\n")
        wall = time.perf_counter() - begin
        before = _cpu_seconds(process.pid)
        late = _lateness(process.stdout.fileno(), idle_seconds)
        idle = (_cpu_seconds(process.pid) - before) / idle_seconds if idle_seconds else 0.0
        peak = _peak_mib(process.pid)
        process.send_signal(signal.SIGTERM)
    return Following(wall, peak, idle, late)


def _lateness(descriptor: int, seconds: float) -> list[float]:
    """Read for so long; how long after it was sent each line was there."""
    late: list[float] = []
    deadline, rest = time.monotonic() + seconds, b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            break
        data, now = os.read(descriptor, 65536), time.time_ns()
        *lines, rest = (rest + data).split(b"\n")
        sent = [line.rpartition(b" sent ")[2] for line in lines]
        late += [(now - int(moment)) / 1e9 for moment in sent if moment.isdigit()]
    return late


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(pid: int) -> float:
    """The most memory so far; 0 when the command has ended already, and its memory is gone."""
    peak = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
    return int(peak[0]) / 1024 if peak else 0.0
