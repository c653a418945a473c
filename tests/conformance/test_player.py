"""The player says what it cannot play, and makes up for what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.__main__ import report
from tests.conformance.order import merged
from tests.conformance.player import play_file, play_folder, recordings
from tests.conformance.result import Exchange

_TOPICS = ("04-", "06-", "11-")


def test_a_folder_of_other_things_is_reported_and_nothing_is_raised(tmp_path: Path) -> None:
    odd: list[Any] = [{"id": "x.odd", "request": 5}, {"id": "x.none"}, 7]
    (tmp_path / "01-discovery.json").write_text(json.dumps(odd))
    (tmp_path / "99-new.json").write_text(json.dumps([{"id": "y.new"}]))
    (tmp_path / "10-authz.json").write_text("{")
    (tmp_path / "index.json").write_text("{}")

    lines = report(play_folder(tmp_path))

    assert lines[-1] == "0 of 4 alike"
    assert all(": not played: " in line for line in lines[:4])


def test_a_setup_that_nobody_understands_is_said() -> None:
    exchange: Exchange = {
        "id": "disc.version",
        "title": "version",
        "setup": ["the moon is full"],
        "request": {"method": "GET", "path": "/healthz", "user": "admin"},
        "response": {"status": 200, "headers": {}, "body": "ok"},
    }

    [result] = play_file("01-discovery", [exchange])

    assert result.remark == "setup not understood: the moon is full"


def test_a_wrong_answer_is_a_difference(shared_data: Path) -> None:
    recorded = dict(recordings(shared_data / "api-transcripts"))["10-authz"]
    [right] = [entry for entry in recorded if entry["id"] == "authz.list-b-norbac"]
    wrong = json.loads(json.dumps(right))
    wrong["response"]["body"]["message"] += "!"

    results = play_file("10-authz", [right, wrong])

    assert [bool(result.difference) for result in results] == [False, True]


def test_what_missing_exchanges_made_is_made_up_for(shared_data: Path) -> None:
    lost = []
    for topic, exchanges in recordings(shared_data / "api-transcripts"):
        if topic.startswith(_TOPICS):
            whole = {result.id for result in play_file(topic, exchanges) if not result.difference}
            half = play_file(topic, exchanges[::2])
            lost += [r.id for r in half if r.difference and r.id in whole]

    assert len(lost) <= _LOST


_LOST = 3
"""Exchanges that cannot be understood without the one before."""


_EVENTS_ALONE = ("ctl.init.events", "ctl.job-fail.events", "ctl.pvc.events", "life.rollout.pods")


@pytest.mark.parametrize("name", _EVENTS_ALONE)
def test_a_story_is_played_from_any_one_of_its_watches(shared_data: Path, name: str) -> None:
    folder = dict(recordings(shared_data / "api-transcripts"))
    pairs = [(topic, each) for topic, entries in folder.items() for each in entries]
    [(topic, entry)] = [(topic, each) for topic, each in pairs if each.get("id") == name]

    [result] = play_file(topic, [entry])

    assert result.difference == ""


def test_what_is_lost_alone_is_played_again_among_its_kin(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "api-transcripts"
    crd = dict(recordings(folder))["11-crd"]
    kept_aside = [entry for entry in crd if entry["id"] in ("crd.cr-invalid", "crd.scale-patch")]
    (tmp_path / "11-crd.json").write_text(json.dumps(kept_aside))

    alone = play_folder(tmp_path)
    among = play_folder(tmp_path, companions=folder)

    assert [bool(each.difference) for each in alone] == [True, True]
    assert [each.difference for each in among] == ["", ""]


def test_two_files_of_a_session_are_merged_by_the_versions_that_were_answered() -> None:
    def seen(name: str, version: str = "") -> Exchange:
        meta = {"metadata": {"resourceVersion": version}}
        return {"id": name, "response": {"status": 200, "body": meta}}

    ours = [seen("early", "3"), seen("its error"), seen("late", "9")]
    others = [seen("first", "1"), seen("middle", "5")]

    names = [entry["id"] for entry in merged(ours, others)]

    assert names == ["first", "early", "its error", "middle", "late"]
