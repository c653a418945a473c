"""Odd compose files: one sentence each, never a traceback, never an object without a name."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kompose.kompose_run import Outcome, run_kompose

_WORDS = st.sampled_from(
    ("", "a", "web", "A_b.c", "80", "80:80", "53:53/udp", "./x:/x", "data:/data:ro", "d:/d",
     "10s", "1Gi", "-1", "abc", "on-failure:3", "always", "no", "$$X", "CMD", "NONE",
     "node.role == x", "é\n")
)  # fmt: skip
_VALUES = st.recursive(
    _WORDS | st.integers(-5, 70000) | st.booleans() | st.none(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(_WORDS, children, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(
    ("command", "entrypoint", "environment", "ports", "expose", "volumes", "tmpfs", "restart",
     "healthcheck", "deploy", "user", "labels", "networks", "network_mode", "secrets", "configs",
     "build", "container_name", "group_add", "cap_add", "mem_limit", "stop_grace_period")
)  # fmt: skip
_LABELS = st.sampled_from(
    ("kompose.service.type", "kompose.service.expose", "kompose.service.nodeport.port",
     "kompose.controller.type", "kompose.cronjob.schedule", "kompose.cronjob.concurrency_policy",
     "kompose.hpa.cpu", "kompose.volume.type", "kompose.volume.size", "kompose.service.group",
     "kompose.service.healthcheck.readiness.test", "kompose.service.healthcheck.readiness.interval",
     "kompose.image-pull-policy", "kompose.service.name_override", "kompose.init.containers.image")
)  # fmt: skip


_FLAGS = st.sampled_from(
    (
        (),
        ("--provider", "openshift"),
        ("--service-group-mode", "label"),
        ("--volumes", "hostPath"),
        ("--controller", "statefulset"),
        ("--generate-network-policies",),
        ("--mend",),
    )
)


def _convert(directory: Path, text: str, *flags: str) -> Outcome:
    (directory / "compose.yaml").write_text(text)
    line = ["convert", "--stdout", "--with-kompose-annotation=false", *flags]
    return run_kompose(line, directory=directory, environment={})


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _check_names(outcome: Outcome) -> None:
    """Mended objects have names that the API takes, each volume of a pod once."""
    for document in yaml.safe_load_all(outcome.stdout) if outcome.exit_code == 0 else ():
        if document is not None:
            assert _NAME.fullmatch(document["metadata"]["name"])
        if document is not None and document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            volumes = [volume["name"] for volume in pod.get("volumes", ())]
            assert len(set(volumes)) == len(volumes)
            assert {
                mount["name"] for one in pod["containers"] for mount in one.get("volumeMounts", ())
            } <= set(volumes)


def _check(outcome: Outcome) -> None:
    assert outcome.exit_code in (0, 1, 2), outcome
    assert "went wrong inside" not in outcome.stderr
    if outcome.exit_code:
        assert "FATA " in outcome.stderr
        return
    for document in yaml.safe_load_all(outcome.stdout):
        if document is not None:
            assert document["kind"]
            assert document["apiVersion"]
            assert document["metadata"]["name"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_service_gives_objects_or_a_sentence(tmp_path: Path, service: dict[str, Any]) -> None:
    text = json.dumps({"services": {"web": {"image": "nginx", **service}}})

    _check(_convert(tmp_path, text))
    mended = _convert(tmp_path, text, "--mend")
    _check(mended)
    _check_names(mended)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(_LABELS, _WORDS, max_size=4),
    _FLAGS,
)
def test_any_labels_give_objects_or_a_sentence(
    tmp_path: Path, labels: dict[str, str], flags: tuple[str, ...]
) -> None:
    service = {
        "image": "nginx",
        "ports": ["80:80"],
        "volumes": ["data:/data"],
        "labels": {name: text.replace("$", "") for name, text in labels.items()},
    }

    text = json.dumps({"services": {"web": service}, "volumes": {"data": {}}})

    outcome = _convert(tmp_path, text, *flags)

    _check(outcome)
    if "--mend" in flags:
        _check_names(outcome)


def test_a_health_check_with_an_empty_test_is_refused_whatever_labels_say(tmp_path: Path) -> None:
    text = """
services:
  web:
    image: x
    healthcheck: {test: []}
    labels: {kompose.service.healthcheck.liveness.tcp_port: "80"}
"""

    outcome = _convert(tmp_path, text)

    assert outcome.exit_code == 2
    assert "FATA Health check must contain a command" in outcome.stderr


def test_two_services_of_one_name_are_not_lost_in_silence(tmp_path: Path) -> None:
    outcome = _convert(tmp_path, "services: {a_b: {image: x}, a-b: {image: y}}")

    assert 'WARN Services "a-b" and "a_b" are both named "a-b" in Kubernetes' in outcome.stderr


def test_a_directory_that_may_not_be_read_is_left_out_with_a_word(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    if _may_read(closed):
        pytest.skip("this user may read everything")

    outcome = _convert(tmp_path, 'services: {web: {image: x, volumes: ["./closed:/c"]}}')
    closed.chmod(0o755)

    assert outcome.exit_code == 0
    assert "WARN Failed to check if the directory is empty" in outcome.stderr


def test_a_pipe_is_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    outcome = _convert(tmp_path, 'services: {web: {image: x, volumes: ["./pipe:/p"]}}')

    assert outcome.exit_code == 0
    assert f"WARN Skip file in path {tmp_path}/pipe" in outcome.stderr


def _may_read(path: Path) -> bool:
    try:
        list(path.iterdir())
    except PermissionError:
        return False
    return True
