"""Where Secrets come from: the manifests, or the cluster; and what is said when they do not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from demo_cluster.threaded import RunningCluster, running_cluster
from kompose.cluster.needed import needed
from kompose.cluster.ownership import Object
from tests.kompose.kompose_run import Outcome, run_kompose

_NAMES = count(1)
SECRET = "hunter2-word"
COMPOSE = """
name: shop
services:
  web:
    image: busybox
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    secrets: [file, variable, there]
secrets:
  file: {file: ./secret.txt}
  variable: {environment: SHOP_SECRET}
  there: {external: true, name: vault}
"""


class Shop:
    """A project with three secrets, and a namespace of its own."""

    def __init__(self, folder: Path, cluster: RunningCluster | None = None) -> None:
        self.folder = folder
        self.namespace = f"secrets-{next(_NAMES)}"
        self._cluster = cluster
        (folder / "compose.yaml").write_text(COMPOSE)
        (folder / "secret.txt").write_text(SECRET)

    def run(self, command: str, *arguments: str, variable: str = SECRET) -> Outcome:
        where = (
            ("--kubeconfig", str(self._cluster.kubeconfig), "-n", self.namespace)
            if self._cluster
            else ()
        )
        environment = {"SHOP_SECRET": variable} if variable else {}
        return run_kompose(
            [command, *where, *arguments], directory=self.folder, environment=environment
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_mended_a_secret_that_is_a_variable_becomes_one_too(shop: Shop) -> None:
    done = shop.run("convert", "--mend", "--stdout")

    assert f"  variable: {b64encode(SECRET.encode()).decode()}\n" in done.stdout
    assert "secretName: vault" in done.stdout
    assert done.stderr == ""


def test_mended_a_secret_whose_variable_is_not_set_is_named(shop: Shop) -> None:
    done = shop.run("convert", "--mend", "--stdout", variable="")

    assert done.exit_code == 1
    assert "The secret variable is the variable SHOP_SECRET, which is not set" in done.stderr


def test_external_secrets_are_left_out_and_named_with_what_makes_them(shop: Shop) -> None:
    (shop.folder / "secret.txt").unlink()

    done = shop.run("convert", "--mend", "--stdout", "--secrets", "external", variable="")

    assert done.exit_code == 0
    assert "kind: Secret" not in done.stdout
    assert "secretName: file" in done.stdout
    assert done.stderr.splitlines() == [
        (
            "INFO The Secret file must be on the cluster with the key file: kubectl create secret "
            f"generic file --from-file=file={shop.folder}/secret.txt"
        ),
        (
            "INFO The Secret variable must be on the cluster with the key variable: kubectl create "
            'secret generic variable --from-literal=variable="$SHOP_SECRET"'
        ),
        (
            "INFO The Secret vault must be on the cluster with the key there: "
            "kubectl create secret generic vault --from-file=there=FILE"
        ),
    ]


def test_only_secrets_are_what_another_program_seals(shop: Shop) -> None:
    done = shop.run("convert", "--mend", "--stdout", "--secrets", "only")

    kinds = [line for line in done.stdout.splitlines() if line.startswith("kind: ")]
    assert kinds == ["kind: Secret", "kind: Secret"]


def test_a_form_that_there_is_not_is_one_sentence(shop: Shop) -> None:
    done = shop.run("convert", "--secrets", "sealed")

    assert done == Outcome(
        1, "", "FATA Unknown form of secrets: sealed, possible values are: plain, external, only"
    )


def test_what_is_missing_on_the_cluster_is_said_before_anything_is_made(
    tmp_path: Path, cluster: RunningCluster
) -> None:
    shop = Shop(tmp_path, cluster)

    done = shop.run("up", "-d", "--secrets", "external")

    assert done.exit_code == 1
    assert (
        f"secret/file, secret/variable, secret/vault are not in namespace {shop.namespace}"
        in done.stderr
    )
    assert f"Nothing of the project 'shop' is in namespace {shop.namespace}" in (
        shop.run("ps").stderr
    )


def test_secrets_that_become_external_are_no_longer_ours_to_prune(
    tmp_path: Path, cluster: RunningCluster
) -> None:
    shop = Shop(tmp_path, cluster)
    text = COMPOSE.replace(", there]", "]")
    (tmp_path / "compose.yaml").write_text(
        text.replace("  there: {external: true, name: vault}", "")
    )
    assert shop.run("up", "-d", "--no-wait").exit_code == 0

    done = shop.run("up", "-d", "--no-wait", "--secrets", "external", "--prune", variable="")

    assert done.exit_code == 0, done.stderr
    assert "removed" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_what_a_project_makes_itself_is_not_needed() -> None:
    volumes = [
        {"name": "a", "secret": {"secretName": "mine"}},
        {"name": "b", "configMap": {"name": "theirs"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "d", "secret": {"secretName": "perhaps", "optional": True}},
    ]
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"volumes": volumes},
    }
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}}

    assert needed([secret, pod]) == [("ConfigMap", "theirs"), ("PersistentVolumeClaim", "data")]
