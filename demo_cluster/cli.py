"""The command line of the demo cluster."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo_cluster.cluster import ClusterOptions

_DIALS = ("nodes", "pods", "namespaces", "churn", "log_rate")


def parser() -> argparse.ArgumentParser:
    """Every flag, its default and its help."""
    flags = argparse.ArgumentParser(
        prog="demo-cluster",
        description="A simulated Kubernetes cluster in one process, for any client.",
    )
    add = flags.add_argument
    add("--kubeconfig", type=Path, metavar="FILE", help="write a kubeconfig here when ready")
    add(
        "--scenario",
        default="shop",
        help="what lives on it: shop, bad-day, big, empty, or a file (default: shop)",
    )
    add("--seed", type=int, default=1, help="the same seed gives the same world (default: 1)")
    add("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    add("--port", type=int, default=0, help="the port to listen on (default: any free one)")
    add("--speed", type=float, default=1.0, help="how many times as fast time runs (default: 1)")
    add(
        "--clock-skew",
        type=_seconds,
        default=0.0,
        metavar="DURATION",
        help="how far its clock is ahead of yours",
    )
    add("--state", type=Path, metavar="FILE", help="go on from this file, and keep the end there")
    world = flags.add_argument_group("dials of the world")
    world.add_argument("--nodes", type=int, help="how many nodes")
    world.add_argument("--pods", type=int, help="how many pods")
    world.add_argument("--namespaces", type=int, help="how many namespaces")
    world.add_argument("--churn", type=float, help="changes of pods in a second")
    world.add_argument("--log-rate", type=float, help="how many times as many log lines")
    faults = flags.add_argument_group("faults on purpose")
    faults.add_argument(
        "--latency",
        type=_seconds,
        default=0.0,
        metavar="DURATION",
        help="how long each answer takes at least (50ms, 1s)",
    )
    faults.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:SECONDS][@SHARE]",
        help="drop, stall, slow, truncated, garbage, cut, gone, 429, 500, 503, expired-token; "
        "SHARE of the requests as 0.2 or 20%% (default: 10%%); may be given again",
    )
    add("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    add("--version", action="store_true", help="show the version and exit")
    return flags


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(ms|s|m|h|)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 50ms, 2s or 1h")
    return float(match[1]) * _UNITS[match[2]]


def run(arguments: Sequence[str]) -> int:
    """Serve until interrupted; returns the exit code."""
    flags = parser().parse_args(arguments)
    try:
        asyncio.run(_serve(flags))
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError) as error:
        print(f"demo-cluster: {error}", file=sys.stderr)
        return 1
    return 0


def cluster_options(flags: argparse.Namespace) -> ClusterOptions:
    """The flags as one value.

    Raises:
        FaultError: A fault is none that we know.
    """
    from datetime import UTC, datetime, timedelta

    from demo_cluster.clock import RealClock
    from demo_cluster.cluster import ClusterOptions
    from demo_cluster.faults import FaultPlan, parse_fault

    start = datetime.now(UTC) + timedelta(seconds=flags.clock_skew)
    faults = [parse_fault(text) for text in flags.fault]
    given = {name: getattr(flags, name) for name in _DIALS}
    return ClusterOptions(
        scenario=flags.scenario,
        seed=flags.seed,
        host=flags.host,
        port=flags.port,
        clock=RealClock(flags.speed, start),
        faults=FaultPlan(faults, flags.latency, flags.seed),
        state=flags.state,
        dials={name: value for name, value in given.items() if value is not None},
    )


async def _serve(flags: argparse.Namespace) -> None:
    from demo_cluster.cluster import DemoCluster

    cluster = DemoCluster(cluster_options(flags))
    path: Path | None = flags.kubeconfig
    await cluster.start()
    gc.freeze()
    gc.enable()
    try:
        if path is not None:
            cluster.write_kubeconfig(path)
            print(f"Serving at {cluster.server}. Use it: kubectl --kubeconfig {path} get pods -A")
        else:
            print(cluster.kubeconfig(), end="")
        sys.stdout.flush()
        await _until_ended(ends_with_stdin=flags.until_stdin_closes)
    finally:
        await cluster.stop()
        if path is not None and flags.until_stdin_closes:
            _remove(path.parent)


def _remove(folder: Path) -> None:
    """Leave nothing of a demo whose parent may have died without a word: its token least of all."""
    for name in ("kubeconfig", "stderr"):
        with contextlib.suppress(OSError):
            (folder / name).unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


async def _until_ended(*, ends_with_stdin: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    if ends_with_stdin:
        threading.Thread(target=_read_stdin_to_the_end, args=(loop, ended), daemon=True).start()
    await ended.wait()


def _read_stdin_to_the_end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 65536):
        pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(ended.set)
