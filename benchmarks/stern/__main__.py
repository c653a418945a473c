"""How fast stern is: `python -m benchmarks.stern`, or `--quick` in under 50 seconds.

Every figure stands beside a drain of the same bytes that does nothing else (the limit), beside
`kubectl logs` when it is installed, and beside another stern whose path is given with --original.
The last line is `lines/cpu-s N`: lines per second of processor time in the default format.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.stern.measure import Cost, follow, log_server, run

STERN = [sys.executable, "-m", "stern"]
DRAIN = [sys.executable, "-m", "benchmarks.stern.drain"]
TEMPLATE = (
    "{{.PodName}} {{with $m := .Message | tryParseJSON}}{{$m.level}} {{$m.msg}} {{$m.status}}"
    '{{else}}{{.Message}}{{end}}{{"\\n"}}'
)
FORMATS: dict[str, list[str]] = {
    "default": [],
    "raw": ["-o", "raw"],
    "json": ["-o", "json"],
    "-t": ["-t"],
    "-i rare": ["-i", "status=999"],
    "-i common": ["-i", "served"],
    "-H": ["-H", "status", "--color", "always"],
    "JSON template": ["--template", TEMPLATE],
}
_SLOW = ("JSON template",)


@dataclass(frozen=True)
class Scale:
    """How much to measure."""

    lines: int
    streams: tuple[int, ...]
    line_bytes: tuple[int, ...]
    pipes: tuple[bool, ...]
    runs: int


QUICK = Scale(1_000_000, (10,), (180,), (False,), 1)
FULL = Scale(3_000_000, (1, 10, 100), (180, 2048), (False, True), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it, in under 50 seconds")
    parser.add_argument("--original", metavar="PATH", help="another stern to compare with")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    programs = {"stern": STERN}
    if options.original:
        programs["original"] = [options.original, "--qps", "-1"]
    start_up(programs)
    if not options.quick:
        long_runs()
    headline = throughput(programs, scale)
    print(f"lines/cpu-s {headline:.0f}")


# -- lines -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """One part of the table: what is served, where it goes, and what the limit is."""

    streams: int
    line_bytes: int
    total: int
    to_pipe: bool
    env: Mapping[str, str]
    runs: int

    def measure(self, command: Sequence[str], runs: int = 0) -> Cost:
        """The median cost of a command."""
        costs = [run(command, self.env, to_pipe=self.to_pipe) for _ in range(runs or self.runs)]
        return Cost(
            statistics.median(cost.wall for cost in costs),
            statistics.median(cost.cpu for cost in costs),
            max(cost.peak_mib for cost in costs),
        )

    def row(self, program: str, form: str, lines: int, cost: Cost, limit: float) -> float:
        """Print a row; returns lines per second of processor time."""
        rate = lines / cost.cpu
        place = f"{self.streams:>7} {self.line_bytes:>5} {'pipe' if self.to_pipe else 'file':>4}"
        figures = f"{rate:>11,.0f} {rate / (limit or rate):>8.0%} {cost.wall:>7.2f}"
        print(f"{place} {program:>9} {form:<14} {figures} {cost.peak_mib:>8.0f}", flush=True)
        return rate

    def print(self, programs: Mapping[str, Sequence[str]]) -> float:
        """All rows; returns the rate of our default format."""
        limit = self.row("drain", "(the limit)", self.total, self.measure(DRAIN), 0)
        self._kubectl(limit)
        ours = 0.0
        for name, program in programs.items():
            for form, flags in FORMATS.items():
                command = [*program, ".", "--no-follow", "--max-log-requests", "200", *flags]
                cost = self.measure(command, 1 if form in _SLOW else 0)
                rate = self.row(name, form, self.total, cost, limit)
                ours = rate if (name, form) == ("stern", "default") else ours
        return ours

    def _kubectl(self, limit: float) -> None:
        """What kubectl needs for one of the streams, where there is a kubectl."""
        kubectl = shutil.which("kubectl")
        if kubectl is not None:
            command = [kubectl, "logs", "--timestamps", "web-0000-5d9c7b8f6-x2x4z"]
            cost = self.measure(command, 1)
            self.row("kubectl", "one stream", self.total // self.streams, cost, limit)


def throughput(programs: Mapping[str, Sequence[str]], scale: Scale) -> float:
    """The table of formats; returns the figure of the default format, 10 streams, 180 B, file."""
    headline = 0.0
    head = f"{'streams':>7} {'bytes':>5} {'to':>4} {'program':>9} {'format':<14}"
    print(f"\n{head} {'lines/cpu-s':>11} {'of limit':>8} {'wall s':>7} {'peak MiB':>8}")
    for streams in scale.streams:
        for width in scale.line_bytes:
            total = scale.lines if width <= 180 else scale.lines // 6
            with log_server(streams, total // streams, width) as env:
                for to_pipe in scale.pipes:
                    table = Table(streams, width, total, to_pipe, env, scale.runs)
                    rate = table.print(programs)
                    if (streams, width, to_pipe) == (10, 180, False):
                        headline = rate
    return headline


# -- start -----------------------------------------------------------------------------------------


def start_up(programs: Mapping[str, Sequence[str]]) -> None:
    """How long a person waits for the first line, and until many streams are open."""
    for name, program in programs.items():
        version = statistics.median(run([*program, "--version"], {}).wall for _ in range(7))
        print(f"{name}: --version {version * 1000:.0f} ms")
        with log_server(2, 1) as env:
            command = [*program, ".", "--no-follow"]
            shots = [follow(command, env, 1).wall for _ in range(7)]
        print(f"{name}: first line of two pods {statistics.median(shots) * 1000:.0f} ms")
        for streams in (45, 200):
            with log_server(streams, 1, live=True) as env:
                command = [*program, ".", "--max-log-requests", str(streams)]
                opened = follow(command, env, streams)
            print(f"{name}: {streams} streams with a line each {opened.wall:.2f} s", flush=True)


def long_runs() -> None:
    """Memory of many streams and of many lines, and the load of streams that say nothing."""
    with log_server(500, 200, live=True) as env:
        many = follow([*STERN, ".", "--max-log-requests", "500"], env, 100_000)
    print(f"stern: 500 streams {many.peak_mib:.0f} MiB at most")
    with log_server(1000, 1, live=True) as env:
        idle = follow([*STERN, ".", "--max-log-requests", "1000"], env, 1000, idle_seconds=10)
    print(f"stern: 1,000 idle streams {idle.idle_share:.1%} of a core")
    with log_server(1, 10_000_000) as env:
        long = run([*STERN, ".", "--no-follow"], env)
    with log_server(1, 100_000) as env:
        short = run([*STERN, ".", "--no-follow"], env)
    print(f"stern: {short.peak_mib:.0f} MiB for 100,000 lines, {long.peak_mib:.0f} for 10,000,000")


if __name__ == "__main__":
    main()
