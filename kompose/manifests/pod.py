"""Pods: containers and what they share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.container import Container
from kompose.manifests.fields import fields, metadata
from kompose.manifests.names import dns_label, network_name
from kompose.manifests.placement import affinity, spread_constraints
from kompose.report import ConvertError

_RESTART_POLICIES = {
    "": "Always",
    "always": "Always",
    "any": "Always",
    "no": "Never",
    "none": "Never",
    "on-failure": "OnFailure",
}


class PodSpec(NamedTuple):
    """A pod, its fields in the order of the API."""

    volumes: tuple[dict[str, Any], ...]
    init_containers: tuple[dict[str, Any], ...]
    containers: tuple[Container, ...]
    restart_policy: str
    grace_period: int | None = None
    service_account: str = ""
    security_context: Mapping[str, Any] = {}
    pull_secrets: tuple[str, ...] = ()
    hostname: str = ""
    subdomain: str = ""
    affinity: Mapping[str, Any] = {}
    spread_constraints: tuple[dict[str, Any], ...] = ()

    def as_object(self) -> dict[str, Any]:
        """The pod's specification as the API has it."""
        secrets = [{"name": name} for name in self.pull_secrets]
        return {
            **fields(volumes=list(self.volumes), initContainers=list(self.init_containers)),
            "containers": [container.as_object() for container in self.containers],
            **fields(
                restartPolicy=self.restart_policy,
                terminationGracePeriodSeconds=self.grace_period,
                serviceAccountName=self.service_account,
                securityContext=self.security_context,
                imagePullSecrets=secrets,
                hostname=self.hostname,
                subdomain=self.subdomain,
                affinity=self.affinity,
                topologySpreadConstraints=list(self.spread_constraints),
            ),
        }


def placed_spreads(component: Component, scope: Scope) -> list[dict[str, Any]]:
    """How the pods spread; those of a service that runs everywhere do not."""
    deploy = component.service.deploy
    if deploy is not None and deploy.mode == "global":
        scope.report.warn(
            f"Ignore placement preferences for global service {component.display_name}"
        )
        return []
    return spread_constraints(component.placed, component.display_name)


def pod_spec(
    component: Component,
    scope: Scope,
    made: Container,
    volumes: list[dict[str, Any]],
    spreads: list[dict[str, Any]],
) -> PodSpec:
    """The pod of a component with its one container."""
    service = component.service
    return PodSpec(
        volumes=tuple(volumes),
        init_containers=init_containers(component, mends=scope.options.mends),
        containers=(made,),
        restart_policy=restart_policy(component),
        grace_period=service.stop_grace_period,
        service_account=component.labels.service_account,
        security_context=pod_security_context(component),
        pull_secrets=pull_secrets(component),
        hostname=dns_label(service.hostname) if scope.options.mends else service.hostname,
        subdomain=service.domainname,
        affinity=affinity(component.placed),
        spread_constraints=tuple(spreads),
    )


def pull_secrets(component: Component) -> tuple[str, ...]:
    """The secrets that images are pulled with: one or none."""
    secret = component.labels.pull_secret
    return (secret,) if secret else ()


def restart_policy(component: Component) -> str:
    """When containers of the pod start again.

    Raises:
        ConvertError: The word is none that Kubernetes has.
    """
    if (known := _RESTART_POLICIES.get(component.restart)) is None:
        raise ConvertError(
            "Error transforming Kubernetes objects: k.UpdateController failed: "
            f"updateTemplate failed: Unknown restart policy {component.restart} "
            f"for service {component.key}"
        )
    return known


def pod_security_context(component: Component) -> dict[str, Any]:
    """Groups that own the pod's volumes and run its processes."""
    return fields(
        supplementalGroups=list(component.supplemental_groups),
        fsGroup=component.labels.fs_group or None,
    )


def init_containers(component: Component, *, mends: bool) -> tuple[dict[str, Any], ...]:
    """The container that the labels ask to run first, if any."""
    labels = component.labels
    if not labels.init_image:
        return ()
    command = labels.init_command
    words = [command] if command else []
    if "," in command:
        words = [word.strip("[]\"' ") for word in command.split(",")]
    name = dns_label(labels.init_name) if mends else labels.init_name
    return (
        {
            **fields(name=name or "init-service", image=labels.init_image, command=words),
            "resources": {},
        },
    )


def pod_labels(component: Component, scope: Scope) -> dict[str, str]:
    """What selects the pod: its component, and its networks when policies are made."""
    labels = {"io.kompose.service": component.key}
    if scope.options.network_policies:
        for network in scope.project.networks_of(component.service):
            labels[f"io.kompose.network/{network_name(network)}"] = "true"
    return labels


def pod_template(
    spec: PodSpec, labels: dict[str, str], annotations: dict[str, str] | None = None
) -> dict[str, Any]:
    """What a controller makes pods from."""
    return {
        "metadata": metadata("", labels=labels, annotations=annotations),
        "spec": spec.as_object(),
    }
