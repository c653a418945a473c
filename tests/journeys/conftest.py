"""Where a journey happens: a cluster that may be real, and a namespace that is gone afterwards.

Nothing here, nor in the stories, may depend on the demo cluster's ways: no fixed names, times or
addresses. `pytest tests/journeys --kubeconfig FILE` runs the same stories elsewhere.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_client.client import Client
from kube_client.errors import NotFoundError
from kube_client.resource import NAMESPACES
from tests.journeys.place import Place


@pytest.fixture
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """The cluster of `--kubeconfig`, else a demo cluster of this story's own."""
    given = request.config.getoption("--kubeconfig")
    if given:
        return Path(given).resolve()
    demo = request.getfixturevalue("demo")
    return Path(demo.kubeconfig)


@pytest.fixture
def place(request: pytest.FixtureRequest, kubeconfig: Path) -> Iterator[Place]:
    """A fresh namespace, deleted at the end and waited for until it is gone."""
    here = Place(
        kubeconfig=kubeconfig,
        namespace=f"journey-{secrets.token_hex(4)}",
        image=request.config.getoption("--image"),
        pull_policy=request.config.getoption("--pull-policy"),
    )
    here.run(lambda client: _make_namespace(client, here.namespace))
    yield here
    here.run(lambda client: _remove_namespace(client, here.namespace))


async def _make_namespace(client: Client, name: str) -> None:
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, wanted)


async def _remove_namespace(client: Client, name: str) -> None:
    await client.delete(NAMESPACES, name)
    async with asyncio.timeout(180):
        while True:
            try:
                await client.get(NAMESPACES, name)
            except NotFoundError:
                return
            await asyncio.sleep(0.2)  # a poll of a server that may be real
