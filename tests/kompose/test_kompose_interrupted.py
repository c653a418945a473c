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
