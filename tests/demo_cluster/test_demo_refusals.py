"""What a real server refuses is refused in its words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from tests.demo_cluster.test_demo_server import ask

CORE = "/api/v1/namespaces/default"
PODS, CONFIG_MAPS = f"{CORE}/pods", f"{CORE}/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with running_cluster(ClusterOptions(scenario="empty", clock=SteppedClock())) as running:
        ask(running, "POST", CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"a": "1"}})
        ask(running, "POST", DEPLOYMENTS, _deployment())
        ask(running, "POST", PODS, {"metadata": {"name": "p"}, "spec": _pod_spec()})
        running.advance(3)
        yield running


def _pod_spec(**container: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": "busybox", **container}]}


def _deployment(**spec: Any) -> dict[str, Any]:
    labels = {"app": "d"}
    template = {"metadata": {"labels": labels}, "spec": _pod_spec()}
    whole = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return {"metadata": {"name": "d"}, "spec": whole}


def _pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "new"}, "spec": _pod_spec(**container)}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            PODS,
            _pod(imagePullPolicy="Sometimes"),
            (
                'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "IfNotPresent", "Never"'
            ),
        ),
        (
            PODS,
            _pod(ports=[{"containerPort": 80, "protocol": "ICMP"}]),
            (
                'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": '
                'supported values: "SCTP", "TCP", "UDP"'
            ),
        ),
        (PODS, _pod(env=[{"value": "x"}]), "spec.containers[0].env[0].name: Required value"),
        (
            CONFIG_MAPS,
            {"metadata": {"name": "n"}, "data": {"a b": "x"}},
            'data[a b]: Invalid value: "a b": a valid config key must consist of',
        ),
        (
            DEPLOYMENTS,
            _deployment(strategy={"type": "Sideways"}),
            (
                'spec.strategy.type: Unsupported value: "Sideways": '
                'supported values: "Recreate", "RollingUpdate"'
            ),
        ),
        (
            ROLES,
            {"metadata": {"name": "r"}, "rules": [{"resources": ["pods"], "apiGroups": [""]}]},
            "rules[0].verbs: Required value: verbs must contain at least one value",
        ),
    ],
)
def test_an_object_with_a_fault_is_refused_by_the_field(
    cluster: RunningCluster, path: str, body: Any, message: str
) -> None:
    status, answer = ask(cluster, "POST", path, body)

    assert status == 422
    assert message in answer["message"]


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"),
        ("timeoutSeconds=soon", 400, 'strconv.ParseInt: parsing "soon": invalid syntax'),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            422,
            'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        ("labelSelector=a/b/c%3Dx", 400, "a qualified name must consist of"),
    ],
)
def test_a_list_with_options_that_make_no_sense_is_refused(
    cluster: RunningCluster, query: str, status: int, message: str
) -> None:
    found, answer = ask(cluster, "GET", f"{CONFIG_MAPS}?{query}")

    assert found == status
    assert message in answer["message"]


def _service(count: int, **spec: Any) -> dict[str, Any]:
    ports = [{"name": f"p{number}", "port": number + 1} for number in range(count)]
    return {"metadata": {"name": f"with-{count}"}, "spec": {"ports": ports, **spec}}


def test_a_service_with_thousands_of_ports_is_taken_without_delay(cluster: RunningCluster) -> None:
    began = time.process_time()
    status, _ = ask(cluster, "POST", f"{CORE}/services", _service(5000))
    spent = time.process_time() - began

    assert status == 201
    assert spent < 5


def test_a_service_that_wants_more_node_ports_than_there_are_is_refused(
    cluster: RunningCluster,
) -> None:
    status, answer = ask(cluster, "POST", f"{CORE}/services", _service(2769, type="NodePort"))

    assert status == 500
    assert answer["message"] == (
        "Internal error occurred: failed to allocate a nodePort: range is full"
    )


def test_a_port_number_stands_once_for_each_protocol(cluster: RunningCluster) -> None:
    ports = [{"name": name, "port": 80} for name in ("a", "b")]

    status, answer = ask(cluster, "POST", f"{CORE}/services", _service(0, ports=ports))

    assert status == 422
    assert "spec.ports[1]: Duplicate value: " in answer["message"]


def test_a_changed_pod_is_refused_with_what_differs(cluster: RunningCluster) -> None:
    patch = {"spec": {"nodeName": "elsewhere"}}

    status, answer = ask(cluster, "PATCH", f"{PODS}/p", patch, **{"Content-Type": STRATEGIC})

    assert status == 422
    assert '- "NodeName": "node-1",\n+ "NodeName": "elsewhere",' in answer["message"]


def test_a_mistyped_strategic_patch_names_the_patch(cluster: RunningCluster) -> None:
    patch = {"spec": {"replicas": "x"}}

    status, answer = ask(cluster, "PATCH", f"{DEPLOYMENTS}/d", patch, **{"Content-Type": STRATEGIC})

    assert status == 422
    assert answer["message"] == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:x]]": '
        "unrecognized type: int32"
    )


def test_an_applied_field_that_no_schema_knows_is_refused(cluster: RunningCluster) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "bogus": 1}
    path = f"{CONFIG_MAPS}/c?fieldManager=me"

    status, answer = ask(cluster, "PATCH", path, config, **{"Content-Type": APPLY})

    assert status == 500
    assert answer["message"].endswith("Kind=ConfigMap): .bogus: field not declared in schema")


def test_delete_options_of_the_wrong_type_are_refused(cluster: RunningCluster) -> None:
    status, answer = ask(cluster, "DELETE", f"{PODS}/p", {"gracePeriodSeconds": "soon"})

    assert status == 400
    assert (
        "into Go struct field DeleteOptions.gracePeriodSeconds of type int64" in answer["message"]
    )


def test_an_object_that_nobody_owns_after_all_is_collected(cluster: RunningCluster) -> None:
    uid = "11111111-1111-1111-1111-111111111111"
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": uid}
    meta = {"name": "orphan", "ownerReferences": [owner]}
    created, _ = ask(cluster, "POST", CONFIG_MAPS, {"metadata": meta})

    cluster.advance(1)

    assert created == 201
    assert ask(cluster, "GET", f"{CONFIG_MAPS}/orphan")[0] == 404


def test_discovery_speaks_protobuf(cluster: RunningCluster) -> None:
    media = "application/vnd.kubernetes.protobuf"

    status, answer = ask(cluster, "GET", "/apis/apps", Accept=media)

    assert status == 200
    assert bytes(answer).startswith(b"k8s\x00")
