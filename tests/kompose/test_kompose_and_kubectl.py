"""`convert --mend | kubectl apply` and `up` make the same application, by the real kubectl."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo_cluster.threaded import RunningCluster
from tests.kompose.demo_storage import cluster_with_storage

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

COMPOSE = """
name: shop
services:
  my_web:
    image: nginx:1.27
    ports: ["8080:80", "9090:9090/udp"]
    env_file: [web.env]
    environment: {LEVEL: info}
    configs: [{source: app, target: /etc/app.conf}]
    secrets: [password]
    depends_on: {db: {condition: service_healthy}}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 64M}}}
  db:
    image: busybox
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    volumes: ["data:/data"]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
  once:
    image: busybox
    restart: "no"
    command: ["true"]
configs: {app: {file: ./app.conf}}
secrets: {password: {file: ./password.txt}}
volumes: {data: {}}
"""
KINDS = "deployments,pods,services,configmaps,secrets,persistentvolumeclaims"
OF_UP = {"app.kubernetes.io/managed-by", "io.kompose.project"}
"""The labels by which `up` knows what it made."""
OF_THE_SERVER = {
    "clusterIP",
    "clusterIPs",
    "nodeName",
    "volumeName",
    "volumes",
    "containers",
    "nodePort",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with cluster_with_storage(speed=5) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project on disk."""
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "web.env").write_text("GREETING=hello\n")
    (tmp_path / "app.conf").write_text("level=info\n")
    (tmp_path / "password.txt").write_text("hunter2")
    return tmp_path


def kompose(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "kompose", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def kubectl(cluster: RunningCluster, *arguments: str, stdin: str = "") -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def made(cluster: RunningCluster, namespace: str) -> dict[str, Any]:
    """What a person made in a namespace, without what the server and `up` add."""
    listed = json.loads(kubectl(cluster, "get", KINDS, "-n", namespace, "-o", "json"))
    return {
        f"{obj['kind']}/{obj['metadata']['name']}": {
            "labels": {
                name: value
                for name, value in obj["metadata"].get("labels", {}).items()
                if name not in OF_UP
            },
            "data": obj.get("data"),
            "spec": _without(obj.get("spec"), OF_THE_SERVER if obj["kind"] != "Deployment" else ()),
        }
        for obj in listed["items"]
        if "ownerReferences" not in obj["metadata"] and not _is_automatic(obj)
    }


def _is_automatic(obj: dict[str, Any]) -> bool:
    return obj["metadata"]["name"] == "kube-root-ca.crt"


def _without(value: Any, names: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def generations(cluster: RunningCluster, namespace: str) -> dict[str, int]:
    listed = json.loads(kubectl(cluster, "get", "deployments", "-n", namespace, "-o", "json"))
    return {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in listed["items"]}


def test_up_makes_what_convert_and_kubectl_make(cluster: RunningCluster, folder: Path) -> None:
    where = ("--kubeconfig", str(cluster.kubeconfig))
    text = kompose(folder, "convert", "--mend", "--stdout", "--with-kompose-annotation=false")
    kubectl(cluster, "create", "namespace", "applied")
    kubectl(cluster, "apply", "-n", "applied", "-f", "-", stdin=text)

    kompose(folder, "up", "-d", "-n", "upped", *where)

    assert made(cluster, "upped") == made(cluster, "applied")


def test_up_takes_over_what_kubectl_applied_and_restarts_nothing(
    cluster: RunningCluster, folder: Path
) -> None:
    where = ("-n", "taken", "--kubeconfig", str(cluster.kubeconfig))
    text = kompose(folder, "convert", "--mend", "--stdout", "--with-kompose-annotation=false")
    kubectl(cluster, "create", "namespace", "taken")
    kubectl(cluster, "apply", "-n", "taken", "-f", "-", stdin=text)
    before = generations(cluster, "taken")

    kompose(folder, "up", "-d", *where)

    assert generations(cluster, "taken") == before
    assert kompose(folder, "ps", "--services", *where).splitlines() == ["db", "my_web", "once"]
    kompose(folder, "down", "-v", *where)
    assert made(cluster, "taken") == {}
