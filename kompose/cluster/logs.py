"""What the services say, each line with the name of who said it.

The one module that knows stern: its tailer reads and follows, over cuts, rotations and restarts.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kompose.cluster.errors import ClusterError
from kompose.cluster.ownership import SERVICE, service_selector
from kube_client.client import Client
from stern.errors import SternError
from stern.tailer import Entry, EntrySink, TailOptions, tail
from stern.target import Target

_SUFFIX = re.compile(r"-([0-9]+|[a-z0-9]{5})$")

Write = Callable[[str, bytes], Awaitable[None]]
"""Takes who spoke, and whole lines with the server's stamps in front."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of the logs, and for how long; `pods` and `containers` limit them by name."""

    namespace: str
    follow: bool = False
    tail_lines: int | None = None
    since: timedelta | None = None
    pods: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()


async def service_logs(
    client: Client,
    keys: Sequence[str],
    options: LogOptions,
    write: Write,
    on_trouble: Callable[[str], None],
) -> None:
    """What the services have said, pod after pod; with `follow` what they say, until cancelled.

    Raises:
        KubeError: The pods cannot be listed, or a log cannot be read.
    """
    wanted = TailOptions(
        queries=tuple(f"pod/{name}" for name in options.pods),
        namespaces=(options.namespace,),
        label_selector=service_selector(list(keys)),
        container=f"^({'|'.join(map(re.escape, options.containers))})$"
        if options.containers
        else ".*",
        since=options.since,
        tail_lines=options.tail_lines,
        follow=options.follow,
        max_log_requests=-1 if options.follow else 1,
    )

    async def hand_on(entry: Entry) -> None:
        await write(speaker(entry.target), entry.data)

    try:
        await tail(client, wanted, sink=EntrySink(hand_on, on_trouble))
    except SternError as error:
        raise ClusterError(str(error)) from error


def speaker(target: Target) -> str:
    """Short and telling: the service, which of its pods, and which container if several."""
    service = (target.labels or {}).get(SERVICE, target.pod)
    found = _SUFFIX.search(target.pod)
    name = f"{service}-{found[1]}" if found else service
    return name if target.is_alone else f"{name}/{target.container}"
