"""The command line of the demo cluster."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Every flag, its default and its help."""
    flags = argparse.ArgumentParser(
        prog="demo-cluster",
        description="A simulated Kubernetes cluster in one process, for any client.",
    )
    flags.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", help="write a kubeconfig here when ready"
    )
    flags.add_argument(
        "--scenario",
        default="shop",
        help="what lives on it: a shipped name or a file (default: shop)",
    )
    flags.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same world (default: 1)"
    )
    flags.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    flags.add_argument(
        "--port", type=int, default=0, help="the port to listen on (default: any free one)"
    )
    flags.add_argument(
        "--speed", type=float, default=1.0, help="how many times as fast time runs (default: 1)"
    )
    flags.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    flags.add_argument("--version", action="store_true", help="show the version and exit")
    return flags


def run(arguments: Sequence[str]) -> int:
    """Serve until interrupted; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"demo-cluster: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    from demo_cluster.clock import RealClock
    from demo_cluster.cluster import ClusterOptions, DemoCluster

    cluster = DemoCluster(
        ClusterOptions(
            scenario=options.scenario,
            seed=options.seed,
            host=options.host,
            port=options.port,
            clock=RealClock(options.speed),
        )
    )
    await cluster.start()
    try:
        path: Path | None = options.kubeconfig
        if path is not None:
            cluster.write_kubeconfig(path)
            print(f"Serving at {cluster.server}. Use it: kubectl --kubeconfig {path} get pods -A")
        else:
            print(cluster.kubeconfig(), end="")
        sys.stdout.flush()
        await _until_ended(options.until_stdin_closes)
    finally:
        await cluster.stop()


async def _until_ended(ends_with_stdin: bool) -> None:
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
