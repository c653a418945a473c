"""`network_mode: service:X`: containers that share the network of another component."""

from collections.abc import Iterable
from typing import Any

from kompose.manifests.component import Component
from kompose.manifests.names import dns_label

_PREFIX = "service:"


def join_shared_networks(
    objects: list[dict[str, Any]], components: Iterable[Component], *, mends: bool = False
) -> list[dict[str, Any]]:
    """The objects with each such component's containers moved into the other's Deployment.

    Both are found by their names in the file, as in the original: one with an underscore that
    should move stays, and where the other one has an underscore the containers are gone. Not so
    when mended.
    """
    moves = {
        component.key if mends else component.display_name: _target(
            component.service.network_mode, mends=mends
        )
        for component in components
        if component.service.network_mode.startswith(_PREFIX)
    }
    if not moves:
        return objects
    deployments = {
        each["metadata"]["name"]: each for each in objects if each["kind"] == "Deployment"
    }
    gone = set()
    for name, target in moves.items():
        if name in deployments:
            gone.add(name)
            if target in deployments:
                _containers(deployments[target]).extend(_containers(deployments[name]))
                if mends:
                    _add_volumes(_pod(deployments[target]), _pod(deployments[name]))
    return [
        each
        for each in objects
        if each["kind"] != "Deployment" or each["metadata"]["name"] not in gone
    ]


def _target(network_mode: str, *, mends: bool) -> str:
    name = network_mode.removeprefix(_PREFIX)
    return dns_label(name) if mends else name


def _containers(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _pod(deployment)["containers"]
    return found


def _pod(deployment: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def _add_volumes(pod: dict[str, Any], other: dict[str, Any]) -> None:
    """Gives the pod the volumes of the other, which the original forgets."""
    every = [*pod.get("volumes", ()), *other.get("volumes", ())]
    if every:
        pod["volumes"] = list({volume["name"]: volume for volume in every}.values())
