"""What must not be printed is not: by value."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from kompose.project import project_from_model
from kompose.secrecy import Secrecy, project_secrecy, secret_values
from tests.kompose.kompose_run import run_kompose


def a_secret(**values: str) -> dict[str, Any]:
    data = {key: b64encode(value.encode()).decode() for key, value in values.items()}
    return {"kind": "Secret", "metadata": {"name": "s"}, "data": data}


def a_deployment(image: str = "x", **variables: str) -> dict[str, Any]:
    env = [{"name": name, "value": value} for name, value in variables.items()]
    containers = [{"name": "web", "image": image, "env": env}]
    return {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def test_a_secret_is_hidden_as_it_is_and_as_it_is_encoded() -> None:
    secrecy = Secrecy([a_secret(password="hunter2")])

    assert secrecy.hide("no user hunter2 (aHVudGVyMg==)") == "no user *** (***)"


def test_a_variable_that_looks_like_a_secret_is_hidden_too() -> None:
    secrecy = Secrecy([a_deployment(DB_PASSWORD="hunter2", LEVEL="debug")])

    assert secrecy.hide("hunter2 debug") == "*** debug"


def test_a_config_that_looks_like_a_secret_is_hidden_too() -> None:
    config = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"API_TOKEN": "t-12345"}}

    assert Secrecy([config]).hide("token t-12345 is old") == "token *** is old"


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\n"

    assert Secrecy([a_secret(key=key)]).hide("bad key: MIIEvQIBADANBgkq") == "bad key: ***"


def test_short_values_and_public_names_are_left_readable() -> None:
    objects = [
        a_secret(pin="123", user="web"),
        a_deployment("postgres:16", POSTGRES_PASSWORD="postgres"),
    ]

    assert Secrecy(objects).hide("web: 123 postgres") == "web: 123 postgres"


def test_nothing_is_hidden_where_there_is_no_secret() -> None:
    assert Secrecy([a_deployment(LEVEL="debug")]).hide("debug") == "debug"


def test_every_value_of_a_secret_counts_however_short() -> None:
    assert secret_values(a_secret(pin="1")) == {"1", "MQ=="}


def test_a_compose_project_has_the_secrets_of_its_files_and_variables(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("hunter2\n")
    model = {
        "services": {"web": {"image": "x", "environment": {"API_TOKEN": "t-12345", "A": "words"}}},
        "secrets": {"pw": {"file": str(tmp_path / "pw")}, "gone": {"file": "/nowhere"}},
    }
    secrecy = project_secrecy(project_from_model(model, str(tmp_path), {}))

    assert secrecy.hide("words: hunter2, t-12345") == "words: ***, ***"


@pytest.mark.parametrize(
    ("compose", "dotenv"),
    [
        ("", "DB_PASSWORD='hunter2\n"),
        ("", "DB-A=1\nA B=1\nAPI_TOKEN=hunter2\n"),
        ("", "DB_PASSWORD=hunter2${\n"),
        ("environment: {DB_PASSWORD: 'hunter2${'}", ""),
        ("environment: ['DB_PASSWORD=hunter2${']", ""),
        ("command: 'connect postgres://me:hunter2@db/${'", ""),
        ("env_file: {path: b.env, format: raw}", ""),
    ],
)
@pytest.mark.parametrize("command", ["convert", "config"])
def test_a_message_about_a_broken_file_quotes_no_secret(
    tmp_path: Path, command: str, compose: str, dotenv: str
) -> None:
    (tmp_path / "compose.yaml").write_text(f"services:\n  a:\n    image: x\n    {compose}\n")
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "b.env").write_text("A%B=1\nDB_PASSWORD=hunter2\n")

    outcome = run_kompose([command], directory=tmp_path, environment={})

    assert outcome.exit_code == 1
    assert "hunter2" not in outcome.stderr
