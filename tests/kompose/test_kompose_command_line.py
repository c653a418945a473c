"""The command line by the original's rules: flags anywhere, its own error texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kompose.command_line import UsageError, parse, split_command
from kompose.flags import COMPATIBLE_VERSION
from tests.kompose.kompose_run import run_kompose


def _invalid(value: str, flag: str, reason: str) -> str:
    return f'invalid argument "{value}" for "{flag}" flag: {reason}'


def test_flags_stand_before_or_after_the_command() -> None:
    assert split_command(["-f", "a.yaml", "convert", "-j"]) == ("convert", ["-f", "a.yaml", "-j"])
    assert split_command(["--build", "local", "convert"]) == ("convert", ["--build", "local"])
    assert split_command(["-v", "convert"]) == ("convert", ["-v"])


def test_an_unknown_flag_before_the_command_takes_the_next_word() -> None:
    assert split_command(["--stdout", "convert"]) == (None, ["--stdout", "convert"])


def test_files_add_up_and_split_on_commas() -> None:
    parsed = parse(["-f", "a,b", "--file=c", "-fd"])

    assert parsed.values["file"] == ("a", "b", "c", "d")


def test_profiles_add_up_and_keep_their_commas() -> None:
    assert parse(["--profile", "a,b", "--profile", "c"]).values["profile"] == ("a,b", "c")


def test_short_switches_may_be_glued_together() -> None:
    parsed = parse(["-jco", "out"])

    assert (parsed.values["json"], parsed.values["chart"], parsed.values["out"]) == (
        True,
        True,
        "out",
    )


def test_what_follows_two_dashes_is_no_flag() -> None:
    assert parse(["--", "-x", "--nope"]).words == ["-x", "--nope"]


def test_a_deprecated_flag_says_what_to_use() -> None:
    assert parse(["--daemon-set"]).notices == [
        "Flag --daemon-set has been deprecated, use --controller"
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (["--nope"], "unknown flag: --nope"),
        (["-jx"], "unknown shorthand flag: 'x' in -jx"),
        (["--provider"], "flag needs an argument: --provider"),
        (["-o"], "flag needs an argument: 'o' in -o"),
        (["--=x"], "bad flag syntax: --=x"),
        (
            ["--replicas", "abc"],
            _invalid("abc", "--replicas", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ),
        (
            ["-j=maybe"],
            _invalid("maybe", "-j, --json", 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        ),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_in_the_original_words(
    line: list[str], text: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line)

    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("line", "exit_code", "stderr"),
    [
        (["foo"], 1, 'unknown command "foo" for "kompose"'),
        (["kompose"], 1, 'unknown command "kompose" for "kompose"'),
        (["conver"], 1, "Did you mean this?\n\tconvert"),
        (["CON"], 1, "Did you mean this?\n\tconfig\n\tconvert"),
        (
            ["version", "--provider", "foo"],
            1,
            "FATA foo is an unsupported provider. Supported providers are: 'kubernetes',",
        ),
        (
            ["completion", "tcsh"],
            1,
            "FATA Error: not a compatible shell, bash, zsh and fish are only supported",
        ),
        (
            ["convert", "--stdout", "-o", "x"],
            1,
            "FATA Error: --out and --stdout can't be set at the same time",
        ),
        (["convert", "-j", "-y", "--volumes", "x"], 1, "FATA YAML and JSON format cannot be"),
    ],
)
def test_a_wrong_line_ends_with_one_sentence(
    line: list[str], exit_code: int, stderr: str, tmp_path: Path
) -> None:
    outcome = run_kompose(line, directory=tmp_path, environment={})

    assert outcome.exit_code == exit_code
    assert stderr in outcome.stderr
    assert outcome.stdout == ""


def test_a_flag_error_shows_how_to_use_the_command_before_the_error(tmp_path: Path) -> None:
    outcome = run_kompose(["convert", "--nope"], directory=tmp_path, environment={})

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Usage:\n  kompose convert [flags]")
    assert outcome.stderr.endswith("\n\nunknown flag: --nope")


def test_the_version_is_the_one_whose_behaviour_this_is(tmp_path: Path) -> None:
    outcome = run_kompose(["version"], directory=tmp_path, environment={})

    assert outcome.stdout == f"{COMPATIBLE_VERSION}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str, tmp_path: Path) -> None:
    outcome = run_kompose(["completion", shell], directory=tmp_path, environment={})

    assert outcome.exit_code == 0
    assert {"convert", "up", "--replicas"} <= set(
        outcome.stdout.replace("'", " ").replace(":", " ").replace('"', " ").split()
    ) | {"--replicas" if "replicas" in outcome.stdout else ""}


def test_the_program_alone_says_what_it_can_do(tmp_path: Path) -> None:
    outcome = run_kompose([], directory=tmp_path, environment={})

    assert outcome.exit_code == 0
    assert "Available Commands:" in outcome.stdout
    assert "  convert " in outcome.stdout
