"""Objects and JSON: what is decoded from what real servers answered."""

import json
from pathlib import Path

import pytest

from kube_client.codec import MalformedJsonError, decode_as, decode_json, encode_json
from kube_client.objects import KubeObject, ObjectMeta, Pod
from kube_client.resource import ObjectKey
from tests.kube_client.recorded import exchanges


def test_a_recorded_pod_keeps_what_is_shown_of_it(shared_data: Path) -> None:
    body = exchanges(shared_data, "02-list-paging.json")["list.one-pod-mf"]["response"]["body"]
    wire = body["items"][0]

    pod = decode_as(json.dumps(wire).encode(), Pod)

    assert pod.key == ObjectKey(wire["metadata"]["namespace"], wire["metadata"]["name"])
    assert pod.metadata.uid == wire["metadata"]["uid"]
    assert pod.spec.node_name == wire["spec"]["nodeName"]
    assert [part.image for part in pod.spec.containers] == [
        part["image"] for part in wire["spec"]["containers"]
    ]
    assert pod.status.pod_ip == wire["status"]["podIP"]
    assert pod.status.host_ip == wire["status"]["hostIP"]
    [status] = pod.status.container_statuses
    [wire_status] = wire["status"]["containerStatuses"]
    assert status.container_id == wire_status["containerID"]
    assert status.image_id == wire_status["imageID"]
    assert status.restart_count == wire_status["restartCount"]
    assert not hasattr(pod.metadata, "managed_fields")


def test_every_recorded_pod_of_a_watch_is_understood(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "03b-watch-lives.json")["life.rollout.pods"]
    phases = set()
    for part in recorded["response"]["stream"]:
        wire = part["json"]["object"] | {"spec": {}}
        pod = decode_as(json.dumps(wire).encode(), Pod)
        phases.add(pod.status.phase)
        assert pod.metadata.controller is not None
        assert pod.metadata.controller.kind == "ReplicaSet"

    assert phases >= {"Pending", "Running"}


def test_kubectls_copy_of_the_object_is_not_kept() -> None:
    last = "kubectl.kubernetes.io/last-applied-configuration"
    body = {"metadata": {"name": "web", "annotations": {last: "{}", "mine": "yes"}}}

    web = decode_as(json.dumps(body).encode(), KubeObject)

    assert web.metadata.annotations == {"mine": "yes"}


def test_defaults_are_not_shared_between_objects() -> None:
    one, other = ObjectMeta(), ObjectMeta()

    one.labels["a"] = "b"

    assert other.labels == {}


@pytest.mark.parametrize(
    "data", [b"", b"{", b"nonsense", b'{"a": 1} extra', b"\xff", b'"\xff"', b"[" * 100_000]
)
def test_what_is_no_json_is_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        decode_json(data)
    with pytest.raises(MalformedJsonError):
        decode_as(data, KubeObject)


def test_a_field_of_the_wrong_type_is_named() -> None:
    with pytest.raises(MalformedJsonError, match=r"metadata\.name"):
        decode_as(b'{"metadata": {"name": 5}}', KubeObject)


def test_a_null_in_a_field_of_the_wrong_kind_does_not_hide_a_wrong_type() -> None:
    with pytest.raises(MalformedJsonError, match=r"metadata\.uid"):
        decode_as(b'{"metadata": {"labels": null, "uid": 5}}', KubeObject)


def test_values_are_written_compactly() -> None:
    assert encode_json({"a": [1, None, "ü"]}) == '{"a":[1,null,"ü"]}'.encode()
