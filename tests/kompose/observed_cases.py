"""What the original kompose was seen to do, read at collection so that each case is one test.

Our own recordings lie beside the tests: `observed.json`, and `observed-more.json` with a few
values of every key, label and kind of fault. The cases made from other projects' files are read
from the shared folder, and are a visible skip where it is missing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_OURS = Path(__file__).parent / "data" / "observed.json"
_MORE = Path(__file__).parent / "data" / "observed-more.json"
_OTHERS = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "kompose" / "observed-fixtures.json"
)


def observed() -> list[dict[str, Any]]:
    """Every recorded case of the two large recordings that is here."""
    return [case for path in (_OURS, _OTHERS) if path.is_file() for case in _cases(path)]


def _cases(path: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return cases


def each_observed() -> list[Any]:
    """One test parameter per case, and a skip that says which recording is missing."""
    cases = [pytest.param(case, id=case["id"]) for case in (*observed(), *_cases(_MORE))]
    if not _OTHERS.is_file():
        skip = pytest.mark.skip(reason=f"no recorded data at {_OTHERS}")
        cases.append(pytest.param({}, marks=skip, id="missing"))
    return cases
