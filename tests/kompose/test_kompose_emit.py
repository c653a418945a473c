"""Objects as text: YAML as the original writes it, JSON as Go does, files whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kompose.emit.files import Form, write_directory, write_one_file
from kompose.emit.json_text import manifest_json
from kompose.emit.scalars import inline
from kompose.emit.whole_files import write_files
from kompose.emit.yaml_text import dump, manifest_yaml
from kompose.report import ConvertError, Report

_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    (
        "yes",
        "0x1F",
        "1_000",
        "2001-01-01",
        "12:30",
        "~",
        "a: b",
        "# x",
        "- x",
        "|",
        "end\n\n",
        " x\n",
    )
)
_TREES = st.recursive(
    _TEXTS | st.integers(-(2**53), 2**53) | st.booleans(),
    lambda children: (
        st.lists(children, min_size=1, max_size=4)
        | st.dictionaries(
            st.text("abcyn.-/_", min_size=1, max_size=8), children, min_size=1, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("web", "web"),
        ("", '""'),
        ("yes", '"yes"'),
        ("N", '"N"'),
        ("0x1F", '"0x1F"'),
        ("1_000", '"1_000"'),
        ("12:30", '"12:30"'),
        ("2001-01-01", '"2001-01-01"'),
        ("2020-01-01 00:00:00 +0000 UTC", "2020-01-01 00:00:00 +0000 UTC"),
        ("a: b", "'a: b'"),
        ("* * * * *", "'* * * * *'"),
        ("it's", "it's"),
        ("# it's", "'# it''s'"),
        (" lead", "' lead'"),
        ("tab\there", '"tab\\there"'),
        ("é", "é"),
        ("D:\\config", "D:\\config"),
        ("\x1b[31m", '"\\e[31m"'),
    ],
)
def test_a_text_is_quoted_only_where_it_would_read_as_something_else(
    text: str, written: str
) -> None:
    assert inline(text) == written


@given(st.dictionaries(st.text("abc", min_size=1), _TREES, min_size=1))
def test_what_is_written_reads_back_the_same(tree: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(tree)) == tree
    assert yaml.safe_load(dump(tree, 4)) == tree


def test_keys_are_sorted_and_empty_values_left_out_at_any_depth() -> None:
    obj = {"b": {"x": {}, "y": None, "z": []}, "a": [{"n": {}}, {"m": 1, "k": "v"}], "zero": 0}

    assert manifest_yaml(obj) == "a:\n  - k: v\n    m: 1\nzero: 0\n"


def test_lines_end_where_the_status_begins() -> None:
    assert manifest_yaml({"kind": "Pod", "status": {"phase": "Running"}}) == "kind: Pod\n"


def test_several_lines_become_a_block_under_their_key() -> None:
    assert dump({"data": {"f": "one\n\n  two\n"}}) == "data:\n  f: |\n    one\n\n      two\n"


def test_a_wider_indent_aligns_to_its_own_multiples() -> None:
    text = dump({"a": [{"b": {"c": "d"}}]}, 4)

    assert text == "a:\n    - b:\n        c: d\n"


def test_json_starts_with_kind_and_escapes_what_html_would_read() -> None:
    text = manifest_json({"metadata": {"name": "a<b"}, "apiVersion": "v1", "kind": "Pod"})

    assert text.startswith('{\n  "kind": "Pod",\n  "apiVersion": "v1",\n')
    assert "a\\u003cb" in text
    assert json.loads(text)["metadata"]["name"] == "a<b"
    assert not text.endswith("\n")


def _silent() -> Report:
    return Report(lambda _level, _text: None)


def _object(name: str) -> dict[str, Any]:
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name}}


def test_a_name_with_a_path_in_it_never_becomes_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="has a path in it"):
        write_directory([_object("../../etc/passwd")], str(tmp_path), Form(), _silent())

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    target = tmp_path / "web.yaml"
    target.write_text("before")

    with pytest.raises(UnicodeEncodeError):
        write_files({str(tmp_path / "a.yaml"): "whole", str(target): "half\ud800"})

    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConvertError, match=r"Unable to write .*Choose another place"):
        write_one_file([_object("a")], str(tmp_path / "file" / "x.yaml"), Form(), _silent())


@pytest.mark.parametrize(
    "keys",
    [
        ["file1", "file2", "file10"],
        ["A_B", "AB"],
        ["a.b", "a/b", "a0", "ab"],
        ["x1", "x01", "x2"],
        ["a1b", "a1-"],
    ],
)
def test_keys_stand_in_the_order_of_their_numbers_with_marks_first(keys: list[str]) -> None:
    written = dump(dict.fromkeys(reversed(keys), 1))

    assert [line.partition(":")[0] for line in written.splitlines()] == keys


def test_a_text_that_begins_with_a_tab_reads_back_the_same() -> None:
    obj = {"a": "\t\n", "b": {"c": ["\tx\ny\n"]}}

    assert yaml.safe_load(dump(obj)) == obj
