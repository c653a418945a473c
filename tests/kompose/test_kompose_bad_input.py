"""What is no file, has no end, or may not be read or written: one sentence, exit code 1."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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


def _two_services(directory: Path) -> None:
    (directory / "compose.yaml").write_text(
        "services:\n"
        "  a: {image: x, ports: ['80:80']}\n"
        "  b: {image: y, ports: ['81:81']}\n"
    )  # fmt: skip


def _listing(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize("flags", [(), ("-o", "out/"), ("--chart", "-o", "out")])
def test_when_one_file_cannot_be_written_none_is(tmp_path: Path, flags: tuple[str, ...]) -> None:
    _two_services(tmp_path)
    place = {(): "", ("-o", "out/"): "out/"}.get(flags, "out/templates/")
    (tmp_path / place / "b-deployment.yaml").mkdir(parents=True)
    before = _listing(tmp_path)

    outcome = _run(tmp_path, "convert", *flags)

    assert outcome.exit_code == 1
    assert outcome.stderr == (
        f"FATA Unable to write {place}b-deployment.yaml: is a directory. "
        "Choose another place with --out, or use --stdout"
    )
    assert _listing(tmp_path) == before


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("compose.yaml/", "not a directory"),
        ("compose.yaml/x.yaml", "not a directory"),
        ("dangling", "no such file or directory"),
        ("loop", "too many levels of symbolic links"),
        ("/proc/x", "no such file or directory"),
        ("x" * 300, "file name too long"),
    ],
)
def test_a_place_that_cannot_be_is_one_sentence(tmp_path: Path, place: str, words: str) -> None:
    _two_services(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere/x")
    (tmp_path / "loop").symlink_to("loop")
    before = _listing(tmp_path)

    outcome = _run(tmp_path, "convert", "-o", place)

    assert outcome.exit_code == 1
    assert re.fullmatch(rf"FATA Unable to (write|use) {place}: {words}\. .*", outcome.stderr)
    assert _listing(tmp_path) == before


@pytest.mark.parametrize("command", ["convert", "config"])
def test_a_link_stays_a_link_and_a_file_keeps_who_may_read_it(tmp_path: Path, command: str) -> None:
    _two_services(tmp_path)
    target, link = tmp_path / "target.yaml", tmp_path / "link.yaml"
    target.touch(mode=0o600)
    link.symlink_to("target.yaml")

    outcome = _run(tmp_path, command, "-o", "link.yaml")

    assert outcome.exit_code == 0
    assert link.is_symlink()
    assert "image: x" in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["convert", "config"])
def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path, command: str) -> None:
    _two_services(tmp_path)
    reader, writer = os.pipe()
    try:
        (tmp_path / "out").symlink_to(f"/proc/self/fd/{writer}")

        outcome = _run(tmp_path, command, "-o", "out")

        assert outcome.exit_code == 0
        assert b"image: x" in os.read(reader, 1 << 16)
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize(
    "line", ["convert --stdout", "config", "version", "--version", "convert --help"]
)
def test_a_full_disk_behind_stdout_is_one_sentence(tmp_path: Path, line: str) -> None:
    _two_services(tmp_path)

    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kompose", *line.split()],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert done.returncode == 1
    assert b"Unable to write to stdout: " in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_a_closed_stream_is_no_fault(tmp_path: Path) -> None:
    _two_services(tmp_path)

    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m kompose convert -o out.yaml <&- >&- 2>&-', sys.executable],
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 0
    assert "image: x" in (tmp_path / "out.yaml").read_text()
