"""Completion as shells use it, and the menu of --prompt at a terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stern.completion import Directive, candidates
from stern.completion_scripts import completion_script
from stern.prompt import Menu
from tests.stern.pod_server import Query, Send, pod, pod_server
from tests.stern.test_stern_command import STERN, environment, serve_log, stern


def test_flags_are_completed_with_what_they_do() -> None:
    found = candidates(["--exclude-p"])

    assert found.directive == Directive.NO_FILES
    [line] = found.lines
    assert line.startswith("--exclude-pod\t")


@pytest.mark.parametrize("words", [["--color", "a"], ["--color=a"], ["x", "-o", ""]])
def test_a_flag_with_few_values_offers_them_all(words: list[str]) -> None:
    found = candidates(words)

    assert found.lines[0] in ("always", "default")
    assert found.directive == Directive.NO_FILES


def test_hidden_flags_are_not_offered() -> None:
    assert candidates(["--tls"]).lines == ()


async def test_names_come_from_the_cluster(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        server.put(pod("api-1"))
        code, out, err = await stern("__completeNoDesc", "po/w", server=server)

    assert (code, out) == (0, "po/web-1\n:4\n")
    assert err == "Completion ended with directive: ShellCompDirectiveNoFileComp\n"


async def test_contexts_come_from_the_kubeconfig(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        _, out, _ = await stern("__complete", "--context", "b", server=server)

    assert out == "benchmark\n:4\n"


def _shell(shell: str, script: str) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, env=environment(), check=True
    )
    return done.stdout


def test_bash_fills_in_kinds_and_leaves_no_blank_behind(tmp_path: Path) -> None:
    script = tmp_path / "stern.bash"
    script.write_text(completion_script("bash"))

    shown = _shell(
        "bash",
        f'stern() {{ {" ".join(STERN)} "$@"; }}; source {script};'
        'COMP_WORDS=(stern repli); COMP_CWORD=1; compopt() { echo "compopt $1 $2"; };'
        'type() { echo builtin; }; __start_stern; printf "%s\\n" "${COMPREPLY[@]}"',
    )

    assert shown.splitlines() == [
        "compopt -o nospace",
        "compopt +o default",
        "replicationcontroller/",
        "replicaset/",
    ]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_accept_their_script(shell: str, tmp_path: Path) -> None:
    script = tmp_path / f"stern.{shell}"
    script.write_text(completion_script(shell))
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")

    subprocess.run([shell, "-n", str(script)], check=True)


def test_the_mark_of_a_menu_goes_round() -> None:
    menu = Menu("title", ["a", "b"])

    menu.press(b"\x1b[B")
    menu.press(b"\x1b[B")
    menu.press(b"\x1b[A")

    assert menu.lines() == ["title", "  a", "❯ b"]


async def _prompted(server_config: Path, keys: bytes) -> tuple[int | None, bytes]:
    """Exit code and stdout of a run at a terminal where these keys are pressed."""
    leader, follower = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stern", "--prompt", "--no-follow"),
            stdin=follower,
            stdout=subprocess.PIPE,
            stderr=follower,
            env=environment(KUBECONFIG=str(server_config)),
        )
        shown = b""
        loop = asyncio.get_running_loop()
        while "❯".encode() not in shown:
            shown += await asyncio.wait_for(loop.run_in_executor(None, os.read, leader, 4096), 20)
        os.write(leader, keys)
        out, _ = await asyncio.wait_for(process.communicate(), 20)
        return process.returncode, out
    finally:
        os.close(leader)
        os.close(follower)


async def test_a_label_is_chosen_from_a_menu(tmp_path: Path) -> None:
    label = "app.kubernetes.io/instance"

    async def serve(name: str, query: Query, send: Send) -> None:
        await send(b"2026-11-21T10:00:00Z hello\n")

    async with pod_server(tmp_path, serve) as server:
        server.put(pod("web-1", labels={label: "shop"}))
        server.put(pod("api-1", labels={label: "blog"}))
        chosen = await _prompted(server.kubeconfig, b"\x1b[B\r")
        stopped = await _prompted(server.kubeconfig, b"\x03")
        asked = [request for request in server.requests if "labelSelector" in request]

    assert chosen[0] == 0
    assert chosen[1].startswith(b"Selector: app.kubernetes.io/instance=shop\n")
    assert "labelSelector=app.kubernetes.io%2Finstance%3Dshop" in asked[0]
    assert stopped == (1, b"")
