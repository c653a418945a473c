"""Where the source of an image is: its repository, its branch, and its place in there."""

import os
from pathlib import Path
from typing import NamedTuple

from kompose.compose.keys.build import Build
from kompose.options import BuildOptions
from kompose.report import ConvertError


class GitSource(NamedTuple):
    """Where the cluster gets the source from."""

    repository: str
    branch: str


class GitSources:
    """The source of every image: that of the first one asked for, as the original has it."""

    def __init__(self, options: BuildOptions) -> None:
        self._options = options
        self._found: GitSource | None = None

    def of(self, build: Build) -> GitSource:
        """The repository and branch asked for, else those of the working copy.

        Raises:
            ConvertError: They cannot be found.
        """
        if self._found is None:
            self._found = _git_source(build, self._options)
        return self._found


def _git_source(build: Build, options: BuildOptions) -> GitSource:
    branch = options.branch or _current_branch(build.context)
    repository = options.repository or _remote(build.context)
    if not repository.endswith(".git"):
        repository += ".git"
    return GitSource(repository, branch)


def _current_branch(directory: str) -> str:
    try:
        return _git(directory, "rev-parse", "--abbrev-ref", "HEAD")
    except ConvertError as error:
        raise ConvertError(
            "Buildconfig cannot be created because current git branch couldn't be detected.: "
            f"{error}"
        ) from error


def _remote(directory: str) -> str:
    try:
        remote = _git(directory, "config", "--get", "branch.master.remote") or "origin"
    except ConvertError:
        remote = "origin"
    try:
        return _git(directory, "remote", "get-url", remote)
    except ConvertError as error:
        raise ConvertError(
            "Buildconfig cannot be created because git remote origin repo "
            f"couldn't be detected.: {error}"
        ) from error


def context_directory(context: str) -> str:
    """The directory within the repository, with a slash at its end."""
    try:
        top = _git(context, "rev-parse", "--show-toplevel")
    except ConvertError:
        return ""
    inside = os.path.relpath(Path(context).resolve(), Path(top).resolve())
    return "" if inside == "." else f"{inside}/"


def _git(directory: str, *words: str) -> str:
    import subprocess  # needs 15 ms to load, and few conversions ask git

    try:
        done = subprocess.run(
            ["git", *words], cwd=directory, check=False, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise ConvertError(
            "Git is not installed! Please install Git to create buildconfig, else supply source "
            "repository and branch to use for build using '--build-repo', '--build-branch' "
            "options respectively"
        ) from error
    if done.returncode:
        raise ConvertError(done.stderr.strip() or f"git {' '.join(words)} failed")
    return done.stdout.strip()
