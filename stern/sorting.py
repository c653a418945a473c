"""`--sort`: the lines of all targets in the order of the server's time."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stern.entry import Entry
from stern.sink import Sink
from stern.target import Target

WINDOW_SECONDS = 0.5
_QUEUE_LINES = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sort_key(stamp: bytes) -> bytes:
    """A stamp in the one form in which bytes sort as times do; a missing one sorts first."""
    if len(stamp) == 30 and stamp[-1:] == b"Z":
        return stamp
    if not stamp:
        return b""
    from kube_client.log_lines import nanoseconds

    total = nanoseconds(stamp)
    moment = _EPOCH + timedelta(seconds=total // 1_000_000_000)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{total % 1_000_000_000:09d}Z".encode()


def _keyed_lines(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Each line with its newline, and its key; a line without a stamp stays where it is."""
    key = b""
    for line in data.removesuffix(b"\n").split(b"\n"):
        stamp = line.partition(b" ")[0]
        if stamp[:4].isdigit() and stamp[10:11] == b"T":
            key = sort_key(stamp)
        yield key, line + b"\n"


@dataclass(slots=True)
class _Queue:
    """Lines of one target that wait for their turn."""

    lines: deque[tuple[bytes, bytes]] = field(default_factory=deque)
    is_over: bool = False


class MergingSink:
    """Exact: a line is given when every open target has one that is not earlier.

    Targets must all be started before any is over; `all_started` says that they are.
    """

    def __init__(self, inner: Sink) -> None:
        self._inner = inner
        self._queues: dict[Target, _Queue] = {}
        self._giving = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._is_complete = False
        self._ended: list[Target] = []

    async def entry(self, entry: Entry) -> None:
        """Take some more lines, give what is due, and wait while too many are held."""
        queue = self._queues[entry.target]
        queue.lines.extend(_keyed_lines(entry.data))
        while True:
            async with self._giving:
                await self._give()
            self._stirred.set()
            if len(queue.lines) < _QUEUE_LINES:
                return
            self._stirred = asyncio.Event()
            await self._stirred.wait()

    async def _give(self) -> None:
        """Give everything that no open target can come before."""
        queues = self._queues
        is_ready = all(queue.lines or queue.is_over for queue in queues.values())
        if not self._is_complete or not is_ready:
            return
        heap = [
            (queue.lines[0][0], number, target, queue)
            for number, (target, queue) in enumerate(queues.items())
            if queue.lines
        ]
        heapq.heapify(heap)
        run: list[bytes] = []
        speaker: Target | None = None
        while heap:
            _, number, target, queue = heap[0]
            if target is not speaker:
                await self._hand_on(speaker, run)
                speaker, run = target, []
            run.append(queue.lines.popleft()[1])
            if queue.lines:
                heapq.heapreplace(heap, (queue.lines[0][0], number, target, queue))
            elif queue.is_over:
                heapq.heappop(heap)
            else:
                break  # its next line may be the earliest
        await self._hand_on(speaker, run)

    async def _hand_on(self, target: Target | None, run: list[bytes]) -> None:
        if target is not None and run:
            await self._inner.entry(Entry(target, b"".join(run)))

    def started(self, target: Target) -> None:
        """One more target whose lines are waited for."""
        self._queues[target] = _Queue()
        self._inner.started(target)

    def ended(self, target: Target) -> None:
        """Nothing more comes from this target; its lines may still wait."""
        self._queues[target].is_over = True
        self._ended.append(target)
        self._stirred.set()

    def trouble(self, message: str) -> None:
        """As it is."""
        self._inner.trouble(message)

    def all_started(self) -> None:
        """No more targets will come."""
        self._is_complete = True
        self._stirred.set()

    async def finish(self) -> None:
        """Give what is left, and say which targets have ended."""
        self._is_complete = True
        for queue in self._queues.values():
            queue.is_over = True
        await self._give()
        for target in self._ended:
            self._inner.ended(target)


class WindowSink:
    """Nearly exact while following: each line waits a moment for earlier ones to come."""

    def __init__(self, inner: Sink, window: float = WINDOW_SECONDS) -> None:
        self._inner = inner
        self._window = window
        self._heap: list[tuple[bytes, int, float, Target, bytes]] = []
        self._count = 0
        self._ended: list[tuple[float, Target]] = []
        self._filled = asyncio.Event()

    async def entry(self, entry: Entry) -> None:
        """Take some more lines; they are given by `run`."""
        now = asyncio.get_running_loop().time()
        for key, line in _keyed_lines(entry.data):
            self._count += 1
            heapq.heappush(self._heap, (key, self._count, now, entry.target, line))
        self._filled.set()
        if len(self._heap) > _QUEUE_LINES:
            await self._give(now)

    async def run(self) -> None:
        """Give lines when their time has come; cancel to end."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._heap or self._ended:
                await asyncio.sleep(self._window / 4)
                await self._give(asyncio.get_running_loop().time() - self._window)

    async def _give(self, until: float) -> None:
        """Give the earliest lines as long as they have waited."""
        run: list[bytes] = []
        speaker: Target | None = None
        while self._heap and self._heap[0][2] <= until:
            _, _, _, target, line = heapq.heappop(self._heap)
            if target != speaker:
                await self._hand_on(speaker, run)
                speaker, run = target, []
            run.append(line)
        await self._hand_on(speaker, run)
        while self._ended and self._ended[0][0] <= until:
            self._inner.ended(self._ended.pop(0)[1])

    async def _hand_on(self, target: Target | None, run: list[bytes]) -> None:
        if target is not None and run:
            await self._inner.entry(Entry(target, b"".join(run)))

    def started(self, target: Target) -> None:
        """As it is."""
        self._inner.started(target)

    def ended(self, target: Target) -> None:
        """Said when its last lines have been given."""
        self._ended.append((asyncio.get_running_loop().time(), target))
        self._filled.set()

    def trouble(self, message: str) -> None:
        """As it is."""
        self._inner.trouble(message)

    async def finish(self) -> None:
        """Give what is left."""
        await self._give(float("inf"))
