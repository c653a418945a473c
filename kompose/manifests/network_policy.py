"""Networks as NetworkPolicies: who is in a network may be reached from it."""

from typing import Any

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import metadata
from kompose.manifests.names import network_name


def network_policies(component: Component, scope: Scope) -> list[dict[str, Any]]:
    """One policy for each network of the component, when they are asked for."""
    made: list[dict[str, Any]] = []
    if scope.options.is_openshift or not scope.options.network_policies:
        return made
    for network in scope.project.networks_of(component.service):
        name = network_name(network)
        scope.report.info(
            f"Network {name} is detected at Source, shall be converted to equivalent "
            "NetworkPolicy at Destination"
        )
        peers = {"matchLabels": {f"io.kompose.network/{name}": "true"}}
        made.append(
            {
                "kind": "NetworkPolicy",
                "apiVersion": "networking.k8s.io/v1",
                "metadata": metadata(name),
                "spec": {
                    "podSelector": peers,
                    "ingress": [{"from": [{"podSelector": peers}]}],
                },
            }
        )
    return made
