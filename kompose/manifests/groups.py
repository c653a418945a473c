"""Service groups: several components in one pod."""

from typing import Any, NamedTuple

from kompose.compose.keys.deploy import Deploy
from kompose.manifests.component import Component, Scope
from kompose.manifests.config_maps import configs, missing_configs
from kompose.manifests.container import (
    Container,
    member_container,
    pull_policy,
    security_context,
)
from kompose.manifests.controllers import MOUNTS_CONFIGS, controller_kinds
from kompose.manifests.environment import env_file_config_maps
from kompose.manifests.ingress import outside
from kompose.manifests.names import service_label
from kompose.manifests.network_policy import network_policies
from kompose.manifests.parts import Parts, SharedPod
from kompose.manifests.placement import affinity
from kompose.manifests.pod import (
    PodSpec,
    placed_spreads,
    pod_labels,
    pod_security_context,
    pull_secrets,
    restart_policy,
)
from kompose.manifests.resources import container_resources
from kompose.manifests.service import services
from kompose.manifests.volume_names import told_apart
from kompose.manifests.volumes import Volumes, volumes
from kompose.manifests.workload import workload
from kompose.report import ConvertError


class Group(NamedTuple):
    """Components that run in one pod, in the order of their keys."""

    name: str
    members: tuple[Component, ...]


class _Planned(NamedTuple):
    """A workload that a member of a group asks for; it is made when the pod is whole."""

    kind: str
    member: Component
    is_recreated: bool


def groups(components: list[Component], scope: Scope) -> list[Group]:
    """The groups that the mode asks for, in the order of what makes them one."""
    mode = scope.options.group_mode
    if mode and not scope.options.is_openshift:
        scope.report.debug(f"Service group mode is: {mode}")
    if scope.options.is_openshift or mode not in ("label", "volume"):
        return []
    found: dict[str, list[Component]] = {}
    for component in components:
        mark = component.labels.group if mode == "label" else _volume_mark(component)
        if mode == "label" and scope.options.mends:
            mark = service_label(mark)
        if mark:
            found.setdefault(mark, []).append(component)
    return [
        Group(
            mark if mode == "label" else _joined_name(found[mark], scope),
            tuple(_as_member(member) for member in found[mark]),
        )
        for mark in sorted(found)
    ]


def _as_member(component: Component) -> Component:
    """A member goes by its key, its container too."""
    name = component.container_name if component.service.container_name else component.key
    return component._replace(display_name=component.key, container_name=name)


def _volume_mark(component: Component) -> str:
    """The volumes of a service as one text, as they stand in the file."""
    return "".join(
        f"{mount.source}{':' if mount.target else ''}{mount.target}"
        f"{':ro' if mount.is_read_only else ''}"
        for mount in component.service.mounts
    )


def _joined_name(members: list[Component], scope: Scope) -> str:
    name = scope.options.group_name or "-".join(member.key for member in members)
    return service_label(name) if scope.options.mends else name


def group_objects(group: Group, scope: Scope) -> list[dict[str, Any]]:
    """Every object of a group: workloads of its pod, and what its members have of their own.

    Raises:
        ConvertError: Two members open the same port, or one says something meaningless.
    """
    pod = _Pod(group, scope)
    found: list[dict[str, Any] | _Planned] = []
    for number, member in enumerate(group.members):
        pod.check_ports(member)
        scope.report.info(f"Group Service {member.key} to [{group.name}]")
        pod.add_container(member)
        scope.make_image(member.service, member.key)
        kinds = controller_kinds(member._replace(key=group.name), scope)
        found.extend(configs(member._replace(key=group.name), scope).objects)
        for kind in kinds:
            if kind in MOUNTS_CONFIGS:
                missing_configs(member, scope)
            later = group.members[number:]
            found.append(_Planned(kind, member, any(each.mounts for each in later)))
        found.extend(env_file_config_maps(member, scope, group.name))
        found.extend(services(member, scope, group.name))
        found.extend(outside(member, scope, group.name))
        made = volumes(member, scope, group.name)
        pod.add_volumes(made)
        found.extend(made.claims)
        found.extend(made.config_maps)
        pod.add_rights(member)
        found.extend(network_policies(member, scope))
    return [
        _planned(each, group, pod, scope) if isinstance(each, _Planned) else each for each in found
    ]


def _planned(plan: _Planned, group: Group, pod: "_Pod", scope: Scope) -> dict[str, Any]:
    """The workload of whichever member asked first, with the last one's annotations."""
    last = group.members[-1]
    labels = {**pod_labels(last, scope), "io.kompose.service": group.name}
    shared = SharedPod(pod.spec, labels, last.annotations, plan.is_recreated)
    component = plan.member._replace(key=group.name)
    return workload(plan.kind, Parts(component, scope, shared=shared))


class _Pod:
    """A pod as it grows by one member after another; the last one that says something wins."""

    def __init__(self, group: Group, scope: Scope) -> None:
        self.spec = PodSpec((), (), (), "")
        self._group = group
        self._scope = scope
        self._taken: set[tuple[int, str]] = set()

    def check_ports(self, member: Component) -> None:
        """Says whether a member opens a port that another one has."""
        ports = [(port.container, port.protocol) for port in member.ports]
        for port in ports:
            if port in self._taken:
                raise ConvertError(
                    f"detect ports conflict when group services, service: {member.key}, "
                    f"port: {port[0]}"
                )
        self._taken.update(ports)

    def add_container(self, member: Component) -> None:
        """Adds the container of a member."""
        try:
            made = member_container(member, self._scope, [])
        except ConvertError as error:
            # The original crashes, whatever it is.
            raise ConvertError(str(error), exit_code=2) from error
        if not member.image and not self._scope.options.mends:
            made = made._replace(image=member.container_name)
        self.spec = self.spec._replace(
            containers=(*self.spec.containers, made),
            pull_secrets=(*self.spec.pull_secrets, *pull_secrets(member)),
            affinity=affinity(member.placed),
        )

    def add_volumes(self, made: Volumes) -> None:
        """Adds the volumes of a member, mounted in every container that is there so far."""
        if self._scope.options.mends:
            mounts, sources = told_apart(made.mounts, made.sources, self.spec.volumes)
            made = made._replace(mounts=mounts, sources=sources)
        volumes = {each["name"]: each for each in self.spec.volumes}
        for source in made.sources:
            volumes.setdefault(source["name"], source)
        self.spec = self.spec._replace(
            volumes=tuple(volumes.values()),
            containers=tuple(
                one._replace(volume_mounts=_joined(one.volume_mounts, made.mounts))
                for one in self.spec.containers
            ),
        )

    def add_rights(self, member: Component) -> None:
        """Adds what a member may do; its limits and pull policy are for all so far."""
        service = member.service
        policy = self._pull_policy(member)
        restart = self._restart_policy(member)
        context = security_context(member, self._scope.report, with_read_only=False)
        resources = container_resources(service._replace(deploy=_without_labels(service.deploy)))
        containers = tuple(
            self._with_rights(one, member, context)._replace(
                resources={**one.resources, **resources}, image_pull_policy=policy
            )
            for one in self.spec.containers
        )
        last = self.spec
        grace = service.stop_grace_period
        self.spec = last._replace(
            containers=containers,
            restart_policy=restart,
            security_context=pod_security_context(member) or last.security_context,
            hostname=service.hostname or last.hostname,
            subdomain=service.domainname or last.subdomain,
            grace_period=last.grace_period if grace is None else grace,
            spread_constraints=tuple(placed_spreads(member, self._scope)),
            service_account=member.labels.service_account or last.service_account,
        )

    @staticmethod
    def _with_rights(one: Container, member: Component, context: dict[str, Any]) -> Container:
        if one.name == member.container_name and context:
            return one._replace(security_context=context)
        return one

    def _pull_policy(self, member: Component) -> str:
        try:
            return pull_policy(member)
        except ConvertError as error:
            policy = member.labels.pull_policy
            raise ConvertError(
                f"Unknown image-pull-policy {policy} for service {self._group.name}", exit_code=2
            ) from error

    def _restart_policy(self, member: Component) -> str:
        try:
            return restart_policy(member)
        except ConvertError as error:
            raise ConvertError(
                f"Unknown restart policy {member.restart} for service {self._group.name}",
                exit_code=2,
            ) from error


def _without_labels(deploy: Deploy | None) -> Deploy | None:
    """A group forgets what labels say of storage."""
    return None if deploy is None else deploy._replace(labels={})


def _joined(
    mounts: tuple[dict[str, Any], ...], more: list[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """The mounts, and the first of the others at each place that is still free."""
    taken = {mount["mountPath"] for mount in mounts}
    fresh: dict[str, dict[str, Any]] = {}
    for mount in more:
        if mount["mountPath"] not in taken:
            fresh.setdefault(mount["mountPath"], mount)
    return (*mounts, *fresh.values())
