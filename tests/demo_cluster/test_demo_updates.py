"""What a PUT may do: make what is missing, and change blindly what may be."""

from __future__ import annotations

import json

import pytest

from demo_cluster.threaded import RunningCluster
from tests.demo_cluster.test_demo_server import ask, empty

__all__ = ["empty"]

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
MAPS = "/api/v1/namespaces/default/configmaps"
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
