"""Discovery of recorded servers and of the demo cluster, in both forms."""

import json
from pathlib import Path

import pytest

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect_to
from kube_client.discovery import Discovery
from kube_client.errors import ProtocolError
from kube_client.resource import DEPLOYMENTS, EVENTS, PODS, ResourceType
from tests.kube_client.recorded import Exchange, exchanges, path_of, replaying
from tests.kube_client.wire_server import Received, answers, wire_server

KNATIVE = ResourceType(
    "serving.knative.dev", "v1", "services", "Service", True, "service", ("kservice", "ksvc")
)
OLD_HPA, HPA = (
    ResourceType(
        "autoscaling",
        version,
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        True,
        "horizontalpodautoscaler",
        ("hpa",),
    )
    for version in ("v1", "v2")
)
SERVICE = ResourceType("", "v1", "services", "Service", True, "service", ("svc",))
KINDS = Discovery.of([PODS, SERVICE, EVENTS, DEPLOYMENTS, HPA, OLD_HPA, KNATIVE])


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("pods", PODS),
        ("pod", PODS),
        ("po", PODS),
        ("Pod", PODS),
        (" PODS ", PODS),
        ("deploy", DEPLOYMENTS),
        ("deployments.apps", DEPLOYMENTS),
        ("deploy.apps", DEPLOYMENTS),
        ("deployments.v1.apps", DEPLOYMENTS),
        ("apps/v1/deployments", DEPLOYMENTS),
        ("v1/pods", PODS),
        ("services", SERVICE),
        ("svc", SERVICE),
        ("services.serving.knative.dev", KNATIVE),
        ("ksvc", KNATIVE),
        ("hpa", HPA),
        ("autoscaling/v1/hpa", OLD_HPA),
        ("hpa.v1.autoscaling", OLD_HPA),
        ("nothing", None),
        ("pods.apps", None),
        ("apps/v2/deployments", None),
        ("", None),
        ("/", None),
        (".", None),
    ],
)
def test_a_kind_is_found_by_whatever_people_call_it(word: str, found: ResourceType | None) -> None:
    assert KINDS.find(word) is found


def test_each_kind_counts_once_in_the_version_that_the_server_prefers() -> None:
    assert HPA in KINDS.resources
    assert OLD_HPA not in KINDS.resources
    assert OLD_HPA in KINDS.every


def test_objects_are_matched_with_their_own_version() -> None:
    assert KINDS.find_kind("autoscaling/v1", "HorizontalPodAutoscaler") is OLD_HPA
    assert KINDS.find_kind("v1", "Deployment") is None


def test_suggestions_name_doubles_in_full() -> None:
    assert KINDS.suggestions("s") == ["services", "services.serving.knative.dev", "svc"]
    assert KINDS.suggestions("PO") == ["po", "pods"]


async def test_a_recorded_server_is_discovered_in_its_aggregated_form(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "01-discovery.json")
    by_path = {"/api": recorded["disc.agg-api"], "/apis": recorded["disc.agg-apis"]}

    async with replaying(lambda received: by_path.get(path_of(received))) as (client, asked):
        found = await Discovery.discover(client)

    events = found.find("events")
    assert events is not None
    assert (events.api_version, events.namespaced) == ("v1", True)
    assert events.verbs >= {"list", "watch", "delete"}
    deployments = found.find("deploy")
    assert deployments is not None
    assert deployments.api_version == "apps/v1"
    assert "scale" in deployments.subresources
    assert deployments.categories == ("all",)
    components = found.find("cs")
    assert components is not None
    assert not components.namespaced
    assert len(asked) == 2, "two requests are enough"


CLASSIC = {
    "/api": "disc.api",
    "/apis": "disc.apis",
    "/api/v1": "disc.api-v1",
    "/apis/autoscaling/v2": "disc.apis-autoscaling-v2",
    "/apis/policy/v1": "disc.apis-policy-v1",
}


async def test_an_old_server_is_discovered_group_by_group(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "01-discovery.json")

    def choose(received: Received) -> Exchange | None:
        path = path_of(received)
        if path == "/apis/apps/v1":
            return {"response": {"status": 503, "body": "no backend"}}
        name = CLASSIC.get(path)
        return recorded[name] if name else None

    async with replaying(choose) as (client, _):
        found = await Discovery.discover(client)

    pods = found.find("po")
    assert pods is not None
    assert pods.kind == "Pod"
    assert pods.subresources >= {"log", "exec"}
    assert found.find("hpa.v2.autoscaling") is not None
    assert found.failed_groups == ("apps/v1",), "a group that is down does not hide the others"


async def test_both_forms_of_a_server_say_the_same(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "01-discovery.json")

    def aggregated(received: Received) -> Exchange | None:
        empty = {"response": {"status": 200, "body": {"kind": "APIGroupDiscoveryList"}}}
        return recorded["disc.agg-api"] if path_of(received) == "/api" else empty

    def classic(received: Received) -> Exchange | None:
        names = {"/api": "disc.api", "/api/v1": "disc.api-v1"}
        empty = {"response": {"status": 200, "body": {"kind": "APIGroupList", "groups": []}}}
        name = names.get(path_of(received))
        return recorded[name] if name else empty

    async with replaying(aggregated) as (client, _):
        new = await Discovery.discover(client)
    async with replaying(classic) as (client, _):
        old = await Discovery.discover(client)

    names = {resource.plural for resource in new.every}
    assert set(new.every) == {resource for resource in old.every if resource.plural in names}
    assert len(names) == 5, "the recorder shortened the list"


async def test_a_group_whose_server_is_down_is_named_in_the_aggregated_form() -> None:
    body = {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "metrics.k8s.io"},
                "versions": [{"version": "v1beta1", "freshness": "Stale"}],
            }
        ],
    }
    async with replaying(lambda _: {"response": {"status": 200, "body": body}}) as (client, _):
        found = await Discovery.discover(client)

    assert "metrics.k8s.io/v1beta1" in found.failed_groups


@pytest.mark.parametrize("body", [b"<html></html>", b"{}", json.dumps({"kind": "Pod"}).encode()])
async def test_a_server_that_is_not_kubernetes_is_told_from_one_that_is(body: bytes) -> None:
    async with wire_server(answers(body), tls=False) as server:
        client = connect_to(ClusterAccess(f"http://127.0.0.1:{server.port}"), {})
        with pytest.raises(ProtocolError, match=r"is not Kubernetes'.*Check the server's"):
            await Discovery.discover(client)
        await client.aclose()


async def test_the_demo_cluster_serves_the_kinds_that_everyone_knows(client: Client) -> None:
    found = await Discovery.discover(client)

    assert found.failed_groups == ()
    for word, kind in {
        "po": "Pod",
        "deploy": "Deployment",
        "cj": "CronJob",
        "ns": "Namespace",
    }.items():
        resource = found.find(word)
        assert resource is not None
        assert resource.kind == kind
        assert "list" in resource.verbs
