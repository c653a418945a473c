"""Whatever is wrong with the input, a person reads one sentence and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal import ENTER, Terminal

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "{server}", insecure-skip-tls-verify: true}}}}]
users: [{{name: me, user: {{token: "{token}"}}}}]
"""


def run(
    *words: str, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One of our programs, without a terminal, to its end."""
    environment = {k: v for k, v in os.environ.items() if k != "KUBECONFIG"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**environment, **(env or {})},
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What it said on stderr; fails when that is a traceback or more than a person reads."""
    assert "Traceback" not in done.stderr, done.stderr
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(said) == 1, done.stderr
    return said[0]


BROKEN_FILES = {
    "empty": "",
    "not yaml": "clusters: [",
    "not a mapping": "- a\n- b\n",
    "wrong types": "clusters: 3\ncontexts: yes\n",
    "no such cluster": "current-context: a\ncontexts: [{name: a, context: {cluster: gone}}]\n",
    "binary": "\x00\x01\x02",
}


GUESTBOOK = Path(__file__).resolve().parents[2] / "examples" / "guestbook" / "compose.yaml"
WORDS = {
    "stern": ("stern", ".", "--no-follow"),
    "kompose": ("kompose", "-f", str(GUESTBOOK), "ps"),
}


@pytest.mark.parametrize("content", BROKEN_FILES.values(), ids=BROKEN_FILES.keys())
@pytest.mark.parametrize("program", ["stern", "kompose"])
def test_a_broken_kubeconfig_is_one_sentence(program: str, content: str, tmp_path: Path) -> None:
    words = WORDS[program]
    file = tmp_path / "config"
    file.write_text(content)

    done = run(*words, "--kubeconfig", str(file))

    assert done.returncode == 1
    assert sentence(done)


@pytest.mark.parametrize("program", ["stern", "kompose"])
def test_a_missing_kubeconfig_is_named(program: str, tmp_path: Path) -> None:
    words = WORDS[program]

    done = run(*words, "--kubeconfig", str(tmp_path / "nowhere"))

    assert done.returncode == 1
    assert "nowhere" in sentence(done)


def test_an_unknown_context_is_named_with_those_that_exist(shared_demo: RunningCluster) -> None:
    done = run("stern", ".", "--kubeconfig", str(shared_demo.kubeconfig), "--context", "mars")

    assert done.returncode == 1
    assert "mars" in sentence(done)


def test_a_dead_server_is_one_sentence_with_its_address(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{free.getsockname()[1]}"
    file = tmp_path / "config"
    file.write_text(KUBECONFIG.format(server=server, token="t"))

    done = run("stern", ".", "--no-follow", "--kubeconfig", str(file))

    assert done.returncode == 1
    assert server.removeprefix("https://") in sentence(done)


@pytest.fixture
def website() -> Iterator[str]:
    """A server that is alive and is not Kubernetes."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html><body>Welcome!</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_is_not_kubernetes_is_said_to_be_none(website: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG.format(server=website, token="t"))

    done = run("stern", ".", "--no-follow", "--kubeconfig", str(file))

    assert done.returncode == 1
    assert "Kubernetes" in sentence(done)


def with_token(kubeconfig: Path, token: str, folder: Path) -> Path:
    """The demo cluster's kubeconfig, with another token."""
    lines = kubeconfig.read_text().splitlines()
    broken = [
        line[: line.index("token:")] + f"token: {token}" if "token:" in line else line
        for line in lines
    ]
    file = folder / "expired"
    file.write_text("\n".join(broken))
    return file


def test_an_expired_token_is_one_sentence(shared_demo: RunningCluster, tmp_path: Path) -> None:
    file = with_token(shared_demo.kubeconfig, "long-gone", tmp_path)

    done = run("stern", ".", "--no-follow", "--kubeconfig", str(file))

    assert done.returncode == 1
    assert "credentials" in sentence(done).lower() or "Unauthorized" in sentence(done)


def test_a_user_without_rights_reads_which_right_is_missing(shared_demo: RunningCluster) -> None:
    where = ("--kubeconfig", str(shared_demo.kubeconfig), "--as", "nobody@example.com")

    done = run("stern", ".", "-n", "default", "--no-follow", *where)

    assert done.returncode == 1
    said = sentence(done)
    assert "pods" in said
    assert "list" in said


def test_a_regex_that_does_not_compile_is_shown(shared_demo: RunningCluster) -> None:
    done = run("stern", "a(b", "--kubeconfig", str(shared_demo.kubeconfig))

    assert done.returncode == 1
    assert "a(b" in sentence(done)


@pytest.mark.parametrize("content", ["", "- a\n", "services: 3\n", "a: [", "\x00", "hello"])
@pytest.mark.parametrize("command", ["convert", "up", "down"])
def test_a_compose_file_that_is_none_is_one_sentence(
    command: str, content: str, tmp_path: Path
) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(content)

    done = run("kompose", "-f", str(file), command)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "compose.yaml" in done.stderr or "Unable to load files" in done.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_kube_tui_without_a_terminal_says_so() -> None:
    done = run("kube_tui", "--demo")

    assert done.returncode != 0
    assert "terminal" in sentence(done)


@pytest.mark.parametrize("content", BROKEN_FILES.values(), ids=BROKEN_FILES.keys())
def test_kube_tui_with_a_broken_kubeconfig_says_so_and_ends_or_stays_useful(
    content: str, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    file.write_text(content)
    command = [sys.executable, "-m", "kube_tui", "--kubeconfig", str(file)]

    with Terminal(command, columns=140) as person:
        code = person.wait_exit()

    assert code != 0
    assert b"Traceback" not in person.raw
    assert b"config" in person.raw


def test_kube_tui_on_a_dead_server_shows_why_and_leaves_on_q(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{free.getsockname()[1]}"
    file = tmp_path / "config"
    file.write_text(KUBECONFIG.format(server=f"https://{server}", token="t"))

    with Terminal([sys.executable, "-m", "kube_tui", "--kubeconfig", str(file)]) as person:
        person.expect(server)
        person.send(f":q{ENTER}")

        assert person.wait_exit() == 0
