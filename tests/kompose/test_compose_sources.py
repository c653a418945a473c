"""Where a model came from: its files, its variables and the lines of its values."""

from __future__ import annotations

from pathlib import Path

import pytest

from kompose.errors import ComposeError
from tests.kompose.compose_cases import read_text


def test_a_model_names_every_file_it_came_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TAG=1\n")
    (tmp_path / "web.env").write_text("A=1\n")
    (tmp_path / "base.yaml").write_text("services: {b: {image: x}}\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "compose.yaml").write_text("services: {c: {image: y}}\n")
    (tmp_path / "more" / ".env").write_text("B=1\n")

    model = read_text(
        "include: [more/compose.yaml]\n"
        "services:\n"
        "  a: {extends: {file: base.yaml, service: b}, env_file: web.env, secrets: [s]}\n"
        "secrets: {s: {file: s.txt}}\n",
        tmp_path,
    )

    names = {str(Path(file).relative_to(tmp_path)) for file in model.sources}
    assert names == {
        *(".env", "compose.yaml", "base.yaml", "web.env", "s.txt"),
        *("more/compose.yaml", "more/.env"),
    }


def test_a_value_has_the_line_where_it_is_written(tmp_path: Path) -> None:
    model = read_text(
        "x-base: &base\n  restart: always\nservices:\n  web:\n    <<: *base\n    image: x\n"
        "    ports:\n      - '80:80'\n      - '81:81'\n",
        tmp_path,
    )

    def line(*path: str | int) -> int:
        position = model.position(path)
        assert position is not None
        return position.line

    assert line("services", "web", "image") == 6
    assert line("services", "web", "ports", 1) == 9
    assert line("services", "web", "restart") == 4
    assert line("nowhere") == 1


def test_the_environment_wins_over_the_project_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TAG=file\nOTHER=file\n")

    model = read_text("services: {a: {image: '${TAG}-${OTHER}'}}\n", tmp_path, TAG="shell")

    assert model.tree["services"]["a"]["image"] == "shell-file"


def test_a_config_by_variable_has_content_and_a_secret_never_shows_one(tmp_path: Path) -> None:
    model = read_text(
        "services: {a: {image: x, configs: [c], secrets: [s]}}\n"
        "configs: {c: {environment: C}}\nsecrets: {s: {environment: S}}\n",
        tmp_path,
        C="content",
        S="hidden",
    )

    assert model.config_content("c") == "content"
    assert "hidden" not in repr(model.tree)


def test_the_project_file_is_left_alone_when_the_environment_says_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TAG=1\n")
    text = "services: {a: {image: 'x:${TAG:-none}'}}\n"

    off = read_text(text, tmp_path, COMPOSE_DISABLE_ENV_FILE="true")
    on = read_text(text, tmp_path, COMPOSE_DISABLE_ENV_FILE="0")

    assert off.tree["services"]["a"]["image"] == "x:none"
    assert on.tree["services"]["a"]["image"] == "x:1"
    with pytest.raises(ComposeError, match='ParseBool: parsing "off"'):
        read_text(text, tmp_path, COMPOSE_DISABLE_ENV_FILE="off")


def test_an_env_file_sees_the_environment_before_the_service(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("B=$A\nD=$C\n")
    text = "services: {a: {image: x, env_file: a.env, environment: {A: own, C: own}}}\n"

    found = read_text(text, tmp_path, A="given").tree["services"]["a"]["environment"]

    assert (found["B"], found["D"]) == ("given", "own")


def test_a_name_that_the_environment_gives_needs_none_of_the_file(tmp_path: Path) -> None:
    text = "name: '!'\nservices: {a: {image: x}}\n"

    model = read_text(text, tmp_path, COMPOSE_PROJECT_NAME="given")

    assert model.name == "given"
