"""What the loader says of files that are no compose files: one sentence, with a place."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kompose.compose.read import FileSelection, read_model
from kompose.errors import ComposeError
from tests.kompose.compose_cases import read_text


def fault(text: str, directory: Path, **environment: str) -> ComposeError:
    """The error that a compose file of this text gives."""
    with pytest.raises(ComposeError) as caught:
        read_text(text, directory, **environment)
    return caught.value


def test_every_unknown_key_is_found_at_once_with_its_line(tmp_path: Path) -> None:
    error = fault(
        "services:\n  web:\n    image: nginx\n    imgae: x\n"
        "    deploy:\n      replica: 2\nnope: 1\n",
        tmp_path,
    )

    file = tmp_path / "compose.yaml"
    assert str(error) == (
        f"validating {file}: services.web.deploy additional properties 'replica' not allowed"
    )
    assert [(o.message, o.position and o.position.line) for o in error.others] == [
        ("services.web additional properties 'imgae' not allowed", 4),
        ("additional properties 'nope' not allowed", 7),
    ]
    assert error.position is not None
    assert error.position.line == 6


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("services:\n  a: {image: '${A?}'}\n  b: {image: '${B?}'}\n", [2, 3]),
        ("services:\n  a:\n    image: x\n    ports: [x]\n    devices: ['a:b:c:d']\n", [4, 5]),
        ("services:\n  a:\n    image: x\n    mem_limit: x\n    shm_size: y\n", [4, 5]),
        ("services: {a: {image: x}}\nsecrets:\n  s: {name: n}\n  t: {name: n}\n", [3, 4]),
        ("services:\n  a:\n    image: x\n    networks:\n    - n\n    - m\n", [5, 6]),
        ("services:\n  a: {command: x}\n  b:\n    image: x\n    depends_on: [c]\n", [2, 5]),
    ],
)
def test_each_pass_tells_all_that_it_finds_with_its_lines(
    text: str, lines: list[int], tmp_path: Path
) -> None:
    error = fault(text, tmp_path)

    places = [error.position, *(other.position for other in error.others)]
    assert [place.line for place in places if place is not None] == lines


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("services:\n  web:\n    image: 5\n", "services.web.image must be a string", 3),
        (
            "services:\n  web:\n    ports: 80\n    image: x\n",
            "services.web.ports must be a array",
            3,
        ),
        ("services:\n  web: {image: x, cgroup: y}\n", "value must be one of 'host', 'private'", 2),
        ("services:\n  a:\n    image: x\n    ports: ['80:']\n", "No port specified: 80:<empty>", 4),
        ("services:\n  a:\n    image: ${X:?no}\n", "required variable X is missing a value: no", 3),
        ("services:\n  a:\n    image: x\n    mem_limit: abc\n", "invalid size: 'abc'", 4),
        ("services:\n  a:\n    image: x\n    depends_on: [b]\n", "depends on undefined", 4),
        ("services:\n  a:\n    command: x\n", "neither an image nor a build context", 2),
    ],
)
def test_a_fault_has_the_original_words_and_a_line(
    text: str, message: str, line: int, tmp_path: Path
) -> None:
    error = fault(text, tmp_path)

    assert message in str(error)
    assert error.position is not None
    assert error.position.line == line


def test_a_warning_has_a_line(tmp_path: Path) -> None:
    model = read_text("services:\n  a:\n    image: x:${TAG}\n", tmp_path)

    [warning] = model.warnings
    assert str(warning) == (
        f'{tmp_path}/compose.yaml:3: The "TAG" variable is not set. Defaulting to a blank string.'
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty compose file"),
        (b"hello", "cannot unmarshal !!str `hello` into cli.named"),
        (b"- a\n- b\n", "cannot unmarshal !!seq into cli.named"),
        (b"services: {a: [}\n", "did not find expected node content"),
        (b"services:\n  a: *x\n", "unknown anchor 'x' referenced"),
        (b"\xff\xfe\xfa", "yaml: "),
        (b"services:\n  a: &a {b: *a}\n", "anchor 'a' value contains itself"),
        (b"services: " + b"[" * 5000 + b"]" * 5000, "exceeded max depth"),
        (b"services: {1: {image: x}}", "non-string key in services: 1"),
    ],
)
def test_what_is_not_compose_is_refused_in_one_sentence(
    content: bytes, message: str, tmp_path: Path
) -> None:
    selection = FileSelection(("-",), content, tmp_path)

    with pytest.raises(ComposeError) as caught:
        read_model(selection, {})

    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ComposeError) as caught:
        read_model(FileSelection(("nope.yaml",), None, tmp_path), {})

    assert str(caught.value) == f"open {tmp_path}/nope.yaml: no such file or directory"


def test_a_long_chain_of_extends_is_followed_without_end_of_stack(tmp_path: Path) -> None:
    services = ["  s0: {image: x}"]
    services += [f"  s{n}: {{extends: s{n - 1}}}" for n in range(1, 1500)]

    model = read_text("services:\n" + "\n".join(reversed(services)), tmp_path)

    assert model.tree["services"]["s1499"]["image"] == "x"


KEYS = st.sampled_from(
    (
        "services",
        "web",
        "db",
        "image",
        "build",
        "ports",
        "volumes",
        "environment",
        "deploy",
        "networks",
        "extends",
        "include",
        "x-a",
        "depends_on",
        "healthcheck",
        "test",
        "command",
        "labels",
        "env_file",
        "secrets",
        "configs",
        "name",
        "profiles",
        "resources",
        "limits",
        "memory",
        "cpus",
        "replicas",
        "external",
        "file",
        "<<",
    )
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 99999),
    st.floats(allow_nan=True),
    st.text(max_size=6),
    st.sampled_from(
        ["80:80", "./a:/b", "${X}", "$", "${X:?e}", "10s", "64m", "service:db", "nginx"]
    ),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
COMPOSE = st.dictionaries(
    st.sampled_from(["services", "networks", "volumes", "secrets", "configs", "name", "include"]),
    st.dictionaries(st.sampled_from(["web", "db"]), st.dictionaries(KEYS, TREES, max_size=5))
    | TREES,
)


@given(tree=COMPOSE | TREES)
def test_no_tree_whatever_gives_a_traceback(
    tree: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = json.dumps(tree).replace("NaN", ".nan").replace("Infinity", ".inf").encode()
    selection = FileSelection(("-",), text, tmp_path_factory.getbasetemp())

    with contextlib.suppress(ComposeError):
        read_model(selection, {"X": "y"})


@given(text=st.text(alphabet="abc:-{}[]&*!<#'\"\\|> \n\t$", max_size=60))
def test_no_text_whatever_gives_a_traceback(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    selection = FileSelection(("-",), text.encode(), tmp_path_factory.getbasetemp())

    with contextlib.suppress(ComposeError):
        read_model(selection, {})


@pytest.mark.parametrize(
    "line",
    [
        "ports: ['" + "9" * 5000 + ":80']",
        "stop_grace_period: " + "9" * 5000 + "s",
        "scale: '" + "9" * 5000 + "'",
        "mem_limit: " + "9" * 5000,
        "secrets: [{source: s, mode: .inf}]",
        "cpus: .inf",
        "oom_score_adj: .nan",
    ],
)
def test_numbers_beyond_all_bounds_give_no_traceback(line: str, tmp_path: Path) -> None:
    with contextlib.suppress(ComposeError):
        read_text(
            f"services:\n  a:\n    image: x\n    {line}\nsecrets: {{s: {{file: s}}}}\n", tmp_path
        )


@pytest.mark.parametrize("path", ["x" * 300, "a\\0b", "/proc/self/mem", "/"])
@pytest.mark.parametrize(
    "shape",
    [
        'include: ["PATH"]\nservices: {a: {image: x}}\n',
        'include: [{path: PATH, project_directory: "PATH"}]\n',
        'include: [{path: x.yaml, env_file: "PATH"}]\n',
        'services: {a: {image: x, env_file: "PATH"}}\n',
        'services: {a: {image: x, label_file: "PATH"}}\n',
        'services: {a: {image: x, extends: {file: "PATH", service: b}}}\n',
    ],
)
def test_a_path_that_cannot_be_read_is_one_sentence(shape: str, path: str, tmp_path: Path) -> None:
    assert str(fault(shape.replace("PATH", path), tmp_path))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("services:\n  a:\n    image: x\n    env_file:\n    - here.env\n    - gone.env\n", 6),
        ("services:\n  a:\n    image: x\n    label_file: gone.label\n", 4),
        ("services: {a: {image: x}}\ninclude:\n- gone.yaml\n", 3),
        ("services: {a: {image: x}}\ninclude:\n- {path: compose.yaml}\n", 3),
        ("services:\n  a:\n    extends: {service: a, file: gone.yaml}\n", 3),
        ("services:\n  a:\n    extends: {service: a, file: here.env}\n", 3),
        ("services:\n  a:\n    image: \x00\n", 3),
    ],
)
def test_a_file_that_cannot_be_had_is_told_where_it_is_asked_for(
    text: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / "here.env").mkdir() if "extends" in text else (tmp_path / "here.env").touch()

    error = fault(text, tmp_path)

    assert error.position == (str(tmp_path / "compose.yaml"), line)


def test_a_fault_in_an_environment_file_has_the_line_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=1\n# comment\n*=2\n")

    error = fault("services: {a: {image: x, env_file: a.env}}\n", tmp_path)

    assert error.position == (str(tmp_path / "a.env"), 3)


@pytest.mark.parametrize("number", ["inf", "'-inf'", "nan", "1e400", ".inf"])
def test_an_amount_without_end_is_refused(number: str, tmp_path: Path) -> None:
    error = fault(
        "services:\n  a:\n    image: x\n"
        f"    deploy: {{resources: {{limits: {{cpus: {number}}}}}}}\n",
        tmp_path,
    )

    assert error.position is not None
    assert error.position.line == 4
