"""Where a journey happens: a namespace of its own on a cluster that may be real."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kube_client.client import Client
from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import DEPLOYMENTS, SERVICES

T = TypeVar("T")

TALKING = 'i=0; while true; do echo "line $i of $WHO"; i=$((i+1)); sleep 1; done'


@dataclass(frozen=True)
class Place:
    """A namespace of this story's own, on some cluster."""

    kubeconfig: Path
    namespace: str
    image: str
    pull_policy: str

    def run(self, story: Callable[[Client], Awaitable[T]]) -> T:
        """Let the story talk to the API server."""

        async def connected() -> T:
            options = ConnectOptions(kubeconfig=str(self.kubeconfig), namespace=self.namespace)
            async with connect(options) as client:
                return await story(client)

        return asyncio.run(connected())

    def deploy(self, name: str, *, replicas: int = 2, who: str = "first") -> None:
        """A Deployment that talks, with a Service before it."""

        async def story(client: Client) -> None:
            manager = "journeys"
            deployment = self._deployment(name, replicas, who)
            await client.apply(DEPLOYMENTS, deployment, field_manager=manager)
            await client.apply(SERVICES, self._service(name), field_manager=manager)

        self.run(story)

    def wait_until_ready(self, name: str) -> None:
        """Return when every pod that a Deployment wants is ready."""

        async def story(client: Client) -> None:
            async with asyncio.timeout(120):
                while True:
                    found = await client.get(DEPLOYMENTS, name, self.namespace)
                    if found["status"].get("readyReplicas", 0) >= found["spec"]["replicas"]:
                        return
                    await asyncio.sleep(0.2)  # a poll of a server that may be real

        self.run(story)

    def _deployment(self, name: str, replicas: int, who: str) -> dict[str, Any]:
        container = {
            "name": "talker",
            "image": self.image,
            "imagePullPolicy": self.pull_policy,
            "command": ["sh", "-c", TALKING],
            "env": [{"name": "WHO", "value": who}],
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
                },
            },
        }

    def _service(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "protocol": "TCP"}]},
        }


def program(name: str, *arguments: str) -> list[str]:
    """The command line of one of our programs, in this Python."""
    return [sys.executable, "-m", name, *arguments]
