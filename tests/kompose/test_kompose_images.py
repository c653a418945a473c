"""Images are built and pushed by programs that are there, in the words of the original."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kompose.compose.shell_words import expanded_words
from kompose.images import image_name
from tests.kompose.kompose_run import Outcome, run_kompose

_COMPOSE = """\
services:
  web: {build: ./site, image: team/web, ports: ["80"]}
  worker: {image: worker, restart: "no"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with something to build, and a `docker` that logs what it is asked for."""
    (tmp_path / "site").mkdir()
    (tmp_path / "compose.yaml").write_text(_COMPOSE)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/log\necho noise\nexit ${{FAILS:-0}}\n')
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def _convert(folder: Path, *flags: str, **environment: str) -> Outcome:
    path = {"PATH": f"{folder}/bin:/usr/bin:/bin"}
    line = ["convert", "--stdout", *flags]
    return run_kompose(line, directory=folder, environment=path | environment)


def test_an_image_is_built_tagged_and_pushed(folder: Path) -> None:
    done = _convert(
        folder, "--build", "local", "--push-image", "--push-image-registry", "reg.example.org"
    )

    assert done.exit_code == 0
    assert (folder / "log").read_text().splitlines() == [
        f"build --tag team/web --file {folder}/site/Dockerfile {folder}/site",
        "tag team/web reg.example.org/team/web:latest",
        "push reg.example.org/team/web:latest",
    ]
    assert done.stderr.splitlines()[:7] == [
        "INFO Build key detected. Attempting to build image 'team/web'",
        "INFO Building image 'team/web' from directory 'site'",
        "INFO Image 'team/web' from directory 'site' built successfully",
        "INFO Push image is enabled. Attempting to push image 'team/web'",
        "INFO Push image registry is specified. Tag the image into registry firstly.",
        "INFO Pushing image 'team/web:latest' to registry 'reg.example.org'",
        "INFO Successfully pushed image 'team/web:latest' to registry 'reg.example.org'",
    ]
    assert "noise" not in done.stdout


def test_a_build_that_fails_writes_nothing(folder: Path) -> None:
    done = _convert(folder, "--build", "local", FAILS="3")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "FATA Unable to build Docker image for service web: "
        "Unable to build the image team/web: noise"
    )


def test_own_commands_run_once_for_each_service_and_keep_to_themselves(folder: Path) -> None:
    done = _convert(
        folder,
        *("--build-command", "docker build $WHAT", "--push-command", "docker push '$WHAT x'"),
        WHAT="a b",
    )

    assert done.exit_code == 0
    assert (folder / "log").read_text() == "build a b\npush a b x\n" * 2
    assert "noise" not in done.stdout


@pytest.mark.parametrize("command", ["'open", "; ls", "$NOTHING"])
def test_a_command_without_words_is_refused(command: str, folder: Path) -> None:
    done = _convert(folder, "--build-command", command, "--push-command", "true")

    assert done.exit_code == 2
    assert "The command of --build-command cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a $X b", ["a", "1", "2", "b"]),
        ('a "$X" ${X}y', ["a", "1 2", "1", "2y"]),
        ("'$X' $NONE x$NONE", ["1 2", "x"]),
        ("$X; rest", ["1", "2"]),
    ],
)
def test_a_variable_between_quotes_stays_one_word(text: str, words: list[str]) -> None:
    assert expanded_words(text, {"X": "1 2"}) == words


@pytest.mark.parametrize(
    ("text", "registry", "name"),
    [
        ("web", "docker.io", "library/web:latest"),
        ("team/web:1", "docker.io", "team/web:1"),
        ("index.docker.io/web", "docker.io", "library/web:latest"),
        ("reg:5000/a/b:2", "reg:5000", "a/b:2"),
        ("https://localhost/a", "localhost", "a:latest"),
        ("r.io/a:1@sha256:00", "r.io", "a@sha256:00"),
    ],
)
def test_the_name_of_an_image_is_taken_apart(text: str, registry: str, name: str) -> None:
    assert image_name(text) == (registry, name)
