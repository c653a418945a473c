"""The recorded exchanges, played: what differs is exactly what is listed with its reason."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conformance.kubectl import NO_KUBECTL
from tests.conformance.player import play_folder, player_of
from tests.conformance.result import Result

DIFFERENCES = Path(__file__).with_name("differences")
"""One file for each recorded file that is not wholly alike: `ID: the reason`."""


def known_differences() -> dict[str, str]:
    """Exchange ids and the reasons why they differ."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(DIFFERENCES.glob("*.txt"))]
    lines = [line for text in texts for line in text.splitlines()]
    pairs = (line.partition(": ") for line in lines if line and not line.startswith("#"))
    return {name: reason for name, _, reason in pairs}


@pytest.fixture(scope="module")
def results(shared_data: Path) -> list[Result]:
    played = play_folder(shared_data / "api-transcripts")
    return [result for result in played if player_of(result.topic)]


def test_every_difference_is_known(results: list[Result]) -> None:
    listed = known_differences()

    surprises = [
        f"{result.id}: {result.difference}"
        for result in results
        if result.difference
        and result.id not in listed
        and not _lacks_kubectl(result)
        and not _lacks_texts(result)
    ]

    assert surprises == []


def _lacks_kubectl(result: Result) -> bool:
    return result.difference == f"not played: {NO_KUBECTL}"


def _lacks_texts(result: Result) -> bool:
    """The recorded document tells of fields what only an optional library has."""
    return result.id == "disc.openapi-v3-group" and find_spec("lightkube") is None


def test_recorded_kubectl_commands_are_played(results: list[Result]) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip(NO_KUBECTL)

    assert not any(_lacks_kubectl(result) for result in results)


def test_every_known_difference_is_real(results: list[Result]) -> None:
    alike = {result.id for result in results if not result.difference}

    healed = [name for name in known_differences() if name in alike]

    assert healed == []


def test_every_known_difference_has_a_reason_and_an_exchange(results: list[Result]) -> None:
    played = {result.id for result in results}
    known = known_differences()

    assert [name for name, reason in known.items() if not reason.strip()] == []
    assert [name for name in known if name not in played] == []
