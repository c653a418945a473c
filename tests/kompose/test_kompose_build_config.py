"""BuildConfigs take their source from the repository that the compose file is in."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from tests.kompose.kompose_run import Outcome, run_kompose

pytestmark = pytest.mark.skipif(which("git") is None, reason="git is not installed")

_COMPOSE = """\
services:
  site: {build: {context: ./site, args: {B: "1"}}, image: "team/site:3"}
  top: {build: ..}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A compose file in a folder of a repository."""
    folder = tmp_path / "shop"
    (folder / "site").mkdir(parents=True)
    (folder / "compose.yaml").write_text(_COMPOSE)
    for words in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "origin", "https://example.org/shop"),
        ("add", "-A"),
        ("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "first"),
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return folder


def _convert(folder: Path, *flags: str) -> Outcome:
    line = ["--provider", "openshift", "convert", "--stdout", "--build", "build-config", *flags]
    return run_kompose(line, directory=folder, environment={})


def _build_configs(outcome: Outcome) -> list[dict[str, Any]]:
    documents = yaml.safe_load_all(outcome.stdout)
    return [each for each in documents if each["kind"] == "BuildConfig"]


def test_source_branch_and_folder_are_those_of_the_repository(shop: Path) -> None:
    outcome = _convert(shop)

    site, top = _build_configs(outcome)
    git = {"uri": "https://example.org/shop.git", "ref": "main"}
    assert site["spec"]["source"] == {"git": git, "contextDir": "shop/site/"}
    assert site["spec"]["strategy"] == {
        "dockerStrategy": {"dockerfilePath": "Dockerfile", "env": [{"name": "B", "value": "1"}]}
    }
    assert site["spec"]["output"]["to"]["name"] == "site:3"
    assert top["spec"]["source"] == {"git": git}
    assert "Buildconfig using https://example.org/shop.git::main as source." in outcome.stderr


def test_what_is_asked_for_is_taken_as_it_is(shop: Path) -> None:
    outcome = _convert(shop, "--build-repo", "https://r.example.org/x", "--build-branch", "next")

    site, _ = _build_configs(outcome)
    assert site["spec"]["source"]["git"] == {"uri": "https://r.example.org/x", "ref": "next"}


def test_a_folder_that_is_in_no_repository_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {build: .}}\n")

    outcome = _convert(tmp_path)

    assert outcome.exit_code == 1
    assert (
        "FATA Buildconfig cannot be created because current git branch couldn't be detected.: fatal"
    ) in outcome.stderr
