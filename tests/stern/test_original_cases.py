"""What the Go program does, case by case: the same here, or differently for a stated reason."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from tests.stern.different_on_purpose import DIFFERENT, reason_for
from tests.stern.original_cases import RUNNERS

_CASES = {
    f"{case['area']}: {case['name']}": case
    for case in json.loads((Path(__file__).parent / "data" / "stern-cases.json").read_text())
}
_SAME = [name for name in _CASES if reason_for(name) is None]


@pytest.mark.parametrize("name", _SAME)
async def test_a_case_of_the_go_program_is_answered_the_same(name: str) -> None:
    case = _CASES[name]

    answer = RUNNERS[case["area"]](case["input"])
    if inspect.isawaitable(answer):
        answer = await answer

    for key, expected in case["expect"].items():
        _compare(key, expected, answer.get(key))


def test_every_case_is_either_the_same_or_different_for_a_reason() -> None:
    unknown = [start for start in DIFFERENT if not any(name.startswith(start) for name in _CASES)]

    assert unknown == []
    assert len(_SAME) + 18 == len(_CASES)


def _compare(key: str, expected: object, found: object) -> None:
    is_any_error = expected is True or str(expected).startswith("line dropped")
    if key == "error" and is_any_error:
        assert found
    elif key.endswith("_contains"):
        assert isinstance(found, str)
        assert str(expected) in found
    elif key == "error_prefix":
        assert str(found).startswith(str(expected))
    else:
        assert found == expected
