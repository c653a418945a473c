"""What others wrote never moves the cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_tui.clean import fit, fit_middle, lines_of, one_line, width_of, without_colours


@given(text=st.text())
def test_no_control_character_is_left(text: str) -> None:
    cleaned = one_line(text)

    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)
    assert "\u202e" not in cleaned
    assert "\u2066" not in cleaned


def test_an_escape_sequence_is_shown_not_obeyed() -> None:
    assert one_line("a\x1b[2Jb\x07") == "a␛[2Jb␇"
    assert one_line("two\nlines\tand a tab") == "two lines and a tab"


def test_lines_keep_their_columns() -> None:
    assert lines_of("a\tb\r\nc") == ["a       b", "c"]


def test_colours_of_logs_go_and_other_sequences_stay_to_be_shown() -> None:
    assert without_colours("\x1b[31mred\x1b[0m \x1b[2J") == "red \x1b[2J"


@given(
    text=st.text(st.characters(codec="utf-8", categories=["L", "N", "Po"])),
    width=st.integers(0, 40),
)
def test_what_is_fitted_has_exactly_the_width(text: str, width: int) -> None:
    assert width_of(fit(text, width)) == width
    assert width_of(fit_middle(text, width)) == width


@pytest.mark.parametrize(
    ("name", "width", "fitted"),
    [
        ("short", 8, "short   "),
        ("checkout-6bc77b4b4f-72vjm", 16, "checkout-…-72vjm"),
        ("日本語の名前です", 9, "日本…です"),
    ],
)
def test_both_ends_of_a_long_name_stay(name: str, width: int, fitted: str) -> None:
    assert fit_middle(name, width) == fitted
