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


IN_ORDER = """\
name: shop
x-common: &common
  image: {image}
  stop_grace_period: 1s
  labels: {{kompose.image-pull-policy: {policy}}}
services:
  web:
    <<: *common
    command: ["sleep", "1000"]
    depends_on:
      setup: {{condition: service_completed_successfully}}
  setup:
    <<: *common
    restart: "no"
    command: ["sh", "-c", "echo the file is there"]
    depends_on:
      db: {{condition: service_healthy}}
  db:
    <<: *common
    command: ["sh", "-c", "sleep 2; touch /tmp/ready; sleep 1000"]
    healthcheck:
      test: ["CMD", "test", "-e", "/tmp/ready"]
      interval: 1s
      start_period: 60s
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
        [*program("kompose", "-f", str(file)), *where, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_an_application_is_run_looked_at_changed_and_removed(place: Place, tmp_path: Path) -> None:
    file = compose_file(place, tmp_path)

    up = kompose(place, file, "up", "-d")
    assert up.returncode == 0, up.stdout + up.stderr
    assert ready_replicas(place) == {"web": 1, "cart": 1, "stock": 1}
    assert stern_sees(place) == {"web", "cart", "stock"}

    again = kompose(place, file, "up", "-d")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "unchanged" in (again.stdout + again.stderr).lower()

    assert lines(place, file, "ps", "--services") == ["cart", "stock", "web"]
    assert all(one.endswith("| hello from web") for one in lines(place, file, "logs", "web"))
    assert lines(place, file, "exec", "-T", "web", "echo", "here") == ["here"]
    assert lines(place, file, "port", "web", "8080") == [f"web.{place.namespace}.svc:8080"]

    lines(place, file, "scale", "web=2")
    pods = set(lines(place, file, "ps", "-q", "web"))
    assert len(pods) == 2
    lines(place, file, "restart", "web")
    assert set(lines(place, file, "ps", "-q", "web")) - pods

    different = kompose(place, file, "diff")
    assert different.returncode == 1
    assert "-  replicas: 2" in different.stdout

    down = kompose(place, file, "down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert names(place) == []


def test_services_start_in_the_order_of_their_needs(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(IN_ORDER.format(image=place.image, policy=place.pull_policy))

    up = kompose(place, file, "up", "-d")

    assert up.returncode == 0, up.stdout + up.stderr
    created = [line for line in up.stderr.splitlines() if line.endswith(" created")]
    pods = [line for line in created if line.startswith(("pod/", "deployment/"))]
    assert pods == ["deployment/db created", "pod/setup created", "deployment/web created"]
    [said] = lines(place, file, "logs", "setup")
    assert [part.strip() for part in said.split("|")] == ["setup", "the file is there"]
    assert kompose(place, file, "down", "--volumes").returncode == 0


def lines(place: Place, file: Path, *arguments: str) -> list[str]:
    """What kompose prints; it must succeed."""
    done = kompose(place, file, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


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
