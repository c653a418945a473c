"""The middle: a compose project as frozen values, without YAML shortcuts or Kubernetes words.

`project_from_model` reads the canonical model (what `docker compose config --format json`
prints), in which every shorthand is already long.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from kube_client.duration import parse_nanoseconds

Tree = Mapping[str, Any]


class PublishedPort(NamedTuple):
    """A port of a container, and where the host shows it."""

    target: int
    published: str = ""
    """A number, a range, or empty for none."""
    protocol: str = "tcp"
    host_ip: str = ""


class Mount(NamedTuple):
    """A volume or a path of the host inside a container."""

    kind: str
    """`bind`, `volume`, `tmpfs`, ...: the kind that compose says."""
    source: str
    target: str
    is_read_only: bool = False


class FileReference(NamedTuple):
    """A secret or config that a service uses, and where it wants to see it."""

    source: str
    target: str = ""
    uid: str = ""
    gid: str = ""
    mode: int | None = None


class EnvFile(NamedTuple):
    """A file with variables for a service."""

    path: str
    is_required: bool = True


class Healthcheck(NamedTuple):
    """How to see that a container is well. Times in whole seconds, 0 when not said."""

    test: tuple[str, ...] | None = None
    """None for none at all."""
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    retries: int = 0


class Resources(NamedTuple):
    """An amount of compute; None where nothing is said."""

    cpus: float | None = None
    memory_bytes: int | None = None


class UpdatePolicy(NamedTuple):
    """How copies of a service are replaced by a new version."""

    order: str = ""
    parallelism: int | None = None
    delay: int = 0
    """Whole seconds; 0 when not said."""


class Placement(NamedTuple):
    """Where copies of a service may run, and over what they spread."""

    constraints: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()


class Deploy(NamedTuple):
    """The deploy section of a service."""

    mode: str = ""
    replicas: int | None = None
    labels: Mapping[str, str] = {}
    endpoint_mode: str = ""
    has_limits: bool = False
    limits: Resources = Resources()
    reservations: Resources = Resources()
    placement: Placement = Placement()
    update: UpdatePolicy | None = None
    restart_condition: str | None = None
    """None without a restart policy; empty for one without a condition."""


class Build(NamedTuple):
    """How to make the image of a service."""

    context: str
    dockerfile: str = ""
    args: Mapping[str, str | None] = {}
    target: str = ""


class Dependency(NamedTuple):
    """What must be true of another service before this one starts."""

    service: str
    condition: str = "service_started"
    is_required: bool = True


class Service(NamedTuple):
    """One service of a project; empty values where the file says nothing."""

    name: str
    image: str = ""
    container_name: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_dir: str = ""
    hostname: str = ""
    domainname: str = ""
    user: str = ""
    group_add: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    is_privileged: bool = False
    is_read_only: bool = False
    keeps_stdin_open: bool = False
    has_tty: bool = False
    restart: str = ""
    pull_policy: str = ""
    stop_grace_period: int | None = None
    """Whole seconds."""
    memory_limit: int = 0
    """Bytes; 0 for none."""
    labels: Mapping[str, str] = {}
    environment: Mapping[str, str | None] = {}
    """None where the environment of the run had no value either."""
    env_files: tuple[EnvFile, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    expose: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[str, ...] = ()
    secrets: tuple[FileReference, ...] = ()
    configs: tuple[FileReference, ...] = ()
    healthcheck: Healthcheck | None = None
    """None without one, and for a disabled one."""
    deploy: Deploy | None = None
    build: Build | None = None
    networks: tuple[str, ...] = ()
    network_mode: str = ""
    dependencies: tuple[Dependency, ...] = ()


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


def project_from_model(model: Tree, working_dir: str, environment: Mapping[str, str]) -> Project:
    """The project that a canonical model describes; its services stay in their order.

    `environment` has the values of configs that are variables.
    """
    services = model.get("services") or {}
    networks = model.get("networks") or {}
    return Project(
        name=model.get("name", ""),
        working_dir=working_dir,
        services={name: _service(name, tree) for name, tree in services.items()},
        volume_labels={
            name: (tree or {}).get("labels") or {}
            for name, tree in (model.get("volumes") or {}).items()
        },
        network_names={key: (tree or {}).get("name", key) for key, tree in networks.items()},
        secrets=_file_sources(model.get("secrets"), {}),
        configs=_file_sources(model.get("configs"), environment),
    )


def _service(name: str, tree: Tree) -> Service:
    get = tree.get
    return Service(
        name=name,
        image=get("image") or "",
        container_name=get("container_name") or "",
        entrypoint=tuple(get("entrypoint") or ()),
        command=tuple(get("command") or ()),
        working_dir=get("working_dir") or "",
        hostname=get("hostname") or "",
        domainname=get("domainname") or "",
        user=get("user") or "",
        group_add=tuple(get("group_add") or ()),
        cap_add=tuple(get("cap_add") or ()),
        cap_drop=tuple(get("cap_drop") or ()),
        is_privileged=bool(get("privileged")),
        is_read_only=bool(get("read_only")),
        keeps_stdin_open=bool(get("stdin_open")),
        has_tty=bool(get("tty")),
        restart=get("restart") or "",
        pull_policy=get("pull_policy") or "",
        stop_grace_period=_seconds_or_none(get("stop_grace_period")),
        memory_limit=int(get("mem_limit") or 0),
        labels=get("labels") or {},
        environment=get("environment") or {},
        env_files=tuple(
            EnvFile(entry["path"], entry.get("required", True)) for entry in get("env_file") or ()
        ),
        ports=tuple(map(_port, get("ports") or ())),
        expose=tuple(map(str, get("expose") or ())),
        mounts=tuple(map(_mount, get("volumes") or ())),
        tmpfs=tuple(get("tmpfs") or ()),
        secrets=tuple(map(_file_reference, get("secrets") or ())),
        configs=tuple(map(_file_reference, get("configs") or ())),
        healthcheck=_healthcheck(get("healthcheck")),
        deploy=_deploy(get("deploy")),
        build=_build(get("build")),
        networks=tuple(get("networks") or ()),
        network_mode=get("network_mode") or "",
        dependencies=tuple(
            Dependency(other, rule.get("condition", ""), rule.get("required", True))
            for other, rule in (get("depends_on") or {}).items()
        ),
    )


def _port(tree: Tree) -> PublishedPort:
    return PublishedPort(
        target=int(tree.get("target") or 0),
        published=str(tree.get("published") or ""),
        protocol=tree.get("protocol") or "tcp",
        host_ip=tree.get("host_ip") or "",
    )


def _mount(tree: Tree) -> Mount:
    return Mount(
        kind=tree.get("type") or "volume",
        source=tree.get("source") or "",
        target=tree.get("target") or "",
        is_read_only=bool(tree.get("read_only")),
    )


def _file_reference(tree: Tree) -> FileReference:
    mode = tree.get("mode")
    return FileReference(
        source=tree["source"],
        target=tree.get("target") or "",
        uid=tree.get("uid") or "",
        gid=tree.get("gid") or "",
        mode=int(mode, 8) if isinstance(mode, str) else mode,
    )


def _healthcheck(tree: Tree | None) -> Healthcheck | None:
    if tree is None or tree.get("disable"):
        return None
    return Healthcheck(
        test=tuple(tree["test"]) if "test" in tree else None,
        interval=_seconds(tree.get("interval")),
        timeout=_seconds(tree.get("timeout")),
        start_period=_seconds(tree.get("start_period")),
        retries=int(tree.get("retries") or 0),
    )


def _deploy(tree: Tree | None) -> Deploy | None:
    if tree is None:
        return None
    resources = tree.get("resources") or {}
    placement = tree.get("placement") or {}
    update = tree.get("update_config")
    restart = tree.get("restart_policy")
    return Deploy(
        mode=tree.get("mode") or "",
        replicas=tree.get("replicas"),
        labels=tree.get("labels") or {},
        endpoint_mode=tree.get("endpoint_mode") or "",
        has_limits=resources.get("limits") is not None,
        limits=_resources(resources.get("limits")),
        reservations=_resources(resources.get("reservations")),
        placement=Placement(
            tuple(placement.get("constraints") or ()),
            tuple(entry.get("spread", "") for entry in placement.get("preferences") or ()),
        ),
        update=None
        if update is None
        else UpdatePolicy(
            update.get("order") or "", update.get("parallelism"), _seconds(update.get("delay"))
        ),
        restart_condition=None if restart is None else restart.get("condition") or "",
    )


def _resources(tree: Tree | None) -> Resources:
    if not tree:
        return Resources()
    memory = tree.get("memory")
    cpus = tree.get("cpus")
    return Resources(
        cpus=None if cpus is None else float(cpus),
        memory_bytes=None if memory is None else int(memory),
    )


def _build(tree: Tree | None) -> Build | None:
    if tree is None:
        return None
    return Build(
        context=tree.get("context") or "",
        dockerfile=tree.get("dockerfile") or "",
        args=tree.get("args") or {},
        target=tree.get("target") or "",
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


@lru_cache(maxsize=256)
def _seconds(text: str | None) -> int:
    return parse_nanoseconds(text) // 1_000_000_000 if text else 0


def _seconds_or_none(text: str | None) -> int | None:
    return None if text is None else _seconds(text)
