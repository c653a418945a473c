"""A compose service made ready for the rules: names, labels and ports decided once."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kompose.manifests.labels import ServiceLabels, lenient_int, read_labels
from kompose.manifests.names import dashed, dns_label, key_name
from kompose.manifests.placement import Placed, placed
from kompose.options import ConvertOptions
from kompose.project import Mount, Project, Service
from kompose.report import ConvertError, Report

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_DRIVE_AND_SLASH = re.compile("[A-Za-z]:/")


class Port(NamedTuple):
    """A port that a component listens on."""

    container: int
    host: int = 0
    """0 when not published."""
    protocol: str = "TCP"
    host_ip: str = ""

    @property
    def service_port(self) -> int:
        """The number under which other components and the outside see it."""
        return self.host or self.container


class Component(NamedTuple):
    """One service, named and checked."""

    service: Service
    display_name: str
    """In lower case only; the name of its Service object."""
    key: str
    """The name of everything else."""
    container_name: str
    image: str
    labels: ServiceLabels
    annotations: Mapping[str, str]
    ports: tuple[Port, ...]
    mounts: tuple[Mount, ...]
    restart: str
    placed: Placed
    supplemental_groups: tuple[int, ...] = ()


class EnvFileContent(NamedTuple):
    """What an env file holds, read twice as the original does."""

    names: frozenset[str]
    """Every variable that the file sets."""
    values: Mapping[str, str]
    """With references resolved from the service's own environment."""


ReadEnvFile = Callable[[str, Mapping[str, str | None]], EnvFileContent]
"""Reads one env file, given the environment of the service that names it."""


class Scope(NamedTuple):
    """What every rule may ask for."""

    project: Project
    options: ConvertOptions
    report: Report
    read_env_file: ReadEnvFile


def components(scope: Scope) -> list[Component]:
    """The project's services in the order of their keys.

    Of several with the same key the last stays, and the report says so.

    Raises:
        ConvertError: A label or a group says something that means nothing.
    """
    services = scope.project.services
    found: dict[str, Component] = {}
    for name in sorted(services):
        component = _component(services[name], scope)
        if (lost := found.get(component.key)) is not None:
            scope.report.warn(
                f'Services "{lost.service.name}" and "{name}" are both named "{component.key}" '
                f'in Kubernetes: only "{name}" is converted. Rename one of them'
            )
        found[component.key] = component
    return [found[key] for key in sorted(found)]


def _component(service: Service, scope: Scope) -> Component:
    ports = tuple(_ports(service))
    if scope.options.mends:
        ports = tuple(port for port in ports if port.container)
    place = placed(service, scope.report)
    labels = read_labels(service, len(ports))
    display_name = service.name.lower()
    if labels.name_override:
        display_name = labels.name_override.lower()
    key = _key(display_name, scope)
    if key != display_name:
        scope.report.info(
            f'Service name in docker-compose has been changed from "{display_name}" to "{key}"'
        )
    if labels.name_override or scope.options.mends:
        display_name = key
    groups = _supplemental_groups(service.group_add)
    return Component(
        service=service,
        display_name=display_name,
        key=key,
        container_name=_container_name(service.container_name or display_name, scope),
        image=service.image,
        labels=labels,
        annotations=_annotations(service.labels, scope.options),
        ports=ports,
        mounts=_mounts(service, scope),
        restart=_restart(service, labels, display_name, scope),
        placed=place,
        supplemental_groups=groups,
    )


def _annotations(labels: Mapping[str, str], options: ConvertOptions) -> dict[str, str]:
    if not options.with_kompose_annotation:
        return {name: labels[name] for name in sorted(labels) if not name.startswith("kompose.")}
    every = {
        **labels,
        "kompose.cmd": options.command_line,
        "kompose.version": options.version,
    }
    return {name: every[name] for name in sorted(every)}


def _ports(service: Service) -> Iterable[Port]:
    """Published ports, then exposed ones.

    An exposed port is left out only when its protocol is spelled like the published one's.
    """
    published = set()
    for port in service.ports:
        published.add(f"{port.target}{port.protocol}")
        yield Port(
            container=port.target,
            host=lenient_int(port.published),
            protocol=port.protocol.upper(),
            host_ip=port.host_ip,
        )
    for text in service.expose:
        number, _, protocol = text.partition("/")
        protocol = protocol or "TCP"
        if number + protocol not in published:
            yield Port(container=lenient_int(number), protocol=protocol.upper())


def _container_name(name: str, scope: Scope) -> str:
    return _key(name, scope) if scope.options.mends else dashed(name.lower())


def _key(name: str, scope: Scope) -> str:
    if not scope.options.mends:
        return key_name(name)
    if not (key := dns_label(name)):
        raise ConvertError(
            f"The name {name!r} has no letter or digit that a name in Kubernetes may have. "
            "Choose another one with the label kompose.service.name_override"
        )
    return key


def _mounts(service: Service, scope: Scope) -> tuple[Mount, ...]:
    """The mounts of a service; none at all when the original cannot read one of them."""
    if all(map(_is_parsable, service.mounts)):
        return service.mounts
    if not scope.options.mends:
        return ()
    for mount in service.mounts:
        if not _is_parsable(mount):
            scope.report.warn(
                f"The volume at {mount.target!r} of service {service.name} is left out: "
                "its target is not an absolute path"
            )
    return tuple(filter(_is_parsable, service.mounts))


def _is_parsable(mount: Mount) -> bool:
    if not mount.source and _DRIVE_AND_SLASH.match(mount.target):
        return False
    return "/" in mount.target or bool(_DRIVE.match(mount.target)) or mount.target == "."


def _restart(service: Service, labels: ServiceLabels, name: str, scope: Scope) -> str:
    report = scope.report
    restart = service.restart
    if scope.options.mends:
        # Compose allows a number of tries, `on-failure:3`; Kubernetes tries on.
        restart = restart.partition(":")[0]
    if service.deploy is not None and service.deploy.restart_condition is not None:
        restart = service.deploy.restart_condition
    if restart == "unless-stopped":
        report.warn(
            f"Restart policy 'unless-stopped' in service {name} is not supported, "
            "convert it to 'always'"
        )
        restart = "always"
    if labels.concurrency and restart == "always":
        report.info("cronjob restart policy will be converted from 'always' to 'on-failure'")
        restart = "on-failure"
    return restart


def _supplemental_groups(names: Iterable[str]) -> tuple[int, ...]:
    try:
        return tuple(int(name) for name in names)
    except ValueError as error:
        bad = next(name for name in names if not name.lstrip("-+").isdigit())
        raise ConvertError(
            "GroupAdd should be mentioned in gid format, not a group name: "
            f'unable to get group_add key: strconv.Atoi: parsing "{bad}": invalid syntax'
        ) from error
