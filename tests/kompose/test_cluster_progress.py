"""What a person sees of a run, by value."""

from __future__ import annotations

import io

from kompose.cluster.apply import Applied, Outcome
from kompose.cluster.health import Health, Phase
from kompose.cluster.up import Progress
from kompose.live.logs import LogPrinter
from kompose.live.progress import ProgressScreen, health_line

STARTING = Health(Phase.STARTING, 0, 1, "its containers are being made")
READY = Health(Phase.READY, 1, 1)


def test_a_line_says_service_state_numbers_and_reason() -> None:
    assert health_line("web", STARTING, 5) == (
        "… web    starting 0/1  its containers are being made"
    )


def test_without_a_terminal_news_is_one_line_each() -> None:
    stream = io.StringIO()
    screen = ProgressScreen(stream, is_live=False)

    screen(Progress(applied=Applied("service/web", Outcome.UNCHANGED, {})))
    screen(Progress(service="web", health=STARTING, lines=("panic: no\x1b[2Jdisk",)))
    screen(Progress(service="web", health=READY))

    assert stream.getvalue().splitlines() == [
        "service/web unchanged",
        "… web  starting 0/1  its containers are being made",
        "    web | panic: no [2Jdisk",
        "✓ web  ready 1/1",
    ]


def test_on_a_terminal_services_are_redrawn_in_place() -> None:
    stream = io.StringIO()
    screen = ProgressScreen(stream, is_live=True, colours=True)

    screen(Progress(service="web", health=STARTING))
    screen(Progress(service="web", health=READY))

    assert "\x1b[1A\x1b[J" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[32m✓ web  ready 1/1\x1b[0m\n")


def test_in_a_dry_run_objects_are_what_they_would_be() -> None:
    stream = io.StringIO()
    screen = ProgressScreen(stream, is_live=False, is_dry=True)

    screen(Progress(applied=Applied("deployment/web", Outcome.CHANGED, {})))
    screen(Progress(applied=Applied("service/web", Outcome.UNCHANGED, {})))

    assert stream.getvalue() == "deployment/web would be configured\nservice/web unchanged\n"


async def test_log_lines_carry_who_said_them_and_lose_their_stamps() -> None:
    raw = io.BytesIO()
    printer = LogPrinter(io.TextIOWrapper(raw), colours=False)

    await printer.write("web-1", b"2026-11-21T00:20:03.000000001Z one\n2026-11-21T00:20:03.1Z two")
    await printer.write("db", b"no stamp here\n")

    assert raw.getvalue() == b"web-1 | one\nweb-1 | two\ndb    | no stamp here\n"


async def test_log_lines_keep_their_stamps_and_lose_their_names_when_asked() -> None:
    raw = io.BytesIO()
    printer = LogPrinter(io.TextIOWrapper(raw), colours=False, prefixes=False, timestamps=True)

    await printer.write("web-1", b"2026-11-21T00:20:03.1Z one\n")

    assert raw.getvalue() == b"2026-11-21T00:20:03.1Z one\n"
