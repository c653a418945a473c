"""`kompose config`: the canonical model as a compose file that means the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kompose.compose.tree import parse_documents
from kompose.config import config_json, config_tree, config_yaml
from kompose.config_lists import hashes, images, names
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


def test_json_shows_the_whole_tree_and_yaml_all_but_what_nobody_said(tmp_path: Path) -> None:
    tree = config_tree(read_text("services: {a: {image: x, command: y}}\n", tmp_path))

    [document] = parse_documents(config_yaml(tree))

    assert json.loads(config_json(tree)) == tree
    assert tree["services"]["a"]["entrypoint"] is None
    assert document.value["services"]["a"] == {
        "command": ["y"],
        "image": "x",
        "networks": {"default": None},
    }


def test_keys_stand_in_the_order_of_the_original(tmp_path: Path) -> None:
    text = (
        "services:\n  b: {image: x, ports: ['1:2'], cpu_shares: 1, environment: {A10: a, A9: b}}\n"
    )

    shown = config_yaml(config_tree(read_text(text, tmp_path)))

    names = [line.strip("- ").partition(":")[0] for line in shown.splitlines()]
    assert names[3:14] == [
        *("cpu_shares", "environment", "A9", "A10", "image", "networks", "default", "ports"),
        *("mode", "target", "published"),
    ]


def test_extensions_are_kept_in_yaml_wherever_they_stand(tmp_path: Path) -> None:
    text = (
        "x-top: {b: 1}\n"
        "services:\n  a:\n    image: x\n    x-mine: [1, {c: d}]\n"
        "    ports: [{target: 80, x-why: because}]\n"
        "models: {m: {model: ai/m}}\n"
    )

    tree = config_tree(read_text(text, tmp_path))
    [document] = parse_documents(config_yaml(tree))

    service = document.value["services"]["a"]
    assert document.value["x-top"] == {"b": 1}
    assert service["x-mine"] == [1, {"c": "d"}]
    assert service["ports"][0]["x-why"] == "because"
    assert document.value["models"] == {"m": {"model": "ai/m"}}
    assert "x-mine" not in config_json(tree)


def test_json_hides_what_a_browser_would_take_for_markup(tmp_path: Path) -> None:
    tree = config_tree(read_text("services: {a: {image: x, user: '<&>'}}\n", tmp_path))

    assert '"user": "\\u003c\\u0026\\u003e"' in config_json(tree)


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
    assert outcome.stderr.splitlines() == [
        f"ERRO {tmp_path}/compose.yaml:4: services.a additional properties 'nope' not allowed",
        f"FATA Unable to load files: {tmp_path}/compose.yaml:3: services.a.image must be a string",
    ]


def test_no_interpolate_leaves_variables_alone(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'x:${T:-1}'}}\n")

    outcome = run_kompose(["config", "--no-interpolate"], directory=tmp_path, environment={})

    assert "image: x:${T:-1}" in outcome.stdout


def test_no_interpolate_leaves_what_only_a_variable_makes_valid(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {a: {image: x, ports: ['${P}:80'], tty: '${T}', volumes: ['${V}:/x']}}\n"
    )

    outcome = run_kompose(["config", "--no-interpolate"], directory=tmp_path, environment={})

    assert outcome.exit_code == 0, outcome.stderr
    assert "- ${P}:80" in outcome.stdout
    assert "tty: ${T}" in outcome.stdout


def test_services_are_listed_after_those_that_they_need(tmp_path: Path) -> None:
    assert names(read_text(SHOP, tmp_path), "services") == ["db", "lonely", "web"]


def test_a_hash_changes_with_what_runs_and_not_with_how_many(tmp_path: Path) -> None:
    def hash_of(service: str) -> str:
        [line] = hashes(read_text(f"name: n\nservices: {{a: {service}}}\n", tmp_path), "a")
        return line

    assert hash_of("{image: x, scale: 3, pull_policy: always}") == hash_of("{image: x}")
    assert hash_of("{image: y}") != hash_of("{image: x}")


def test_variables_are_listed_with_what_stands_for_them(tmp_path: Path) -> None:
    text = "services: {a: {image: '${A:-${B?}}$C', user: '${D:+alt}', environment: {E: '$A'}}}\n"
    (tmp_path / "compose.yaml").write_text(text)

    outcome = run_kompose(["config", "--variables"], directory=tmp_path, environment={})

    assert outcome.stdout.splitlines() == [
        "NAME   REQUIRED   DEFAULT VALUE   ALTERNATE VALUE",
        "A      false      ${B?}",
        "B      true",
        "C      false",
        "D      false                      alt",
    ]


@pytest.mark.parametrize(
    ("flag", "line"),
    [
        ("--environment", "A=1"),
        ("--models", "m"),
        ("--no-env-resolution", "    environment:"),
        ("--no-path-resolution", "      - path: a.env"),
        ("--no-consistency", "      - type: volume"),
    ],
)
def test_what_is_left_out_or_listed(flag: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("SEEN=1\n")
    (tmp_path / "compose.yaml").write_text(
        "services: {a: {image: x, env_file: a.env, environment: {B: b}}}\nmodels: {m: {model: x}}\n"
    )
    if flag == "--no-consistency":
        (tmp_path / "compose.yaml").write_text("services: {a: {image: x, volumes: ['v:/x']}}\n")

    outcome = run_kompose(["config", flag], directory=tmp_path, environment={"A": "1"})

    assert line in outcome.stdout.splitlines(), outcome.stderr
    assert ("SEEN" in outcome.stdout) == (flag == "--no-path-resolution")
