"""Simulated time: real, sped up, or stepped by a test."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class TimerHandle(Protocol):
    """A timer that has not fired yet."""

    def cancel(self) -> None:
        """The callback will not run. Does nothing when it already ran."""
        ...


class Clock(Protocol):
    """The only source of time in the cluster.

    Callbacks run on the cluster's event loop, in order of their time; equal times run in the
    order in which they were asked for.
    """

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run the callback after this many simulated seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after this many simulated seconds."""
        ...


class RealClock:
    """The machine's clock, from `start` on, `speed` times as fast."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        self._speed = speed
        self._started_at = datetime.now(UTC)
        self._offset = (start or self._started_at) - self._started_at

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        real = datetime.now(UTC)
        return self._started_at + self._offset + (real - self._started_at) * self._speed

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run the callback after this many simulated seconds."""
        loop = asyncio.get_running_loop()
        return loop.call_later(max(delay_seconds, 0) / self._speed, callback)

    async def sleep(self, seconds: float) -> None:
        """Return after this many simulated seconds."""
        await asyncio.sleep(max(seconds, 0) / self._speed)


@dataclass(slots=True, order=True)
class _Timer:
    due: datetime
    order: int
    callback: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.callback = None


class SteppedClock:
    """Time that stands still until `advance` is called."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start
        self._timers: list[_Timer] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return self._now

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run the callback after this many simulated seconds."""
        due = self._now + timedelta(seconds=max(delay_seconds, 0))
        timer = _Timer(due, next(self._order), callback)
        heapq.heappush(self._timers, timer)
        return timer

    async def sleep(self, seconds: float) -> None:
        """Return after this many simulated seconds."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await woken
        finally:
            timer.cancel()

    def advance(self, seconds: float) -> None:
        """Move time on, running every callback that falls due, each at its own time."""
        until = self._now + timedelta(seconds=seconds)
        while self._run_next(until):
            pass
        self._now = until

    async def advance_and_settle(self, seconds: float) -> None:
        """Move time on; coroutines that wait for it run in between, as they would in reality."""
        until = self._now + timedelta(seconds=seconds)
        await _settle()
        while self._run_next(until):
            await _settle()
        self._now = until
        await _settle()

    async def step_and_settle(self, most_seconds: float) -> float:
        """Move time to the next callback and no further than this; returns the seconds moved."""
        await _settle()
        while self._timers and self._timers[0].callback is None:
            heapq.heappop(self._timers)
        until = self._now + timedelta(seconds=most_seconds)
        due = max(self._timers[0].due, self._now) if self._timers else until
        start, target = self._now, min(due, until)
        self._run_next(target)
        self._now = target
        await _settle()
        return (target - start).total_seconds()

    def _run_next(self, until: datetime) -> bool:
        if not self._timers or self._timers[0].due > until:
            return False
        timer = heapq.heappop(self._timers)
        if timer.callback is not None:
            self._now = max(self._now, timer.due)
            timer.callback()
        return True


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
