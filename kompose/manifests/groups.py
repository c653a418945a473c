"""Service groups: several components in one pod."""

from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.config_maps import Configs, configs
from kompose.manifests.container import (
    Container,
    member_container,
    pull_policy,
    security_context,
)
from kompose.manifests.environment import env_file_config_maps
from kompose.manifests.ingress import ingress
from kompose.manifests.pod import PodSpec, pod_security_context, restart_policy
from kompose.manifests.resources import container_resources
from kompose.manifests.service import service_type, services
from kompose.manifests.volumes import Volumes, volumes
from kompose.manifests.workload import Parts, controller_kinds, workload
from kompose.report import ConvertError


class Group(NamedTuple):
    """Components that run in one pod, in the order of their keys."""

    name: str
    members: tuple[Component, ...]


def groups(components: list[Component], scope: Scope) -> list[Group]:
    """The groups that the mode asks for, in the order of their names."""
    mode = scope.options.group_mode
    if scope.options.is_openshift or mode not in ("label", "volume"):
        return []
    found: dict[str, list[Component]] = {}
    for component in components:
        mark = component.labels.group if mode == "label" else _volume_mark(component)
        if mark:
            found.setdefault(mark, []).append(component)
    made = [
        Group(
            mark if mode == "label" else _joined_name(members, scope),
            tuple(member._replace(display_name=member.key) for member in members),
        )
        for mark, members in found.items()
    ]
    return sorted(made, key=lambda group: group.name)


def _volume_mark(component: Component) -> str:
    return "".join(
        f"{mount.source}:{mount.target}:{mount.is_read_only};" for mount in component.mounts
    )


def _joined_name(members: list[Component], scope: Scope) -> str:
    return scope.options.group_name or "-".join(member.key for member in members)


def group_objects(group: Group, scope: Scope) -> list[dict[str, Any]]:
    """Every object of a group: its workload, and what its members have of their own.

    Raises:
        ConvertError: Two members open the same port, or one says something meaningless.
    """
    pods = _Pods()
    outer: list[dict[str, Any]] = []
    claims: list[dict[str, Any]] = []
    for member in group.members:
        _check_ports(member, pods)
        scope.report.info(f"Group Service {member.key} to [{group.name}]")
        made_services = services(member, scope, group.name)
        made = volumes(member, scope)
        pods.add(member, scope, made, group.name)
        outer.extend(env_file_config_maps(member, scope, group.name))
        outer.extend(configs(member, scope).objects)
        outer.extend(made_services)
        if member.labels.expose and member.ports and service_type(member, scope) != "LoadBalancer":
            outer.append(ingress(member, member.ports[0].service_port, group.name))
        outer.extend(made.config_maps)
        claims.extend(made.claims)
    lead = _lead(group)
    parts = Parts(
        lead,
        scope,
        Configs([], [], []),
        Volumes([], [], claims, []),
        pods.spec(group.members),
        {name: text for member in group.members for name, text in member.annotations.items()},
    )
    kinds = controller_kinds(lead, scope)
    is_stateful = scope.options.controller == "statefulset" and "statefulset" in kinds
    return [
        *(workload(kind, parts) for kind in kinds),
        *outer,
        *([] if is_stateful else claims),
    ]


def _lead(group: Group) -> Component:
    """The component that stands for the group: the first, with the last one's annotations."""
    first = group.members[0]
    mounts = tuple(mount for member in group.members for mount in member.mounts)
    return first._replace(
        key=group.name,
        display_name=group.name,
        annotations=group.members[-1].annotations,
        mounts=mounts,
    )


def _check_ports(member: Component, pods: "_Pods") -> None:
    for port in member.ports:
        if (port.container, port.protocol) in pods.taken:
            raise ConvertError(
                f"detect ports conflict when group services, service: {member.key}, "
                f"port: {port.container}"
            )
    pods.taken.update((port.container, port.protocol) for port in member.ports)


class _Pods:
    """A pod as it grows by one member after another."""

    def __init__(self) -> None:
        self.taken: set[tuple[int, str]] = set()
        self._containers: list[Container] = []
        self._volumes: dict[str, dict[str, Any]] = {}

    def add(self, member: Component, scope: Scope, made: Volumes, name: str) -> None:
        """Adds a member; its mounts, limits and pull policy reach all that are there so far."""
        try:
            policy = pull_policy(member)
        except ConvertError as error:
            raise ConvertError(
                f"Unknown image-pull-policy {member.labels.pull_policy} for service {name}",
                exit_code=2,
            ) from error
        context = security_context(member, scope.report, with_read_only=False)
        self._containers.append(
            member_container(member, scope, [])._replace(security_context=context)
        )
        resources = container_resources(member.service)
        self._containers = [
            one._replace(
                volume_mounts=_joined(one.volume_mounts, made.mounts),
                resources=resources or one.resources,
                image_pull_policy=policy or one.image_pull_policy,
            )
            for one in self._containers
        ]
        for source in made.sources:
            self._volumes.setdefault(source["name"], source)

    def spec(self, members: tuple[Component, ...]) -> PodSpec:
        """The pod of all members; the last one that says something wins."""
        last = members[-1]
        return PodSpec(
            volumes=tuple(self._volumes.values()),
            init_containers=(),
            containers=tuple(self._containers),
            restart_policy=restart_policy(last),
            grace_period=last.service.stop_grace_period,
            service_account=last.labels.service_account,
            security_context=pod_security_context(last),
            pull_secret=last.labels.pull_secret,
            hostname=next(
                (one.service.hostname for one in reversed(members) if one.service.hostname), ""
            ),
            subdomain=next(
                (one.service.domainname for one in reversed(members) if one.service.domainname), ""
            ),
        )


def _joined(
    mounts: tuple[dict[str, Any], ...], more: list[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    return (*mounts, *(mount for mount in more if mount not in mounts))
