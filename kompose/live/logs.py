"""`logs`: what the services say, as docker compose prints it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

from kompose.cluster.errors import ClusterError
from kompose.cluster.inventory import of_service, owned_workloads
from kompose.cluster.logs import LogOptions, service_logs
from kompose.cluster.ownership import service_key
from kompose.cluster.plan import container_names
from kompose.cluster.pods import pod_of_index, service_pods
from kompose.cluster.view import ProjectView
from kompose.live.session import Session, say, service_keys
from kube_client.duration import DurationError, parse_duration
from kube_client.timestamp import format_timestamp, parse_timestamp


@dataclass(frozen=True, slots=True)
class LogWishes:
    """How `logs` was asked to show logs; empty texts ask for nothing."""

    follow: bool = False
    tail: str = "all"
    since: str = ""
    until: str = ""
    index: int | None = None
    timestamps: bool = False
    prefixes: bool = True
    colours: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The time that log lines are of; None where it is open."""

    since: datetime | None = None
    until: datetime | None = None

    def has(self, stamp: bytes) -> bool:
        """Whether a line with this stamp is in it; what has no stamp always is."""
        try:
            moment = parse_timestamp(stamp.decode("ascii", "replace"))
        except ValueError:
            return True
        return (self.since is None or moment >= self.since) and (
            self.until is None or moment <= self.until
        )

    @property
    def is_open(self) -> bool:
        """Whether every line is in it."""
        return self.since is None and self.until is None


async def show_logs(
    session: Session, view: ProjectView, services: Sequence[str], wishes: LogWishes
) -> int:
    """Print the logs of the services."""
    tail = _tail(wishes.tail)
    since, span = _span(wishes, datetime.now(UTC))
    wanted = service_keys(view, services)
    keys, containers = await _places(session, services, wanted)
    pods = await _chosen_pods(session, keys, wishes.index)
    options = LogOptions(session.namespace, wishes.follow, tail, since, pods, containers)
    printer = LogPrinter(
        sys.stdout,
        colours=wishes.colours,
        prefixes=wishes.prefixes,
        timestamps=wishes.timestamps,
        span=span,
        services=keys if wishes.follow else (),
    )
    await service_logs(session.client, keys, options, printer.write, say)
    return 0


class LogPrinter:
    """Whole lines of logs with the name of who said them, as docker compose prints them.

    Names of the pods of `services` will come, and leave room for the longest from the first line.
    """

    _PALETTE = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)

    def __init__(
        self,
        stream: TextIO,
        *,
        colours: bool,
        prefixes: bool = True,
        timestamps: bool = False,
        span: Span = Span(),
        services: Sequence[str] = (),
    ) -> None:
        self._stream = stream
        self._colours = colours
        self._prefixes = prefixes
        self._timestamps = timestamps
        self._span = span
        self._width = max((len(key) + _SUFFIX for key in services), default=0)
        self._numbers: dict[str, int] = {}

    async def write(self, name: str, block: bytes) -> None:
        """Print a block of lines that begin with their stamps; the last may lack its newline."""
        if not block:
            return
        prefix = self._prefix(name) if self._prefixes else b""
        lines = block[:-1].split(b"\n") if block.endswith(b"\n") else block.split(b"\n")
        if not self._span.is_open:
            lines = [line for line in lines if self._span.has(line.partition(b" ")[0])]
        if not self._timestamps:
            lines = [_without_stamp(line) for line in lines]
        self._stream.flush()
        self._stream.buffer.write(b"".join(prefix + line + b"\n" for line in lines))
        self._stream.buffer.flush()

    def _prefix(self, name: str) -> bytes:
        self._width = max(self._width, len(name))
        text = f"{name:<{self._width}} | "
        if not self._colours:
            return text.encode()
        number = self._numbers.setdefault(name, len(self._numbers))
        return f"\x1b[{self._PALETTE[number % len(self._PALETTE)]}m{text}\x1b[0m".encode()


_SUFFIX = len("-abcde")
"""What most pods have after the name of their service."""
_SLACK = timedelta(minutes=1)
"""How far the server's clock may be behind ours."""


def _without_stamp(line: bytes) -> bytes:
    stamp, blank, rest = line.partition(b" ")
    return rest if blank and stamp[10:11] == b"T" and stamp[:4].isdigit() else line


async def _places(
    session: Session, services: Sequence[str], keys: Sequence[str]
) -> tuple[list[str], tuple[str, ...]]:
    """The labels of the pods that run these services, all when none is named.

    Where services share pods, also the containers that are meant; none means every one.

    Raises:
        ClusterError: A service does not run.
    """
    workloads = await owned_workloads(session.client, session.project, session.namespace)
    if not keys:
        return list(dict.fromkeys(service_key(obj) for obj in workloads)), ()
    labels: dict[str, None] = {}
    containers: list[str] = []
    is_shared = False
    for key, name in zip(keys, services, strict=True):
        for obj in of_service(workloads, key, name):
            labels[service_key(obj)] = None
            found = container_names(obj)
            is_alone = len(found) == 1 or key not in found
            containers += found if is_alone else [key]
            is_shared = is_shared or not is_alone
    return list(labels), tuple(containers) if is_shared else ()


async def _chosen_pods(session: Session, keys: Sequence[str], index: int | None) -> tuple[str, ...]:
    """The pod of this number, from 1, of the one service asked for; none means all pods."""
    if index is None:
        return ()
    if len(keys) != 1:
        raise ClusterError("--index is the number of a pod of one service; name the service.")
    pods = await service_pods(session.client, session.namespace, keys[0])
    return (pod_of_index(pods, keys[0], index).metadata.name,)


def _tail(text: str) -> int | None:
    if text in ("all", "-1", ""):
        return None
    if not text.isdecimal():
        raise ClusterError(f"--tail wants a number of lines or 'all', not {text!r}.")
    return int(text)


def _span(wishes: LogWishes, now: datetime) -> tuple[timedelta | None, Span]:
    """How far back to ask the server, by its own clock, and what to keep of its answer."""
    since = _moment("--since", wishes.since, now)
    until = _moment("--until", wishes.until, now)
    if not isinstance(since, datetime):
        return since, Span(until=now - until if isinstance(until, timedelta) else until)
    back = max(now - since, timedelta()) + _SLACK
    return back, Span(since, now - until if isinstance(until, timedelta) else until)


def _moment(flag: str, text: str, now: datetime) -> datetime | timedelta | None:
    """A time given as such, or as how long ago it was."""
    if not text:
        return None
    try:
        return parse_duration(text)
    except DurationError:
        pass
    try:
        return parse_timestamp(text)
    except ValueError:
        raise ClusterError(
            f"{flag} wants a duration such as 10m, or a time such as "
            f"{format_timestamp(now.replace(microsecond=0))}; not {text!r}."
        ) from None
