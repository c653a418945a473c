import pytest

from kube_client.resource import (
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    NODES,
    PODS,
    ObjectKey,
    ResourceType,
)


@pytest.mark.parametrize(
    ("resource", "arguments", "path"),
    [
        (PODS, (), "/api/v1/pods"),
        (PODS, ("shop",), "/api/v1/namespaces/shop/pods"),
        (PODS, ("shop", "web-0"), "/api/v1/namespaces/shop/pods/web-0"),
        (PODS, ("shop", "web-0", "log"), "/api/v1/namespaces/shop/pods/web-0/log"),
        (PODS, (None, None, "log"), "/api/v1/pods"),
        (DEPLOYMENTS, ("shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web"),
        (NODES, ("ignored", "node-1"), "/api/v1/nodes/node-1"),
        (
            NODES,
            (None, "node-1", "proxy/stats/summary"),
            "/api/v1/nodes/node-1/proxy/stats/summary",
        ),
        (PODS, ("a/../b", "x?y#z"), "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy%23z"),
    ],
)
def test_each_object_has_its_path(
    resource: ResourceType, arguments: tuple[str | None, ...], path: str
) -> None:
    assert resource.path(*arguments) == path


def test_names_with_colons_stay_readable() -> None:
    roles = ResourceType("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", False)

    assert roles.path(None, "system:node").endswith("/clusterroles/system:node")


def test_a_type_knows_its_api_version_and_full_name() -> None:
    assert (PODS.api_version, PODS.full_name) == ("v1", "pods")
    assert (DEPLOYMENTS.api_version, DEPLOYMENTS.full_name) == ("apps/v1", "deployments.apps")
    assert CUSTOM_RESOURCE_DEFINITIONS.namespaced is False


def test_a_key_prints_with_its_namespace_when_it_has_one() -> None:
    assert str(ObjectKey("shop", "web")) == "shop/web"
    assert str(ObjectKey("", "node-1")) == "node-1"
