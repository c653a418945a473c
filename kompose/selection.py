"""Which compose files a run reads."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kompose.report import ConvertError

_DEFAULT_NAMES = (
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
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


def project_directory(files: Sequence[str], here: Path) -> Path:
    """Where relative paths of the files start: beside the first one."""
    first = files[0]
    return here if first == "-" else (here / first).parent.resolve()
