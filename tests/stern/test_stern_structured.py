"""JSON and logfmt lines read without a template; masks over whatever is written."""

from __future__ import annotations

import pytest

from stern.masking import MaskingSink, compile_masks
from stern.palette import Palette
from stern.structured import Humanizer, parse_structured
from tests.stern.pod_server import Ear

PLAIN = Palette(enabled=False)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '{"ts":"2026-11-21T10:00:00Z","level":"warn","msg":"slow","ms":1200}',
            "2026-11-21T10:00:00Z WARN  slow ms=1200",
        ),
        (
            'time=2026-11-21T10:00:00Z level=error msg="not found" path=/a',
            "2026-11-21T10:00:00Z ERROR not found path=/a",
        ),
        (
            '{"time":1795255200000,"level":30,"msg":"pino","a":{"b":[1]},"s":"x y"}',
            '2026-11-21T10:00:00.000Z INFO  pino a={"b":[1]} s="x y"',
        ),
        ('{"msg":"two\\nlines"}', "two\\nlines"),
        ("plain text with a=b in it", "plain text with a=b in it"),
        ('{"broken":', '{"broken":'),
        ("[1,2]", "[1,2]"),
        ("{}", "{}"),
        ("", ""),
    ],
)
def test_a_structured_line_becomes_readable_and_others_stay(line: str, shown: str) -> None:
    assert Humanizer(PLAIN).show(line.encode()) == shown.encode()


def test_only_the_chosen_fields_are_shown_in_the_chosen_order() -> None:
    line = b'{"msg":"m","a":1,"b":2,"c":3}'

    assert Humanizer(PLAIN, ("c", "a", "none")).show(line) == b"m c=3 a=1"


def test_a_level_is_known_by_many_names() -> None:
    lines = [b'{"severity":"WARNING"}', b'{"@level":"crit"}', b"lvl=dbg msg=x", b'{"level":null}']

    levels = [parsed.level if (parsed := parse_structured(line)) else None for line in lines]

    assert levels == [3, 5, 1, None]


@pytest.mark.parametrize(
    ("preset", "line", "shown"),
    [
        ("tokens", "Authorization: Bearer abcdefgh12345678", "Authorization: ***"),
        ("tokens", '{"password":"hunter2","user":"ann"}', '{"password":***,"user":"ann"}'),
        ("tokens", "api_key=AbC123 next=1", "api_key=*** next=1"),
        ("tokens", "jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2ln end", "jwt *** end"),
        ("tokens", "ghp_" + "a" * 36, "***"),
        ("tokens", "a keyboard and a secretary: fine", "a keyboard and a secretary: fine"),
        ("cards", "card 4111 1111 1111 1111 ok", "card *** ok"),
        ("cards", "order 4111111111111112 ok", "order 4111111111111112 ok"),
        ("mail", "from ann.b+c@example.co.uk now", "from *** now"),
        ("all", "ann@example.com token=xyz", "*** token=***"),
        (r"\d{3}-\d{4}", "call 555-1234 or 555-9999", "call *** or ***"),
    ],
)
def test_a_mask_hides_what_it_is_for_and_nothing_else(preset: str, line: str, shown: str) -> None:
    sink = MaskingSink(Ear(), compile_masks([preset]))

    assert sink.masked(line.encode()) == shown.encode()


def test_a_mask_leaves_the_stamp_of_a_line_alone() -> None:
    sink = MaskingSink(Ear(), compile_masks([r"\d+"]))
    stamp = b"2026-11-21T10:00:00.000000000Z "

    assert sink.masked(stamp + b"n 42") == stamp + b"n ***"
