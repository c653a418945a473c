"""One file over another, against recorded triples and by hand."""

from __future__ import annotations

from typing import Any

import pytest

from kompose.compose.merge import merge_trees
from kompose.compose.tree import parse_documents
from kompose.errors import ComposeError
from tests.kompose.compose_cases import each, recorded

CASES = recorded("compose-model-cases.json")


@pytest.mark.parametrize("case", each(CASES.get("merge")))
def test_an_override_goes_over_a_base(case: dict[str, Any]) -> None:
    [base] = parse_documents(case["base"])
    [override] = parse_documents(case["override"])

    assert merge_trees(base.value, override.value) == case["merged"]


def test_merging_changes_neither_side() -> None:
    base = {"services": {"web": {"environment": {"A": "1"}, "ports": ["80:80"]}}}
    override = {"services": {"web": {"environment": ["A=2"], "ports": ["81:81"]}}}

    merged = merge_trees(base, override)

    assert merged["services"]["web"] == {"environment": ["A=2"], "ports": ["80:80", "81:81"]}
    assert base["services"]["web"]["environment"] == {"A": "1"}
    assert override["services"]["web"]["ports"] == ["81:81"]


def test_a_list_over_a_mapping_is_refused_with_its_path() -> None:
    base = {"services": {"web": {"deploy": {"replicas": 1}}}}
    override = {"services": {"web": {"deploy": ["replicas"]}}}

    with pytest.raises(ComposeError, match=r"cannot override services\.web\.deploy"):
        merge_trees(base, override)
