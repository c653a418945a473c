"""How long the demo cluster keeps others waiting while clients read everything it has.

python -m benchmarks.demo_cluster_pauses [PODS] [NODES] [CLIENTS]

A process of its own asks /healthz again and again on one connection, and notes the longest wait,
while some clients at once read all pods in one of the forms that clients ask for. The limit is the
longest wait while nobody else asks.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection

from benchmarks.demo_cluster_at_scale import Target, cpu_seconds, memory_mib, target_of
from demo_cluster.launch import start_demo

PERIOD_SECONDS = 0.005
MIB = 1 << 20
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
FORMS: Mapping[str, tuple[str, dict[str, str]]] = {
    "JSON": ("/api/v1/pods", {}),
    "JSON, gzip": ("/api/v1/pods", {"Accept-Encoding": "gzip"}),
    "JSON of a selector": ("/api/v1/pods?labelSelector=app", {}),
    "JSON of a field": ("/api/v1/pods?fieldSelector=status.phase=Running", {}),
    "JSON, indented": ("/api/v1/pods", {"User-Agent": "curl/8"}),
    "Table": ("/api/v1/pods", {"Accept": _TABLE}),
    "Table, gzip": ("/api/v1/pods", {"Accept": _TABLE, "Accept-Encoding": "gzip"}),
    "Table with objects": ("/api/v1/pods?includeObject=Object", {"Accept": _TABLE}),
    "Table in pages of 500": ("/api/v1/pods?limit=500", {"Accept": _TABLE}),
    "metadata": ("/api/v1/pods", {"Accept": _PARTIAL}),
    "usage": ("/apis/metrics.k8s.io/v1beta1/pods", {}),
    "a watch from the start": ("/api/v1/pods?watch=1&timeoutSeconds=3", {}),
    "a watch of Tables": ("/api/v1/pods?watch=1&timeoutSeconds=3", {"Accept": _TABLE}),
}
"""What is asked for: a path and headers, by what it is called."""


def connected(host: str, port: int, authority: ssl.SSLContext) -> http.client.HTTPSConnection:
    """One client."""
    return http.client.HTTPSConnection(host, port, context=authority, timeout=300)


def ask_for_ever(target: Target, pipe: Connection) -> None:
    """Ask again and again; says the longest wait in seconds whenever it is asked for it."""
    host, port = target.server.removeprefix("https://").split(":")
    client = connected(host, int(port), ssl._create_unverified_context())
    longest = 0.0
    while True:
        began = time.perf_counter()
        client.request("GET", "/healthz")
        client.getresponse().read()
        longest = max(longest, time.perf_counter() - began)
        if pipe.poll(PERIOD_SECONDS):
            if pipe.recv() == "end":
                return
            pipe.send(longest)
            longest = 0.0


def read_all(target: Target, path: str, headers: Mapping[str, str], pipe: Connection) -> None:
    """Read one answer to its end; says how many bytes it had."""
    host, port = target.server.removeprefix("https://").split(":")
    client = connected(host, int(port), ssl._create_unverified_context())
    wanted = {"Authorization": f"Bearer {target.token}", "Accept-Encoding": "identity", **headers}
    client.request("GET", path, headers=wanted)
    answer, size = client.getresponse(), 0
    if answer.status != http.client.OK:
        raise SystemExit(answer.read().decode())
    while chunk := answer.read(MIB):
        size += len(chunk)
    pipe.send(size)


@contextmanager
def prober(target: Target) -> Iterator[Connection]:
    """The process that asks all the time."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=ask_for_ever, args=(plain(target), theirs))
    process.start()
    try:
        yield ours
    finally:
        ours.send("end")
        process.join()


def plain(target: Target) -> Target:
    """The target without what cannot go to another process."""
    return Target(target.server, None, target.token, target.pid)  # type: ignore[arg-type]  # unused there


def longest_wait(pipe: Connection) -> float:
    """The longest wait since the last time, in seconds."""
    pipe.send("longest")
    waited: float = pipe.recv()
    return waited


def measure(target: Target, words: str, clients: int, pipe: Connection) -> None:
    """Print what it takes when so many clients ask for this at once."""
    path, headers = FORMS[words]
    longest_wait(pipe)
    cpu, began = cpu_seconds(target.pid), time.monotonic()
    readers = []
    for _ in range(clients):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(
            target=read_all, args=(plain(target), path, headers, theirs)
        )
        process.start()
        readers.append((process, ours))
    sizes = [ours.recv() for _, ours in readers]
    for process, _ in readers:
        process.join()
    seconds, cpu = time.monotonic() - began, cpu_seconds(target.pid) - cpu
    wait = longest_wait(pipe)
    print(
        f"{words:<24} longest wait {wait * 1000:>6.0f} ms; {seconds:5.1f} s, {cpu:5.1f} s CPU, "
        f"{sizes[0] / MIB:6.1f} MiB each",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Print one line for each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("pods", 30_000), ("nodes", 1_000), ("clients", 3)):
        parser.add_argument(name, type=int, nargs="?", default=default, help=str(default))
    parser.add_argument("--only", default="", help="only the forms whose name begins so")
    asked = parser.parse_args(arguments)
    print(
        f"{asked.pods} pods, {asked.clients} clients at once; {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]}"
    )
    size = ["--pods", str(asked.pods), "--nodes", str(asked.nodes), "--churn", "0"]
    with start_demo(scenario="big", extra=size) as demo:
        target = target_of(demo.kubeconfig, demo.pid)
        with prober(target) as pipe:
            longest_wait(pipe)
            time.sleep(3)
            print(f"  limit: nobody else asks; longest wait {longest_wait(pipe) * 1000:.0f} ms")
            for words in FORMS:
                if words.startswith(asked.only):
                    measure(target, words, asked.clients, pipe)
        print(f"server afterwards: {memory_mib(demo.pid)} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
