"""The cluster's clock: it runs through the past when the world is made, and is live afterwards."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo_cluster.clock import Clock, TimerHandle


@dataclass(slots=True, order=True)
class _Timer:
    due: datetime
    order: int
    callback: Callable[[], None] | None = field(compare=False)
    live: TimerHandle | None = field(default=None, compare=False)

    def cancel(self) -> None:
        self.callback = None
        if self.live is not None:
            self.live.cancel()


class HistoryClock:
    """A clock that can begin in the past and catch up with another clock.

    The cluster's history is lived, not written: controllers and kubelets go through it as they go
    through the present, in a fraction of a second.
    """

    def __init__(self, live: Clock) -> None:
        self._live = live
        self.skew = timedelta()
        """How far this clock is ahead of the other."""
        self._past: datetime | None = None
        self._timers: list[_Timer] = []
        self._order = itertools.count()
        self._waiting: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The present, or where in the past we are."""
        return self._present() if self._past is None else self._past

    def _present(self) -> datetime:
        return self._live.now() + self.skew

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run the callback after this many simulated seconds."""
        if self._past is None:
            return self._live.call_later(delay_seconds, callback)
        due = self._past + timedelta(seconds=max(delay_seconds, 0))
        timer = _Timer(due, next(self._order), callback)
        heapq.heappush(self._timers, timer)
        return timer

    async def sleep(self, seconds: float) -> None:
        """Return after this many simulated seconds; only for the present."""
        await self._live.sleep(seconds)

    def when_live(self, callback: Callable[[], None]) -> None:
        """Run the callback when the present is reached; at once when it is already here.

        For what beats all the time (leases, samples) and leaves no trace in history.
        """
        if self._past is None:
            callback()
        else:
            self._waiting.append(callback)

    def begin(self, ago: timedelta) -> None:
        """Go back in time; nothing may have been asked of this clock before."""
        self._past = self._present() - ago

    def run_until(self, moment: datetime) -> None:
        """Live through the past up to this moment."""
        assert self._past is not None
        while self._timers and self._timers[0].due <= moment:
            timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                self._past = max(self._past, timer.due)
                callback, timer.callback = timer.callback, None
                callback()
        self._past = max(self._past, moment)

    def catch_up(self) -> None:
        """Arrive in the present: what is still due goes on there."""
        if self._past is None:
            return
        start = self._present()
        self.run_until(start)
        self._past = None
        timers, self._timers = sorted(self._timers), []
        for timer in timers:
            if timer.callback is not None:
                delay = (timer.due - start).total_seconds()
                timer.live = self._live.call_later(delay, timer.callback)
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()
