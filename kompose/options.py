"""What a person asked of a conversion: one frozen value, made once from the command line."""

from typing import NamedTuple


class BuildOptions(NamedTuple):
    """How images of services with a build section are made and pushed."""

    mode: str = "none"
    """`local`, `build-config` or `none`; other words do nothing."""
    push: bool = False
    only: frozenset[str] | None = None
    """Names of the services whose images are made; None means all."""
    registry: str = ""
    build_command: str = ""
    push_command: str = ""
    repository: str = ""
    """Source of an OpenShift BuildConfig; empty means the remote of the working copy."""
    branch: str = ""

    @property
    def is_custom(self) -> bool:
        """Whether commands of the user's own build and push the images."""
        return bool(self.build_command and self.push_command)


class ConvertOptions(NamedTuple):
    """Everything that changes which objects come out, and nothing about where they go."""

    is_openshift: bool = False
    namespace: str = ""
    replicas: int | None = None
    """None when not asked for: then the compose file decides."""
    controller: str = ""
    """In lower case; empty lets the compose file decide."""
    creates_deployment: bool = False
    creates_daemon_set: bool = False
    creates_replication_controller: bool = False
    """Says what is wanted; nothing is created any more."""
    creates_deployment_config: bool = True
    """For OpenShift only."""
    has_controller_flag: bool = False
    """Whether any flag that chooses a controller was given, also one that creates nothing."""
    has_deployment_config_flag: bool = False
    volume_kind: str = "persistentVolumeClaim"
    pvc_request_size: str = ""
    network_policies: bool = False
    with_kompose_annotation: bool = True
    command_line: str = "kompose convert"
    version: str = ""
    group_mode: str = ""
    group_name: str = ""
    secrets_as_files: bool = False
    insecure_repository: bool = False
    build: BuildOptions = BuildOptions()
    secrets: str = "plain"
    """`plain`, `external` or `only`: see `kompose.manifests.secrets`."""
    mends: bool = False
    """Whether to write what was meant where the original writes what a cluster refuses, or what
    does not do what compose does. `up` does; `convert` does with `--mend`."""

    @property
    def creates_any(self) -> bool:
        """Whether the old flags ask for some kind."""
        return (
            self.creates_deployment
            or self.creates_daemon_set
            or self.creates_replication_controller
        )
