"""What the commands on a cluster know of a compose project. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from kompose.compose.keys.depends_on import Dependency
from kompose.compose.keys.ports import PublishedPort
from kompose.manifests.labels import NAME_OVERRIDE
from kompose.manifests.names import service_label
from kompose.project import Project


class ServiceView(NamedTuple):
    """One service: its name in the file, and what else stands there of its life."""

    name: str
    dependencies: tuple[Dependency, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    container_name: str = ""
    other_name: str = ""
    """Its name on the cluster, where the file says one."""
    image: str = ""
    """The image that is built for it; empty where none is."""

    @property
    def key(self) -> str:
        """The value of the label that the service's objects carry."""
        return service_label(self.other_name or self.name)


class ProjectView(NamedTuple):
    """A project by its services, in the order of the file."""

    name: str
    services: Mapping[str, ServiceView]

    def selected(self, names: tuple[str, ...], *, alone: bool = False) -> "ProjectView":
        """The project with only these services and what they depend on; no names mean all.

        `alone` leaves out what they depend on.

        Raises:
            KeyError: There is no such service; the argument is its name.
        """
        if not names:
            return self
        if alone:
            single = {name: self.services[name]._replace(dependencies=()) for name in names}
            return self._replace(services=single)
        wanted: dict[str, ServiceView] = {}
        rest = list(names)
        while rest:
            name = rest.pop()
            if name not in wanted:
                wanted[name] = self.services[name]
                rest += [
                    dependency.service
                    for dependency in wanted[name].dependencies
                    if dependency.service in self.services
                ]
        return self._replace(
            services={name: view for name, view in self.services.items() if name in wanted}
        )


def project_view(project: Project) -> ProjectView:
    """What the commands on a cluster need of a project."""
    return ProjectView(
        project.name,
        {
            name: ServiceView(
                name,
                service.dependencies,
                service.ports,
                service.container_name,
                service.labels.get(NAME_OVERRIDE, ""),
                "" if service.build is None else service.image or service_label(name),
            )
            for name, service in project.services.items()
        },
    )
