"""What each pass of the loader promises, on small projects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kompose.compose.read import FileSelection, ReadOptions, read_model
from kompose.compose.shell_words import split_words
from kompose.errors import ComposeError
from tests.kompose.compose_cases import read_text


def services(text: str, directory: Path, **environment: str) -> dict[str, Any]:
    """The services of a file's model."""
    found: dict[str, Any] = read_text(text, directory, **environment).tree["services"]
    return found


def test_text_becomes_what_its_place_needs(tmp_path: Path) -> None:
    found = services(
        "services:\n  a:\n    image: x\n    privileged: '${P}'\n    cpus: '0.5'\n"
        "    healthcheck: {retries: '3'}\n    scale: '2'\n    pids_limit: '7'\n",
        tmp_path,
        P="true",
    )["a"]

    assert (found["privileged"], found["cpus"], found["scale"]) == (True, 0.5, 2)
    assert (found["healthcheck"]["retries"], found["pids_limit"]) == (3, 7)


def test_an_old_truth_is_taken_with_a_warning(tmp_path: Path) -> None:
    model = read_text("services: {a: {image: x, tty: on}}\n", tmp_path)

    assert model.tree["services"]["a"]["tty"] is True
    assert [w.message for w in model.warnings] == [
        '"on" for boolean is not supported by YAML 1.2, please use `true`'
    ]


def test_without_interpolation_variables_stay(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("services: {a: {image: 'x:${TAG}', ports: ['${P}:80']}}\n")

    with pytest.raises(ComposeError, match=r"'services\[a\]\.ports\[0\]' expected a map"):
        read_model(FileSelection(("c.yaml",), None, tmp_path), {}, ReadOptions(interpolate=False))


def test_a_base_in_another_file_keeps_its_own_paths(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.yaml").write_text(
        "services:\n  root: {image: r, environment: {A: root, B: root}}\n"
        "  b: {extends: root, build: ./ctx, volumes: ['./d:/d'], environment: {A: b}}\n"
    )

    found = services(
        "services:\n  a:\n    extends: {file: sub/base.yaml, service: b}\n    image: own\n",
        tmp_path,
    )["a"]

    assert found["image"] == "own"
    assert found["build"]["context"] == f"{tmp_path}/sub/ctx"
    assert found["volumes"][0]["source"] == f"{tmp_path}/sub/d"
    assert found["environment"] == {"A": "b", "B": "root"}


def test_an_inclusion_has_its_own_directory_and_variables(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "compose.yaml").write_text(
        "services: {db: {image: 'pg:${V}', volumes: ['./data:/d']}}\n"
    )
    (tmp_path / "db" / ".env").write_text("V=9\n")

    found = services(
        "include: [db/compose.yaml]\nservices: {web: {image: x, depends_on: [db]}}\n", tmp_path
    )

    assert found["db"]["image"] == "pg:9"
    assert found["db"]["volumes"][0]["source"] == f"{tmp_path}/db/data"


def test_files_that_include_each_other_are_refused_with_the_way_round(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("include: [compose.yaml]\n")

    with pytest.raises(ComposeError) as caught:
        read_text("include: [b.yaml]\nservices: {}\n", tmp_path)

    assert str(caught.value) == (
        f"include cycle detected:\n{tmp_path}/compose.yaml\n include {tmp_path}/b.yaml\n"
        f" include {tmp_path}/compose.yaml"
    )


def test_services_that_extend_each_other_are_refused_with_the_way_round(tmp_path: Path) -> None:
    with pytest.raises(ComposeError) as caught:
        read_text("services:\n  a: {extends: b}\n  b: {extends: a}\n", tmp_path)

    file = tmp_path / "compose.yaml"
    assert str(caught.value) == (
        f"Circular reference:\n  a in {file}\n  extends b in {file}\n  extends a in {file}"
    )


def test_later_files_go_over_earlier_ones_and_the_first_gives_the_directory(
    tmp_path: Path,
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.yaml").write_text("services: {web: {image: x, ports: ['80:80']}}\n")
    (tmp_path / "b.yaml").write_text(
        "services: {web: {image: y, ports: ['80:80', '81:81'], volumes: ['./d:/d']}}\n"
    )

    model = read_model(FileSelection(("one/a.yaml", "b.yaml"), None, tmp_path), {})

    web = model.tree["services"]["web"]
    assert model.working_dir == tmp_path / "one"
    assert web["image"] == "y"
    assert [port["published"] for port in web["ports"]] == ["80", "81"]
    assert web["volumes"][0]["source"] == f"{tmp_path}/one/d"


def test_standard_input_is_a_file_of_the_current_directory(tmp_path: Path) -> None:
    model = read_model(FileSelection(("-",), b"services: {a: {image: x, build: .}}", tmp_path), {})

    assert model.tree["services"]["a"]["build"]["context"] == str(tmp_path)


def test_services_of_other_profiles_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "services:\n  a: {image: x}\n"
        "  b: {image: x, profiles: [p]}\n  c: {image: x, profiles: [q]}\n"
    )
    selection = FileSelection(("c.yaml",), None, tmp_path)

    model = read_model(selection, {}, ReadOptions(profiles=("p",)))

    assert list(model.tree["services"]) == ["a", "b"]
    assert model.disabled_services == ("c",)


def test_shared_namespaces_and_links_are_dependencies(tmp_path: Path) -> None:
    found = services(
        "services:\n  a: {image: x, network_mode: 'service:b', volumes_from: [c], links: [d]}\n"
        "  b: {image: x}\n  c: {image: x}\n  d: {image: x}\n",
        tmp_path,
    )

    assert {name: how.get("restart") for name, how in found["a"]["depends_on"].items()} == {
        "b": True,
        "c": None,
        "d": True,
    }


@pytest.mark.parametrize(
    ("project", "name"),
    [("My Shop.2", "myshop2"), ("-x", "x"), ("_A-b_", "a-b_")],
)
def test_a_name_in_the_file_is_made_lawful(project: str, name: str, tmp_path: Path) -> None:
    assert read_text(f"name: '{project}'\nservices: {{a: {{image: x}}}}\n", tmp_path).name == name


def test_a_name_asked_for_must_be_lawful(tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match='invalid project name "Zed"'):
        read_text("services: {a: {image: x}}\n", tmp_path, COMPOSE_PROJECT_NAME="Zed")


def test_env_files_see_the_service_and_one_another(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=1\nB=${OWN}\n")
    (tmp_path / "b.env").write_text("C=${A}-${SHELL_VALUE}\nOWN=file\n")

    found = services(
        "services: {a: {image: x, env_file: [a.env, b.env], environment: {OWN: own}}}\n",
        tmp_path,
        SHELL_VALUE="s",
    )["a"]

    assert found["environment"] == {"A": "1", "B": "own", "C": "1-s", "OWN": "own"}


def test_a_tilde_is_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    found = services("services: {a: {image: x, volumes: ['~/d:/d']}}\n", tmp_path)

    assert found["a"]["volumes"][0]["source"] == "/home/me/d"


@pytest.mark.parametrize(
    ("line", "words", "unread"),
    [
        ("a 'b c' \"d e\"", ["a", "b c", "d e"], ""),
        ("a\\ b \\'x", ["a b", "'x"], ""),
        ("'it''s' \"\"", ["its", ""], ""),
        ("tab\\there", ["tabthere"], ""),
        ('\'a\\b\' "c\\"d"', ["a\\b", 'c"d'], ""),
        ("echo $(date -u) `x y`", ["echo", "$(date -u)", "`x y`"], ""),
        ("", [], ""),
        ("npm install && npm start", ["npm", "install"], "&& npm start"),
        ("run 2>err", ["run"], ">err"),
        ("sh -c 'a && b'", ["sh", "-c", "a && b"], ""),
    ],
)
def test_a_command_line_is_taken_apart(line: str, words: list[str], unread: str) -> None:
    assert split_words(line) == (words, unread)


@pytest.mark.parametrize("line", ["'open", 'x "y', "(a)", "end\\", "a)"])
def test_a_command_line_with_a_loose_end_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="invalid command line string"):
        split_words(line)


def test_a_command_that_is_cut_is_told(tmp_path: Path) -> None:
    model = read_text("services: {a: {image: x, command: make && make install}}\n", tmp_path)

    assert model.tree["services"]["a"]["command"] == ["make"]
    [warning] = model.warnings
    assert 'services.a.command is no shell line: "&& make install" is left out.' in str(warning)


def test_labels_come_from_files_and_yield_to_those_written(tmp_path: Path) -> None:
    (tmp_path / "l.label").write_text("A=file\nB=file\n")

    found = services("services: {a: {image: x, label_file: l.label, labels: {B: own}}}\n", tmp_path)

    assert found["a"]["labels"] == {"A": "file", "B": "own"}


def test_a_fault_on_standard_input_names_it_so(tmp_path: Path) -> None:
    with pytest.raises(ComposeError) as caught:
        read_model(FileSelection(("-",), b"nope: 1\nservices: {}\n", tmp_path), {})

    assert str(caught.value) == "validating -:  additional properties 'nope' not allowed"


def test_a_variable_behind_an_escape_is_replaced_too(tmp_path: Path) -> None:
    found = services('services: {a: {image: "x:\\x24{TAG}"}}\n', tmp_path, TAG="7")

    assert found["a"]["image"] == "x:7"


def test_absolute_paths_stay_as_they_are_written(tmp_path: Path) -> None:
    found = services(
        "services:\n  a:\n    image: x\n    volumes: ['/a/:/b', './c/../d/:/e']\n", tmp_path
    )["a"]

    assert [mount["source"] for mount in found["volumes"]] == ["/a/", str(tmp_path / "d")]


def test_a_watched_path_is_followed_to_where_its_link_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    found = services(
        "services:\n  a:\n    image: x\n    develop: {watch: [{path: link/s, action: rebuild}]}\n",
        tmp_path,
    )["a"]

    assert found["develop"]["watch"][0]["path"] == str(tmp_path.resolve() / "real" / "s")


def test_a_secret_needs_a_source_even_with_a_driver(tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match="must declare either `file` or `environment`") as fault:
        read_text("services: {a: {image: x}}\nsecrets:\n  s: {driver: d}\n", tmp_path)

    assert fault.value.position is not None
    assert fault.value.position.line == 3


def test_an_inclusion_seeks_its_own_inclusions_where_its_project_would_be(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("services: {c: {image: c, build: ./ctx}}\n")
    (tmp_path / "sub.yaml").write_text("include: [../inner.yaml]\n")

    found = services(
        "include: [{path: sub.yaml, project_directory: not-there}]\nservices: {a: {image: x}}\n",
        tmp_path,
    )

    assert found["c"]["build"]["context"] == str(tmp_path / "ctx")


def test_the_same_label_of_a_volume_in_two_files_is_one(tmp_path: Path) -> None:
    text = "services: {a: {image: x}}\nvolumes: {v: {labels: [a=1]}}\n"
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(text)

    model = read_model(FileSelection(("one.yaml", "two.yaml"), None, tmp_path), {})

    assert model.tree["volumes"]["v"]["labels"] == {"a": "1"}
