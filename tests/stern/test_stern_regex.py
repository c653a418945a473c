"""The regular expressions: RE2's meaning, Go's error texts, and no pattern that hangs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stern.regex.linear import LinearMatcher
from stern.regex.pattern import compile_any, compile_pattern
from stern.regex.python_form import text_pattern
from stern.regex.syntax import PatternError, parse


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[invalid", "missing closing ]: `[invalid`"),
        ("a(b", "missing closing ): `a(b`"),
        ("a)b", "unexpected ): `a)b`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
        ("\\", "trailing backslash at end of expression: ``"),
        ("[z-a]", "invalid character class range: `z-a`"),
        (r"\1", "invalid escape sequence: `\\1`"),
    ],
)
def test_a_bad_pattern_is_reported_in_go_s_words(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)

    assert str(caught.value) == f"error parsing regexp: {reason}"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\d", "٣", False),  # digits are ASCII
        (r"\w", "é", False),
        (r"\s", "\v", False),
        (r"a\b", "aé", True),
        ("a$", "a\n", False),  # the end of the text only
        (r"a\z", "a", True),
        (r"\Qa.b\E", "a.b", True),
        (r"\Qa.b\E", "axb", False),
        ("[[:alpha:]]+", "7x", True),
        (r"^\pL$", "é", True),
        (r"\p{Greek}", "λ", True),
        ("^.$", "é", True),
        ("^.$", "日", True),
        ("(?i)k", "\u212a", True),  # the Kelvin sign folds
        ("(?i)straße", "STRAßE", True),
        ("(?s)a.b", "a\nb", True),
        ("a.b", "a\nb", False),
        ("x{2}", "xx", True),
        ("x{,2}", "x{,2}", True),  # no repetition: as it stands
    ],
)
def test_a_pattern_means_what_re2_says(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern).search(text.encode()) is expected


def test_a_byte_that_is_no_utf8_is_one_character() -> None:
    assert compile_pattern("^.$").search(b"\xff")
    assert compile_pattern("^..$").search(b"\xff\xfe")


def test_a_flag_for_laziness_turns_loops_round() -> None:
    assert compile_pattern("(?U)a+").wrap(b"aaa", b"<", b">") == b"<a><a><a>"


def test_empty_matches_are_counted_as_go_does() -> None:
    assert compile_pattern("x*").wrap("aéxb".encode(), b"<", b">") == "<>a<>é<x>b<>".encode()


def test_a_pattern_that_re_cannot_run_in_linear_time_does_not_hang() -> None:
    pattern = compile_pattern("(a+)+$")

    assert pattern.search(b"a" * 20_000 + b"b") is False
    assert pattern.wrap(b"xaab aa", b"<", b">") == b"xaab <aa>"


def test_several_patterns_do_not_leak_their_flags() -> None:
    pattern = compile_any(["(?i)foo", "bar"])

    assert pattern is not None
    assert pattern.search(b"FOO")
    assert not pattern.search(b"BAR")


def test_a_chunk_without_a_match_is_dropped_as_a_whole() -> None:
    pattern = compile_pattern("err[^x]*or")

    assert pattern.finds_line(b"err\nor\n") is False
    assert pattern.finds_line(b"fine\nerr-or\n") is True


def test_a_chunk_is_searched_at_once_unless_a_line_of_it_is_long() -> None:
    pattern = compile_pattern("a.*b.*c")
    short = b"x" * 100 + b"\n"

    assert pattern.finds_line(short * 1000) is False
    assert pattern.finds_line(short + b"x" * 100_000 + b"\n") is True  # must be asked line by line
    assert pattern.search(b"ab" * 50_000) is False


_PARTS = ["a", "b", "[ab]", "(a|b)", "(?:ab)", "a*", "b+", "(a|ab)", "c?", r"\b", "^", "$", "|"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*_PARTS, ".", "(?:a|b)*", "b*?", "a{2}"]), min_size=1, max_size=5),
    st.text("abc \n", max_size=8),
)
def test_both_matchers_agree(parts: list[str], text: str) -> None:
    try:
        tree = parse("".join(parts))
    except PatternError:
        return
    backtracking = re.search(text_pattern(tree), text, re.ASCII)
    linear = LinearMatcher(tree)

    first = next(linear.spans(text), None)

    assert (backtracking and backtracking.span()) == first
    assert linear.search(text) is (first is not None)
