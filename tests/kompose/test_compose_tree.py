"""YAML as compose reads it: scalars, anchors, merges, tags, and what no document may have."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kompose.compose.resets import apply_resets
from kompose.compose.scalars import resolve_plain, scalar_text
from kompose.compose.tree import YamlContentError, YamlSyntaxError, parse_documents


def value(text: str) -> Any:
    """The only document of a text."""
    [document] = parse_documents(text)
    return document.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((word, word) for word in ("no", "yes", "on", "off", "y", "12:30", "1.2.3", "Nope", "-")),
        *((word, None) for word in ("", "~", "null", "NULL")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *(
            ("010", 8),
            ("0o10", 8),
            ("0x1F", 31),
            ("0b11", 3),
            ("1_000", 1000),
            ("+5", 5),
            ("-7", -7),
        ),
        *((".5", 0.5), ("1e3", 1000.0), ("1.", 1.0), ("-.inf", -math.inf)),
        ("2020-01-02", "2020-01-02 00:00:00 +0000 UTC"),
        ("2020-01-02T03:04:05.600Z", "2020-01-02 03:04:05.6 +0000 UTC"),
        ("2020-13-02", "2020-13-02"),
        ("2020-1-2 3:04:05 +01:00", "2020-01-02 03:04:05 +0100 +0100"),
    ],
)
def test_a_plain_scalar_means(text: str, meant: object) -> None:
    found = resolve_plain(text)

    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (1e8, "1e+08"),
        (1e-7, "1e-07"),
        (123456.0, "123456"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e30, "-2.5e+30"),
        (math.inf, "+Inf"),
        (True, "true"),
    ],
)
def test_a_number_is_written_the_way_of_go(number: float, text: str) -> None:
    assert scalar_text(number) == text


def test_a_quoted_or_tagged_scalar_stays_text() -> None:
    assert value("[\"1\", '2', !!str 3, !custom 4]") == ["1", "2", "3", "4"]


def test_merge_keys_yield_to_written_keys_and_to_earlier_merges() -> None:
    merged = value("a: &a {k: a, l: a}\nb: &b {l: b, m: b}\nc: {<<: [*a, *b], k: own}\n")

    assert merged["c"] == {"k": "own", "l": "a", "m": "b"}


def test_documents_of_one_text_come_in_order() -> None:
    assert [document.value for document in parse_documents("a: 1\n---\n---\nb: 2\n")] == [
        {"a": 1},
        None,
        {"b": 2},
    ]


def test_reset_takes_back_and_override_replaces() -> None:
    [document] = parse_documents("s:\n  web:\n    ports: !reset []\n    command: !override [b]\n")
    earlier = {"s": {"web": {"ports": ["80"], "command": ["a"], "image": "x"}}}

    assert document.value == {"s": {"web": {"command": ["b"]}}}
    assert apply_resets(earlier, document.resets) == {"s": {"web": {"image": "x"}}}


def test_a_reset_behind_an_alias_counts_wherever_the_alias_stands() -> None:
    [document] = parse_documents("x: &x {p: !reset null}\na: *x\nb:\n  <<: *x\n")

    assert document.resets == (("x", "p"), ("a", "p"), ("b", "p"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\na: 2\n", 'line 2: mapping key "a" already defined at line 1'),
        ("{a: 1, a: 2}", 'line 1: mapping key "a" already defined at line 1'),
        ("a: &x [*x]", "anchor 'x' value contains itself"),
        ("<<: 5", "map merge requires map or sequence of maps as the value"),
        ("? [a]\n: b\n", "a key must be a text"),
    ],
)
def test_content_that_no_document_may_have_is_refused(text: str, why: str) -> None:
    with pytest.raises(YamlContentError) as caught:
        parse_documents(text)

    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "yaml: line 1: did not find expected node content"),
        ("a:\n\tb: 1\n", "yaml: line 2: found character that cannot start any token"),
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: *nope", "yaml: unknown anchor 'nope' referenced"),
    ],
)
def test_text_that_is_not_yaml_is_refused_in_known_words(text: str, why: str) -> None:
    with pytest.raises(YamlSyntaxError) as caught:
        parse_documents(text)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("9" * 5000, str),
        ("9" * 30, float),
        ("0x" + "f" * 17, str),
        ("0b" + "1" * 70, str),
        ("1e999", str),
        ("0" + "7" * 30, float),
    ],
)
def test_a_number_beyond_all_bounds_is_a_float_or_stays_text(text: str, kind: type) -> None:
    assert type(resolve_plain(text)) is kind
