"""The command itself: what it says before, or instead of, a screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal import ENTER, Terminal

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kube_tui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def test_the_version_is_said_without_importing_the_program() -> None:
    script = (
        "import sys; sys.argv = ['kube-tui', '--version']; from kube_tui.__main__ import main\n"
        "main(); print(*(m for m in sys.modules if m.startswith(('kube_', 'textual', 'typer'))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    version, modules = done.stdout.splitlines()
    assert version.startswith("kube-tui ")
    assert set(modules.split()) == {"kube_tui", "kube_tui.version", "kube_tui.__main__"}


@pytest.mark.parametrize("arguments", [(), ("--demo",), ("-n", "shop")])
def test_without_a_terminal_it_is_one_sentence_and_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "terminal" in done.stderr


def test_an_unknown_flag_is_one_sentence_and_code_2() -> None:
    done = run("--nonsense")

    assert done.returncode == 2
    assert done.stderr == "kube-tui: No such option: --nonsense\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "kubeconfig"),
        ("", "kubeconfig|cluster|context"),
        ("{", "line"),
        ("apiVersion: v1\nkind: Config\ncurrent-context: nowhere\n", "nowhere"),
    ],
)
def test_a_bad_kubeconfig_is_one_sentence(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)

    command = [sys.executable, "-m", "kube_tui", "--kubeconfig", str(file)]
    with Terminal(command, columns=300) as person:
        person.expect(rf"kube-tui: .*(?i:{words})")
        assert person.wait_exit() == 1
        assert "Traceback" not in person.screen


@pytest.mark.parametrize(("environment", "has_colours"), [({"NO_COLOR": "1"}, False), ({}, True)])
def test_no_color_makes_it_plain(
    shared_demo: RunningCluster, environment: dict[str, str], has_colours: bool
) -> None:
    command = [sys.executable, "-m", "kube_tui", "--kubeconfig", str(shared_demo.kubeconfig)]

    with Terminal(command, env=environment) as person:
        person.expect(r"kube-system +Active")
        person.send(f":q{ENTER}")
        assert person.wait_exit() == 0

    colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", person.raw)
    assert any(len(set(colour)) > 1 for colour in colours) is has_colours


def test_without_any_cluster_it_is_a_demo_cluster_and_says_so(tmp_path: Path) -> None:
    nowhere = {"HOME": str(tmp_path), "KUBECONFIG": "", "TMPDIR": str(tmp_path)}

    with Terminal([sys.executable, "-m", "kube_tui"], columns=140, env=nowhere) as person:
        person.expect(r"No cluster is configured, so this is a demo cluster")
        person.expect(r"monitoring +Active")
        person.send(f":q{ENTER}")
        assert person.wait_exit() == 0


def test_a_dead_cluster_is_a_sentence_on_the_screen_and_the_keys_live(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: dead\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]\n"
        "users: [{name: u, user: {token: t}}]\n"
        "contexts:\n- {name: dead, context: {cluster: c, user: u}}\n"
        "- {name: other, context: {cluster: c, user: u}}\n"
    )

    command = [sys.executable, "-m", "kube_tui", "--kubeconfig", str(file)]
    with Terminal(command, columns=120) as person:
        person.expect(r"Cannot reach https://127\.0\.0\.1:9")
        person.expect(r"r tries again")
        person.send(f":ctx{ENTER}")
        person.expect(r"other")
        person.send(f":q{ENTER}")
        assert person.wait_exit() == 0
