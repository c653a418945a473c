"""Flags of docker compose: taken where they make sense, answered with a sentence where not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kompose.flags import COMMANDS
from kompose.live.act import Errand
from kompose.twins import ALWAYS_SO, COMMANDS_INSTEAD, INSTEAD, refusal, without_needless


@pytest.mark.parametrize(
    ("command", "words", "sentence"),
    [
        ("up", ["--abort-on-container-exit"], "up has no --abort-on-container-exit. Kubernetes"),
        ("up", ["-d", "--pull", "always"], "up has no --pull. The nodes pull images"),
        ("down", ["--rmi=local"], "down has no --rmi. Images are"),
        ("exec", ["-u", "root", "web", "sh"], "exec has no -u. Kubernetes runs"),
        ("stop", ["-t", "3"], "stop has no -t. The time that containers get to stop"),
    ],
)
def test_what_a_cluster_has_no_use_for_is_one_sentence(
    command: str, words: list[str], sentence: str
) -> None:
    assert refusal(command, words).startswith(sentence)


def test_what_belongs_to_a_command_in_a_container_is_not_ours() -> None:
    assert refusal("exec", ["web", "su", "-u", "root"]) == ""
    assert refusal("exec", ["-T", "--", "-u"]) == ""


def test_switches_that_ask_for_what_is_so_anyway_are_taken() -> None:
    assert without_needless("down", ["--remove-orphans", "-v"]) == ["-v"]
    assert without_needless("ps", ["-a", "web"]) == ["web"]


@pytest.mark.parametrize("command", sorted(INSTEAD.keys() | ALWAYS_SO.keys()))
def test_no_command_refuses_or_drops_a_flag_that_it_has(command: str) -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "kompose", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    own = help_text.partition("Project and cluster:")[0]

    flags = {word.strip(",") for word in own.split() if word.startswith("-")}
    assert flags & (INSTEAD.get(command, {}).keys() | ALWAYS_SO.get(command, set())) == set()
    assert "Examples:" in own


def test_variables_and_a_directory_reach_a_command_in_a_container() -> None:
    errand = Errand(("ls", "-l"), env=("A=1", "HOME"), workdir="/srv")

    assert errand.words({"HOME": "/root"}) == [
        *("sh", "-c", 'cd "$0" && exec "$@"', "/srv"),
        *("env", "A=1", "HOME=/root", "ls", "-l"),
    ]


def test_a_command_without_either_is_passed_as_it_is() -> None:
    assert Errand(("ls", "a  b")).words({}) == ["ls", "a  b"]


def test_no_command_that_is_there_is_replaced_by_another() -> None:
    assert COMMANDS_INSTEAD.keys() & COMMANDS.keys() == set()


def test_a_command_of_docker_compose_that_is_none_here_names_what_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kompose", "pause"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        'unknown command "pause" for "kompose"',
        "Use instead: kompose stop SERVICE",
    ]
