"""What every test may ask for: a demo cluster over loopback, and a client of it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster
    from kube_client.client import Client

# The same examples every time, and no test that fails because the machine is busy.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Commands under test hear Ctrl-C, also when the suite runs in a shell's background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the journeys run on a real cluster."""
    group = parser.getgroup("journeys", "whole stories, on the demo cluster or a real one")
    group.addoption("--kubeconfig", help="run the journeys on the cluster of this kubeconfig")
    group.addoption("--image", default="busybox", help="image of the journeys' pods")
    group.addoption("--pull-policy", default="IfNotPresent", help="imagePullPolicy of their pods")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded reality; a test that needs it is skipped where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no recorded data at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def demo() -> Iterator[RunningCluster]:
    """A demo cluster of its own for one test, in a thread, on a real port."""
    from demo_cluster.threaded import running_cluster

    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def shared_demo() -> Iterator[RunningCluster]:
    """One demo cluster for all tests that only read."""
    from demo_cluster.threaded import running_cluster

    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
async def client(demo: RunningCluster) -> AsyncIterator[Client]:
    """A client of the test's own demo cluster."""
    from kube_client.connect import connect
    from kube_client.kubeconfig import ConnectOptions

    async with connect(ConnectOptions(kubeconfig=str(demo.kubeconfig))) as connected:
        yield connected
