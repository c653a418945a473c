"""A thousand cuts at any byte while a million numbered lines pass: each exactly once, in order."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from stern.entry import Entry
from stern.options import TailOptions
from stern.tailer import tail
from tests.stern.cutting_relay import cutting_relay
from tests.stern.pod_server import Cut, Ear, Query, Send, pod, pod_server

PODS = 10
LINES = 100_000
CUTS = 100  # for each pod
LINES_PER_SECOND = 200


def numbered_log() -> tuple[bytes, dict[str, int]]:
    """The lines of one pod, and where those of each second begin; stamps come in equal pairs."""
    starts: dict[str, int] = {}
    lines = []
    size = 0
    for number in range(LINES):
        second, place = divmod(number, LINES_PER_SECOND)
        minutes, seconds = divmod(second, 60)
        stamp = f"2026-11-21T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        starts.setdefault(f"{stamp}Z", size)
        line = f"{stamp}.{place // 2 * 1000:09d}Z line {number} é\n".encode()
        lines.append(line)
        size += len(line)
    return b"".join(lines), starts


class CuttingLogs:
    """Serves one log to every pod, and cuts inside lines, characters, chunks and their headers."""

    def __init__(self, seed: int, cuts: int = CUTS) -> None:
        self._log, self._starts = numbered_log()
        self._random = random.Random(seed)
        self._left = {f"web-{number}": cuts for number in range(PODS)}
        self.cuts = 0

    async def serve(self, name: str, query: Query, send: Send) -> None:
        start = self._starts[query["sinceTime"]] if "sinceTime" in query else 0
        left = self._left[name]
        most = 17 * len(self._log) // (10 * CUTS)
        end = start + self._random.randrange(most // 8, most) if left else len(self._log)
        at = start
        while at < min(end, len(self._log)):
            size = self._random.randrange(1, 60_000)
            await send(self._log[at : min(at + size, end)])
            at += size
        if left:
            self._left[name] -= 1
            self.cuts += 1
            piece = self._log[end : end + 5000]
            wire = b"%x\r\n%b\r\n" % (len(piece), piece)
            raise Cut(wire[: self._random.randrange(len(wire))])


class Counter(Ear):
    """A sink that checks the numbers as they come, and keeps none."""

    def __init__(self) -> None:
        super().__init__()
        self.next = dict.fromkeys((f"web-{number}" for number in range(PODS)), 0)
        self.wrong: list[str] = []

    async def entry(self, entry: Entry) -> None:
        name = entry.target.pod
        expected = self.next[name]
        for _, message in entry.lines():
            if message != b"line %d \xc3\xa9" % expected and len(self.wrong) < 5:
                self.wrong.append(f"{name}: {message!r} in place of line {expected}")
            expected += 1
        self.next[name] = expected
        self.hear()


async def test_a_thousand_cuts_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    logs = CuttingLogs(seed=1)
    counter = Counter()
    async with pod_server(tmp_path, logs.serve) as server:
        for number in range(PODS):
            server.put(pod(f"web-{number}", state="terminated", phase="Succeeded"))
        options = TailOptions(since=None, exit_on_complete=True)
        async with connect(ConnectOptions(kubeconfig=str(server.kubeconfig))) as client:
            await asyncio.wait_for(tail(client, options, sink=counter), 120)

    assert counter.wrong == []
    assert set(counter.next.values()) == {LINES}
    assert logs.cuts == PODS * CUTS


async def test_a_thousand_cuts_below_tls_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    logs = CuttingLogs(seed=2, cuts=0)
    counter = Counter()
    async with (
        pod_server(tmp_path, logs.serve) as server,
        cutting_relay(server.port, cuts=PODS * CUTS, bytes_between=(1, 70_000), seed=2) as relay,
    ):
        for number in range(PODS):
            server.put(pod(f"web-{number}"))
        config = tmp_path / "relayed"
        config.write_text(
            server.kubeconfig.read_text().replace(f":{server.port}", f":{relay.port}")
        )
        options = TailOptions(since=None, max_log_requests=-1)
        async with connect(ConnectOptions(kubeconfig=str(config))) as client:
            tailing = asyncio.create_task(tail(client, options, sink=counter))
            await counter.until(lambda: set(counter.next.values()) == {LINES}, 120)
            tailing.cancel()
            await asyncio.gather(tailing, return_exceptions=True)

    assert counter.wrong == []
    assert relay.cuts >= PODS * CUTS * 9 // 10
