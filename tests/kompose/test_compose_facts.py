"""The small parsers against what the reference loader makes of the same texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kompose.compose.dotenv import parse_dotenv
from kompose.compose.dotenv_joho import parse_joho
from kompose.compose.keys.ports import parse_port
from kompose.compose.keys.volumes import parse_volume
from kompose.compose.template import substitute
from kompose.compose.units import format_duration, parse_duration, parse_size
from tests.kompose.compose_cases import each, recorded

FACTS = recorded("compose-cases.json")


Parse = Callable[[dict[str, Any]], Any]


def outcome(parse: Parse, case: dict[str, Any]) -> dict[str, Any]:
    """What a parser makes of a case, written as the recording is."""
    try:
        return {"result": parse(case)}
    except ValueError as error:
        return {"error": str(error)}


def recording(case: dict[str, Any]) -> dict[str, Any]:
    """What the reference made of it."""
    return {key: case[key] for key in ("result", "error") if key in case}


@pytest.mark.parametrize("case", each(FACTS.get("interpolation")))
def test_variables_are_replaced(case: dict[str, Any]) -> None:
    said: list[str] = []

    made = outcome(lambda c: substitute(c["input"], c["env"].get, said.append), case)

    assert made == recording(case)
    assert [f"warning: {text}" for text in said] == case.get("log", [])


@pytest.mark.parametrize("case", each(FACTS.get("ports_short")))
def test_a_short_port_becomes_long(case: dict[str, Any]) -> None:
    def parse(case: dict[str, Any]) -> Any:
        ports = parse_port(case["input"])
        return [{key: value for key, value in port.items() if value} for port in ports]

    assert outcome(parse, case) == recording(case)


@pytest.mark.parametrize("case", each(FACTS.get("volumes_short")))
def test_a_short_volume_becomes_long(case: dict[str, Any]) -> None:
    def parse(case: dict[str, Any]) -> Any:
        volume = parse_volume(case["input"])
        volume.get("bind", {}).pop("create_host_path", None)
        return volume

    assert outcome(parse, case) == recording(case)


@pytest.mark.parametrize("case", each(FACTS.get("durations")))
def test_a_duration_is_read_and_written(case: dict[str, Any]) -> None:
    def parse(case: dict[str, Any]) -> Any:
        nanoseconds = parse_duration(case["input"])
        return str(nanoseconds), format_duration(nanoseconds)

    expected = (
        {"error": case["error"]}
        if "error" in case
        else {"result": (case["nanoseconds"], case["string"])}
    )
    assert outcome(parse, case) == expected


@pytest.mark.parametrize("case", each(FACTS.get("byte_sizes")))
def test_a_size_is_read(case: dict[str, Any]) -> None:
    expected = {"error": case["error"]} if "error" in case else {"result": case["bytes"]}

    assert outcome(lambda c: parse_size(c["input"]), case) == expected


@pytest.mark.parametrize("case", each(FACTS.get("dotenv")))
def test_an_environment_file_is_read(case: dict[str, Any]) -> None:
    said: list[str] = []
    environment = case.get("env", {})

    made = outcome(lambda c: parse_dotenv(c["input"], environment.get, said.append), case)

    assert made == recording(case)
    assert [f"warning: {text}" for text in said] == case.get("log", [])


@pytest.mark.parametrize("case", each(FACTS.get("dotenv_joho_v1_5_1")))
def test_the_other_dialect_of_environment_files_is_read(case: dict[str, Any]) -> None:
    assert outcome(lambda c: parse_joho(c["input"]), case) == recording(case)
