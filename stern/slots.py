"""How many logs are read at once: one more waits for its turn, or ends the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from stern.errors import SternError

_USUAL_BURST = 10


class Pace:
    """At most so many a second, after so many at once; a rate of 0 or less is no limit."""

    def __init__(self, qps: float, burst: int) -> None:
        self._seconds_each = 1 / qps if qps > 0 else 0.0
        self._burst = burst if burst > 0 else _USUAL_BURST
        self._due = 0.0  # when the next one would be due if there were no burst

    async def turn(self) -> None:
        """Return when the next may begin."""
        if not self._seconds_each:
            return
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now) + self._seconds_each
        await asyncio.sleep(self._due - now - self._burst * self._seconds_each)


class StreamSlots:
    """A limit on open logs. A negative limit means none."""

    def __init__(
        self,
        limit: int,
        *,
        is_strict: bool,
        on_wait: Callable[[str], None],
        pace: Pace | None = None,
    ) -> None:
        self._limit = limit
        self._pace = pace or Pace(0, 0)
        self._is_strict = is_strict
        self._on_wait = on_wait
        self._free = asyncio.Semaphore(max(limit, 1)) if limit >= 0 else None
        self._waiting = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place among the open logs, as soon as there is one.

        Raises:
            SternError: There is none, and the limit is strict.
        """
        if self._free is None:
            await self._pace.turn()
            yield
            return
        if self._free.locked():
            await self._wait(self._free)
        else:
            await self._free.acquire()
        try:
            await self._pace.turn()
            yield
        finally:
            self._free.release()

    async def _wait(self, free: asyncio.Semaphore) -> None:
        if self._is_strict:
            raise SternError(
                f"stern reached the maximum number of log requests ({self._limit}), "
                "use --max-log-requests to increase the limit"
            )
        self._waiting += 1
        asyncio.get_running_loop().call_soon(self._say, self._waiting)
        try:
            await free.acquire()
        finally:
            self._waiting -= 1

    def _say(self, number: int) -> None:
        """Tell how many wait, once they have all been counted."""
        if number == self._waiting:
            self._on_wait(
                f"{self._limit} logs are being read, {number} more wait for their turn; "
                "use --max-log-requests to read more at once"
            )
