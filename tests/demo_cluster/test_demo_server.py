"""The demo cluster over its socket: TLS, tokens, lists, watches, bad requests, faults, state."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from demo_cluster.access.users import ADMIN, VIEWER
from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster

EMPTY = ClusterOptions(scenario="empty")
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def empty() -> Iterator[RunningCluster]:
    with running_cluster(EMPTY) as running:
        yield running


def connect(running: RunningCluster) -> http.client.HTTPSConnection:
    authority = running.call(running.cluster.kubeconfig)
    encoded = authority.split("certificate-authority-data: ")[1].split()[0]
    import base64

    context = ssl.create_default_context(cadata=base64.b64decode(encoded).decode())
    port = int(running.server.rpartition(":")[2])
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)


def ask(
    running: RunningCluster,
    method: str,
    path: str,
    body: Any = None,
    user: Any = ADMIN,
    **headers: str,
) -> tuple[int, Any]:
    connection = connect(running)
    try:
        sent = {"Content-Type": "application/json", **headers}
        if user is not None:
            sent["Authorization"] = f"Bearer {running.cluster.token(user)}"
        payload = body if isinstance(body, bytes | None) else json.dumps(body)
        connection.request(method, path, payload, sent)
        response = connection.getresponse()
        text = response.read()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text
    finally:
        connection.close()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"test": "yes"}}, "data": data}


def test_without_a_token_nobody_sees_anything(empty: RunningCluster) -> None:
    status, body = ask(empty, "GET", MAPS, user=None)

    assert status == 403
    assert 'User "system:anonymous" cannot list resource "configmaps"' in body["message"]


def test_a_wrong_token_is_unauthorized(empty: RunningCluster) -> None:
    status, body = ask(empty, "GET", MAPS, user=None, Authorization="Bearer nobody")

    assert (status, body["reason"]) == (401, "Unauthorized")


def test_a_user_without_rights_is_told_which_one_is_missing(empty: RunningCluster) -> None:
    status, body = ask(empty, "DELETE", f"{MAPS}/x", user=VIEWER)

    assert status == 403
    assert body["message"] == (
        'configmaps "x" is forbidden: User "viewer" cannot delete resource "configmaps" '
        'in API group "" in the namespace "default"'
    )


def test_pages_join_to_the_list_as_it_was_at_the_first_page(empty: RunningCluster) -> None:
    for index in range(5):
        ask(empty, "POST", MAPS, config_map(f"page-{index}"))

    _, first = ask(empty, "GET", f"{MAPS}?limit=3")
    ask(empty, "POST", MAPS, config_map("page-9-late"))
    _, rest = ask(empty, "GET", f"{MAPS}?limit=500&continue={first['metadata']['continue']}")

    names = [item["metadata"]["name"] for item in first["items"] + rest["items"]]
    assert [name for name in names if name.startswith("page-")] == [
        f"page-{index}" for index in range(5)
    ]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def read_events(running: RunningCluster, path: str, count: int, ready: Any = None) -> list[Any]:
    connection = connect(running)
    try:
        token = running.cluster.token(ADMIN)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        if ready is not None:
            ready()
        return [json.loads(response.readline()) for _ in range(count)]
    finally:
        connection.close()


def test_a_watch_goes_on_from_a_version_and_sees_what_leaves_its_selector(
    empty: RunningCluster,
) -> None:
    _, before = ask(empty, "GET", MAPS)
    version = before["metadata"]["resourceVersion"]
    patch = {"Content-Type": "application/merge-patch+json"}
    ask(empty, "POST", MAPS, config_map("watched", k="1"))
    ask(empty, "PATCH", f"{MAPS}/watched", {"metadata": {"labels": {"test": "no"}}}, **patch)
    ask(empty, "PATCH", f"{MAPS}/watched", {"metadata": {"labels": {"test": "yes"}}}, **patch)
    ask(empty, "DELETE", f"{MAPS}/watched")

    path = f"{MAPS}?watch=1&resourceVersion={version}&labelSelector=test%3Dyes"
    events = read_events(empty, path, 4)

    assert [event["type"] for event in events] == ["ADDED", "DELETED", "ADDED", "DELETED"]


def test_many_writers_and_watchers_see_one_order(empty: RunningCluster) -> None:
    _, before = ask(empty, "GET", MAPS)
    path = f"{MAPS}?watch=1&resourceVersion={before['metadata']['resourceVersion']}"
    started = threading.Barrier(7)
    seen: list[list[tuple[str, str, str]]] = []

    def follow() -> None:
        events = read_events(empty, path, 48, ready=started.wait)
        metas = [(event["type"], event["object"]["metadata"]) for event in events]
        seen.append([(type_, meta["name"], meta["resourceVersion"]) for type_, meta in metas])

    def write(writer: int) -> None:
        started.wait()
        for number in range(4):
            name = f"order-{writer}-{number}"
            ask(empty, "POST", MAPS, config_map(name))
            ask(empty, "PUT", f"{MAPS}/{name}", config_map(name, by=str(writer)))
            ask(empty, "DELETE", f"{MAPS}/{name}")

    threads = [threading.Thread(target=follow) for _ in range(3)]
    threads += [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]
    versions = [int(version) for _, _, version in seen[0]]
    assert versions == sorted(set(versions))
    for writer in range(4):
        own = [(type_, name) for type_, name, _ in seen[0] if name.startswith(f"order-{writer}-")]
        assert own == [
            (type_, f"order-{writer}-{number}")
            for number in range(4)
            for type_ in ("ADDED", "MODIFIED", "DELETED")
        ]


def test_a_version_from_before_the_start_is_gone(empty: RunningCluster) -> None:
    [event] = read_events(empty, f"{MAPS}?watch=1&resourceVersion=1", 1)

    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", MAPS, b"{", 400),
        ("POST", MAPS, b"[]", 400),
        ("POST", MAPS, b"\xff\xfe", 400),
        ("POST", MAPS, b"[" * 5000, 400),
        ("POST", MAPS, b'{"metadata": 7}', 422),
        ("POST", MAPS, b"k8s\x00\xff\xff\xff", 400),
        ("PUT", f"{MAPS}/none", b'{"metadata": {"name": "other"}}', 400),
        ("GET", f"{MAPS}?limit=x", None, 400),
        ("GET", f"{MAPS}?continue=%00", None, 400),
        ("GET", f"{MAPS}?labelSelector=((", None, 400),
        ("GET", "/api/v1/namespaces/default/nothing", None, 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", None, 404),
        ("OPTIONS", MAPS, None, 405),
        ("DELETE", "/version", None, 405),
    ],
)
def test_garbage_is_answered_and_hurts_nobody(
    empty: RunningCluster, method: str, path: str, body: bytes | None, expected: int
) -> None:
    status, _ = ask(empty, method, path, body)

    assert status == expected


def test_a_body_over_three_mebibytes_is_too_large(empty: RunningCluster) -> None:
    status, body = ask(empty, "POST", MAPS, b" " * (3 * 1024 * 1024 + 1))

    assert (status, body["reason"]) == (413, "RequestEntityTooLarge")


def test_two_clusters_run_side_by_side(empty: RunningCluster) -> None:
    with running_cluster(EMPTY) as other:
        ask(other, "POST", MAPS, config_map("only-there"))

        assert ask(other, "GET", f"{MAPS}/only-there")[0] == 200
        assert ask(empty, "GET", f"{MAPS}/only-there")[0] == 404


WIDGETS = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "string", "jsonPath": ".spec.size"}
                ],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "string", "default": "M"}},
                            }
                        },
                    }
                },
            }
        ],
    },
}


def test_a_custom_kind_is_served_with_its_columns_and_goes_with_its_definition() -> None:
    with running_cluster(ClusterOptions(scenario="empty", clock=SteppedClock())) as running:
        definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        widgets = "/apis/example.com/v1/namespaces/default/widgets"
        ask(running, "POST", definitions, WIDGETS)
        too_early, _ = ask(running, "GET", widgets)
        running.advance(0.1)
        not_warm, _ = ask(running, "GET", widgets)
        running.advance(0.1)
        widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
        status, made = ask(running, "POST", widgets, widget | {"spec": {}})
        table = "application/json;as=Table;v=v1;g=meta.k8s.io"
        _, shown = ask(running, "GET", widgets, Accept=table)
        ask(running, "DELETE", f"{definitions}/widgets.example.com")
        running.advance(0.1)

        assert (too_early, not_warm) == (404, 429)
        assert (status, made["spec"]) == (201, {"size": "M"})
        assert shown["rows"][0]["cells"] == ["w", "M"]
        assert ask(running, "GET", widgets)[0] == 404


kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")


def run_kubectl(running: RunningCluster, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [
            "kubectl",
            "--kubeconfig",
            str(running.kubeconfig),
            "--cache-dir",
            "/dev/null/x",
            *arguments,
        ],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@kubectl
def test_kubectl_creates_applies_explains_and_deletes(empty: RunningCluster) -> None:
    created = run_kubectl(empty, "create", "configmap", "made", "--from-literal=a=1")
    manifest = run_kubectl(empty, "get", "configmap", "made", "-o", "yaml")
    applied = run_kubectl(
        empty,
        "apply",
        "--server-side",
        "-f",
        "-",
        stdin="""
apiVersion: v1
kind: ConfigMap
metadata: {name: applied, namespace: default}
data: {b: "2"}
""",
    )
    explained = run_kubectl(empty, "explain", "pod.spec.nodeName")
    deleted = run_kubectl(empty, "delete", "configmap", "made", "applied")

    assert created == "configmap/made created\n"
    assert 'a: "1"' in manifest
    assert applied == "configmap/applied serverside-applied\n"
    assert "NodeName indicates in which node this pod is scheduled." in explained
    assert 'configmap "made" deleted' in deleted


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_long_list_in_pieces_is_the_same_as_its_pages(
    empty: RunningCluster, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(7):
        ask(empty, "POST", MAPS, config_map(f"long-{index}"))
    path = f"{MAPS}?labelSelector=test"
    _, short = ask(empty, "GET", path)
    monkeypatch.setattr("demo_cluster.wire.documents.LONG_LIST", 3)
    monkeypatch.setattr("demo_cluster.wire.documents.LIST_PIECE", 3)

    connection = connect(empty)
    token = empty.cluster.token(ADMIN)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": encoding}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()

    assert response.headers["Content-Type"] == "application/json"
    assert response.headers.get("Content-Encoding", "identity") == encoding
    assert json.loads(gzip.decompress(text) if encoding == "gzip" else text) == short
