"""One component as one container."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.environment import container_env, container_env_from
from kompose.manifests.fields import fields
from kompose.manifests.numbers import whole_number
from kompose.manifests.probes import liveness_probe, readiness_probe
from kompose.manifests.resources import container_resources
from kompose.report import ConvertError, Report

_VARIABLE = re.compile(r"\$([A-Za-z0-9]*)")
_COMPOSE_PULL_POLICIES = {
    "always": "Always",
    "never": "Never",
    "missing": "IfNotPresent",
    "if_not_present": "IfNotPresent",
}
_PULL_POLICIES = ("", "Always", "Never", "IfNotPresent")


class Container(NamedTuple):
    """A container, its fields in the order of the API."""

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    ports: tuple[dict[str, Any], ...] = ()
    env_from: tuple[dict[str, Any], ...] = ()
    env: tuple[dict[str, Any], ...] = ()
    resources: Mapping[str, Any] = {}
    volume_mounts: tuple[dict[str, Any], ...] = ()
    liveness_probe: Mapping[str, Any] = {}
    readiness_probe: Mapping[str, Any] = {}
    image_pull_policy: str = ""
    security_context: Mapping[str, Any] = {}
    keeps_stdin_open: bool = False
    has_tty: bool = False

    def as_object(self) -> dict[str, Any]:
        """The container as the API has it."""
        return {
            **fields(
                name=self.name,
                image=self.image,
                command=list(self.command),
                args=list(self.args),
                workingDir=self.working_dir,
                ports=list(self.ports),
                envFrom=list(self.env_from),
                env=list(self.env),
            ),
            "resources": self.resources,
            **fields(
                volumeMounts=list(self.volume_mounts),
                livenessProbe=self.liveness_probe,
                readinessProbe=self.readiness_probe,
                imagePullPolicy=self.image_pull_policy,
                securityContext=self.security_context,
                stdin=self.keeps_stdin_open,
                tty=self.has_tty,
            ),
        }


def container(component: Component, scope: Scope, volume_mounts: list[dict[str, Any]]) -> Container:
    """The container of a component that has its pod for itself."""
    made = member_container(component, scope, volume_mounts)
    if not scope.options.mends:
        made = made._replace(args=tuple(map(_with_references, made.args)))
    context = security_context(component, scope.report, with_read_only=True)
    return made._replace(
        resources=container_resources(component.service),
        image_pull_policy=pull_policy(component) or _composes_pull_policy(component, scope),
        security_context=context,
    )


def member_container(
    component: Component, scope: Scope, volume_mounts: list[dict[str, Any]]
) -> Container:
    """The container of a component that shares its pod with others."""
    service = component.service
    mends = scope.options.mends
    return Container(
        name=component.container_name,
        image=component.image or component.key,
        command=_words(service.entrypoint, mends=mends),
        args=_words(service.command, mends=mends),
        working_dir=service.working_dir,
        ports=tuple(container_ports(component)),
        env_from=tuple(container_env_from(component, scope)),
        env=tuple(container_env(component, scope)),
        volume_mounts=tuple(volume_mounts),
        liveness_probe=liveness_probe(component, mends=mends),
        readiness_probe=readiness_probe(component, mends=mends),
        security_context={},
        keeps_stdin_open=service.keeps_stdin_open,
        has_tty=service.has_tty,
    )


def _with_references(word: str) -> str:
    """`$NAME` as Kubernetes' `$(NAME)`; the original ends a name at an underscore."""
    return _VARIABLE.sub(r"$(\1)", word) if "$" in word else word


def _words(words: tuple[str, ...], *, mends: bool) -> tuple[str, ...]:
    """A command line; mended, what only looks like a reference of Kubernetes stays text."""
    return tuple(word.replace("$(", "$$(") for word in words) if mends else words


def _composes_pull_policy(component: Component, scope: Scope) -> str:
    if not scope.options.mends:
        return ""
    return _COMPOSE_PULL_POLICIES.get(component.service.pull_policy, "")


def container_ports(component: Component) -> list[dict[str, Any]]:
    """The ports that the container opens, each number and protocol once."""
    seen: dict[tuple[int, str], dict[str, Any]] = {}
    on_host = component.labels.exposes_host_ports
    for port in component.ports:
        made: dict[str, Any] = {"hostPort": port.host} if on_host and port.host else {}
        made["containerPort"] = port.container
        if port.protocol:
            made["protocol"] = port.protocol
        if on_host and port.host_ip:
            made["hostIP"] = port.host_ip
        seen.setdefault((port.container, port.protocol), made)
    return list(seen.values())


def pull_policy(component: Component) -> str:
    """When the image is pulled.

    Raises:
        ConvertError: The label has a word that Kubernetes does not know.
    """
    policy = component.labels.pull_policy
    if policy not in _PULL_POLICIES:
        raise ConvertError(
            "Error transforming Kubernetes objects: k.UpdateController failed: "
            f"updateTemplate failed: Unknown image-pull-policy {policy} "
            f"for service {component.key}"
        )
    return policy


def security_context(
    component: Component, report: Report, *, with_read_only: bool
) -> dict[str, Any]:
    """Rights and user of the container; empty when nothing is said."""
    service = component.service
    user, group = _user_and_group(service.user, report)
    return fields(
        capabilities=fields(add=list(service.cap_add), drop=list(service.cap_drop)),
        privileged=service.is_privileged,
        runAsUser=user,
        runAsGroup=group,
        readOnlyRootFilesystem=service.is_read_only and with_read_only,
    )


def _user_and_group(user: str, report: Report) -> tuple[int | None, int | None]:
    if not user:
        return None, None
    parts = user.split(":")
    if len(parts) > 2:
        report.warn("Ignoring ill-formed user directive. Must be in format UID or UID:GID.")
        return None, None
    uid = whole_number(parts[0])
    if len(parts) == 1:
        if uid is None:
            report.warn("Ignoring user directive. User to be specified as a UID (numeric).")
        return uid, None
    gid = whole_number(parts[1])
    if uid is None:
        report.warn(
            "Ignoring user name in user directive. User to be specified as a UID (numeric)."
        )
    if gid is None:
        report.warn(
            "Ignoring group name in user directive. Group to be specified as a GID (numeric)."
        )
    return uid, gid
