"""Log lines as the screen keeps and shows them."""

import re

import pytest

from kube_tui.text.document import Role, line_text
from kube_tui.text.log_book import LogBook, LogLine, log_lines, plain_text
from kube_tui.text.log_line import dress


def line(text: str, source: str = "web-1 app") -> LogLine:
    return LogLine(source, "2026-11-21T12:00:00.123456789Z", text)


def test_json_is_shown_as_level_message_and_fields() -> None:
    shown = dress('{"ts":1,"level":"error","msg":"refused","order":17,"tags":["a"]}')

    assert line_text(shown) == 'ERROR refused order=17 tags=["a"]'
    assert shown[0].role is Role.BROKEN


@pytest.mark.parametrize("text", ["{not json}", "plain", '{"a":', "[1]", "{}"])
def test_what_is_no_json_object_stays_as_it_is(text: str) -> None:
    assert line_text(dress(text)) == ("" if text == "{}" else text)


def test_raw_shows_json_as_it_came() -> None:
    assert line_text(dress('{"level":"info"}', raw=True)) == '{"level":"info"}'


@pytest.mark.parametrize(
    ("text", "word", "role"),
    [
        ("12:00 ERROR no route", "ERROR", Role.BROKEN),
        ("level=warn msg=late", "level=warn", Role.ATTENTION),
        ("E1121 12:00:00.0 1 x.go:1] bad", "E1121 ", Role.BROKEN),
    ],
)
def test_level_words_have_their_tone(text: str, word: str, role: Role) -> None:
    pieces = dress(text)

    assert [p.text for p in pieces if p.role is role] == [word]
    assert line_text(pieces) == text


def test_the_book_filters_what_is_there_and_what_comes() -> None:
    book = LogBook()
    book.add([line("one error"), line("two")])

    book.narrow("ERROR")
    book.add([line("three error"), line("four")])
    assert [each.message for each in book.shown] == ["one error", "three error"]
    book.narrow("!error")
    assert [each.message for each in book.shown] == ["two", "four"]
    with pytest.raises(re.error):
        book.narrow("(")
    assert [each.message for each in book.shown] == ["two", "four"]


def test_the_oldest_lines_give_way_and_are_counted() -> None:
    book = LogBook(lines_at_most=2000)
    book.narrow("7")

    book.add([line(str(number)) for number in range(2500)])

    assert book.kept <= 2000
    assert book.dropped + book.kept == 2500
    assert book.shown[-1].message == "2497"
    assert all("7" in each.message for each in book.shown)


def test_control_sequences_of_a_log_are_neutralised() -> None:
    [cleaned] = log_lines(
        "web", [(b"2026-11-21T12:00:00Z", b"\x1b[31mred\x1b[0m \x1b]0;title\x07")]
    )

    assert cleaned.message == "red ␛]0;title␇"


def test_what_is_saved_has_the_parts_that_are_shown() -> None:
    lines = [line("hello")]

    assert plain_text(lines, stamps=False, sources=False) == "hello\n"
    assert plain_text(lines, stamps=True, sources=True) == (
        "web-1 app 2026-11-21T12:00:00.123456789Z hello\n"
    )
