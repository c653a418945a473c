"""What the original kompose was seen to do, read at collection so that each case is one test.

Our own recording lies beside the tests. The cases made from other projects' files are read from
the shared folder, and are a visible skip where it is missing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_OURS = Path(__file__).parent / "data" / "observed.json"
_OTHERS = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "kompose" / "observed-fixtures.json"
)


def observed() -> list[dict[str, Any]]:
    """Every recorded case that is here."""
    return [
        case
        for path in (_OURS, _OTHERS)
        if path.is_file()
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
    ]


def each_observed() -> list[Any]:
    """One test parameter per case, and a skip that says which recording is missing."""
    cases = [pytest.param(case, id=case["id"]) for case in observed()]
    if not _OTHERS.is_file():
        skip = pytest.mark.skip(reason=f"no recorded data at {_OTHERS}")
        cases.append(pytest.param({}, marks=skip, id="missing"))
    return cases
