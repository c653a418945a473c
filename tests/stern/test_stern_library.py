"""The tailer as a library: targets by selector in, entries out."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from stern.tailer import Entry, EntrySink, TailOptions, tail
from tests.stern.pod_server import Query, Send, pod, pod_server


async def test_a_program_takes_entries_of_the_pods_it_names_by_label(tmp_path: Path) -> None:
    entries: list[Entry] = []
    troubles: list[str] = []

    async def serve(name: str, query: Query, send: Send) -> None:
        await send(b"2026-11-21T00:00:00.000000001Z hello of " + name.encode() + b"\n")

    async def write(entry: Entry) -> None:
        entries.append(entry)

    options = TailOptions(
        namespaces=("default",), label_selector="app=web", since=None, follow=False,
        max_log_requests=1,
    )  # fmt: skip
    async with pod_server(tmp_path, serve) as server:
        for name in ("web-1", "web-2"):
            server.put(pod(name, labels={"app": "web"}))
        async with connect(ConnectOptions(kubeconfig=str(server.kubeconfig))) as client:
            await asyncio.wait_for(
                tail(client, options, sink=EntrySink(write, troubles.append)), 20
            )
        [listed] = [request for request in server.requests if "/log" not in request]

    assert "labelSelector=app%3Dweb" in listed
    assert [(entry.target.pod, list(entry.lines())) for entry in entries] == [
        (name, [(b"2026-11-21T00:00:00.000000001Z", b"hello of " + name.encode())])
        for name in ("web-1", "web-2")
    ]
    assert entries[0].target.labels == {"app": "web"}
    assert entries[0].target.is_alone
    assert troubles == []
