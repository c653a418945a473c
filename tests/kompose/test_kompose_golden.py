"""The original's own golden files: the same documents, in the same order and layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kompose.kompose_run import plain, run_kompose

_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "kompose"


def _cases() -> list[Any]:
    if not _DATA.is_dir():
        reason = f"no recorded data at {_DATA}"
        return [pytest.param({}, id="missing", marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((_DATA / "golden.json").read_text())
    ]


@pytest.mark.parametrize("case", _cases())
def test_a_fixture_gives_its_golden_file(case: dict[str, Any], tmp_path: Path) -> None:
    if needed := case.get("requires"):
        pytest.skip(f"needs {needed}")
    if "-3-" in case["id"] and case["fixture"] == "configmap-file-configs":
        _skip_unless_tmp_has_only_directories()
    shutil.copytree(_DATA / "fixtures", tmp_path / "fixtures", copy_function=shutil.copyfile)
    for path in (tmp_path / "fixtures").rglob("*/"):
        path.chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    directory = tmp_path / case["cwd"]

    outcome = run_kompose(
        [word.replace("@TMP@", str(out)) for word in case["args"]],
        directory=directory,
        environment=case["env"],
    )

    assert outcome.exit_code == case["expect_rc"], outcome.stderr
    for name in case.get("expect_files") or ():
        assert (directory / name.replace("@TMP@", str(out))).exists()
    if case["expect"] and case["normalise"] != "existence-only":
        _compare(outcome.stdout, (_DATA / case["expect"]).read_text(), case)
    observed = case["observed_with_original"]["stderr"]
    assert outcome.stderr.replace(str(out), "@TMP@") == plain(observed)


def _compare(found: str, expected: str, case: dict[str, Any]) -> None:
    if case["observed_with_original"]["byte_identical_modulo_outer_ws"]:
        assert found.strip() == expected.strip()
    else:
        assert _documents(found) == _documents(expected)


def _documents(text: str) -> list[Any]:
    return [document for document in yaml.safe_load_all(text) if document is not None]


def _skip_unless_tmp_has_only_directories() -> None:
    place = Path("/tmp")
    entries = list(place.iterdir()) if place.is_dir() else []
    if not entries or not all(entry.is_dir() for entry in entries):
        pytest.skip("the fixture mounts /tmp, and its golden file wants only directories there")
    if any(Path(entry.name).exists() for entry in entries):
        pytest.skip("the fixture mounts /tmp, and a directory there has a namesake here")
