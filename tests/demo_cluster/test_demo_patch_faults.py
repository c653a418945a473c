"""Patches that contradict themselves are refused in the server's words."""

from __future__ import annotations

from typing import Any

import pytest

from demo_cluster.changes.patches import PatchError, PatchFormatError
from demo_cluster.changes.strategic import strategic_merge_patch
from demo_cluster.changes.typed_patch import typed_problems
from demo_cluster.kinds import kind_of
from demo_cluster.schema.types import definition_of_kind

DEPLOYMENT = definition_of_kind(kind_of("deployments", "apps"))
CONTAINERS = [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]
TARGET = {"spec": {"template": {"spec": {"containers": CONTAINERS}}}}


def patched(**pod_spec: Any) -> Any:
    """The containers after a patch of the pod's spec."""
    patch = {"spec": {"template": {"spec": pod_spec}}}
    after = strategic_merge_patch(DEPLOYMENT, TARGET, patch)
    return after["spec"]["template"]["spec"]["containers"]


def test_one_item_that_says_replace_replaces_the_whole_list() -> None:
    assert patched(containers=[{"$patch": "replace"}, {"name": "z"}]) == [{"name": "z"}]
    assert patched(containers=[{"name": "a", "$patch": "replace"}, {"name": "z"}]) == [
        {"name": "z"}
    ]


@pytest.mark.parametrize(
    ("pod_spec", "why"),
    [
        (
            {"containers": [{"name": "a", "$patch": "bogus"}]},
            "unknown patch type: bogus in map: map[$patch:bogus name:a]",
        ),
        (
            {"containers": [{"name": "a", "$patch": "merge"}]},
            "merging lists cannot yet be specified in the patch",
        ),
        (
            {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "z"}]},
            (
                "The order in patch list:\n[map[name:z]]\n doesn't match $setElementOrder list:\n"
                "[map[name:a]]\n"
            ),
        ),
    ],
)
def test_a_directive_that_makes_no_sense_is_refused(pod_spec: Any, why: str) -> None:
    with pytest.raises(PatchError) as caught:
        patched(**pod_spec)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        (
            {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {"maxSurge": 1}}}},
            "invalid patch format of retainKeys",
        ),
        (
            {"metadata": {"$deleteFromPrimitiveList/finalizers": "x"}},
            "invalid patch format of primitive list",
        ),
    ],
)
def test_a_directive_of_another_form_is_a_bad_request(patch: Any, why: str) -> None:
    with pytest.raises(PatchFormatError) as caught:
        strategic_merge_patch(DEPLOYMENT, TARGET, patch)

    assert str(caught.value) == why


def test_items_of_an_applied_list_have_their_keys_once() -> None:
    def problems(*containers: dict[str, Any]) -> list[str]:
        spec = {"template": {"spec": {"containers": list(containers)}}}
        return typed_problems(DEPLOYMENT, {"spec": spec})

    place = ".spec.template.spec.containers"
    assert problems({"name": "a"}, {"name": "a"}) == [
        f'{place}: duplicate entries for key [name="a"]'
    ]
    assert problems({"image": "x"}) == [
        (
            f"{place}: element 0: associative list with keys has an element that omits key field "
            '"name" (and doesn\'t have default value)'
        )
    ]
    assert problems({"name": "a", "ports": [{"containerPort": 80}]}) == []
