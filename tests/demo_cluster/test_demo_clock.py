"""Simulated time: what a stepped clock promises."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from demo_cluster.clock import SteppedClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_timers_fire_at_their_own_time_and_in_order() -> None:
    clock = SteppedClock(NOON)
    fired: list[tuple[str, float]] = []

    def note(name: str) -> None:
        fired.append((name, (clock.now() - NOON).total_seconds()))

    clock.call_later(3, lambda: note("late"))
    clock.call_later(1, lambda: note("early"))
    clock.call_later(1, lambda: note("early too"))
    clock.advance(10)

    assert fired == [("early", 1), ("early too", 1), ("late", 3)]
    assert (clock.now() - NOON).total_seconds() == 10


def test_a_timer_that_a_timer_sets_fires_in_the_same_step() -> None:
    clock = SteppedClock(NOON)
    fired: list[float] = []

    def again() -> None:
        fired.append((clock.now() - NOON).total_seconds())
        if len(fired) < 3:
            clock.call_later(2, again)

    clock.call_later(2, again)
    clock.advance(10)

    assert fired == [2, 4, 6]


def test_a_cancelled_timer_stays_silent() -> None:
    clock = SteppedClock(NOON)
    fired: list[str] = []

    clock.call_later(1, lambda: fired.append("x")).cancel()
    clock.advance(5)

    assert fired == []


async def test_sleepers_wake_and_sleep_again_within_one_advance() -> None:
    clock = SteppedClock(NOON)
    seen: list[float] = []

    async def live() -> None:
        for _ in range(3):
            await clock.sleep(1)
            seen.append((clock.now() - NOON).total_seconds())

    task = asyncio.create_task(live())
    await clock.advance_and_settle(5)
    await task

    assert seen == [1, 2, 3]
