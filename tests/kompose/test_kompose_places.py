"""On a terminal, what `convert` says has a place; a program gets the original's words alone."""

from __future__ import annotations

import sys
from pathlib import Path

from kompose.diagnostics import Diagnostic, Position
from tests.kompose.kompose_run import run_kompose
from tests.terminal import Terminal

FILE = "version: '3'\nservices:\n  a:\n    image: 5\n    mem: 1\n"


def test_a_program_reads_the_words_of_the_original(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("version: '3'\nservices: {a: {image: 5}}\n")

    outcome = run_kompose(["convert"], directory=tmp_path, environment={})

    assert outcome.stderr == (
        f"FATA Unable to load files: validating {tmp_path}/compose.yaml: "
        "services.a.image must be a string"
    )


def test_a_person_reads_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(FILE)

    with Terminal([sys.executable, "-m", "kompose", "convert"], cwd=tmp_path) as terminal:
        assert terminal.wait_exit() == 1
        text = terminal.raw.decode()

    assert f"{tmp_path}/compose.yaml:5: services.a additional properties 'mem'" in text
    assert f"  at {tmp_path}/compose.yaml:4" in text


def test_a_message_that_names_its_file_names_it_once() -> None:
    warning = Diagnostic("/c.yaml: old", position=Position("/c.yaml", 3))

    assert str(warning) == "/c.yaml:3: old"
