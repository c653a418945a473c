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
from typing import NamedTuple

from benchmarks.stern.measure import Cost, log_server, run
from benchmarks.stern.waiting import (
    Programs,
    latency,
    line_by_line,
    long_log,
    open_streams,
    start_up,
)

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
_ONLY_DEFAULT = {"default": FORMATS["default"]}


class Part(NamedTuple):
    """So many streams: which formats, how many lines of 180 bytes in all, how many runs of each."""

    streams: int
    forms: Mapping[str, Sequence[str]]
    lines: int
    default_runs: int
    other_runs: int
    other_share: int = 1
    """Formats but the default one read one in so many of the lines."""


class Scale(NamedTuple):
    """How much to measure."""

    parts: Sequence[Part]
    line_bytes: Sequence[int]
    pipes: Sequence[bool]


QUICK = Scale(
    (
        Part(1, _ONLY_DEFAULT, 1_000_000, 1, 1),
        Part(100, _ONLY_DEFAULT, 1_000_000, 1, 1),
        Part(10, FORMATS, 2_000_000, 3, 1, other_share=2),
    ),
    (180,),
    (False,),
)
FULL = Scale([Part(n, FORMATS, 3_000_000, 5, 3) for n in (1, 10, 100)], (180, 2048), (False, True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it, in under 50 seconds")
    parser.add_argument("--original", metavar="PATH", help="another stern to compare with")
    options = parser.parse_args()
    programs: dict[str, Sequence[str]] = {"stern": STERN}
    if options.original:
        programs["original"] = [options.original, "--qps", "-1"]
    start_up(programs)
    latency(programs)
    line_by_line(programs)
    if not options.quick:
        open_streams(programs)
        long_log(programs)
    headline = throughput(programs, QUICK if options.quick else FULL)
    print(f"lines/cpu-s {headline:.0f}")


# -- lines -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """One part of the table: what is served, where it goes, and what the limit is."""

    part: Part
    line_bytes: int
    total: int
    to_pipe: bool
    env: Mapping[str, str]

    def measure(self, command: Sequence[str], form: str = "default") -> Cost:
        """The median cost of a command."""
        runs = self.part.default_runs if form == "default" else self.part.other_runs
        costs = [run(command, self.env, to_pipe=self.to_pipe) for _ in range(runs)]
        return Cost(
            statistics.median(cost.wall for cost in costs),
            statistics.median(cost.cpu for cost in costs),
            max(cost.peak_mib for cost in costs),
        )

    def row(self, program: str, form: str, lines: int, cost: Cost, limit: float) -> float:
        """Print a row; returns lines per second of processor time."""
        rate = lines / cost.cpu
        place = (
            f"{self.part.streams:>7} {self.line_bytes:>5} {'pipe' if self.to_pipe else 'file':>4}"
        )
        figures = f"{rate:>11,.0f} {rate / (limit or rate):>8.0%} {cost.wall:>7.2f}"
        print(f"{place} {program:>9} {form:<14} {figures} {cost.peak_mib:>8.0f}", flush=True)
        return rate

    def print(self, programs: Programs) -> float:
        """All rows; returns the rate of our default format."""
        limit = self.row("drain", "(the limit)", self.total, self.measure(DRAIN), 0)
        self._kubectl(limit)
        ours = 0.0
        for name, program in programs.items():
            for form, flags in self.part.forms.items():
                # What is slow reads the end of each log only; the server answers as for all of it.
                share = 4 if form in _SLOW or name != "stern" else 1
                share *= 1 if form == "default" else self.part.other_share
                lines = self.total // self.part.streams // share
                command = [*program, ".", "--no-follow", "--max-log-requests", "200", *flags]
                cost = self.measure([*command, "--tail", str(lines)], form)
                rate = self.row(name, form, lines * self.part.streams, cost, limit)
                ours = rate if (name, form) == ("stern", "default") else ours
        return ours

    def _kubectl(self, limit: float) -> None:
        """What kubectl needs for one of the streams, where there is a kubectl."""
        kubectl = shutil.which("kubectl")
        if kubectl is not None:
            command = [kubectl, "logs", "--timestamps", "web-0000-5d9c7b8f6-x2x4z"]
            cost = self.measure(command, "kubectl")
            self.row("kubectl", "one stream", self.total // self.part.streams, cost, limit)


def throughput(programs: Programs, scale: Scale) -> float:
    """The table of formats; returns the figure of the default format, 10 streams, 180 B, file."""
    headline = 0.0
    head = f"{'streams':>7} {'bytes':>5} {'to':>4} {'program':>9} {'format':<14}"
    print(f"\n{head} {'lines/cpu-s':>11} {'of limit':>8} {'wall s':>7} {'peak MiB':>8}")
    for part in scale.parts:
        for width in scale.line_bytes:
            total = part.lines if width <= 180 else part.lines // 6
            with log_server(part.streams, total // part.streams, width) as env:
                for to_pipe in scale.pipes:
                    rate = Table(part, width, total, to_pipe, env).print(programs)
                    if (part.streams, width, to_pipe) == (10, 180, False):
                        headline = rate
    return headline


if __name__ == "__main__":
    main()
