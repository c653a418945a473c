"""The quick reader of kubeconfigs answers as PyYAML does, or not at all."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_client.plain_yaml import Node, read_plain

KUBECTL = b"""\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
    server: https://127.0.0.1:6443
  name: kind-kind
contexts:
- context:
    cluster: kind-kind
    namespace: shop
    user: kind-kind
  name: kind-kind
current-context: kind-kind
kind: Config
preferences: {}
users:
- name: kind-kind
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - --region
      - eu-central-1
      command: aws
      env: null
      provideClusterInfo: false
"""
PLAIN = [
    KUBECTL.replace(b"      - --region\n      - eu-central-1\n", b"      - get\n      - token\n"),
    b"---\n# a comment\na: b\n\nc:\n    - d: e\n      f: yes\n    - d: 'g h'\n",
    b'a: "b c"\r\nd:\r\n  e:\r\n  f: g#h\r\n',
    b'{"a": [{"b": true, "c": null, "d": 7, "e": "7"}], "f": {}}',
]
FRAGMENTS = [
    *("a: b", "- a: b", "- b", "-", "a:", "  c: d", "    - e", "  - f: g", "---", "...", "# x"),
    *("a: b # c", "a: 'b'", 'a: "b\\n"', "a: |", "  text", "a: &x b", "a: *x", "a: [b]", "a: {}"),
    *("a: 1", "a: 1.5", "a: 2026-11-27", "a: yes", "a: ~", "a: null", "a: b: c", "a: b:", "\ta: b"),
    *("a : b", "'a': b", "? a", "a: !!str b", "<<: b", "a: b\r", "a: b\rc: d", "a:b", "a: é", ""),
    *(
        "a: - b",
        "a: b  ",
        "   a: b",
        "a: 'it''s'",
        "a: b\x0bc",
        "a:  @b",
        "a: on",
        "a: -1",
        "a: =",
        "%",
    ),
]


def tree(node: Node | None) -> Any:
    """A node without places."""
    if node is None:
        return None
    match node.id:
        case "scalar":
            return node.tag, node.value
        case "sequence":
            return [tree(item) for item in node.value]
        case _:
            return {"pairs": [(tree(key), tree(item)) for key, item in node.value]}


def by_library(text: bytes) -> Any:
    return tree(yaml.compose(text, yaml.SafeLoader))


@pytest.mark.parametrize("text", PLAIN)
def test_what_tools_write_is_read_as_the_library_reads_it(text: bytes) -> None:
    node = read_plain(text)

    assert node is not None
    assert tree(node) == by_library(text)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("\n".join))
def test_an_answer_is_right_or_there_is_none(text: str) -> None:
    node = read_plain(text.encode())

    if node is not None:
        assert tree(node) == by_library(text.encode())
