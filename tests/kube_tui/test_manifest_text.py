"""YAML to read and to edit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_tui.text.document import Role, line_text
from kube_tui.text.manifest import (
    MASK,
    ManifestError,
    from_yaml,
    merge_patch,
    shown,
    to_yaml,
    yaml_document,
)
from kube_tui.text.secrets import decoded

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db", "managedFields": [{"manager": "x"}]},
    "data": {"password": "aHVudGVyMg==", "raw": "/w=="},
}


def test_managed_fields_are_hidden_and_nothing_else() -> None:
    obj = {"kind": "Pod", "metadata": {"name": "a", "managedFields": [{}]}, "spec": {"x": 1}}

    assert shown(obj) == {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"x": 1}}


def test_a_secrets_values_are_masked_until_asked_for() -> None:
    masked, revealed = yaml_document(SECRET).text(), yaml_document(decoded(SECRET), reveal=True)

    assert "aHVudGVyMg" not in masked
    assert MASK in masked
    assert "password: hunter2" in revealed.text()
    assert "<1 bytes that are no text>" in revealed.text()


def test_text_of_several_lines_is_a_block_and_is_coloured_as_text() -> None:
    document = yaml_document({"kind": "ConfigMap", "data": {"a.conf": "x: 1\ny: 2\n", "n": 3}})

    assert "  a.conf: |\n    x: 1\n    y: 2\n" in document.text()
    [inside] = [line for line in document.lines if line_text(line).strip() == "x: 1"]
    assert [piece.role for piece in inside] == [Role.VALUE]


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**9), 10**9),
        st.text(max_size=20),
        st.sampled_from(["yes", "on", "1:30", "22:22", "0o7", "1e3", "2026-01-01T00:00:00Z", "~"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_what_is_written_reads_back_the_same(value: dict[str, Any]) -> None:
    assert from_yaml(to_yaml(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1:30", "1:30"),
        ("a: 22:22", "22:22"),
        ("a: 2026-01-01", "2026-01-01"),
        ("a: 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("a: 8080", 8080),
        ("a: -0x1F", -31),
        ("a: true", True),
    ],
)
def test_what_a_person_writes_means_what_the_server_would_read(text: str, value: Any) -> None:
    assert from_yaml(text) == {"a": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "line 2"), ("- a", "one object"), ("a: b: c", "line 1"), ("", "one object")],
)
def test_what_is_no_object_is_said_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        from_yaml(text)


def test_a_merge_patch_holds_only_what_was_changed() -> None:
    before = {"spec": {"replicas": 1, "paused": True, "list": [1]}, "kind": "Deployment"}
    after = {"spec": {"replicas": 3, "list": [1, 2]}, "kind": "Deployment"}

    assert merge_patch(before, after) == {"spec": {"replicas": 3, "paused": None, "list": [1, 2]}}
    assert merge_patch(before, before) == {}
