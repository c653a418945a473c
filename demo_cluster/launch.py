"""Start a demo cluster as a child process. Standard library only, so that it costs nothing."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 60.0
_POLL_SECONDS = 0.02


class DemoStartError(RuntimeError):
    """The demo cluster did not come up; the text says what it said."""


class DemoProcess:
    """A demo cluster in a child process, until `close`."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.kubeconfig = folder / "kubeconfig"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def close(self) -> None:
        """End the cluster and remove its files. May be called twice."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.kubeconfig.exists():
            if self._process.poll() is not None:
                raise DemoStartError(f"The demo cluster did not start. {self._said()}")
            if time.monotonic() > deadline:
                raise DemoStartError(f"The demo cluster was not ready in {START_SECONDS:.0f} s.")
            time.sleep(_POLL_SECONDS)

    def _said(self) -> str:
        text = (self._folder / "stderr").read_text(encoding="utf-8", errors="replace").strip()
        return text.splitlines()[-1] if text else f"Exit code {self._process.returncode}."


def start_demo(
    *, seed: int | None = None, scenario: str | None = None, extra: Sequence[str] = ()
) -> DemoProcess:
    """A demo cluster that is ready to be used; it ends with `close`, or with this process.

    Raises:
        DemoStartError: It did not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="demo-cluster-"))
    command = [sys.executable, "-m", "demo_cluster", "--kubeconfig", str(folder / "kubeconfig")]
    command.append("--until-stdin-closes")
    if seed is not None:
        command += ["--seed", str(seed)]
    if scenario is not None:
        command += ["--scenario", scenario]
    command += extra
    try:
        with (folder / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        demo = DemoProcess(process, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        demo._wait_until_ready()
    except BaseException:
        demo.close()
        raise
    return demo
