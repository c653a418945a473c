from datetime import UTC, datetime, timedelta, timezone

import pytest

from kube_client.timestamp import age, format_timestamp, human_duration, parse_timestamp

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-2), "<invalid>"),
        (timedelta(seconds=-1), "0s"),
        (timedelta(0), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(seconds=120), "2m"),
        (timedelta(seconds=125), "2m5s"),
        (timedelta(minutes=9, seconds=59), "9m59s"),
        (timedelta(minutes=10, seconds=30), "10m"),
        (timedelta(minutes=179), "179m"),
        (timedelta(hours=3), "3h"),
        (timedelta(hours=7, minutes=59), "7h59m"),
        (timedelta(hours=8, minutes=30), "8h"),
        (timedelta(hours=47), "47h"),
        (timedelta(hours=48), "2d"),
        (timedelta(days=3, hours=4), "3d4h"),
        (timedelta(days=8, hours=5), "8d"),
        (timedelta(days=729), "729d"),
        (timedelta(days=730), "2y"),
        (timedelta(days=740), "2y10d"),
        (timedelta(days=365 * 8 + 40), "8y"),
    ],
)
def test_an_age_reads_as_kubectl_prints_it(length: timedelta, text: str) -> None:
    assert human_duration(length) == text


def test_the_age_of_what_was_never_created_is_unknown() -> None:
    assert age(None, NOON) == "<unknown>"
    assert age(NOON - timedelta(seconds=5), NOON) == "5s"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20T14:00:00+02:00", NOON),
        ("2026-11-20T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-11-20T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
    ],
)
def test_a_timestamp_is_read_whatever_its_zone_and_precision(text: str, moment: datetime) -> None:
    assert parse_timestamp(text) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-20", "2026-11-20T12:00:00", "2026-13-40T12:00:00Z"]
)
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        parse_timestamp(text)


def test_a_timestamp_is_written_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))

    assert format_timestamp(NOON.astimezone(berlin)) == "2026-11-20T12:00:00Z"
    assert format_timestamp(NOON + timedelta(milliseconds=5)) == "2026-11-20T12:00:00.005000Z"
