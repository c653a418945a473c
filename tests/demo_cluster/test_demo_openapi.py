"""The OpenAPI documents: what may be asked of each kind, and the schemas of all that is said."""

from __future__ import annotations

import json
import re

from demo_cluster.kinds import KINDS, Kind, Obj
from demo_cluster.schema.openapi import document

POD_PATH = "/api/v1/namespaces/{namespace}/pods"


def of_group(group: str) -> Obj:
    return document([kind for kind in KINDS if (kind.group, kind.version) == (group, "v1")], {})


def test_every_schema_that_a_document_names_is_in_it() -> None:
    groups = sorted({kind.group for kind in KINDS if kind.version == "v1"})

    for group in groups:
        made = of_group(group)
        named = set(re.findall(r'#/components/schemas/([^"]+)"', json.dumps(made)))
        assert named <= set(made["components"]["schemas"])


def test_a_list_has_a_schema_of_its_own_and_is_what_a_list_answers() -> None:
    made = of_group("")

    answer = made["paths"][POD_PATH]["get"]["responses"]["200"]["content"]["application/json"]

    name = answer["schema"]["$ref"].rpartition("/")[2]
    assert name == "io.k8s.api.core.v1.PodList"
    listed = made["components"]["schemas"][name]
    kinds = [{"group": "", "kind": "PodList", "version": "v1"}]
    assert listed["x-kubernetes-group-version-kind"] == kinds
    assert listed["required"] == ["items"]


def test_operations_have_the_names_that_generated_clients_go_by() -> None:
    paths = {**of_group("")["paths"], **of_group("rbac.authorization.k8s.io")["paths"]}
    names = {each["operationId"] for path in paths.values() for each in _operations(path)}

    assert {
        "getCoreV1APIResources",
        "listCoreV1NamespacedPod",
        "listCoreV1PodForAllNamespaces",
        "deleteCoreV1CollectionNamespacedPod",
        "patchCoreV1NamespacedPodStatus",
        "readCoreV1Node",
        "createRbacAuthorizationV1ClusterRole",
    } <= names


def _operations(path: Obj) -> list[Obj]:
    return [each for method, each in path.items() if method != "parameters"]


def test_a_kind_of_a_definition_has_its_paths_and_its_list() -> None:
    kind = Kind("tools.example.com", "v1", "hammers", "Hammer", True, is_custom=True)

    made = document([kind], {"Hammer": {"type": "object", "properties": {}}})

    assert "com.example.tools.v1.HammerList" in made["components"]["schemas"]
    one = made["paths"]["/apis/tools.example.com/v1/namespaces/{namespace}/hammers/{name}"]
    assert set(one) == {"get", "put", "patch", "delete", "parameters"}
    patches = one["patch"]["requestBody"]["content"]
    assert "application/strategic-merge-patch+json" not in patches
