"""What a person waits for, and what streams cost that are only open."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.stern.measure import environment, follow, log_server, run

Programs = Mapping[str, Sequence[str]]


def start_up(programs: Programs) -> None:
    """How long a person waits for the first line, and until many streams are open."""
    for name, program in programs.items():
        with log_server(2, 1) as env:
            once = [*program, ".", "--no-follow", "--tail", "1"]
            run(once, env)  # compiles what has never been run
            shots = [follow(once, env, 1).wall for _ in range(11)]
            whole = [run(once, env).wall for _ in range(7)]
        version = statistics.median(
            run([*program, "--version"], environment()).wall for _ in range(11)
        )
        print(f"{name}: --version {version * 1000:.0f} ms")
        print(
            f"{name}: first line of two pods {statistics.median(shots) * 1000:.0f} ms after exec "
            f"(best {min(shots) * 1000:.0f}), all done {statistics.median(whole) * 1000:.0f} ms"
        )
        for streams in (45, 200):
            with log_server(streams, 1, live=True) as env:
                command = [*program, ".", "--max-log-requests", str(streams)]
                opened = statistics.median(follow(command, env, streams).wall for _ in range(3))
            print(f"{name}: {streams} streams with a line each {opened:.2f} s", flush=True)


def latency(programs: Programs, streams: int = 10, every: float = 0.01) -> None:
    """How long a line of a live log takes to come out, while lines come one by one."""
    for name, program in programs.items():
        with log_server(streams, 1, live=True, every=every) as env:
            live = follow([*program, "."], env, streams, idle_seconds=3)
        late = sorted(live.late_seconds)
        if not late:
            print(f"{name}: no line of a live log came out")
            continue
        median, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
        print(
            f"{name}: {len(late) / 3:.0f} live lines a second come out after "
            f"{median * 1000:.1f} ms (p99 {p99 * 1000:.1f} ms), "
            f"for {live.idle_share:.1%} of a core",
            flush=True,
        )


def open_streams(programs: Programs) -> None:
    """Memory of many streams, and the load of those that say nothing or little."""
    for name, program in programs.items():
        command = [*program, ".", "--max-log-requests", "1000"]
        with log_server(500, 2000, live=True) as env:
            many = follow(command, env, 1_000_000)
        print(f"{name}: 500 streams of 2,000 lines {many.peak_mib:.0f} MiB at most", flush=True)
        with log_server(1000, 1, live=True) as env:
            idle = follow(command, env, 1000, idle_seconds=20)
        print(f"{name}: 1,000 silent streams {idle.idle_share:.1%} of a core", flush=True)
        with log_server(1000, 1, live=True, every=5) as env:
            slow = follow(command, env, 1000, idle_seconds=20)
        print(
            f"{name}: 1,000 streams with a line in 5 s each {slow.idle_share:.1%} of a core",
            flush=True,
        )


def line_by_line(programs: Programs) -> None:
    """The default format where each line is a chunk of its own, as in a log that is followed."""
    for name, program in programs.items():
        with log_server(10, 100_000, lines_per_chunk=1) as env:
            command = [*program, ".", "--no-follow", "--max-log-requests", "10"]
            cost = statistics.median(run(command, env).cpu for _ in range(3))
        print(f"{name}: {1_000_000 / cost:,.0f} lines/cpu-s where each line is a chunk", flush=True)


def long_log(programs: Programs) -> None:
    """Memory of ten million lines beside that of a hundred thousand."""
    for name, program in programs.items():
        command = [*program, ".", "--no-follow"]
        with log_server(1, 100_000) as env:
            short = run(command, env)
        with log_server(1, 10_000_000) as env:
            long = run(command, env)
        print(
            f"{name}: {short.peak_mib:.0f} MiB for 100,000 lines, "
            f"{long.peak_mib:.0f} MiB for 10,000,000 ({10_000_000 / long.cpu:,.0f} lines/cpu-s)",
            flush=True,
        )
