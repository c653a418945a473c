"""What no cluster takes: mended, it is left out with a word, or refused where it was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kompose.manifests.names import is_host, is_label_key, is_label_value, object_name
from tests.kompose.kompose_run import Outcome, run_kompose


def _mended(directory: Path, service: dict[str, Any]) -> Outcome:
    project = {"services": {"web": {"image": "x", **service}}}
    (directory / "compose.yaml").write_text(json.dumps(project))
    line = ["convert", "--stdout", "--mend", "--with-kompose-annotation=false"]
    return run_kompose(line, directory=directory, environment={})


@pytest.mark.parametrize(
    ("label", "value", "wanted"),
    [
        ("kompose.cronjob.schedule", "now and then", "five fields, such as '*/10 * * * *'"),
        ("kompose.hpa.replicas.min", "0", "at least 1"),
        ("kompose.image-pull-secret", "My Key", "the name of an object: small letters, digits, '"),
        ("kompose.security-context.fsgroup", "-1", "the number of a group"),
        ("kompose.service.expose", "Shop_1.org", "'true' or the names of hosts, in small letters"),
        ("kompose.service.healthcheck.readiness.interval", "-1s", "not negative"),
        ("kompose.service.healthcheck.readiness.tcp_port", "70000", "the number of a port"),
        ("kompose.volume.size", "0", "more than nought"),
        ("kompose.volume.subpath", "../up", "a path within the volume"),
    ],
)
def test_a_label_that_asks_for_what_cannot_be_is_refused(
    label: str, value: str, wanted: str, tmp_path: Path
) -> None:
    outcome = _mended(tmp_path, {"labels": {label: value}})

    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert f"FATA The label {label} of service web is {value!r}. It must be {wanted}" in (
        outcome.stderr
    )


def test_every_wrong_label_is_told_at_once(tmp_path: Path) -> None:
    labels = {"kompose.volume.size": "0", "kompose.serviceaccount-name": "A B"}

    outcome = _mended(tmp_path, {"labels": labels})

    assert [line[:36] for line in outcome.stderr.splitlines()] == [
        "ERRO The label kompose.volume.size o",
        "FATA The label kompose.serviceaccoun",
    ]


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ({"environment": {"Ü": "1", "A": "2"}}, "The variable 'Ü' of"),
        ({"labels": {"a/b/c": "1"}}, "The label 'a/b/c' of"),
        ({"user": "-1"}, "The user '-1' of"),
        ({"group_add": ["-2", "3"]}, "The group '-2' of"),
        ({"domainname": "example.org"}, "The domainname 'example.org' of"),
        ({"deploy": {"labels": {"tier": "a b"}}}, "The deploy label 'tier' of"),
        (
            {"deploy": {"placement": {"constraints": ["node.labels.zone == a b"]}}},
            "The constraint 'node.labels.zone == a b' of",
        ),
        (
            {"deploy": {"placement": {"preferences": [{"spread": "node.labels.a b"}]}}},
            "The preference 'node.labels.a b' of",
        ),
    ],
)
def test_what_no_object_can_have_is_left_out(
    service: dict[str, Any], told: str, tmp_path: Path
) -> None:
    outcome = _mended(tmp_path, service)

    assert outcome.exit_code == 0
    assert f"WARN {told} service web is left out: no object can have it" in outcome.stderr


def test_a_reservation_is_within_its_limit(tmp_path: Path) -> None:
    resources = {"limits": {"cpus": "0.5"}, "reservations": {"cpus": "2", "memory": "1g"}}

    outcome = _mended(tmp_path, {"deploy": {"resources": resources}})

    *_, deployment = yaml.safe_load_all(outcome.stdout)
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"] == {"cpu": "500m", "memory": "1073741824"}
    assert "cpus of service web is 2, which is more than its limit: 0.5 is kept" in outcome.stderr


def test_plain_conversions_leave_everything_as_the_original_does(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x, user: '-1'}}")

    outcome = run_kompose(["convert", "--stdout"], directory=tmp_path, environment={})

    assert "runAsUser: -1" in outcome.stdout


def test_names_are_told_apart_from_what_only_looks_like_one() -> None:
    assert [is_label_key(text) for text in ("a", "b.org/a_B.c", "A.org/a", "a/b/c", "-a", "")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert [is_label_value(text) for text in ("", "a.B_1", "a b", "x" * 64)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert [is_host(text) for text in ("a.org", "*.a.org", "A.org", "a.org:80", "*")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wanted"), [("_odd.x-", "odd.x"), ("My_Key.pem", "my-key.pem"), ("a..b", "a.b")]
)
def test_an_object_keeps_the_dots_of_its_name(name: str, wanted: str) -> None:
    assert object_name(name) == wanted
