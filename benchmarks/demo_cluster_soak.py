"""What ten thousand bad clients leave in a demo cluster: tasks, descriptors, objects, memory.

python -m benchmarks.demo_cluster_soak [COUNT]

The limit is what was there after the first tenth of them. Ends with 1 when something has grown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from demo_cluster.cluster import ClusterOptions
from demo_cluster.kinds import kind_of
from demo_cluster.threaded import running_cluster
from tests.demo_cluster.bad_clients import VICTIM, Left, left, soak

MIB = 1 << 20
_OBJECTS, _MEMORY = 5000, 24.0
"""How much more of either is noise: objects, and MiB."""


def memory_mib() -> float:
    """Resident memory of this process, the clients included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def report(words: str, found: Left, memory: float) -> None:
    """One line of the table."""
    print(
        f"{words:<26} {found.tasks:>5} tasks {found.descriptors:>5} descriptors "
        f"{found.objects:>8} objects {memory:>7.1f} MiB",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Bother a cluster, print what is there before and after, and say whether it grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000, help="bad requests (10000)")
    count: int = parser.parse_args(arguments).count
    first = max(count // 10, 1)
    with running_cluster(ClusterOptions(scenario="empty")) as cluster:
        cluster.call(lambda: cluster.storage.create(kind_of("pods"), VICTIM))
        asyncio.run(soak(cluster, first, seed=1))
        time.sleep(2)
        before, memory = left(cluster), memory_mib()
        report(f"after {first} bad requests", before, memory)
        began = time.monotonic()
        asyncio.run(soak(cluster, count, seed=2))
        seconds = time.monotonic() - began
        time.sleep(2)
        after, grown = left(cluster), memory_mib() - memory
        report(f"after {count} more", after, memory + grown)
    print(f"{count / seconds:.0f} bad requests a second")
    has_grown = (
        after.tasks > before.tasks
        or after.descriptors > before.descriptors
        or after.objects > before.objects + _OBJECTS
        or grown > _MEMORY
    )
    print("it has grown" if has_grown else "nothing has grown")
    return int(has_grown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
