"""Ctrl-C ends every program at once and without a traceback, at whatever moment it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import Terminal

AT_AN_IMPORT = """
import importlib, os, signal, sys

program, moment, *words = sys.argv[1:]

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            sys.stdout.write("interrupted")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGINT)

main = importlib.import_module(program + ".__main__").main
sys.meta_path.insert(0, Interrupt())
sys.argv = [program, *words]
main()
"""
ENDED_BY_CTRL_C = (130, -signal.SIGINT)


@pytest.mark.parametrize(
    ("program", "moment", "words"),
    [
        ("demo_cluster", "demo_cluster.cli", ()),
        ("demo_cluster", "demo_cluster.store.storage", ()),
        ("stern", "stern.cli", (".",)),
        ("stern", "stern.run", (".",)),
        ("kompose", "kompose.cli", ("up",)),
        ("kompose", "kompose.app", ("up",)),
        ("kube_tui", "kube_tui.cli", ()),
        ("kube_tui", "typer", ()),
    ],
)
def test_an_interrupt_while_a_program_is_loaded_is_silent(
    program: str, moment: str, words: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_AN_IMPORT, program, moment, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "interrupted"
    assert done.stderr == ""
    assert done.returncode in ENDED_BY_CTRL_C


def wait_for(claim: Callable[[], bool], words: str) -> None:
    """Until the claim holds; what happens in other processes tells nobody."""
    deadline = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < deadline, f"not seen: {words}"
        time.sleep(0.005)


def wait_for_demo_folder(folder: Path) -> None:
    """Until a program has begun to start its demo cluster there."""
    wait_for(lambda: any(folder.glob("demo-cluster-*/stderr")), "a demo cluster that starts")


@pytest.mark.parametrize("words", [("stern", "--demo"), ("kompose", "--demo", "up")], ids=str)
def test_an_interrupt_while_the_demo_cluster_starts_leaves_nothing(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    with subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        wait_for_demo_folder(tmp_path)
        os.killpg(program.pid, signal.SIGINT)
        _, said = program.communicate(timeout=60)

    assert "Traceback" not in said
    assert program.returncode in ENDED_BY_CTRL_C
    wait_for(lambda: not any(tmp_path.glob("demo-cluster-*")), "that its folder is gone")


def test_an_interrupt_while_kube_tui_starts_its_demo_cluster_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kube_tui", "--demo"]
    with Terminal(command, env={"TMPDIR": str(tmp_path)}) as person:
        wait_for_demo_folder(tmp_path)
        person.send("\x03")

        assert person.wait_exit() == 130
        assert b"Traceback" not in person.raw
    assert not list(tmp_path.glob("demo-cluster-*"))
