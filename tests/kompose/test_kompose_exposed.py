"""Values that look like secrets are named, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from kompose.exposed import exposed_values
from kompose.suspicion import looks_like_a_secret
from tests.kompose.compose_cases import read_text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PASSWORD", "hunter2"),
        ("api_key", "abc123"),
        ("GITHUB_TOKEN", "x1"),
        ("DATABASE_URL", "postgres://app:hunter2@db/app"),
        ("CERT", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("ANYTHING", "AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_a_secret_is_known_by_name_or_form(name: str, value: str) -> None:
    assert looks_like_a_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PASSWORD", ""),
        ("POSTGRES_PASSWORD_FILE", "db-password"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("TOKENIZER", "bpe"),
        ("REQUIRE_TOKEN", "true"),
        ("URL", "http://example.com:80/a@b"),
    ],
)
def test_what_only_sounds_like_one_is_left_alone(name: str, value: str) -> None:
    assert not looks_like_a_secret(name, value)


def test_a_finding_has_a_place_and_not_the_value(tmp_path: Path) -> None:
    model = read_text(
        "services:\n  db:\n    image: x\n    environment:\n      DB_PASSWORD: hunter2\n", tmp_path
    )

    [finding] = exposed_values(model)

    assert str(finding).startswith(
        f"{tmp_path}/compose.yaml:5: services.db.environment.DB_PASSWORD looks like a secret"
    )
    assert "hunter2" not in str(finding)
