"""The work queue of a controller: each object once, however often it changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from demo_cluster.clock import Clock, TimerHandle
from demo_cluster.status import Failure

Key = tuple[str, str]
"""Namespace ("" = cluster-wide) and name."""

PACE = 0.008
SHORTEST_PAUSE, LONGEST_PAUSE = 0.005, 1000.0


class WorkQueue:
    """Calls `handle` for every key that was added, a moment later.

    What raises Failure is tried again, after longer and longer pauses.
    """

    def __init__(self, clock: Clock, handle: Callable[[Key], None], pace: float = PACE) -> None:
        self._clock = clock
        self._handle = handle
        self._pace = pace
        self._soon: set[Key] = set()
        self._later: dict[Key, tuple[datetime, TimerHandle]] = {}
        self._failures: dict[Key, int] = {}
        """How often in a row an object could not be handled."""

    def add(self, key: Key) -> None:
        """The object has changed."""
        if key not in self._soon:
            self._soon.add(key)
            self._clock.call_later(self._pace, lambda: self._run(key))

    def add_after(self, key: Key, seconds: float) -> None:
        """Look at the object again after this time; the earliest of such wishes counts."""
        moment = self._clock.now() + timedelta(seconds=seconds)
        waiting = self._later.get(key)
        if waiting:
            if waiting[0] <= moment:
                return
            waiting[1].cancel()

        def due() -> None:
            self._later.pop(key, None)
            self.add(key)

        self._later[key] = (moment, self._clock.call_later(seconds, due))

    def _run(self, key: Key) -> None:
        self._soon.discard(key)
        try:
            self._handle(key)
        except Failure:
            self.add_after(key, self._pause(key))
        else:
            self._failures.pop(key, None)

    def _pause(self, key: Key) -> float:
        """Every failure doubles the wait for the next attempt."""
        self._failures[key] = self._failures.get(key, 0) + 1
        return float(min(SHORTEST_PAUSE * 2 ** min(self._failures[key], 20), LONGEST_PAUSE))
