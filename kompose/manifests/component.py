"""A compose service made ready for the rules: names, labels and ports decided once."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kompose.compose.keys.file_mounts import FileReference
from kompose.compose.service import Service
from kompose.manifests.labels import (
    ServiceLabels,
    lenient_int,
    read_labels,
    readiness_labels,
)
from kompose.manifests.mounts import ParsedMount, parse_mount
from kompose.manifests.names import dashed, key_name, service_label
from kompose.manifests.numbers import whole_number
from kompose.manifests.placement import Placed, placed
from kompose.options import ConvertOptions
from kompose.project import Project
from kompose.report import ConvertError, Report

_MODE_BITS = 0o777


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
    mounts: tuple[ParsedMount, ...]
    restart: str
    placed: Placed
    supplemental_groups: tuple[int, ...] = ()


class EnvFileContent(NamedTuple):
    """What an env file holds, read twice as the original does."""

    values: Mapping[str, str]
    """With references resolved from the service's own environment."""
    names: frozenset[str]
    """Every variable that the file sets, as the second reading finds them."""
    fault: str = ""
    """Why the second reading ended early; empty when it did not."""


ReadEnvFile = Callable[[str, Mapping[str, str | None]], EnvFileContent]
"""Reads one env file, given the environment of the service that names it."""


MakeImage = Callable[[Service, str], None]
"""Builds and pushes the image of a service that is known by a key."""


def no_image(service: Service, key: str) -> None:
    """Makes none: the image is there."""


class Scope(NamedTuple):
    """What every rule may ask for."""

    project: Project
    options: ConvertOptions
    report: Report
    read_env_file: ReadEnvFile
    make_image: MakeImage = no_image


def file_mode(reference: FileReference, scope: Scope) -> int | None:
    """Who may read the file; mended, only the bits that a volume can have."""
    if reference.mode is None or not scope.options.mends:
        return reference.mode
    return reference.mode & _MODE_BITS


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
    if scope.options.mends:
        from kompose.manifests.fitting import fitted  # plain conversions do without

        service = fitted(service, scope.report)
    ports = tuple(_ports(service))
    if scope.options.mends:
        ports = tuple(port for port in ports if port.container)
    place = placed(service, scope.report)
    readiness = readiness_labels(service.labels)
    display_name = service.labels.get("kompose.service.name_override", "").lower()
    display_name = display_name or service.name.lower()
    restart = _restart(service, display_name, scope)
    labels = read_labels(service, len(ports), readiness)
    if labels.concurrency and restart == "always":
        scope.report.info("cronjob restart policy will be converted from 'always' to 'on-failure'")
        restart = "on-failure"
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
        annotations=_annotations(service, scope),
        ports=ports,
        mounts=_mounts(service, scope),
        restart=restart,
        placed=place,
        supplemental_groups=groups,
    )


def _annotations(service: Service, scope: Scope) -> dict[str, str]:
    """The labels as annotations; the original forgets its own ones for OpenShift."""
    labels, options = service.labels, scope.options
    if options.is_openshift or not options.with_kompose_annotation:
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
        number, *rest = text.split("/")
        protocol = rest[0] if rest else "TCP"
        if number + protocol not in published:
            yield Port(container=lenient_int(number), protocol=protocol.upper())


def _container_name(name: str, scope: Scope) -> str:
    return _key(name, scope) if scope.options.mends else dashed(name.lower())


def _key(name: str, scope: Scope) -> str:
    if not scope.options.mends:
        return key_name(name)
    if not (key := service_label(name)):
        raise ConvertError(
            f"The name {name!r} has no letter or digit that a name in Kubernetes may have. "
            "Choose another one with the label kompose.service.name_override"
        )
    return key


def _mounts(service: Service, scope: Scope) -> tuple[ParsedMount, ...]:
    """The mounts of a service; none at all when the original cannot read one of them."""
    found: list[ParsedMount] = []
    for mount in service.mounts:
        parsed = parse_mount(mount)
        if parsed is not None:
            found.append(parsed)
        elif not scope.options.mends:
            return ()
        else:
            scope.report.warn(
                f"The volume at {mount.target!r} of service {service.name} is left out: "
                "its target is not an absolute path"
            )
    return tuple(found)


def _restart(service: Service, name: str, scope: Scope) -> str:
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
    return restart


def _supplemental_groups(names: Iterable[str]) -> tuple[int, ...]:
    groups: list[int] = []
    for name in names:
        if (group := whole_number(name)) is None:
            reason = "value out of range" if name.lstrip("+-").isdigit() else "invalid syntax"
            raise ConvertError(
                "GroupAdd should be mentioned in gid format, not a group name: "
                f'unable to get group_add key: strconv.Atoi: parsing "{name}": {reason}'
            )
        groups.append(group)
    return tuple(groups)
