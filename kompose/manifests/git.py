"""Where the source of an image is: its repository, its branch, and its place in there."""

import os
from typing import NamedTuple

from kompose.options import BuildOptions
from kompose.report import ConvertError


class GitSource(NamedTuple):
    """Where the cluster gets the source from."""

    repository: str
    branch: str


class GitSources:
    """The source of every image: what was asked for, else that of the compose file's directory."""

    def __init__(self, options: BuildOptions, directory: str) -> None:
        self._options = options
        self._directory = directory
        self._found: GitSource | None = None

    def get(self) -> GitSource:
        """The repository and the branch; git is asked once, when the first image needs it.

        Raises:
            ConvertError: They cannot be found.
        """
        if self._found is None:
            from shutil import which  # slow to load, and few conversions ask git

            asked = self._options
            if not (asked.branch and asked.repository) and which("git") is None:
                raise ConvertError(
                    "Git is not installed! Please install Git to create buildconfig, else supply "
                    "source repository and branch to use for build using '--build-repo', "
                    "'--build-branch' options respectively"
                )
            branch = asked.branch or _current_branch(self._directory)
            self._found = GitSource(asked.repository or _remote(self._directory), branch)
        return self._found


def context_directory(context: str, owner: str) -> str:
    """The directory within the repository, with a slash at its end; empty at the top.

    Raises:
        ConvertError: It is in no repository.
    """
    try:
        return _git(context, "rev-parse", "--show-prefix")
    except ConvertError as error:
        raise ConvertError(
            f"initBuildConfig failed: {owner}buildconfig cannot be created due to error in "
            f"creating build context, getAbsBuildContext failed: {error}"
        ) from error


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
        url = _git(directory, "ls-remote", "--get-url")
    except ConvertError as error:
        raise ConvertError(
            "Buildconfig cannot be created because git remote origin repo "
            f"couldn't be detected.: {error}"
        ) from error
    return url if url.endswith(".git") else f"{url}.git"


def _git(directory: str, *words: str) -> str:
    """What git says in a directory, without the end of the line.

    Raises:
        ConvertError: What it says when it fails; nothing where it cannot be run at all.
    """
    import subprocess  # needs 15 ms to load, and few conversions ask git

    try:
        done = subprocess.run(
            ["git", *words], cwd=directory, check=False, capture_output=True, text=True
        )
    except OSError as error:
        reason = "" if os.path.isdir(directory) else f"{directory} is no directory"  # noqa: PTH112 - may be a URL
        raise ConvertError(reason or str(error)) from error
    if done.returncode:
        raise ConvertError(done.stderr.strip())
    return done.stdout.rstrip("\n")
