"""Whole projects against the models that the reference loader makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kompose.compose_cases import each, load_case, recorded

CASES = recorded("compose-model-cases.json")

RANDOM = "the original reports whichever of several faults its map order meets first"
NEWER = "a fault of this version that the next one mended; we answer as the next one"
DIFFERENT = {
    "model-051": RANDOM,
    "model-052": RANDOM,
    "model-135": RANDOM,
    "model-144": RANDOM,
    "model-099": "the original cannot print a build's ssh keys; we print them",
    "model-100": "the original cannot print a build's ssh keys; we print them",
    "model-109": "the original takes resources named x-... for extensions and loses them",
    "model-179": NEWER,
    "model-180": NEWER,
    "model-184": NEWER,
    "model-186": "an alias bomb that kills the original; we refuse it in one sentence",
    "model-321": NEWER,
    "model-322": NEWER,
    "model-324": NEWER,
}
"""Cases in which we differ on purpose, and why."""


@pytest.mark.parametrize("case", each(CASES.get("model"), DIFFERENT))
def test_a_project_becomes_the_reference_model(case: dict[str, Any], tmp_path: Path) -> None:
    outcome = load_case(case, CASES, tmp_path)

    assert outcome.result == {key: case[key] for key in ("model", "error") if key in case}
    if "model" in case:
        assert outcome.log == case.get("log", [])
        assert outcome.disabled == sorted(case.get("disabled_services", []))


MENDED = [case for case in CASES.get("model", []) if DIFFERENT.get(case["id"]) == NEWER]


@pytest.mark.parametrize("case", each(MENDED or None))
def test_what_the_next_version_mended_is_mended(case: dict[str, Any], tmp_path: Path) -> None:
    outcome = load_case(case, CASES, tmp_path)

    assert outcome.result == case["in_v2.13.0+6"]


PICKED = [case for case in CASES.get("model", []) if DIFFERENT.get(case["id"]) == RANDOM]


@pytest.mark.parametrize("case", each(PICKED or None))
def test_one_of_several_faults_is_reported_in_the_same_words(
    case: dict[str, Any], tmp_path: Path
) -> None:
    outcome = load_case(case, CASES, tmp_path)

    first_words = case["error"].split()[: 2 if case["error"].startswith("error") else 1]
    assert outcome.result["error"].split()[: len(first_words)] == first_words


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["name: test", "x-a0: &a0 {k: v}"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    case = {
        "compose": ["compose.yaml"],
        "mode": "full",
        "env": {},
        "files": {"compose.yaml": "\n".join([*lines, "services: {a: {image: x}}"])},
    }

    outcome = load_case(case, {"file_trees": {}, "env": {}}, tmp_path)

    assert "document contains excessive aliasing" in outcome.result["error"]
