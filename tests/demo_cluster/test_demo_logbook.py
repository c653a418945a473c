"""Logs as they are stored and read: pieces, stamps, tails, limits; and lines that nobody wrote."""

from datetime import UTC, datetime, timedelta

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.containers.chatter import Chatter, ChatterLog, Saying, Speech, Voice
from demo_cluster.containers.logbook import (
    Entry,
    Formatter,
    LogQuery,
    WrittenLog,
    nanoseconds,
    stamp_text,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def written(*data: bytes, ended: bool = True) -> WrittenLog:
    """A log with these writes."""
    log = WrittenLog(lambda: NOON)
    for piece in data:
        log.write(piece)
    if ended:
        log.end()
    return log


def read(log: WrittenLog, query: LogQuery | None = None) -> bytes:
    """The bytes that a reader gets."""
    query = query or LogQuery()
    return Formatter(query).format(log.read(query.tail, query.since))


def test_a_line_is_stored_when_its_end_comes() -> None:
    log = written(b"first half ", ended=False)
    before = read(log)
    log.write(b"second half\nagain ")
    during = read(log)
    log.end()

    assert (before, during) == (b"", b"first half second half\n")
    assert read(log) == b"first half second half\nagain "


def test_a_carriage_return_before_the_line_feed_is_gone_others_stay() -> None:
    assert read(written(b"crlf\r\na\rb\n")) == b"crlf\na\rb\n"


def test_a_long_line_is_stored_in_pieces_with_one_stamp_for_all() -> None:
    log = written(b"a" * 40000 + b"\nshort\n")

    assert [len(entry.data) for entry in log.read(None, None)] == [16384, 16384, 7233, 6]
    assert read(log, LogQuery(timestamps=True)).count(b"2026-01-01T12:00:00.") == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (LogQuery(tail=2), b"b\nc\n"),
        (LogQuery(tail=0), b""),
        (LogQuery(tail=9), b"a\nb\nc\n"),
        (LogQuery(limit_bytes=3), b"a\nb"),
        (LogQuery(tail=2, limit_bytes=3), b"b\nc"),
        (LogQuery(since=nanoseconds(NOON + timedelta(seconds=1))), b""),
    ],
)
def test_queries_take_the_tail_then_the_time_then_the_limit(
    query: LogQuery, expected: bytes
) -> None:
    assert read(written(b"a\nb\nc\n"), query) == expected


def test_stamps_have_nine_digits_and_grow() -> None:
    entries = written(b"a\nb\n").read(None, None)

    assert stamp_text(nanoseconds(NOON) + 5) == b"2026-01-01T12:00:00.000000005Z"
    assert entries[0].stamp < entries[1].stamp


def test_followers_get_what_comes_and_the_end() -> None:
    log = written(b"old\n", ended=False)
    seen: list[list[Entry]] = []
    log.follow(seen.append)

    log.write(b"new\n")
    log.end()

    assert [[entry.data for entry in entries] for entries in seen] == [[b"new\n"], []]


SPEECH = Speech(
    opening=("up {version}",),
    voices=(
        Voice(2.0, (Saying(("tick {int:1-9}",)), Saying(("trouble", "  at line {int:1-9}"), 0.3))),
        Voice(60.0, (Saying(("minute",)),)),
    ),
)


def chatter(seed: str = "pod/main/0") -> Chatter:
    """What a container with two voices says from noon on."""
    return Chatter(SPEECH, seed, nanoseconds(NOON), {"version": "1.2"})


def test_the_same_seed_says_the_same_whatever_is_asked_first() -> None:
    end = nanoseconds(NOON + timedelta(hours=2))

    whole = chatter().between(0, end)
    parts = [
        entry
        for start in range(0, 7200, 600)
        for entry in chatter().between(
            nanoseconds(NOON + timedelta(seconds=start)) if start else 0,
            nanoseconds(NOON + timedelta(seconds=start + 600)),
        )
    ]

    assert parts == whole
    assert whole[0].data == b"up 1.2\n"
    assert chatter("other/main/0").between(0, end) != whole


def test_entries_come_in_order_at_the_rate_of_the_voices() -> None:
    entries = chatter().between(0, nanoseconds(NOON + timedelta(hours=1)))
    ticks = [entry for entry in entries if entry.data.startswith((b"tick", b"trouble"))]

    assert entries == sorted(entries)
    assert len(ticks) == pytest.approx(1800, rel=0.02)


def test_the_tail_of_days_of_talk_is_found_without_making_the_days() -> None:
    clock = SteppedClock(NOON + timedelta(days=30))
    log = ChatterLog(chatter(), clock, nanoseconds(NOON))

    entries = log.read(10, None)

    assert len(entries) == 10
    assert entries[-1].stamp > nanoseconds(NOON + timedelta(days=30, seconds=-10))


def test_a_follower_of_talk_hears_each_line_when_it_is_due() -> None:
    clock = SteppedClock(NOON)
    log = ChatterLog(chatter(), clock, nanoseconds(NOON))
    heard: list[Entry] = []
    stop = log.follow(heard.extend)

    clock.advance(30)
    stop()
    clock.advance(30)

    assert heard == chatter().between(nanoseconds(NOON), nanoseconds(NOON + timedelta(seconds=30)))


class RestlessClock(SteppedClock):
    """A clock that goes on by two seconds whenever it is looked at, as if all took that long."""

    def now(self) -> datetime:
        """The present, which is later each time."""
        self.advance(2)
        return super().now()


def test_what_is_said_while_a_log_is_read_reaches_who_follows_it() -> None:
    clock = RestlessClock(NOON)
    log = ChatterLog(chatter(), clock, nanoseconds(NOON))
    heard: list[Entry] = []

    present, stop = log.read_on(None, None, heard.extend)
    clock.advance(30)
    stop()

    together = [*present, *heard]
    assert together == chatter().between(0, together[-1].stamp)
