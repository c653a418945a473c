"""Chunks of a log to the bytes that are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stern.line_filter import compile_filter, compile_highlighter
from stern.line_keeper import KeepOptions
from stern.output import OutputOptions
from stern.palette import Palette
from stern.pipeline import Pipeline, neutralised
from stern.target import Target
from stern.timestamps import stamp_format

TARGET = Target("shop", "web-0", "app", node="n1", labels={"app": "web"})
PLAIN = Palette(enabled=False)


def written(chunk: bytes, **options: Any) -> bytes:
    troubles: list[str] = []
    pipeline = Pipeline(TARGET, OutputOptions(palette=PLAIN, **options), troubles.append)
    block = pipeline.feed(chunk)
    assert troubles == []
    return block


def stamped(*messages: str) -> bytes:
    return b"".join(
        f"2026-11-21T10:00:00.{number:09d}Z {message}\n".encode()
        for number, message in enumerate(messages)
    )


def test_every_line_gets_its_prefix() -> None:
    assert written(stamped("a", "", "c")) == b"web-0 app a\nweb-0 app \nweb-0 app c\n"


def test_a_last_line_without_newline_is_written_with_one() -> None:
    assert written(stamped("a", "b")[:-1]) == b"web-0 app a\nweb-0 app b\n"


def test_a_word_of_the_server_is_shown_whole_and_not_filtered() -> None:
    chunk = stamped("kept") + b"unable to retrieve container logs\n" + stamped("dropped")

    shown = written(chunk, line_filter=compile_filter(["kept"], []))

    assert shown == (
        b"web-0 app kept\nweb-0 app [missing timestamp] unable to retrieve container logs\n"
    )


def test_a_word_of_the_server_with_a_blank_where_stamps_have_one_is_no_stamp() -> None:
    word = b"failed to open the file of the container\n"
    assert word[30:31] == b" "

    assert written(stamped("a") + word).endswith(b"[missing timestamp] " + word)


def test_stamps_of_other_widths_and_zones_are_cut_off_too() -> None:
    chunk = b"2026-11-21T10:00:00Z a\n2026-11-21T10:00:00.5+09:00 b\n"

    assert written(chunk) == b"web-0 app a\nweb-0 app b\n"


def test_times_are_shown_in_the_zone_that_is_asked_for() -> None:
    chunk = stamped("a") + b"2026-11-21T23:30:00.5Z b\n"

    shown = written(chunk, stamps=stamp_format("default", "Asia/Tokyo"))

    assert shown == (
        b"web-0 app 2026-11-21T19:00:00.000000000+09:00 a\n"
        b"web-0 app 2026-11-22T08:30:00.500000000+09:00 b\n"
    )


def test_the_change_to_summer_time_falls_between_two_lines_of_a_chunk() -> None:
    chunk = b"2026-03-29T00:59:59.000000000Z a\n2026-03-29T01:00:00.000000000Z b\n"

    shown = written(chunk, stamps=stamp_format("default", "Europe/Berlin"), output="raw")

    assert shown == (
        b"2026-03-29T01:59:59.000000000+01:00 a\n2026-03-29T03:00:00.000000000+02:00 b\n"
    )


def test_bytes_that_are_no_text_pass_as_they_are() -> None:
    chunk = b"2026-11-21T10:00:00.000000000Z \xff\x00\r\n"

    assert written(chunk) == b"web-0 app \xff\x00\r\n"


def test_json_escapes_as_go_does() -> None:
    chunk = stamped('tab\t "q" <a&b> \\ \x1b[0m \x7f', "é\u2028")

    first, second = written(chunk, output="json").split(b"\n")[:2]

    assert first.startswith(
        rb'{"message":"tab\t \"q\" \u003ca\u0026b\u003e \\ \u001b[0m ' + b'\x7f","nodeName":"n1"'
    )
    assert second.startswith('{"message":"é\\u2028"'.encode())


def test_a_byte_that_is_no_utf8_is_replaced_in_json() -> None:
    chunk = b"2026-11-21T10:00:00.000000000Z a\xffb\n"

    assert written(chunk, output="json").startswith(b'{"message":"a\\ufffdb"')


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")), max_size=6),
    st.sampled_from(["default", "raw", "json", "extjson"]),
    st.sampled_from([[], ["a"], ["^b"], [r"\s$"], [".x*."]]),
    st.sampled_from([[], ["c"], ["^$"]]),
    st.sampled_from(["", "short"]),
)
def test_a_chunk_is_the_same_as_its_lines_one_by_one(
    messages: list[bytes], output: str, include: list[str], exclude: list[str], layout: str
) -> None:
    palette = Palette()
    options = OutputOptions(
        output=output,
        palette=palette,
        stamps=stamp_format(layout, "UTC"),
        line_filter=compile_filter(include, exclude),
        highlighter=compile_highlighter(include, ["0"], palette),
    )
    lines = [
        b"2026-11-21T10:00:00.%09dZ %b\n" % (number, message)
        for number, message in enumerate(messages)
    ]
    whole = Pipeline(TARGET, options, print).feed(b"".join(lines)) if lines else b""
    single = Pipeline(TARGET, options, print)

    assert whole == b"".join(single.feed(line) for line in lines)


@pytest.mark.parametrize(
    ("given_bytes", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\n", b"\x1b[31mred\x1b[0m\n"),
        (b"\x1b]0;title\x07\n", b"^[]0;title^G\n"),
        (b"\x1b[2J\n", b"^[[2J\n"),
        (b"windows\r\n", b"windows\n"),
        (b"over\rwrite\n", b"over^Mwrite\n"),
        (b"tab\tstays\n", b"tab\tstays\n"),
        ("\u009b2J\n".encode(), b"\\x9b2J\n"),
        ("é \u00a0\n".encode(), "é \u00a0\n".encode()),
        (b"\x9b2J \xff \xc3\x9b\xe6\x97\xa5\n", b"\\x9b2J \xff \xc3\x9b\xe6\x97\xa5\n"),
        (b"\xff\x1b[2J \xc2\x9b\n", b"\xff^[[2J \\x9b\n"),
    ],
)
def test_only_colours_reach_a_terminal(given_bytes: bytes, shown: bytes) -> None:
    assert neutralised(given_bytes) == shown


def test_a_pipe_gets_every_byte_and_so_does_a_terminal_that_wants_them() -> None:
    chunk = stamped("\x1b[2J")

    assert written(chunk) == b"web-0 app \x1b[2J\n"
    assert written(chunk, is_terminal=True) == b"web-0 app ^[[2J\n"
    assert written(chunk, is_terminal=True, raw_control=True) == b"web-0 app \x1b[2J\n"


def test_lines_around_a_match_are_shown_once_also_across_chunks() -> None:
    options = OutputOptions(
        output="raw",
        palette=PLAIN,
        line_filter=compile_filter(["hit"], []),
        keep=KeepOptions(before=1, after=1),
    )
    pipeline = Pipeline(TARGET, options, print)

    shown = pipeline.feed(stamped("1", "2")) + pipeline.feed(stamped("hit", "4", "5", "hit"))

    assert shown == b"2\nhit\n4\n5\nhit\n"


def test_a_record_of_several_lines_is_kept_or_dropped_as_one() -> None:
    options = OutputOptions(
        output="raw",
        palette=PLAIN,
        line_filter=compile_filter(["NullPointer"], ["healthz"]),
        keep=KeepOptions(joins_records=True),
    )
    pipeline = Pipeline(TARGET, options, print)
    trace = ["request failed", "java.lang.Error", "\tat a.b(C.java:1)", "Caused by: NullPointer"]
    trace[1] = "  java.lang.Error"

    assert pipeline.feed(stamped("fine", *trace, "fine")) == stamped_out(trace)
    assert pipeline.feed(stamped("GET /healthz", "  NullPointer")) == b""


def stamped_out(messages: list[str]) -> bytes:
    return "".join(f"{message}\n" for message in messages).encode()


def test_a_level_drops_structured_lines_below_it_and_no_plain_line() -> None:
    lines = ['{"level":"info","msg":"a"}', "level=error msg=b", "plain", '{"level":50,"msg":"c"}']

    shown = written(stamped(*lines), output="raw", keep=KeepOptions(level=3))

    assert shown == stamped_out(lines[1:])
