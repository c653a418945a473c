"""A compose file becomes an application, is looked at, and leaves nothing behind."""

import subprocess
from pathlib import Path

from kube_client.client import Client
from kube_client.resource import DEPLOYMENTS, PODS, SERVICES
from tests.journeys.place import Place, program

COMPOSE = """\
name: shop
services:
{services}
"""
SERVICE = """\
  {name}:
    image: {image}
    command: ["sh", "-c", {talking!r}]
    ports: ["{port}"]
    stop_grace_period: 1s
    labels:
      kompose.image-pull-policy: {policy}
"""


def compose_file(place: Place, folder: Path) -> Path:
    """Three services that talk."""
    services = "".join(
        SERVICE.format(
            name=name,
            image=place.image,
            talking=f"while true; do echo hello from {name}; sleep 1; done",
            port=port,
            policy=place.pull_policy,
        )
        for name, port in [("web", 8080), ("cart", 8081), ("stock", 8082)]
    )
    file = folder / "compose.yaml"
    file.write_text(COMPOSE.format(services=services))
    return file


def kompose(place: Place, file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run kompose to its end on the story's cluster and namespace."""
    where = ("--kubeconfig", str(place.kubeconfig), "--namespace", place.namespace)
    return subprocess.run(
        [*program("kompose", "-f", str(file)), *arguments, *where],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_up_runs_the_application_and_down_leaves_nothing(place: Place, tmp_path: Path) -> None:
    file = compose_file(place, tmp_path)

    up = kompose(place, file, "up", "-d")

    assert up.returncode == 0, up.stdout + up.stderr
    assert ready_replicas(place) == {"web": 1, "cart": 1, "stock": 1}
    assert stern_sees(place) == {"web", "cart", "stock"}

    again = kompose(place, file, "up", "-d")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "unchanged" in (again.stdout + again.stderr).lower()

    down = kompose(place, file, "down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert names(place) == []


def ready_replicas(place: Place) -> dict[str, int]:
    """How many pods of each Deployment are ready."""

    async def story(client: Client) -> dict[str, int]:
        found = await client.list(DEPLOYMENTS, dict, namespace=place.namespace)
        return {
            item["metadata"]["name"]: item["status"].get("readyReplicas", 0) for item in found.items
        }

    return place.run(story)


def names(place: Place) -> list[str]:
    """What of the application is still there."""

    async def story(client: Client) -> list[str]:
        left = []
        for kind in (DEPLOYMENTS, SERVICES, PODS):
            found = await client.list(kind, dict, namespace=place.namespace)
            left += [f"{kind.kind}/{item['metadata']['name']}" for item in found.items]
        return left

    return place.run(story)


def stern_sees(place: Place) -> set[str]:
    """The services whose lines `stern` prints."""
    command = program("stern", "--kubeconfig", str(place.kubeconfig), "-n", place.namespace)
    done = subprocess.run(
        [*command, ".*", "--no-follow", "-o", "raw", "--tail", "3", "--only-log-lines"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {line.rsplit(" ", 1)[-1] for line in done.stdout.splitlines()}
