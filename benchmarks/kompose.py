"""How fast kompose is: the guestbook from a shell, and files of 10 to 5,000 services.

Run it with `python -m benchmarks.kompose`. Wall times are of whole processes; the parts of a
conversion are measured inside one, beside the time that libyaml alone needs for the same file.
`--with PROGRAM` also runs another kompose on the same files.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from kompose.compose.tree import events

_GUESTBOOK = Path(__file__).resolve().parents[1] / "examples" / "guestbook" / "compose.yaml"
_SIZES = (10, 50, 100, 500, 1000, 5000)

_SERVICE = """\
  service-{n}: # one of many
    image: registry.example.com/team/service-{n}:1.{n}
    command: ["serve", "--port", "{port}", "--name", "service-{n}"]
    environment:
      <<: *shared
      SERVICE_NAME: service-{n}
      DATABASE_URL: "postgres://db-{n}:5432/app"
      TIMEOUT: "{n}"
    ports:
      - "{port}:8080"
      - "{udp}/udp"
    volumes:
      - data-{n}:/var/lib/service
      - type: volume
        source: cache-{n}
        target: /cache
        read_only: true
    tmpfs: /run
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8080/health"]
      interval: 10s
      timeout: 2s
      retries: 3
      start_period: 30s
    deploy:
      replicas: 2
      resources:
        limits: {{cpus: "0.5", memory: 128M}}
        reservations: {{cpus: "0.1", memory: 64M}}
    labels:
      team: shop
      kompose.volume.size: 1Gi
    restart: always
"""


class Parts(NamedTuple):
    """Seconds of each part of one conversion."""

    parse: float
    transform: float
    write: float

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self)


def compose_text(count: int) -> str:
    """A compose file of that many services, with volumes, health checks and limits."""
    services = "".join(
        _SERVICE.format(n=number, port=10_000 + number, udp=30_000 + number)
        for number in range(1, count + 1)
    )
    volumes = "".join(
        f"  data-{number}: {{}}\n  cache-{number}: {{}}\n" for number in range(1, count + 1)
    )
    head = "x-shared: &shared\n  LOG_LEVEL: info\n  REGION: eu\n\nservices:\n"
    return f"{head}{services}\nvolumes:\n{volumes}"


def measure_parts(path: Path) -> Parts:
    """The parts of one conversion in this process."""
    from kompose.compose.read import FileSelection, ReadOptions, read_model
    from kompose.convert import convert
    from kompose.emit.files import Form, write_stream
    from kompose.options import ConvertOptions
    from kompose.report import Report

    out = io.StringIO()
    with _no_collection():
        start = time.perf_counter()
        selection = FileSelection((str(path),), None, path.parent)
        model = read_model(selection, os.environ, ReadOptions())
        parsed = time.perf_counter()
        objects = convert(model, ConvertOptions(), Report(lambda _level, _text: None))
        transformed = time.perf_counter()
        write_stream(objects, Form(), out.write)
        written = time.perf_counter()
    return Parts(parsed - start, transformed - parsed, written - transformed)


@contextmanager
def _no_collection() -> Iterator[None]:
    """The garbage collector off, as the command itself has it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def measure_limit(path: Path) -> float:
    """Seconds that libyaml alone needs for the events of a file: no reader is faster than that."""
    text = path.read_bytes()
    with _no_collection():
        start = time.perf_counter()
        for _ in events(text):
            pass
        return time.perf_counter() - start


def best(function: Callable[[], float], times: int = 5) -> float:
    """The shortest of several runs: what the machine can do when it is left alone."""
    return min(function() for _ in range(times))


def wall(command: Sequence[str], directory: Path) -> float:
    """Seconds from start to end of a process."""
    start = time.perf_counter()
    subprocess.run(
        command,
        cwd=directory,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    return time.perf_counter() - start


def _environment() -> dict[str, str]:
    """What a person's programs run in: modules are compiled once, as an installation does."""
    return {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def peak_megabytes(command: Sequence[str], directory: Path) -> float:
    """The most memory that the process held."""
    probe = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *command],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
        env=_environment(),
    )
    return int(done.stdout) / 1024


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with", dest="other", help="another kompose to run on the same files")
    parser.add_argument("--largest", type=int, default=_SIZES[-1], help="services of the last row")
    options = parser.parse_args()
    programs = {"ours": [sys.executable, "-m", "kompose"]}
    if options.other:
        programs["other"] = [options.other]
    empty = best(partial(wall, [sys.executable, "-c", "pass"], Path.cwd()))
    print(f"python that does nothing      {empty * 1000:7.0f} ms")
    for name, program in programs.items():
        command = [*program, "-f", str(_GUESTBOOK), "convert", "--stdout"]
        took = best(partial(wall, command, _GUESTBOOK.parent))
        print(f"guestbook, whole run, {name:<8}{took * 1000:7.0f} ms")
    print(
        "\nservices    parse  transform    write      sum  libyaml alone  of it   per service"
        "   whole run     memory"
    )
    with tempfile.TemporaryDirectory() as place:
        for size in (size for size in _SIZES if size <= options.largest):
            path = Path(place) / f"{size}.yaml"
            path.write_text(compose_text(size))
            _print_row(size, path, programs)


def _print_row(size: int, path: Path, programs: dict[str, list[str]]) -> None:
    rounds = 3 if size <= 500 else 1
    parts = min((measure_parts(path) for _ in range(rounds)), key=lambda each: each.total)
    numbers = "".join(f"{value * 1000:9.1f}" for value in (*parts, parts.total))
    limit = best(partial(measure_limit, path), rounds)
    row = f"{size:8}{numbers} ms{limit * 1000:12.1f} ms{parts.total / limit:6.1f}x"
    row += f"{parts.total / size * 1_000_000:11.0f} us"
    for name, program in programs.items():
        command = [*program, "-f", str(path), "convert", "--stdout"]
        took = best(partial(wall, command, path.parent), rounds)
        row += f"   {name} {took * 1000:6.0f} ms {peak_megabytes(command, path.parent):6.0f} MB"
    print(row)


if __name__ == "__main__":
    main()
