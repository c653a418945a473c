"""`kompose config`: the canonical model as a compose file that means the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kompose.compose.tree import parse_documents
from kompose.config import config_json, config_tree, config_yaml, images
from kompose.errors import KomposeError
from tests.kompose.compose_cases import read_text
from tests.kompose.kompose_run import run_kompose

SHOP = """\
name: shop
services:
  web:
    image: nginx:${TAG:-1}
    command: sh -c 'echo $$HOME'
    ports: ["8080:80"]
    environment: {A: "1", M: "a\\nb\\n"}
    depends_on: [db]
    volumes: ["data:/d"]
  db: {image: redis}
  lonely: {build: .}
  hidden: {image: z, profiles: [p]}
volumes: {data: }
"""


def test_the_printed_file_is_yaml_of_the_same_tree(tmp_path: Path) -> None:
    tree = config_tree(read_text(SHOP, tmp_path))

    [document] = parse_documents(config_yaml(tree))

    assert document.value == tree
    assert json.loads(config_json(tree)) == tree


TEXTS = st.text(st.sampled_from("ab :#-?{}[]&*!|>'\"%@`,\n\t\r\\$=~0.1é\u2028\x07\x85"), max_size=8)


@given(text=TEXTS, name=TEXTS)
def test_any_text_survives_being_printed_and_read(text: str, name: str) -> None:
    tree = {"x-a": text, "x-b": [text, {"c": text}, [text]], "x-c": {name: text}}

    [document] = parse_documents(config_yaml(tree).encode())

    assert document.value == tree


def test_the_printed_file_read_again_is_the_same_project(tmp_path: Path) -> None:
    model = read_text(SHOP, tmp_path)

    again = read_text(config_yaml(config_tree(model)), tmp_path)

    assert again.tree == model.tree


def test_a_chosen_service_brings_what_it_depends_on(tmp_path: Path) -> None:
    tree = config_tree(read_text(SHOP, tmp_path), ["web"])

    assert list(tree["services"]) == ["web", "db"]


def test_an_unknown_service_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    model = read_text(SHOP, tmp_path)

    with pytest.raises(KomposeError, match=r"no such service: wbe\. There are: db, lonely, web"):
        config_tree(model, ["wbe"])


def test_images_are_those_used_or_built(tmp_path: Path) -> None:
    assert images(read_text(SHOP, tmp_path)) == ["nginx:1", "redis", "shop-lonely"]


def test_the_command_prints_and_ends_well(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'x:${T}'}}\n")

    outcome = run_kompose(["config"], directory=tmp_path, environment={})

    assert outcome.exit_code == 0
    assert "image: 'x:'" in outcome.stdout
    assert 'compose.yaml:1: The "T" variable is not set.' in outcome.stderr


def test_the_command_names_every_fault_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  a:\n    image: 5\n    nope: 1\n")

    outcome = run_kompose(["config", "--quiet"], directory=tmp_path, environment={})

    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert f"{tmp_path}/compose.yaml:3: validating" in outcome.stderr
    assert f"{tmp_path}/compose.yaml:2: services.a additional properties" in outcome.stderr


def test_no_interpolate_leaves_variables_alone(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'x:${T:-1}'}}\n")

    outcome = run_kompose(["config", "--no-interpolate"], directory=tmp_path, environment={})

    assert "image: x:${T:-1}" in outcome.stdout
