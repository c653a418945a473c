"""The commands on a cluster as a person types them, each a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from tests.terminal import CTRL_C, Terminal

_NAMES = count(1)
TALK = "i=0; while true; do echo line $$i; i=$$((i+1)); sleep 1; done"
COMPOSE = f"""
name: shop
services:
  talker:
    image: busybox
    command: ["sh", "-c", "{TALK}"]
    stop_grace_period: 1s
  page:
    image: nginx
    ports: ["{{local}}:80"]
    stop_grace_period: 1s
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with running_cluster(ClusterOptions(scenario="empty", clock=RealClock(speed=5))) as running:
        yield running


@dataclass
class Shop:
    """A compose file, and a namespace of its own for it."""

    file: Path
    kubeconfig: Path
    namespace: str

    def command(self, name: str, *arguments: str) -> list[str]:
        where = ("--kubeconfig", str(self.kubeconfig), "-n", self.namespace)
        program = [sys.executable, "-m", "kompose", "-f", str(self.file)]
        return [*program, name, *where, *arguments]

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *arguments),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def lines(self, name: str, *arguments: str) -> list[str]:
        done = self.run(name, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @contextmanager
    def running(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            self.command(name, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def until(process: subprocess.Popen[str], pattern: str) -> str:
    """The first line that matches; the test's own time limit is the patience."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if re.search(pattern, line):
            return line
    raise AssertionError(f"{pattern!r} never came: {seen}")


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def shop(cluster: RunningCluster, tmp_path: Path, unused_port: int) -> Shop:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE.replace("{local}", str(unused_port)))
    return Shop(file, cluster.kubeconfig, f"cli-{next(_NAMES)}")


@pytest.fixture
def up(shop: Shop) -> Shop:
    """The shop, brought up."""
    done = shop.run("up", "-d")
    assert done.returncode == 0, done.stderr
    return shop


def columns(line: str) -> Sequence[str]:
    return re.split(r"\s{2,}", line)


def test_ps_lists_services_and_json_says_the_same(up: Shop) -> None:
    head, *rows = up.lines("ps")
    records = json.loads("".join(up.lines("ps", "--json")))

    assert columns(head)[:3] == ["SERVICE", "STATE", "READY"]
    assert [columns(row)[:3] for row in rows] == [
        ["page", "ready", "1/1"],
        ["talker", "ready", "1/1"],
    ]
    assert [(one["Service"], one["State"]) for one in records] == [
        ("page", "ready"),
        ("talker", "ready"),
    ]


def test_logs_name_who_spoke_and_tail_limits_them(up: Shop) -> None:
    [line] = up.lines("logs", "--tail", "1", "talker")
    [bare] = up.lines("logs", "--tail", "1", "--no-log-prefix", "-t", "talker")

    assert re.fullmatch(r"talker-\w+ \| line \d+", line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+ line \d+", bare)


def test_followed_logs_go_on(up: Shop) -> None:
    with up.running("logs", "-f", "--tail", "1", "talker") as process:
        first = int(until(process, r"line \d+").rsplit(" ", 1)[1])
        assert int(until(process, r"line \d+").rsplit(" ", 1)[1]) == first + 1
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_reader_that_leaves_ends_the_logs_without_a_word(up: Shop) -> None:
    with subprocess.Popen(
        up.command("logs", "-f", "talker"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == ""


def test_exec_passes_words_and_exit_codes_on(up: Shop) -> None:
    done = up.run("exec", "talker", "sh", "-c", 'echo "$0" "$1"; exit 9', "a  b", "-n")

    assert (done.returncode, done.stdout) == (9, "a  b -n\n")


def test_exec_reads_what_is_piped_in(up: Shop) -> None:
    done = subprocess.run(
        up.command("exec", "-T", "talker", "wc", "-l"),
        input="one\ntwo\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.strip() == "2"


def test_a_person_gets_a_shell_in_a_service(up: Shop) -> None:
    with Terminal(up.command("exec", "talker", "sh")) as person:
        person.expect(r"[$#] *$")
        person.send("echo $((6*7)) it is\r")
        person.expect(r"^42 it is")
        person.send("exit 3\r")
        assert person.wait_exit() == 3


def test_scale_and_restart_wait_until_it_is_done(up: Shop) -> None:
    scaled = up.run("scale", "talker=2")
    assert scaled.returncode == 0, scaled.stderr
    before = set(up.lines("ps", "-q", "talker"))
    assert len(before) == 2

    restarted = up.run("restart", "talker")
    assert restarted.returncode == 0, restarted.stderr
    after = set(up.lines("ps", "-q", "talker"))
    assert len(after - before) == 2


def test_port_says_where_and_forward_leads_there(up: Shop, unused_port: int) -> None:
    [inside] = up.lines("port", "page", str(unused_port))
    assert inside == f"page.{up.namespace}.svc:{unused_port}"

    with up.running("port", "--forward", "page") as process:
        line = until(process, r"127\.0\.0\.1:\d+")
        address = line.split(" ", 1)[0]
        with urllib.request.urlopen(f"http://{address}/", timeout=20) as page:
            assert page.status == 200


def test_attached_up_forwards_and_follows_until_ctrl_c(shop: Shop, unused_port: int) -> None:
    with Terminal(shop.command("up"), columns=160) as person:
        person.expect(rf"page: http://127.0.0.1:{unused_port} leads to port 80")
        person.expect(r"talker-\w+ \| line \d+")
        with urllib.request.urlopen(f"http://127.0.0.1:{unused_port}/", timeout=20) as page:
            assert page.status == 200
        person.send(CTRL_C)
        person.expect(r"shop goes on running")
        assert person.wait_exit() == 130

    assert len(shop.lines("ps", "-q")) == 2


def test_a_saved_file_is_shown_as_a_difference_and_applied(shop: Shop) -> None:
    with shop.running("up", "--watch", "--no-attach") as process:
        until(process, r"^Watching compose.yaml")
        shop.file.write_text(shop.file.read_text().replace("echo line", "echo changed"))
        until(process, r"^\+.*echo changed")
        until(process, r"^shop runs")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_broken_save_is_told_and_the_next_one_is_applied(shop: Shop) -> None:
    good = shop.file.read_text()
    with shop.running("up", "--watch", "--no-attach") as process:
        until(process, r"^Watching compose.yaml")
        shop.file.write_text("services: [")
        assert "Traceback" not in until(process, r"^Not applied: ")
        shop.file.write_text(good.replace("echo line", "echo mended"))
        until(process, r"^shop runs")


def test_a_person_is_asked_before_things_go(up: Shop) -> None:
    with Terminal(up.command("down")) as person:
        person.expect(r"Remove these 4 objects of shop\? \[y/N\]")
        person.send("\r")
        assert person.wait_exit() == 1
    assert len(up.lines("ps", "-q")) == 2

    with Terminal(up.command("down")) as person:
        person.expect(r"\[y/N\]")
        person.send("y\r")
        person.expect(r"shop is gone")
        assert person.wait_exit() == 0


def test_services_that_share_a_pod_are_told_apart(shop: Shop) -> None:
    text = (
        shop.file.read_text()
        + """
  side:
    image: busybox
    command: ["sh", "-c", "while true; do echo beside; sleep 1; done"]
    network_mode: "service:talker"
"""
    )
    shop.file.write_text(text)
    assert shop.run("up", "-d").returncode == 0

    [said] = shop.lines("logs", "--tail", "1", "side")
    [row] = shop.lines("ps", "side")[1:]

    assert re.fullmatch(r"talker-\w+/side \| beside", said)
    assert columns(row)[0] == "talker + side"
    assert shop.lines("exec", "-T", "side", "echo", "here") == ["here"]


def test_logs_can_be_those_of_a_time_and_of_one_pod(up: Shop) -> None:
    first, *_, last = up.lines("logs", "-t", "talker")
    then = last.split(" | ")[1].split(" ")[0]
    assert up.run("scale", "talker=2").returncode == 0

    until_then = up.lines("logs", "-t", "--until", then, "--index", "1", "talker")
    since_then = up.lines("logs", "-t", "--since", then, "--index", "1", "talker")

    assert (until_then[0], until_then[-1]) == (first, last)
    assert since_then[0] == last


def test_ps_has_the_forms_that_programs_read(up: Shop) -> None:
    assert up.lines("ps", "--services") == ["page", "talker"]
    assert [json.loads(line)["Service"] for line in up.lines("ps", "--format", "json")] == [
        "page",
        "talker",
    ]
    assert up.lines("ps", "--status", "failed", "--services") == []
    assert up.lines("ps", "--filter", "status=running", "--services") == ["page", "talker"]


def test_exec_gives_variables_a_directory_and_says_what_is_not_there(up: Shop) -> None:
    words = ("-e", "WHO=me", "-w", "/tmp", "talker", "sh", "-c", 'echo "$WHO in $(pwd)"')
    assert up.lines("exec", "-T", *words) == ["me in /tmp"]

    missing = up.run("exec", "-T", "talker", "no-such-program")
    assert missing.returncode == 127
    assert missing.stderr == "The image of talker has no program 'no-such-program'.\n"


def test_what_is_stopped_comes_back_with_as_many_copies(up: Shop) -> None:
    assert up.run("scale", "talker=2").returncode == 0

    stopped = up.run("stop", "talker")
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stderr.count("✓ pod/talker-") == 2
    assert up.lines("ps", "-q", "talker") == []

    started = up.run("start")
    assert started.returncode == 0, started.stderr
    assert len(up.lines("ps", "-q", "talker")) == 2
    assert "Nothing was stopped." in up.run("start").stderr


def test_files_are_copied_into_and_out_of_a_service(up: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("here")

    up.lines("cp", str(folder), "talker:/tmp/")
    up.lines("cp", "talker:/tmp/folder/a.txt", str(tmp_path / "b.txt"))
    up.lines("cp", "talker:/tmp/folder", str(tmp_path / "back"))

    assert (tmp_path / "b.txt").read_text() == "here"
    assert (tmp_path / "back" / "a.txt").read_text() == "here"
    missing = up.run("cp", "talker:/tmp/none", ".")
    assert missing.returncode == 1
    assert "talker:/tmp/none cannot be read: tar: " in missing.stderr


def test_events_are_those_of_the_services_and_go_on(up: Shop) -> None:
    lines = up.lines("events", "--no-follow", "talker")
    assert any(re.search(r"Normal Pulled  pod/talker-\w+-\w+: ", line) for line in lines)
    assert not any("/page" in line for line in lines)

    with up.running("events", "--json") as process:
        until(process, '"Reason":"Started"')
        assert up.run("scale", "talker=2").returncode == 0
        until(process, '"Reason":"ScalingReplicaSet".* to 2')
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_projects_images_and_processes_are_listed(up: Shop) -> None:
    projects = [columns(line) for line in up.lines("ls")]
    images = [columns(line) for line in up.lines("images", "page")]

    assert projects == [["NAME", "NAMESPACE", "STATUS"], ["shop", up.namespace, "ready(2)"]]
    assert images[1][1:4] == ["page", "docker.io/library/nginx", "latest"]
    assert any("sh -c" in line for line in up.lines("top", "talker"))


def test_a_project_is_known_by_its_name_alone(up: Shop, tmp_path: Path) -> None:
    where = ("--kubeconfig", str(up.kubeconfig), "-n", up.namespace)
    command = [sys.executable, "-m", "kompose", "-p", "shop", *where]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*words: str) -> str:
        return subprocess.run(
            [*command, *words], cwd=elsewhere, capture_output=True, text=True, check=True
        ).stdout

    assert run("ps", "--services").splitlines() == ["page", "talker"]
    run("down", "-t", "1")
    assert up.run("ps").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exec", "nobody", "ls"], "There is no service 'nobody'"),
        (["scale", "talker"], "SERVICE=COPIES"),
        (["logs", "--tail", "few"], "--tail wants a number"),
        (["logs", "--since", "long"], "--since wants a duration"),
        (["ps", "--context", "nowhere"], "no context 'nowhere'"),
        (["ps"], "Nothing of the project 'shop' is in namespace"),
        (["port", "page", "1"], "has no port"),
        (["up", "--scale", "page"], "SERVICE=COPIES"),
        (["up", "--abort-on-container-exit"], "Kubernetes starts a container that ends again"),
        (["ps", "--status", "odd"], "There is no state 'odd'"),
        (["ps", "--filter", "name=web"], "ps filters by state, such as status=running"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(shop: Shop, arguments: list[str], words: str) -> None:
    done = shop.run(*arguments)

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_dead_cluster_is_one_sentence(shop: Shop, tmp_path: Path) -> None:
    dead = tmp_path / "dead"
    text = shop.kubeconfig.read_text()
    dead.write_text(re.sub(r"https://127\.0\.0\.1:\d+", "https://127.0.0.1:9", text))

    done = Shop(shop.file, dead, shop.namespace).run("up", "-d")

    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_user_without_rights_is_told_which(shop: Shop) -> None:
    done = shop.run("up", "-d", "--context", "demo-viewer")

    assert done.returncode == 1
    assert "may not" in done.stderr
    assert "Traceback" not in done.stderr
