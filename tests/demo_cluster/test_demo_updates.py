"""What a write has to say: the version that it changes, or the kind of what it makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo_cluster.threaded import RunningCluster
from tests.demo_cluster.test_demo_bad_input import eventually
from tests.demo_cluster.test_demo_server import ask, empty

__all__ = ["empty"]

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
MAPS = "/api/v1/namespaces/default/configmaps"
FOOS = "/apis/x.example.com/v1/foos"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def named(name: str) -> bytes:
    return json.dumps({"metadata": {"name": name}}).encode()


@pytest.mark.parametrize(("path", "code"), [(f"{ROLES}/new", 201), (f"{MAPS}/new", 404)])
def test_a_put_makes_a_role_where_there_is_none_but_no_config_map(
    empty: RunningCluster, path: str, code: int
) -> None:
    status, _ = ask(empty, "PUT", path, named("new"))

    assert status == code


def test_a_budget_is_changed_only_by_who_names_its_version(empty: RunningCluster) -> None:
    ask(empty, "POST", BUDGETS, named("b"))

    status, body = ask(empty, "PUT", f"{BUDGETS}/b", named("b"))

    assert status == 422
    assert body["message"] == (
        'poddisruptionbudgets.policy "b" is invalid: metadata.resourceVersion: Invalid value: 0: '
        "must be specified for an update"
    )


def test_a_config_map_is_changed_by_anybody(empty: RunningCluster) -> None:
    ask(empty, "POST", MAPS, named("m"))

    status, _ = ask(empty, "PUT", f"{MAPS}/m", named("m"))

    assert status == 200


def test_a_custom_object_names_its_own_kind(empty: RunningCluster) -> None:
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec: dict[str, Any] = {"group": "x.example.com", "scope": "Cluster", "versions": [version]}
    spec["names"] = {"plural": "foos", "kind": "Foo"}
    definition = {"metadata": {"name": "foos.x.example.com"}, "spec": spec}
    ask(empty, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    eventually(lambda: ask(empty, "GET", FOOS)[0] == 200)

    status, body = ask(empty, "POST", FOOS, b'{"metadata":{"name":"a"}}')

    assert status == 400
    assert body["message"] == (
        "Foo in version \"v1\" cannot be handled as a Foo: Object 'Kind' is missing in "
        '\'{"metadata":{"name":"a"}}\''
    )
