"""Cron schedules, SPDY frames, scenario files, quantities and the clock that catches up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.containers.images import ImageLibrary, full_name
from demo_cluster.cron import Schedule, ScheduleError
from demo_cluster.handlers.port_forward import MOST_RECEIVED, Connection
from demo_cluster.quantities import quantity, total_resources
from demo_cluster.scenarios.images import load_images
from demo_cluster.store.history import HistoryClock
from demo_cluster.wire.spdy import (
    DATA,
    PING,
    SYN_REPLY,
    SYN_STREAM,
    SpdyError,
    SpdyReader,
    SpdyWriter,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * *", "2026-01-01 12:01"),
        ("*/15 * * * *", "2026-01-01 12:15"),
        ("30 9-17/4 * * *", "2026-01-01 13:30"),
        ("0 0 * * sun", "2026-01-04 00:00"),
        ("0 6 31 * *", "2026-01-31 06:00"),
        ("0 0 29 feb *", "2028-02-29 00:00"),
        ("0 0 13 * 5", "2026-01-02 00:00"),
        ("@hourly", "2026-01-01 13:00"),
    ],
)
def test_a_schedule_knows_when_it_is_due_next(text: str, due: str) -> None:
    found = Schedule.parse(text).next_after(NOON)

    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == due


@pytest.mark.parametrize("text", ["", "* * * *", "61 * * * *", "a * * * *", "5-1 * * * *"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule.parse(text)


def test_what_the_writer_says_the_reader_understands_in_any_pieces() -> None:
    writer = SpdyWriter()
    data = (
        writer.reply(1) + writer.data(3, b"hello") + writer.data(3, is_last=True) + writer.ping(7)
    )
    reader = SpdyReader()

    frames = [frame for byte in data for frame in reader.feed(bytes([byte]))]

    assert [frame.type for frame in frames] == [SYN_REPLY, DATA, DATA, PING]
    assert (frames[1].stream, frames[1].data, frames[2].is_last) == (3, b"hello", True)
    assert frames[3].number == 7


def test_a_recorded_stream_of_kubectl_is_understood(shared_data: Path) -> None:
    import base64
    import json

    recorded = json.loads(
        (shared_data / "api-transcripts" / "08b-portforward-proxy.json").read_text()
    )
    [refused] = [entry for entry in recorded if entry["id"] == "pf.spdy-refused"]
    reader = SpdyReader()

    sent = [f for f in refused["frames"] if f["dir"] == "in" and "data" in f and f["data"]]
    frames = [frame for f in sent for frame in reader.feed(base64.b64decode(f["data"]["b64"]))]

    streams = [frame for frame in frames if frame.type == SYN_STREAM]
    assert [frame.headers["streamtype"] for frame in streams] == ["error", "data"]
    assert {frame.headers["port"] for frame in streams} == {"9999"}


def test_garbage_is_no_spdy() -> None:
    with pytest.raises(SpdyError):
        list(SpdyReader().feed(b"\x80\x09" + b"\0" * 20))


def test_images_are_known_with_and_without_registry_and_tag() -> None:
    library = ImageLibrary(load_images({}))

    names = ("busybox", "busybox:1.36", "docker.io/library/busybox@sha256:00")
    assert {library.find(name).base for name in names} == {"busybox"}
    assert library.find("quay.io/some/service:1").ports == ()
    assert not library.can_pull("registry.invalid/x:1")
    assert full_name("bitnami/redis:7") == "docker.io/bitnami/redis:7"


def test_quantities_are_exact_and_add_up() -> None:
    containers = [
        {"resources": {"requests": {"cpu": "250m", "memory": "64Mi"}}},
        {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}},
    ]

    assert quantity("100m") * 10 == quantity("1")
    assert total_resources(containers, "requests") == {"cpu": "1250m", "memory": "1088Mi"}


def test_history_is_lived_in_order_and_goes_on_in_the_present() -> None:
    live = SteppedClock(NOON)
    clock = HistoryClock(live)
    seen: list[tuple[str, datetime]] = []
    clock.begin(timedelta(hours=1))
    for name, seconds in (("past", 600.0), ("to come", 3700.0)):
        clock.call_later(seconds, lambda name=name: seen.append((name, clock.now())))  # type: ignore[misc]  # a lambda with a default
    clock.when_live(lambda: seen.append(("live", clock.now())))

    clock.catch_up()
    live.advance(200)

    assert seen == [
        ("past", NOON - timedelta(minutes=50)),
        ("live", NOON),
        ("to come", NOON + timedelta(seconds=100)),
    ]


def test_a_request_without_end_is_not_waited_for() -> None:
    closed: list[bool] = []
    connection = Connection(lambda _: b"answer", lambda _: None, lambda: closed.append(True))

    for _ in range(MOST_RECEIVED // 65536 + 2):
        connection.feed(b"x" * 65536)

    assert closed == [True]
    assert not connection.is_open
