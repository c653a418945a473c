"""Runs that are cut short, by a person or by a signal, and what a terminal looks like then."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from demo_cluster.threaded import RunningCluster
from kompose.live.local_clusters import image_advice
from tests.kompose.demo_storage import cluster_with_storage
from tests.terminal import CTRL_C, Terminal

_NAMES = count(1)
COMPOSE = """
name: shop
services:
  db:
    image: busybox
    command: ["sh", "-c", "sleep 300; touch /tmp/ready; sleep 1000"]
    stop_grace_period: 1s
    healthcheck: {test: ["CMD", "test", "-e", "/tmp/ready"], interval: 1s, start_period: 1000s}
  web:
    image: busybox
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    depends_on: {db: {condition: service_healthy}}
"""
"""The database takes its time to be ready, and web waits for it."""
LEAKY = """
name: shop
services:
  web:
    image: busybox
    restart: "no"
    environment: {DB_PASSWORD: hunter2-word}
    secrets: [pw]
    command: ["sh", "-c", "echo my password is $$DB_PASSWORD; cat /run/secrets/pw; exit 1"]
secrets: {pw: {file: ./pw.txt}}
"""
"""A service that prints its secrets and fails."""
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
echo building, as asked
case "$*" in
  *broken*) echo "no such base image" >&2; exit 1;;
  *slow*) exec sleep 60;;
  *busybox*) while [ -e "$BLOCK" ]; do sleep 0.1; done;;
esac
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with cluster_with_storage(speed=5) as running:
        yield running


class Shop:
    """A compose file and a namespace of its own for it."""

    def __init__(self, folder: Path, cluster: RunningCluster) -> None:
        self.folder = folder
        self.namespace = f"cut-{next(_NAMES)}"
        self._kubeconfig = cluster.kubeconfig
        (folder / "compose.yaml").write_text(COMPOSE)

    def command(self, *arguments: str) -> list[str]:
        where = ("--kubeconfig", str(self._kubeconfig), "-n", self.namespace)
        return [sys.executable, "-m", "kompose", *where, *arguments]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def shop(tmp_path: Path, cluster: RunningCluster) -> Shop:
    return Shop(tmp_path, cluster)


def until(process: subprocess.Popen[str], words: str) -> None:
    """Read up to the first line with these words; the test's own time limit is the patience."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            return
    raise AssertionError(f"{words!r} never came: {seen}")


def test_a_run_that_is_killed_is_finished_by_the_next(shop: Shop) -> None:
    (shop.folder / "compose.yaml").write_text(COMPOSE.replace("sleep 300", "sleep 5"))
    with shop.begin("up", "-d") as process:
        until(process, "deployment/db created")
        process.kill()

    with shop.begin("up", "-d") as again:
        until(again, "deployment/db unchanged")
        until(again, "✓ web")
        assert again.wait(30) == 0


def test_ctrl_c_on_the_way_up_leaves_at_once_and_says_what_stays(shop: Shop) -> None:
    with Terminal(shop.command("up"), cwd=shop.folder, columns=140) as person:
        person.expect(r"web +waiting  for db")
        person.send(CTRL_C)
        person.expect(rf"What was made stays.*kompose down -n {shop.namespace}")

        assert person.wait_exit() == 130


def test_ctrl_c_at_the_question_leaves_at_once_and_removes_nothing(shop: Shop) -> None:
    assert shop.run("up", "--no-wait", "-d", "db").returncode == 0

    with Terminal(shop.command("down"), cwd=shop.folder) as person:
        person.expect(r"\[y/N\]")
        person.send(CTRL_C)
        assert person.wait_exit() == 130

    assert shop.run("ps", "--services").stdout == "db\n"


def test_a_terminal_sees_what_leaves_and_what_is_gone(shop: Shop) -> None:
    assert shop.run("up", "--no-wait", "-d", "db").returncode == 0

    with Terminal(shop.command("down", "-y"), cwd=shop.folder) as person:
        person.expect(r"✓ deployment/db removed")
        person.expect(r"✓ pod/db-\S+ removed")
        person.expect(r"shop is gone")
        assert person.wait_exit() == 0


@pytest.mark.parametrize("signs", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colours_gets_none(shop: Shop, signs: dict[str, str]) -> None:
    command = shop.command("up", "-d", "--timeout", "2")
    with Terminal(command, cwd=shop.folder, env=signs) as person:
        person.expect(r"Not everything of shop runs after 2 s")
        assert person.wait_exit() == 1

    assert b"\x1b[3" not in person.raw
    assert b"\x1b[9" not in person.raw


def test_a_file_gets_no_control_sequences(shop: Shop) -> None:
    done = shop.run("up", "-d", "--timeout", "2")

    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "· web  waiting  for db" in done.stderr


@pytest.fixture
def tools(shop: Shop) -> dict[str, str]:
    """A PATH on which podman is the one program that builds images; it logs what it is asked."""
    folder = shop.folder / "bin"
    folder.mkdir()
    podman = folder / "podman"
    podman.write_text(TOOL)
    podman.chmod(podman.stat().st_mode | stat.S_IXUSR)
    for name in ("sh", "basename", "sleep"):
        found = next(place for place in ("/bin", "/usr/bin") if Path(place, name).exists())
        (folder / name).symlink_to(Path(found, name))
    return {"PATH": str(folder), "LOG": str(shop.folder / "log")}


def test_build_builds_and_pushes_with_the_tool_that_is_there(
    shop: Shop, tools: dict[str, str]
) -> None:
    (shop.folder / "compose.yaml").write_text(
        "services: {app: {build: ., image: registry.example.com/app}}\n"
    )

    done = shop.run("up", "--build", "--no-wait", "-d", **tools)

    assert done.returncode == 0, done.stderr
    built, pushed = (shop.folder / "log").read_text().splitlines()
    assert built.startswith("podman build --tag registry.example.com/app ")
    assert built.endswith(f" {shop.folder}")
    assert pushed == "podman push registry.example.com/app"
    assert done.stdout == ""


def test_what_a_build_is_told_stands_in_its_flags_and_secrets_do_not(
    shop: Shop, tools: dict[str, str]
) -> None:
    (shop.folder / "compose.yaml").write_text(
        """
services:
  app:
    build:
      context: .
      target: prod
      args: {LEVEL: "2", NPM_TOKEN: hunter2}
      platforms: [linux/amd64, linux/arm64]
      no_cache: true
      labels: {team: shop}
      tags: ["app:2"]
      extra_hosts: ["db:10.0.0.1"]
    image: app
  other: {build: ., image: broken}
"""
    )

    done = shop.run("up", "--build", "--no-push", "--no-wait", "-d", "app", **tools)

    assert done.returncode == 0, done.stderr
    assert (shop.folder / "log").read_text() == (
        f"podman build --tag app --file {shop.folder}/Dockerfile --target prod "
        "--build-arg LEVEL=2 --build-arg NPM_TOKEN "
        "--tag app:2 --label team=shop --no-cache --platform linux/amd64,linux/arm64 "
        f"--add-host db:10.0.0.1 {shop.folder}\n"
    )


def test_a_machine_without_a_program_that_builds_says_so_in_one_sentence(shop: Shop) -> None:
    (shop.folder / "compose.yaml").write_text("services: {app: {build: .}}\n")

    done = shop.run("up", "--build", "-d", PATH=str(shop.folder))

    assert done.returncode == 1
    assert "install docker, podman or buildah" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("kind-shop", "kind load docker-image app --name shop"),
        ("k3d-shop", "k3d image import app -c shop"),
        ("minikube", "minikube image load app"),
        ("docker-desktop", "sees the images of this machine"),
        ("gke_shop", "image: registry.example.com/me/app"),
    ],
)
def test_how_an_image_comes_to_a_cluster_depends_on_the_cluster(context: str, words: str) -> None:
    assert words in image_advice(context, "app")


def test_a_push_that_is_refused_says_how_else_the_image_comes_to_the_cluster(
    shop: Shop, tools: dict[str, str]
) -> None:
    (shop.folder / "compose.yaml").write_text("services: {app: {build: ., image: app}}\n")
    podman = shop.folder / "bin" / "podman"
    podman.write_text("#!/bin/sh\ncase $1 in push) echo denied; exit 1;; esac\n")

    done = shop.run("up", "--build", "-d", **tools)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(image_advice("demo", "app"))


def test_a_build_that_fails_is_one_sentence_and_nothing_is_applied(
    shop: Shop, tools: dict[str, str]
) -> None:
    (shop.folder / "compose.yaml").write_text(
        "name: shop\nservices: {app: {build: ., image: broken}}\n"
    )

    done = shop.run("up", "--build", **tools)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "FATA Unable to build Docker image for service app: "
        "Unable to build the image broken: no such base image"
    )
    assert "created" not in done.stderr


def test_ctrl_c_ends_a_build_that_a_person_watches(shop: Shop, tools: dict[str, str]) -> None:
    (shop.folder / "compose.yaml").write_text("services: {app: {build: ., image: slow}}\n")

    with Terminal(shop.command("up", "--build"), cwd=shop.folder, env=tools) as person:
        person.expect("building, as asked")
        person.send(CTRL_C)

        assert person.wait_exit() == 130


def test_logs_go_on_while_images_are_built_for_a_saved_file(
    shop: Shop, tools: dict[str, str]
) -> None:
    file, block = shop.folder / "compose.yaml", shop.folder / "block"
    talk = "while true; do echo talking; sleep 1; done"
    file.write_text(
        "services: {talker: {build: ., image: busybox, stop_grace_period: 1s, "
        f'command: ["sh", "-c", "{talk}"]}}}}\n'
    )
    command = shop.command("up", "--build", "--watch", "--attach")
    environment = {**os.environ, **tools, "BLOCK": str(block)}
    with Terminal(command, cwd=shop.folder, env=environment, columns=150) as person:
        person.expect("Watching")
        block.touch()
        file.write_text(file.read_text().replace("talking", "other"))
        person.expect(r"compose.yaml was saved(.|\n)*building, as asked(.|\n)*talking")

        block.unlink()
        person.expect(r"echo other")
        person.send(CTRL_C)
        assert person.wait_exit() == 130


def test_a_dry_run_builds_nothing(shop: Shop, tools: dict[str, str]) -> None:
    (shop.folder / "compose.yaml").write_text("services: {app: {build: ., image: app}}\n")

    done = shop.run("up", "--build", "--dry-run", **tools)

    assert "Images would have been built first." in done.stderr
    assert not (shop.folder / "log").exists()


def test_no_secret_is_ever_printed(shop: Shop) -> None:
    (shop.folder / "pw.txt").write_text("hunter2-file")
    (shop.folder / "compose.yaml").write_text(LEAKY)
    said = [shop.run("up", "-d")]
    (shop.folder / "pw.txt").write_text("hunter3-file")
    (shop.folder / "compose.yaml").write_text(LEAKY.replace("hunter2", "hunter3"))

    said += [
        shop.run("diff"),
        shop.run("up", "--dry-run"),
        shop.run("ps"),
        shop.run("ps", "--json"),
    ]
    said += [shop.run("restart"), shop.run("down")]

    text = "".join(one.stdout + one.stderr for one in said)
    assert "hunter" not in text
    assert b64encode(b"hunter2-file").decode() not in text
    assert b64encode(b"hunter3-file").decode() not in text
    assert "web | my password is ***" in text
    assert "*** (before)" in text
