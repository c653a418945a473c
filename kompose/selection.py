"""Which compose files a run reads."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kompose.report import ConvertError

_DEFAULT_NAMES = (
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
)
_OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


def select_files(
    asked: Sequence[str],
    environment: Mapping[str, str],
    here: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[str, ...]:
    """The files, in the order of merging: those asked for, or the first default name here.

    `tell` hears of default names that are not there.

    The variable COMPOSE_FILE is split on blanks, as the original does.

    Raises:
        ConvertError: There is none.
    """
    files = tuple(asked) or tuple(environment.get("COMPOSE_FILE", "").split())
    if files:
        return files
    for name in _DEFAULT_NAMES:
        if (here / name).exists():
            return (name,)
        tell(f"'{name}' not found: stat {name}: no such file or directory")
    raise ConvertError(
        "Error validating compose file: "
        "No compose or docker-compose yaml file found in the current directory"
    )


def select_files_as_compose(
    asked: Sequence[str], environment: Mapping[str, str], here: Path
) -> tuple[str, ...]:
    """The files that docker compose would read, in the order of merging.

    Those asked for; else those of COMPOSE_FILE, between colons or what COMPOSE_PATH_SEPARATOR
    says; else the first default name here or in the next directory above that has one, with the
    override file beside it.

    Raises:
        ConvertError: There is none.
    """
    if asked:
        return tuple(asked)
    text = environment.get("COMPOSE_FILE", "")
    separator = environment.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
    if separator in text or (text and (here / text).exists()):
        return tuple(part for part in text.split(separator) if part)
    if not text:
        for folder in (here, *here.resolve().parents):
            found = _first(folder, _DEFAULT_NAMES)
            if found:
                files = (*found, *_first(folder, _OVERRIDE_NAMES))
                return tuple(name if folder == here else str(folder / name) for name in files)
    return select_files((), environment, here)


def _first(folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The first of these names that is in a folder, if any."""
    return next(((name,) for name in names if (folder / name).exists()), ())


def project_directory(files: Sequence[str], here: Path) -> Path:
    """Where relative paths of the files start: beside the first one."""
    first = files[0]
    return here if first == "-" else (here / first).parent.resolve()
