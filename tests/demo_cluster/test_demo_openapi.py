"""The OpenAPI documents: what may be asked of each kind, and the schemas of all that is said."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec

import pytest

from demo_cluster.access.users import ADMIN
from demo_cluster.api import Api, RawRequest
from demo_cluster.kinds import KINDS, CustomForm, Kind, Obj
from demo_cluster.schema.custom_schemas import CustomVersion
from demo_cluster.schema.openapi import (
    built_in_operations,
    custom_document,
    document,
    old_document,
)
from demo_cluster.schema.reference import texts_of
from demo_cluster.wire.reply import Reply
from tests.demo_cluster.conftest import SteppedWorld

POD_PATH = "/api/v1/namespaces/{namespace}/pods"
POD = "io.k8s.api.core.v1.Pod"
HAMMER = Kind(
    "tools.example.com", "v1", "hammers", "Hammer", True, is_custom=True, listed_as="ToolBox"
)


def of_group(group: str) -> Obj:
    kinds = [kind for kind in KINDS if (kind.group, kind.version) == (group, "v1")]
    return document(built_in_operations(kinds))


def operations(path: Obj) -> list[Obj]:
    return [each for method, each in path.items() if method != "parameters"]


def names(parameters: list[Obj]) -> list[str]:
    return [each["name"] for each in parameters]


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
    found = {each["operationId"] for path in paths.values() for each in operations(path)}

    assert {
        "getCoreV1APIResources",
        "listCoreV1NamespacedPod",
        "listCoreV1PodForAllNamespaces",
        "deleteCoreV1CollectionNamespacedPod",
        "patchCoreV1NamespacedPodStatus",
        "readCoreV1Node",
        "createRbacAuthorizationV1ClusterRole",
        "watchCoreV1PodListForAllNamespaces",
        "connectCoreV1PutNodeProxyWithPath",
        "readCoreV1NamespacedPodLog",
    } <= found


def test_a_part_of_an_object_speaks_of_its_own_kind() -> None:
    path = of_group("")["paths"][f"{POD_PATH}/{{name}}/eviction"]

    assert path["post"]["x-kubernetes-group-version-kind"]["kind"] == "Eviction"
    assert path["post"]["description"] == "create eviction of a Pod"
    texts = {each["name"]: each["description"] for each in path["parameters"]}
    assert texts["name"] == "name of the Eviction"


def test_parameters_that_all_operations_of_a_path_share_stand_at_the_path() -> None:
    path = of_group("")["paths"][f"{POD_PATH}/{{name}}"]

    assert names(path["parameters"]) == ["name", "namespace", "pretty"]
    own = ["dryRun", "fieldManager", "fieldValidation", "force"]
    assert names(path["patch"]["parameters"]) == own
    assert "parameters" not in path["get"]


def test_a_field_with_few_values_names_them_in_a_list_and_in_its_text() -> None:
    schemas = of_group("")["components"]["schemas"]

    policy = schemas["io.k8s.api.core.v1.Container"]["properties"]["imagePullPolicy"]

    assert policy["enum"] == ["Always", "IfNotPresent", "Never"]
    assert 'Possible enum values:\n - `"Always"`' in policy["description"]


def test_defaults_are_the_zero_of_what_must_be_there_and_else_what_the_type_says() -> None:
    schemas = of_group("")["components"]["schemas"]

    port = schemas["io.k8s.api.core.v1.ContainerPort"]["properties"]

    assert port["containerPort"]["default"] == 0
    assert port["protocol"]["default"] == "TCP"
    assert "default" not in port["hostPort"]
    assert schemas[POD]["properties"]["spec"]["default"] == {}


def test_a_kind_of_a_definition_has_its_paths_and_its_list() -> None:
    made = custom_document([CustomVersion(HAMMER, {"type": "object"})])

    assert "com.example.tools.v1.ToolBox" in made["components"]["schemas"]
    one = made["paths"]["/apis/tools.example.com/v1/namespaces/{namespace}/hammers/{name}"]
    assert set(one) == {"get", "put", "patch", "delete", "parameters"}
    patches = one["patch"]["requestBody"]["content"]
    assert "application/strategic-merge-patch+json" not in patches
    assert not any("/watch/" in path for path in made["paths"])


def test_the_old_document_shares_its_parameters_under_names_made_of_what_they_say() -> None:
    made = old_document(built_in_operations(KINDS), [])

    shared = made["parameters"]
    pointed = set(re.findall(r'"#/parameters/([^"]+)"', json.dumps(made)))
    assert pointed == set(shared)
    assert shared["watch-XNNPZGbK"]["name"] == "watch"
    assert shared["body-2Y1dVQaQ"]["in"] == "body"


def test_the_old_document_says_less_of_a_field_that_may_be_null() -> None:
    schema = {
        "type": "object",
        "properties": {
            "weight": {"type": "integer", "nullable": True, "default": 1},
            "either": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}]},
        },
        "required": ["weight"],
    }

    made = old_document([], [CustomVersion(HAMMER, schema)])

    shown = made["definitions"]["com.example.tools.v1.Hammer"]
    assert "type" not in shown["properties"]["weight"]
    assert "anyOf" not in shown["properties"]["either"]
    assert "required" not in shown


async def ask(world: SteppedWorld, path: str, query: str = "", **headers: str) -> Reply:
    """What the server answers to an administrator."""
    backend = world.cluster.backend
    sent = {"authorization": f"Bearer {backend.tokens.issue(ADMIN)}", **headers}
    reply = await Api(backend).answer(RawRequest("GET", path, query, sent, b""))
    assert isinstance(reply, Reply)
    return reply


async def test_the_index_names_documents_by_hash_and_they_may_be_kept_for_ever(
    world: SteppedWorld,
) -> None:
    index = await ask(world, "/openapi/v3")
    assert isinstance(index.body, dict)
    address = index.body["paths"]["apis/scheduling.k8s.io/v1"]["serverRelativeURL"]

    path, _, query = address.partition("?")
    found = await ask(world, path, query)

    assert found.headers["Cache-Control"] == "public, immutable"
    assert found.headers["ETag"].strip('"') == query.removeprefix("hash=")
    assert "Expires" in found.headers


async def test_an_old_hash_leads_to_the_document_that_there_is(world: SteppedWorld) -> None:
    found = await ask(world, "/openapi/v3/apis/apps/v1", "hash=0123")

    assert found.status == 301
    stamp = found.headers["ETag"].strip('"')
    assert found.headers["Location"] == f"/openapi/v3/apis/apps/v1?hash={stamp}"


@pytest.mark.parametrize("path", ["/openapi/v3/apis/apps/v1", "/openapi/v2"])
async def test_a_client_that_has_a_document_is_not_sent_it_again(
    world: SteppedWorld, path: str
) -> None:
    first = await ask(world, path)

    again = await ask(world, path, **{"if-none-match": first.headers["ETag"]})

    assert (again.status, again.body) == (304, b"")


async def test_a_definition_changes_the_documents_that_it_is_in(world: SteppedWorld) -> None:
    before = await ask(world, "/openapi/v2")
    schema = {"type": "object", "properties": {"weight": {"type": "integer"}}}

    world.cluster.backend.registry.add(HAMMER, CustomForm(schema))
    after = await ask(world, "/openapi/v2")

    assert before.headers["ETag"] != after.headers["ETag"]
    assert isinstance(after.body, bytes)
    assert "com.example.tools.v1.Hammer" in json.loads(after.body)["definitions"]


@pytest.mark.parametrize("path", ["/openapi/v3/apis/apps/v1", "/openapi/v2"])
async def test_who_takes_no_form_that_there_is_gets_nothing(world: SteppedWorld, path: str) -> None:
    found = await ask(world, path, accept="text/html")

    assert (found.status, found.body) == (406, b"")


async def test_there_is_no_document_of_a_version_that_is_not_served(world: SteppedWorld) -> None:
    found = await ask(world, "/openapi/v3/apis/apps/v9")

    assert (found.status, found.body) == (404, b"")


def test_a_text_has_its_line_breaks_again() -> None:
    text = texts_of("io.k8s.api.admissionregistration.v1.ApplyConfiguration")["expression"]

    assert "\n\n\tObject{\n\t  spec: Object.spec{\n" in text


def test_what_a_field_says_of_its_type_is_there_with_the_library_that_has_it() -> None:
    if find_spec("lightkube") is None:
        pytest.skip("lightkube-models is not installed")

    text = texts_of("io.k8s.api.core.v1.PodSpec")["affinity"]

    assert text == "If specified, the pod's scheduling constraints"
