"""Each line of a log once, whatever the cuts: the pure part, by value."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_client.log_lines import LineCutter, LogResume, nanoseconds


def stamp(second: int, nano: int = 0, zone: str = "Z") -> bytes:
    return f"2026-11-21T00:20:{second:02d}.{nano:09d}{zone}".encode()


def line(second: int, nano: int, text: str, zone: str = "Z") -> bytes:
    return stamp(second, nano, zone) + b" " + text.encode() + b"\n"


# -- whole lines -------------------------------------------------------------------------------


def test_a_chunk_that_ends_with_a_newline_passes_uncopied() -> None:
    chunk = b"one\ntwo\n"

    assert LineCutter().feed(chunk) is chunk


def test_a_line_split_over_chunks_comes_whole_with_its_last_piece() -> None:
    cutter = LineCutter()

    assert [cutter.feed(piece) for piece in (b"on", b"e\ntw", b"", b"o\n")] == [
        b"",
        b"one\n",
        b"",
        b"two\n",
    ]
    assert cutter.take_unfinished() == b""


def test_a_line_of_fifty_megabytes_is_joined_once() -> None:
    cutter = LineCutter()
    piece = b"x" * 65536

    for _ in range(800):
        assert cutter.feed(piece) == b""

    assert cutter.feed(b"\n") == piece * 800 + b"\n"


# -- resume ------------------------------------------------------------------------------------


def test_after_a_cut_the_server_is_asked_from_the_whole_second_in_utc() -> None:
    resume = LogResume()
    resume.feed(line(3, 999_999_999, "late", zone="+02:00"))
    resume.cut()

    assert resume.mark is not None
    assert resume.mark.since_time == "2026-11-20T22:20:03Z"


def test_a_replay_gives_only_what_stands_behind_the_last_line() -> None:
    resume = LogResume()
    log = [line(3, nano, f"n {nano}") for nano in range(5)]
    resume.feed(b"".join(log[:3]))
    resume.cut()

    assert resume.feed(b"".join(log)) == b"".join(log[3:])


def test_equal_stamps_are_counted() -> None:
    resume = LogResume()
    same = [line(3, 7, "again")] * 4
    resume.feed(same[0])
    resume.feed(same[1])
    resume.cut()

    assert resume.feed(b"".join(same)) == b"".join(same[2:])


def test_the_unfinished_line_of_a_cut_is_dropped_and_comes_again_whole() -> None:
    resume = LogResume()
    first, second = line(3, 1, "one"), line(3, 2, "snow ☃ man")

    assert resume.feed(first + second[:-6]) == first
    resume.cut()
    assert resume.feed(first + second) == second


def test_a_last_line_without_newline_is_given_at_the_true_end() -> None:
    resume = LogResume()
    resume.feed(line(3, 1, "one"))
    resume.feed(line(3, 2, "no newline").rstrip())

    assert resume.finish() == line(3, 2, "no newline").rstrip()


def test_an_earlier_line_with_a_later_stamp_is_not_given_twice() -> None:
    """Two writers race: their lines stand in the file in the order of writing."""
    resume = LogResume()
    log = [line(3, 200, "stdout"), line(3, 100, "stderr"), line(3, 150, "new")]
    resume.feed(b"".join(log[:2]))
    resume.cut()

    assert resume.feed(b"".join(log)) == log[2]


def test_a_clock_that_was_set_back_repeats_nothing() -> None:
    resume = LogResume()
    log = [line(50, 0, "before"), line(51, 0, "before"), line(10, 0, "after"), line(11, 0, "new")]
    resume.feed(b"".join(log[:3]))
    resume.cut()

    assert resume.mark is not None
    assert resume.mark.since_time == "2026-11-21T00:20:10Z"
    assert resume.feed(b"".join(log)) == log[3]


def test_the_lines_of_a_new_run_wait_until_the_caller_knows_that_they_are_new() -> None:
    resume = LogResume()
    resume.feed(line(3, 500, "last words"))
    resume.cut()
    started = line(3, 900, "started") + line(9, 1, "ready")

    assert resume.feed(started) == b""
    assert resume.replay is not None
    assert resume.replay.held_bytes == len(started)
    assert resume.release() == started
    assert resume.feed(line(9, 2, "working")) == line(9, 2, "working")


def test_a_run_of_equal_stamps_whose_beginning_was_rotated_away_is_found_by_its_last_line() -> None:
    resume = LogResume()
    log = [line(3, 7, str(number)) for number in range(4)]
    resume.feed(b"".join(log[:3]))
    resume.cut()
    later = line(5, 0, "later")

    assert resume.feed(b"".join(log[2:]) + later) == b""
    assert resume.release() == log[3] + later


def test_words_of_the_server_without_a_stamp_pass_but_not_again_and_again() -> None:
    resume = LogResume()
    words = b"unable to retrieve container logs for containerd://20c1\n"
    first = line(3, 1, "one")

    assert resume.feed(first + words) == first + words
    for _ in range(2):
        resume.cut()
        assert resume.feed(first + words) == b""
        assert resume.finish() == b""


@pytest.mark.parametrize("text", ["a\rb", "\x00", "\x1b[31mred", "", " two  blanks ", "ä€🙂"])
def test_odd_bytes_stay_as_they_are(text: str) -> None:
    resume = LogResume()
    first, second = line(3, 1, text), line(3, 2, text)
    resume.feed(first)
    resume.cut()

    assert resume.feed(first + second) == second


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"1970-01-01T00:00:01.000000002Z", 1_000_000_002),
        (b"1970-01-01T00:00:01Z", 1_000_000_000),
        (b"1970-01-01T02:00:01.5+02:00", 1_500_000_000),
        (b"1969-12-31T23:59:59.25Z", -750_000_000),
    ],
)
def test_stamps_are_compared_by_the_time_they_name(text: bytes, expected: int) -> None:
    assert nanoseconds(text) == expected


# -- any log, any cuts -------------------------------------------------------------------------

Serve = Callable[[list[bytes], str], bytes]


def filtered(log: list[bytes], since: str) -> bytes:
    """As a kubelet replays: every line that is not stamped before the second asked for."""
    start = nanoseconds(since.encode())
    return b"".join(entry for entry in log if nanoseconds(entry.split(b" ")[0]) >= start)


def sought(log: list[bytes], since: str) -> bytes:
    """As others do: everything from the first line that is late enough."""
    start = nanoseconds(since.encode())
    for number, entry in enumerate(log):
        if nanoseconds(entry.split(b" ")[0]) >= start:
            return b"".join(log[number:])
    return b""


def follow_with_cuts(log: list[bytes], serve: Serve, cuts: list[int], size: int) -> list[bytes]:
    """What a follower gives out when its connections end after so many bytes each."""
    resume, given = LogResume(), b""
    for cut in cuts:
        mark = resume.mark
        body = serve(log, mark.since_time) if mark else b"".join(log)
        for start in range(0, min(cut, len(body)), size):
            given += resume.feed(body[start : min(start + size, cut)])
        resume.cut()
    mark = resume.mark
    body = serve(log, mark.since_time) if mark else b"".join(log)
    for start in range(0, len(body), size):
        given += resume.feed(body[start : start + size])
    return (given + resume.finish()).splitlines(keepends=True)


ticks = st.lists(st.sampled_from([0, 0, 1, 5, 400_000_000, 2_000_000_000]), min_size=1, max_size=40)
zones = st.sampled_from(["Z", "+02:00", "-07:30"])
cut_lists = st.lists(st.integers(0, 3000), max_size=12)
sizes = st.integers(1, 700)


@settings(max_examples=300, deadline=None)
@given(ticks, zones, cut_lists, sizes, st.sampled_from([filtered, sought]))
def test_every_line_of_a_log_comes_exactly_once_and_in_order(
    steps: list[int], zone: str, cuts: list[int], size: int, serve: Serve
) -> None:
    now, log = 0, []
    for number, step in enumerate(steps):
        now += step
        second, nano = divmod(now, 1_000_000_000)
        log.append(line(second % 60, nano, f"n {number} ☃", zone))

    assert follow_with_cuts(log, serve, cuts, size) == log


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=30),
    cut_lists,
    sizes,
)
def test_stamps_in_any_order_repeat_nothing_and_lose_nothing(
    stamps: list[tuple[int, int]], cuts: list[int], size: int
) -> None:
    log = [line(second, nano, f"n {number}") for number, (second, nano) in enumerate(stamps)]

    assert follow_with_cuts(log, sought, cuts, size) == log


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xy")), min_size=1, max_size=30),
    cut_lists,
    sizes,
)
def test_lines_that_are_equal_in_stamp_and_text_are_counted_too(
    drawn: list[tuple[int, str]], cuts: list[int], size: int
) -> None:
    log = [line(second, 0, text) for second, text in sorted(drawn, key=lambda entry: entry[0])]

    assert follow_with_cuts(log, filtered, cuts, size) == log
