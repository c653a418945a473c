"""How long a person waits: `--version`, the first log line, the first row on the screen.

`python -m benchmarks.startup` prints wall times in milliseconds (median of the runs), each beside
the limit measured in the same run: a Python that does nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from demo_cluster.launch import start_demo
from tests.terminal import Terminal

PROGRAMS = Path(sys.executable).parent


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    limit = median_ms(runs, lambda: run(sys.executable, "-c", "pass"))
    report("python -c pass (the limit)", limit, limit)
    for program, words in [
        ("kube-tui", "--version"),
        ("stern", "--version"),
        ("kompose", "version"),
    ]:
        command = str(PROGRAMS / program)
        report(f"{program} {words}", median_ms(runs, lambda: run(command, words)), limit)  # noqa: B023
    with start_demo() as demo:
        report("stern: first log line", median_ms(runs, lambda: first_line(demo.kubeconfig)), limit)
        report("kube-tui: first row", median_ms(runs, lambda: first_row(demo.kubeconfig)), limit)
    report("demo-cluster: ready", median_ms(min(runs, 5), start_and_stop), limit)
    report("kompose: convert the guestbook", median_ms(runs, convert_guestbook), limit)


def median_ms(runs: int, work: Callable[[], None]) -> float:
    """The median wall time of the work, in milliseconds."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def report(what: str, value: float, limit: float) -> None:
    """One line of the table."""
    print(f"{what:<34} {value:8.0f} ms   {value / limit:6.1f} x the limit", flush=True)


def run(*command: str) -> None:
    """One program, to its end."""
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"}
    )


def first_line(kubeconfig: Path) -> None:
    """Stern on the whole cluster, until its first byte on stdout."""
    command = [str(PROGRAMS / "stern"), "--kubeconfig", str(kubeconfig), "-A", ".", "--tail", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tail:
        assert tail.stdout is not None
        tail.stdout.read(1)
        tail.kill()


def first_row(kubeconfig: Path) -> None:
    """kube-tui on the namespaces, until the first of them is on the screen."""
    command = [str(PROGRAMS / "kube-tui"), "--kubeconfig", str(kubeconfig), "-c", "namespaces"]
    with Terminal(command) as person:
        person.expect(r"kube-system")


def start_and_stop() -> None:
    """A demo cluster, until it answers."""
    with start_demo():
        pass


def convert_guestbook() -> None:
    """The example that ships with us, to a file."""
    example = Path(__file__).parents[1] / "examples" / "guestbook" / "compose.yaml"
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.yaml")
        command = [str(PROGRAMS / "kompose"), "-f", str(example), "convert", "-o", out]
        subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
