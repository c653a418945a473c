"""The middle: a compose project as frozen values, without YAML shortcuts or Kubernetes words.

`project_from_model` reads the canonical model (what `docker compose config --format json`
prints), in which every shorthand is already long.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kompose.compose.service import Service, read_service

Tree = Mapping[str, Any]


class FileSource(NamedTuple):
    """A top-level secret or config: where its content comes from."""

    name: str
    file: str = ""
    content: str = ""
    environment: str = ""
    is_external: bool = False
    external_name: str = ""
    """What it is called where it is already."""


class Project(NamedTuple):
    """A whole compose project; every mapping is keyed by the name in the file."""

    name: str
    working_dir: str
    services: Mapping[str, Service]
    volume_labels: Mapping[str, Mapping[str, str]] = {}
    network_names: Mapping[str, str] = {}
    """The real name of each network."""
    secrets: Mapping[str, FileSource] = {}
    configs: Mapping[str, FileSource] = {}

    def networks_of(self, service: Service) -> tuple[str, ...]:
        """The real names of a service's networks.

        One that names none, such as one in the host's, counts as in the default one if any is.
        """
        default = ("default",) if "default" in self.network_names else ()
        return tuple(self.network_names.get(key, key) for key in service.networks or default)


def project_from_model(model: Tree, working_dir: str, environment: Mapping[str, str]) -> Project:
    """The project that a canonical model describes; its services stay in their order.

    `environment` has the values of secrets and configs that are variables.
    """
    services = model.get("services") or {}
    networks = model.get("networks") or {}
    return Project(
        name=model.get("name", ""),
        working_dir=working_dir,
        services={name: read_service(name, tree) for name, tree in services.items()},
        volume_labels={
            name: (tree or {}).get("labels") or {}
            for name, tree in (model.get("volumes") or {}).items()
        },
        network_names={key: (tree or {}).get("name", key) for key, tree in networks.items()},
        secrets=_file_sources(model.get("secrets"), environment),
        configs=_file_sources(model.get("configs"), environment),
    )


def _file_sources(
    trees: Mapping[str, Tree] | None, environment: Mapping[str, str]
) -> dict[str, FileSource]:
    return {
        name: FileSource(
            name=name,
            file=tree.get("file") or "",
            content=tree.get("content") or environment.get(tree.get("environment") or "", ""),
            environment=tree.get("environment") or "",
            is_external=bool(tree.get("external")),
            external_name=tree.get("name") or name if tree.get("external") else "",
        )
        for name, tree in (trees or {}).items()
    }
