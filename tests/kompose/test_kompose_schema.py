"""What convert writes is what the API of Kubernetes 1.36 has: known fields of the right types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo_cluster.schema.types import OPAQUE, TEXTUAL, definition_of, fields_of
from tests.kompose.kompose_run import run_kompose
from tests.kompose.observed_cases import observed

_GUESTBOOK = Path(__file__).resolve().parents[2] / "examples" / "guestbook"
_SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "int32": int,
    "int64": int,
    "bool": bool,
    "bytes": str,
    "double": (int, float),
}


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
            assert list(_faults(document)) == []


@pytest.mark.parametrize("controller", ["deployment", "daemonset", "statefulset"])
def test_the_example_is_valid_under_every_controller(controller: str) -> None:
    outcome = run_kompose(
        ["convert", "--stdout", "--controller", controller], directory=_GUESTBOOK, environment={}
    )

    documents = [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]

    assert len(documents) == 6
    assert [fault for each in documents for fault in _faults(each)] == []


def test_a_field_that_the_api_does_not_have_is_a_fault() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 1}, "spec": {"contaners": []}}

    assert list(_faults(pod)) == [
        "Pod.metadata.name: 1 is no string",
        "Pod.spec.contaners: no such field",
        "Pod.spec.containers: is missing",
    ]


def _faults(document: dict[str, Any]) -> Iterator[str]:
    group, _, version = document["apiVersion"].rpartition("/")
    kind = document["kind"]
    if kind in ("Route", "BuildConfig"):
        return
    body = {name: value for name, value in document.items() if name not in ("apiVersion", "kind")}
    yield from _object_faults(kind, body, definition_of(group, version, kind))


def _object_faults(path: str, value: Any, definition: str) -> Iterator[str]:
    if definition in OPAQUE or definition in TEXTUAL:
        return
    if not isinstance(value, dict):
        yield f"{path}: is no object"
        return
    fields = fields_of(definition)
    for name, item in value.items():
        if name not in fields:
            yield f"{path}.{name}: no such field"
        else:
            yield from _value_faults(f"{path}.{name}", item, fields[name].type)
    for name, field in fields.items():
        if field.is_required and name not in value:
            yield f"{path}.{name}: is missing"


def _value_faults(path: str, value: Any, type_: str) -> Iterator[str]:
    if type_.startswith("[]"):
        for index, item in enumerate(value):
            yield from _value_faults(f"{path}[{index}]", item, type_[2:])
    elif type_.startswith("{}"):
        for key, item in value.items():
            yield from _value_faults(f"{path}[{key}]", item, type_[2:])
    elif type_ in _SCALARS:
        if not isinstance(value, _SCALARS[type_]):
            yield f"{path}: {value!r} is no {type_}"
    else:
        yield from _object_faults(path, value, type_)
