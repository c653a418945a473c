"""Which files a run reads when none is named, mended: those that docker compose would."""

from __future__ import annotations

from pathlib import Path

import pytest

from kompose.report import ConvertError
from kompose.selection import select_files, select_files_as_compose


def laid_out(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


def test_an_override_file_lies_over_the_file_beside_it(tmp_path: Path) -> None:
    here = laid_out(tmp_path, "docker-compose.yml", "docker-compose.override.yml")

    assert select_files_as_compose((), {}, here) == (
        "docker-compose.yml",
        "docker-compose.override.yml",
    )
    assert select_files((), {}, here) == ("docker-compose.yml",)


def test_files_that_are_named_are_all(tmp_path: Path) -> None:
    here = laid_out(tmp_path, "compose.yaml", "compose.override.yaml")

    assert select_files_as_compose(("a.yaml",), {"COMPOSE_FILE": "b.yaml"}, here) == ("a.yaml",)


def test_the_directories_above_are_looked_into(tmp_path: Path) -> None:
    above = laid_out(tmp_path, "compose.yaml", "compose.override.yaml")
    here = above / "src" / "web"
    here.mkdir(parents=True)

    assert select_files_as_compose((), {}, here) == (
        str(above / "compose.yaml"),
        str(above / "compose.override.yaml"),
    )


@pytest.mark.parametrize(
    ("environment", "files"),
    [
        ({"COMPOSE_FILE": "a.yaml:b.yaml"}, ("a.yaml", "b.yaml")),
        ({"COMPOSE_FILE": "a.yaml;b.yaml", "COMPOSE_PATH_SEPARATOR": ";"}, ("a.yaml", "b.yaml")),
        ({"COMPOSE_FILE": "a b.yaml"}, ("a b.yaml",)),
        ({"COMPOSE_FILE": "a.yaml b.yaml"}, ("a.yaml", "b.yaml")),
    ],
)
def test_the_variable_names_files(
    tmp_path: Path, environment: dict[str, str], files: tuple[str, ...]
) -> None:
    here = laid_out(tmp_path, "a.yaml", "b.yaml", "a b.yaml", "compose.override.yaml")

    assert select_files_as_compose((), environment, here) == files


def test_without_any_file_the_words_are_the_originals(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="No compose or docker-compose yaml file found"):
        select_files_as_compose((), {}, tmp_path)
