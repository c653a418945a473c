"""The command line of the demo cluster."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo_cluster.access.people import Person
    from demo_cluster.cluster import ClusterOptions, DemoCluster
    from demo_cluster.faults import Fault

_DIALS = ("nodes", "pods", "namespaces", "churn", "log_rate")
_INTERRUPTED = 130
_SLOW_SECONDS = 1.0

_EPILOG = """\
examples:
  demo-cluster --kubeconfig demo.yaml              the shop, for kubectl and everything else
  demo-cluster --scenario bad-day --speed 4        watch it fail, four times as fast
  demo-cluster --scenario big --pods 3000 --nodes 100 --churn 50
  demo-cluster --fault 429:2@20% --fault cut:5@50% --latency 80ms
  demo-cluster --user intern=view@shop             a context that may only look, in one namespace
  demo-cluster --state shop.state --port 6443      go on tomorrow where you stop today
  demo-cluster --name east --kubeconfig both.yaml --merge

With --kubeconfig its contexts are: demo (everything), demo-viewer (look), demo-developer (change
what is in namespaces), and one for each --user. Without, the kubeconfig is printed.

It listens on loopback unless --host says otherwise, wants a token, and runs nothing on your
machine.
Exit codes: 0 ended, 1 could not start, 2 wrong flags, 130 Ctrl-C.
How to write a scenario: docs/demo-cluster.md
"""


def parser() -> argparse.ArgumentParser:
    """Every flag, its default and its help."""
    flags = argparse.ArgumentParser(
        prog="demo-cluster",
        description="A simulated Kubernetes cluster in one process, for any client.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_general(flags)
    _add_world(flags.add_argument_group("dials of the world (a scenario's dials: have them too)"))
    _add_faults(flags.add_argument_group("faults on purpose (a scenario's faults: has them too)"))
    return flags


def _epilog() -> str:
    from demo_cluster.faults import AIMS, KINDS

    kinds = "".join(f"  {kind:<15}{what}\n" for kind, what in KINDS.items())
    aims = "".join(f"  {aim:<15}{what}\n" for aim, what in AIMS.items())
    return f"kinds of faults:\n{kinds}\naims of faults, after a comma each:\n{aims}\n{_EPILOG}"


def _add_general(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add("--kubeconfig", type=Path, metavar="FILE", help="write a kubeconfig here when ready")
    add("--merge", action="store_true", help="add to that kubeconfig, and take out at the end")
    add("--name", default="demo", help="what the kubeconfig calls it: --name east (demo)")
    add(
        "--scenario",
        default="shop",
        metavar="NAME|FILE",
        help="what lives on it: shop, bad-day, big, empty, or a file: --scenario my.yaml (shop)",
    )
    add("--seed", type=_seed, default=1, help="the same seed gives the same world (1)")
    add("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    add("--port", type=_port, default=0, help="the port: --port 6443 (any free one)")
    add("--speed", type=_factor, default=1.0, metavar="X", help="time runs so fast: --speed 10 (1)")
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep every write here, and go on from it: --state shop.state",
    )
    add("--reset", action="store_true", help="begin anew, whatever --state holds")
    add("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    add("--version", action="store_true", help="show the version and exit")


def _add_world(world: argparse._ArgumentGroup) -> None:
    add = world.add_argument
    add("--nodes", type=_count, metavar="N", help="that many nodes more: --nodes 20")
    add("--pods", type=_count, metavar="N", help="that many pods more: --pods 500")
    add("--namespaces", type=_count, metavar="N", help="that many namespaces for them: 10")
    add("--churn", type=_amount, metavar="N", help="changes of pods in a second: --churn 20")
    add(
        "--log-rate",
        type=_amount,
        metavar="X",
        help="so many times as many log lines: --log-rate 5; 0 for silence",
    )
    add(
        "--user",
        action="append",
        type=_person,
        default=[],
        metavar="NAME[=ROLE[@NAMESPACE]]",
        help="a user of its own, with a ClusterRole: --user intern=view@shop; without one it may "
        "nothing; may be given again",
    )
    add(
        "--clock-skew",
        type=_seconds,
        metavar="DURATION",
        help="its clock is ahead of yours: --clock-skew 90s, or behind: --clock-skew=-90s",
    )


def _add_faults(faults: argparse._ArgumentGroup) -> None:
    add = faults.add_argument
    add(
        "--latency",
        type=_wait,
        default=0.0,
        metavar="DURATION",
        help="how long each answer takes at least: --latency 80ms",
    )
    add(
        "--fault",
        action="append",
        type=_fault,
        default=[],
        metavar="KIND[:SECONDS][@SHARE][,AIM]",
        help="a share of the requests (10%%) goes wrong: --fault 429:2@20%% --fault drop@0.05 "
        "--fault 503@100%%,on=*/pods*,until=90s; may be given again; kinds and aims are below",
    )


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(ms|s|m|h|)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 50ms, 2s or 1h")
    return float(match[1]) * _UNITS[match[2]]


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of things; write 0, 1, 2, ...")
    return int(text)


def _seed(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; write a number, as 7")
    return int(text)


def _wait(text: str) -> float:
    seconds = _seconds(text)
    if seconds < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is in the past; write 50ms, 2s or 1h")
    return seconds


def _amount(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount; write 0, 0.5 or 20")
    return float(text)


def _factor(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; write 0.5, 1 or 10")
    return float(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write 0 to 65535")
    return int(text)


def _person(text: str) -> Person:
    from demo_cluster.access.people import parse_person

    try:
        return parse_person(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fault(text: str) -> Fault:
    from demo_cluster.faults import FaultError, parse_fault

    try:
        return parse_fault(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(arguments: Sequence[str]) -> int:
    """Serve until interrupted; returns the exit code."""
    flags = parser().parse_args(arguments)
    if flags.merge and flags.kubeconfig is None:
        print("demo-cluster: --merge needs a file; add --kubeconfig FILE.", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_serve(flags))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (OSError, ValueError) as error:
        for sentence in _in_words(error, flags).splitlines():
            print(f"demo-cluster: {sentence}", file=sys.stderr)
        return 1


def _in_words(error: OSError | ValueError, flags: argparse.Namespace) -> str:
    """One sentence that says what to do; a line for each mistake of a scenario."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return (
            f"port {flags.port} on {flags.host} is in use; take another with --port, "
            "or leave --port out for any free one."
        )
    if isinstance(error, OSError) and error.filename is None:
        place, why = f"{flags.host}:{flags.port}", error.strerror or error
        return f"cannot listen on {place} ({why}); choose another --host or --port."
    if isinstance(error, OSError):
        return f"{error.filename} cannot be used ({error.strerror}); name another file."
    return str(error)


def cluster_options(flags: argparse.Namespace) -> ClusterOptions:
    """The flags as one value."""
    from datetime import timedelta

    from demo_cluster.clock import RealClock
    from demo_cluster.cluster import ClusterOptions
    from demo_cluster.faults import FaultPlan

    given = {name: getattr(flags, name) for name in _DIALS}
    return ClusterOptions(
        scenario=flags.scenario,
        seed=flags.seed,
        host=flags.host,
        port=flags.port,
        clock=RealClock(flags.speed),
        faults=FaultPlan(flags.fault, flags.latency, flags.seed),
        state=flags.state,
        reset=flags.reset,
        dials={name: value for name, value in given.items() if value is not None},
        clock_skew=timedelta(seconds=flags.clock_skew or 0.0),
        people=tuple(flags.user),
        name=flags.name,
    )


async def _serve(flags: argparse.Namespace) -> int:
    from demo_cluster.cluster import DemoCluster

    signal.signal(signal.SIGINT, _leave_at_once)
    path: Path | None = flags.kubeconfig
    if path is not None:
        _check_place(path)
    cluster = DemoCluster(cluster_options(flags))
    with _progress():
        await cluster.start()
    gc.freeze()
    gc.enable()
    try:
        _hand_over(cluster, path, is_merged=flags.merge)
        return await _until_ended(ends_with_stdin=flags.until_stdin_closes)
    finally:
        if path is not None and flags.merge:
            from demo_cluster.access.kubeconfig_file import take_out

            take_out(path, flags.name)
        await cluster.stop()
        if path is not None and flags.until_stdin_closes:
            _remove(path.parent)


def _leave_at_once(_signal: int, _frame: FrameType | None) -> None:
    """Nothing is served yet, so nothing has to be put in order."""
    raise KeyboardInterrupt


def _check_place(path: Path) -> None:
    """The kubeconfig can be written; better known before the world is made than after."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ValueError(
            f"cannot write a kubeconfig to {path} ({error.strerror}); name another file."
        ) from error


def _hand_over(cluster: DemoCluster, path: Path | None, *, is_merged: bool) -> None:
    if path is None:
        print(cluster.kubeconfig(), end="", flush=True)
        return
    if is_merged:
        from demo_cluster.access.kubeconfig_file import put_in

        put_in(path, cluster.kubeconfig(path), cluster.options.name)
    else:
        cluster.write_kubeconfig(path)
    if sys.stdout.isatty():
        context = f" --context {cluster.options.name}" if is_merged else ""
        use = f"kubectl --kubeconfig {path}{context} get pods -A"
        print(f"Serving at {cluster.server}. Use it: {use}\nCtrl-C ends it.", flush=True)


@contextlib.contextmanager
def _progress() -> Iterator[None]:
    """Say that it takes a while, to a person and only when it does."""
    if not sys.stderr.isatty():
        yield
        return
    ended = threading.Event()

    def tell() -> None:
        seconds = 0
        while not ended.wait(_SLOW_SECONDS):
            seconds += 1
            print(f"\rMaking the cluster: {seconds} s ...", end="", file=sys.stderr, flush=True)
        if seconds:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _remove(folder: Path) -> None:
    """Leave nothing of a demo whose parent may have died without a word: its token least of all."""
    for name in ("kubeconfig", "stderr"):
        with contextlib.suppress(OSError):
            (folder / name).unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


async def _until_ended(*, ends_with_stdin: bool) -> int:
    """Serve; returns the exit code that the end means."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    for number, code in ((signal.SIGINT, _INTERRUPTED), (signal.SIGTERM, 0)):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, end, code)
    if ends_with_stdin:

        def read() -> None:
            _read_stdin_to_the_end()
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(end, 0)

        threading.Thread(target=read, daemon=True).start()
    return await ended


def _read_stdin_to_the_end() -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 65536):
        pass
