"""Selectors as the server reads them."""

from __future__ import annotations

import pytest

from demo_cluster.kinds import Kind, kind_of
from demo_cluster.selection import field_matcher, label_matcher
from demo_cluster.status import Failure

WEB = {"metadata": {"name": "web-1", "labels": {"app": "web", "tier": "front", "n": "5"}}}
BARE = {"metadata": {"name": "bare"}}


@pytest.mark.parametrize(
    ("text", "web", "bare"),
    [
        ("app=web", True, False),
        ("app==web", True, False),
        ("app!=web", False, True),
        ("app in (web, db)", True, False),
        ("app notin (web)", False, True),
        ("tier", True, False),
        ("!tier", False, True),
        ("app=web,tier=back", False, False),
        ("n>4", True, False),
        ("n<4", False, False),
        ("", True, True),
    ],
)
def test_label_selectors_choose(text: str, web: bool, bare: bool) -> None:
    matches = label_matcher(text)

    assert (matches(WEB), matches(BARE)) == (web, bare)


@pytest.mark.parametrize("text", ["app=~web", "app in (web", "app=web,", "-app=web", "a=b;c=d"])
def test_what_is_no_label_selector_is_refused(text: str) -> None:
    with pytest.raises(Failure) as caught:
        label_matcher(text)

    assert caught.value.code == 400


def test_pods_are_selected_by_node_and_phase() -> None:
    pod = {
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running"},
    }

    matches = field_matcher(kind_of("pods"), "spec.nodeName=node-1,status.phase!=Failed")

    assert matches(pod)
    assert not matches({**pod, "status": {"phase": "Failed"}})


def test_a_field_that_a_kind_is_not_selected_by_is_named() -> None:
    with pytest.raises(Failure, match=r"field label not supported: spec\.containers"):
        field_matcher(kind_of("pods"), "spec.containers=x")


def test_objects_are_selected_by_the_fields_that_their_definition_names() -> None:
    kind = Kind(
        "tools.example.com",
        "v1",
        "hammers",
        "Hammer",
        True,
        is_custom=True,
        selectable_fields=("spec.colour",),
    )

    matches = field_matcher(kind, "spec.colour=red")

    assert matches({"spec": {"colour": "red"}})
    assert not matches({"spec": {}})
    with pytest.raises(Failure, match=r"field label not supported: spec\.weight"):
        field_matcher(kind, "spec.weight=1")
