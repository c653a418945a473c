"""What is no file, has no end, or may not be read or written: one sentence, exit code 1."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.kompose.kompose_run import Outcome, run_kompose

_SERVICES = "services: {web: {image: nginx, ports: ['80:80']}}\n"


def _run(directory: Path, *line: str) -> Outcome:
    return run_kompose(line, directory=directory, environment={})


@pytest.mark.parametrize("command", ["convert", "config"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("include: [/dev/zero]\n" + _SERVICES, "open /dev/zero: file too large"),
        ("services: {a: {image: x, env_file: /dev/zero}}", "open /dev/zero: file too large"),
        ("services: {a: {extends: {file: d, service: b}}}", "d: is a directory"),
    ],
)
def test_what_has_no_end_is_not_read_to_its_end(
    tmp_path: Path, command: str, text: str, words: str
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "compose.yaml").write_text(text)

    outcome = _run(tmp_path, command)

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("FATA Unable to load files: ")
    assert outcome.stderr.endswith(words)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    outcome = _run(tmp_path, "-f", "pipe", "convert")

    assert (outcome.exit_code, outcome.stderr) == (
        1,
        f"FATA Unable to load files: open {tmp_path}/pipe: nobody writes to this pipe",
    )


def test_a_pipe_that_a_command_writes_to_is_a_compose_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(_SERVICES,))
    writer.start()

    outcome = _run(tmp_path, "-f", "pipe", "convert", "--stdout")
    writer.join()

    assert outcome.exit_code == 0
    assert "image: nginx" in outcome.stdout
