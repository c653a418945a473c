"""The recorded cases of a compose loader, read at collection so that each is one test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kompose.compose.read import FileSelection, Model, ReadOptions, read_model
from kompose.errors import ComposeError

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def recorded(file: str) -> dict[str, Any]:
    """A file of recorded cases; empty where the folder is missing."""
    path = SHARED_DATA / file
    cases: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return cases


def each(cases: list[dict[str, Any]] | None, waived: Mapping[str, str] | None = None) -> list[Any]:
    """One test parameter per case, or a visible skip when there is no data."""
    if cases is None:
        skip = pytest.mark.skip(reason=f"no recorded data at {SHARED_DATA}")
        return [pytest.param({}, marks=skip, id="missing")]
    return [
        pytest.param(case, id=case.get("id") or f"{number}-{case['input'][:30]!r}")
        for number, case in enumerate(cases)
        if case.get("id") not in (waived or {})
    ]


class Outcome(NamedTuple):
    """What the loader made of a case, the directory written as in the recording."""

    result: dict[str, Any]
    log: list[str]
    disabled: list[str]


def load_case(case: dict[str, Any], data: dict[str, Any], directory: Path) -> Outcome:
    """Writes a case's files to a directory and loads them."""
    root = directory / "proj"
    files = {**data["file_trees"].get(case.get("files_tree"), {}), **case.get("files", {})}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    selection = FileSelection(tuple(case["compose"]), None, root / case.get("cwd", ""))
    options = ReadOptions(tuple(case.get("profiles", ())), checks=case["mode"] == "full")
    try:
        model = read_model(selection, case.get("env", data["env"]), options)
    except ComposeError as error:
        return Outcome({"error": _written(str(error), root)}, [], [])
    return Outcome(
        {"model": json.loads(_written(json.dumps(model.tree), root))},
        [_written(f"warning: {warning.message}", root) for warning in model.warnings],
        sorted(model.disabled_services),
    )


def _written(text: str, root: Path) -> str:
    text = text.replace(str(root), "${DIR}").replace(str(root.parent), "${DIR_PARENT}")
    return text.replace(str(Path.home()), "${PROCESS_HOME}")


def read_text(text: str, directory: Path, **environment: str) -> Model:
    """The model of a compose file with this text, in a directory."""
    (directory / "compose.yaml").write_text(text)
    return read_model(FileSelection(("compose.yaml",), None, directory), environment)
