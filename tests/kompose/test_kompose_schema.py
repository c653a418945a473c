"""What convert writes is what the API of Kubernetes 1.36 has: known fields of the right types."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.kompose.api_schema import schema_faults
from tests.kompose.kompose_run import run_kompose
from tests.kompose.observed_cases import observed

_GUESTBOOK = Path(__file__).resolve().parents[2] / "examples" / "guestbook"


def _outputs() -> list[tuple[str, str]]:
    """Every stream of manifests for Kubernetes that was recorded, and ours equals it."""
    return [
        (case["id"], case["stdout"])
        for case in observed()
        if case["rc"] == 0 and case["stdout"].startswith("---")
    ]


@pytest.mark.parametrize(("name", "text"), _outputs(), ids=[name for name, _ in _outputs()])
def test_every_field_is_one_that_the_api_has(name: str, text: str) -> None:
    assert name
    for document in yaml.safe_load_all(text):
        if document is not None and "openshift" not in document["apiVersion"]:
            assert list(schema_faults(document)) == []


@pytest.mark.parametrize("controller", ["deployment", "daemonset", "statefulset"])
def test_the_example_is_valid_under_every_controller(controller: str) -> None:
    outcome = run_kompose(
        ["convert", "--stdout", "--controller", controller], directory=_GUESTBOOK, environment={}
    )

    documents = [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]

    assert len(documents) == 6
    assert [fault for each in documents for fault in schema_faults(each)] == []


def test_a_field_that_the_api_does_not_have_is_a_fault() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 1}, "spec": {"contaners": []}}

    assert list(schema_faults(pod)) == [
        "Pod.metadata.name: 1 is no string",
        "Pod.spec.contaners: no such field",
        "Pod.spec.containers: is missing",
    ]
