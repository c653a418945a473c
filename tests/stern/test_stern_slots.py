"""How many logs are opened at once, and how fast."""

from __future__ import annotations

import asyncio

from stern.slots import Pace, StreamSlots


async def test_a_pace_lets_a_burst_through_and_then_so_many_a_second() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(qps=100, burst=5)
    begin = loop.time()

    for _ in range(5):
        await pace.turn()
    burst = loop.time() - begin
    for _ in range(20):
        await pace.turn()

    assert loop.time() - begin >= 0.19
    assert burst < loop.time() - begin


async def test_no_pace_waits_for_nothing() -> None:
    pace = Pace(qps=-1, burst=0)

    await asyncio.wait_for(asyncio.gather(*(pace.turn() for _ in range(1000))), 5)


async def test_a_slot_is_free_again_when_its_stream_ends() -> None:
    slots = StreamSlots(1, is_strict=False, on_wait=lambda _sentence: None)
    order: list[int] = []

    async def stream(number: int) -> None:
        async with slots.slot():
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(stream(number) for number in range(3)))

    assert order == [0, 1, 2]
