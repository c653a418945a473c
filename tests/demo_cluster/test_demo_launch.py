"""A demo cluster as a child process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from demo_cluster.launch import DemoStartError, start_demo


def test_a_demo_is_ready_when_it_is_handed_over_and_gone_when_it_is_closed() -> None:
    with start_demo(scenario="empty", seed=7) as demo:
        text = demo.kubeconfig.read_text(encoding="utf-8")
        mode = stat.S_IMODE(demo.kubeconfig.stat().st_mode)
        pid = demo.pid

    assert "server: https://127.0.0.1:" in text
    assert mode == 0o600
    assert not demo.kubeconfig.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_demo_that_cannot_start_says_why() -> None:
    with pytest.raises(DemoStartError, match="unknown fault 'bogus'"):
        start_demo(scenario="empty", extra=["--fault", "bogus"])


def test_a_demo_ends_with_its_parent_and_leaves_no_file_behind() -> None:
    script = (
        "import os, signal; from demo_cluster.launch import start_demo\n"
        "demo = start_demo(scenario='empty')\n"
        "print(demo.kubeconfig.parent, demo.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    parent = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    folder, pid = parent.stdout.split()
    wait_until(lambda: not Path(folder).exists() and not is_alive(int(pid)))


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(claim: Callable[[], bool]) -> None:
    """Look until it holds; the test's own time limit is the patience."""
    while not claim():
        os.sched_yield()
