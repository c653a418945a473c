"""A demo cluster as a child process."""

from __future__ import annotations

import os
import stat

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
