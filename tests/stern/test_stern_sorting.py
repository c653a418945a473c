"""Lines of several targets in the order of the server's time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from stern.entry import Entry
from stern.file_sink import FileSink
from stern.sorting import MergingSink, WindowSink, sort_key
from stern.target import Target
from tests.stern.pod_server import Ear

A, B = Target("ns", "a", "app"), Target("ns", "b", "app")


def lines(*seconds: int, zone: str = "Z") -> bytes:
    return b"".join(
        f"2026-11-21T10:00:{second:02d}.000000000{zone} {second}\n".encode() for second in seconds
    )


async def test_a_merge_waits_for_every_target_and_is_exact() -> None:
    ear = Ear()
    sink = MergingSink(ear)
    sink.started(A)
    sink.started(B)
    sink.all_started()

    await sink.entry(Entry(A, lines(1, 4, 6)))
    assert ear.order == []
    await sink.entry(Entry(B, lines(2, 3)))
    sink.ended(B)
    await sink.finish()

    assert ear.order == [("a", b"1"), ("b", b"2"), ("b", b"3"), ("a", b"4"), ("a", b"6")]
    assert ear.events[-1] == "- b/app"


async def test_a_target_that_is_far_ahead_waits_and_goes_on_when_others_end() -> None:
    ear = Ear()
    sink = MergingSink(ear)
    sink.started(A)
    sink.started(B)
    sink.all_started()
    ahead = asyncio.create_task(sink.entry(Entry(A, lines(1) * 30_000)))
    await asyncio.sleep(0)
    assert not ahead.done()

    sink.ended(B)
    await asyncio.wait_for(ahead, 5)

    assert len(ear.order) == 29_999 + 1


async def test_lines_that_come_late_still_stand_in_order_while_following() -> None:
    ear = Ear()
    sink = WindowSink(ear, window=0.05)
    giving = asyncio.create_task(sink.run())

    await sink.entry(Entry(A, lines(5)))
    await sink.entry(Entry(B, lines(4)))
    sink.ended(B)
    assert ear.events == []
    await ear.until(lambda: bool(ear.events))
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)

    assert ear.order == [("b", b"4"), ("a", b"5")]
    assert ear.events == ["- b/app"]


def test_stamps_of_other_zones_sort_by_the_moment() -> None:
    tokyo = sort_key(b"2026-11-21T19:00:01+09:00")

    assert sort_key(b"2026-11-21T10:00:00.999999999Z") < tokyo
    assert tokyo < sort_key(b"2026-11-21T10:00:01.000000001Z")


async def test_each_container_has_a_file_and_a_full_one_gives_way(tmp_path: Path) -> None:
    ear = Ear()
    sink = FileSink(tmp_path / "logs", ear, rotate_bytes=80)

    await sink.entry(Entry(A, lines(1, 2)))
    await sink.entry(Entry(A, lines(3)))
    await sink.entry(Entry(B, lines(4)[:-1]))
    sink.ended(A)
    sink.ended(B)

    assert (tmp_path / "logs" / "ns_a_app.log.1").read_bytes() == lines(1, 2)
    assert (tmp_path / "logs" / "ns_a_app.log").read_bytes() == lines(3)
    assert (tmp_path / "logs" / "ns_b_app.log").read_bytes() == lines(4)
    assert [name for name, _ in ear.order] == ["a", "a", "a", "b"]
