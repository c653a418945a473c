"""One run of the command inside the test's process: arguments and files in, everything out."""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kompose.cli import run

_COLOUR = re.compile(r"\x1b\[[0-9]*m")


class Outcome(NamedTuple):
    """What a run left behind; colours and trailing blanks of stderr are taken away."""

    exit_code: int
    stdout: str
    stderr: str


def run_kompose(
    line: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    stdin: str | None = None,
) -> Outcome:
    """Runs the command in a directory, with no environment but the given one and PATH."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        patch.setenv("PATH", os.defpath)
        patch.setenv("HOME", str(directory.parent))
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(directory)
        out, err = io.StringIO(), io.StringIO()
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((stdin or "").encode())))
        exit_code = run(line)
    return Outcome(exit_code, out.getvalue(), plain(err.getvalue()))


def plain(text: str) -> str:
    """Log lines without colours, trailing blanks and empty ends."""
    lines = (line.rstrip() for line in _COLOUR.sub("", text).split("\n"))
    return "\n".join(lines).strip("\n")


def lay_out(directory: Path, files: Mapping[str, Any]) -> None:
    """Puts recorded files into a directory: text, bytes as base64, or an empty directory."""
    for name, content in files.items():
        path = directory / name
        if isinstance(content, dict) and content.get("dir"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        is_encoded = isinstance(content, dict)
        path.write_bytes(base64.b64decode(content["base64"]) if is_encoded else content.encode())
