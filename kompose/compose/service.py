"""The keys of a service: one line each, what a project knows first.

A key with rules of its own has a file in `kompose.compose.keys`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from kompose.compose import decode, shape
from kompose.compose.casts import to_float, to_int64
from kompose.compose.entry_keys import name_key, text_key
from kompose.compose.form import Form, optional, record
from kompose.compose.key import Key, pairs, text, texts, unread
from kompose.compose.keys.blkio_config import BLKIO_CONFIG
from kompose.compose.keys.build import BUILD, Build
from kompose.compose.keys.depends_on import DEPENDS_ON, Dependency
from kompose.compose.keys.deploy import DEPLOY, Deploy
from kompose.compose.keys.develop import DEVELOP
from kompose.compose.keys.devices import DEVICES
from kompose.compose.keys.dns import DNS
from kompose.compose.keys.env_file import ENV_FILE, LABEL_FILE, EnvFile
from kompose.compose.keys.extends import EXTENDS
from kompose.compose.keys.extra_hosts import EXTRA_HOSTS
from kompose.compose.keys.file_mounts import CONFIGS, SECRETS, FileReference
from kompose.compose.keys.gpus import GPUS
from kompose.compose.keys.healthcheck import HEALTHCHECK, Healthcheck
from kompose.compose.keys.hooks import HOOKS
from kompose.compose.keys.logging import LOGGING
from kompose.compose.keys.models import MODELS
from kompose.compose.keys.networks import NETWORKS
from kompose.compose.keys.ports import PORTS, PublishedPort
from kompose.compose.keys.provider import PROVIDER
from kompose.compose.keys.ulimits import ULIMITS, long_ulimits
from kompose.compose.keys.volumes import VOLUMES, Mount
from kompose.compose.merging import add_up, replace
from kompose.compose.units import whole_seconds
from kompose.compose.values import (
    AMOUNT,
    BYTES,
    CHOICE,
    COMMAND,
    COUNT,
    DURATION,
    FLAG,
    FRACTION,
    LABELS,
    NAMES,
    NUMBER,
    ONE_OR_MORE,
    TEXT,
    TEXTS,
    VARIABLES,
    matching,
    words,
)

_USE_CPU_LIMIT = "use deploy.resources.limits.cpus"
_PULL_LABEL = "use the label kompose.image-pull-policy"
_LISTS = ONE_OR_MORE._replace(merge=add_up, entry_key=name_key)
_ADDED_NAMES = NAMES._replace(merge=add_up)
_ENVIRONMENT = VARIABLES._replace(merge=add_up, entry_key=name_key)
_WORDS = COMMAND._replace(merge=replace)
_NUMBERS_AND_TEXTS = shape.list_of(shape.one_of_kinds("number", "string"), distinct=True)
_EXPOSED = Form(_NUMBERS_AND_TEXTS, decode.texts, entry_key=text_key)
_GROUPS = Form(_NUMBERS_AND_TEXTS, decode.whole_texts)
_CONTAINER_NAME = matching("[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_PULL_POLICY = matching(
    "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+"
)
_CPU_COUNT = Form(shape.either(TEXT.shape, shape.whole_number(0)), decode.number, cast=to_int64)
_CPU_PERCENT = Form(
    shape.either(TEXT.shape, shape.whole_number(0, 100)), decode.number, cast=to_float
)
_OOM_SCORE = Form(
    shape.either(TEXT.shape, shape.whole_number(-1000, 1000)), decode.number, cast=to_int64
)
_RESERVED = Form(shape.one_of_kinds("string", "integer"), decode.size)
_PID = Form(shape.one_of_kinds("string", "null"), decode.text)
_SOCKET = Form(shape.one_of_kinds("boolean"), decode.flag)
_STORAGE_OPTIONS = Form(shape.record({}, free=""), decode.plain_mapping)
_CREDENTIAL_SPEC = optional(record(dict.fromkeys(("config", "file", "registry"), TEXT)))


def _seconds(value: str | None) -> int | None:
    return None if value is None else whole_seconds(value)


def _count(value: int | None) -> int | None:
    return value


def _bytes(value: str | None) -> int:
    return int(value or 0)


def _ignored(name: str, form: Form, instead: str = "") -> Key[None]:
    return Key(name, form, unread, instead=instead)


class Service(NamedTuple):
    """What a project knows of a service; empty values where its file says nothing."""

    name: str
    image: Annotated[str, Key("image", TEXT, text)] = ""
    container_name: Annotated[str, Key("container_name", _CONTAINER_NAME, text)] = ""
    entrypoint: Annotated[tuple[str, ...], Key("entrypoint", _WORDS, texts)] = ()
    command: Annotated[tuple[str, ...], Key("command", _WORDS, texts)] = ()
    working_dir: Annotated[str, Key("working_dir", TEXT, text)] = ""
    hostname: Annotated[str, Key("hostname", TEXT, text)] = ""
    domainname: Annotated[str, Key("domainname", TEXT, text)] = ""
    user: Annotated[str, Key("user", TEXT, text)] = ""
    group_add: Annotated[tuple[str, ...], Key("group_add", _GROUPS, texts)] = ()
    cap_add: Annotated[tuple[str, ...], Key("cap_add", NAMES, texts)] = ()
    cap_drop: Annotated[tuple[str, ...], Key("cap_drop", NAMES, texts)] = ()
    is_privileged: Annotated[bool, Key("privileged", FLAG, bool)] = False
    is_read_only: Annotated[bool, Key("read_only", FLAG, bool)] = False
    keeps_stdin_open: Annotated[bool, Key("stdin_open", FLAG, bool)] = False
    has_tty: Annotated[bool, Key("tty", FLAG, bool)] = False
    restart: Annotated[str, Key("restart", TEXT, text)] = ""
    pull_policy: Annotated[str, Key("pull_policy", _PULL_POLICY, text, instead=_PULL_LABEL)] = ""
    scale: Annotated[int | None, Key("scale", COUNT, _count, instead="use deploy.replicas")] = None
    stop_grace_period: Annotated[int | None, Key("stop_grace_period", DURATION, _seconds)] = None
    """Whole seconds."""
    memory_limit: Annotated[int, Key("mem_limit", BYTES, _bytes)] = 0
    """Bytes; 0 for none."""
    labels: Annotated[Mapping[str, str], Key("labels", LABELS, pairs)] = {}
    environment: Annotated[Mapping[str, str | None], Key("environment", _ENVIRONMENT, pairs)] = {}
    """None where the environment of the run had no value either."""
    env_files: Annotated[tuple[EnvFile, ...], ENV_FILE] = ()
    ports: Annotated[tuple[PublishedPort, ...], PORTS] = ()
    expose: Annotated[tuple[str, ...], Key("expose", _EXPOSED, texts)] = ()
    mounts: Annotated[tuple[Mount, ...], VOLUMES] = ()
    tmpfs: Annotated[tuple[str, ...], Key("tmpfs", _LISTS, texts)] = ()
    secrets: Annotated[tuple[FileReference, ...], SECRETS] = ()
    configs: Annotated[tuple[FileReference, ...], CONFIGS] = ()
    healthcheck: Annotated[Healthcheck | None, HEALTHCHECK] = None
    """None without one, and for a disabled one."""
    deploy: Annotated[Deploy | None, DEPLOY] = None
    build: Annotated[Build | None, BUILD] = None
    networks: Annotated[tuple[str, ...], NETWORKS] = ()
    network_mode: Annotated[str, Key("network_mode", TEXT, text)] = ""
    dependencies: Annotated[tuple[Dependency, ...], DEPENDS_ON] = ()


_LOADER_KEYS: tuple[Key[Any], ...] = (
    EXTENDS,
    LABEL_FILE,
    DEVELOP,
    Key("profiles", NAMES, unread),
    Key("links", NAMES, unread),
    Key("volumes_from", TEXTS, unread),
)
"""Keys that are done with when the model is made."""
_IGNORED_KEYS: tuple[Key[Any], ...] = (
    BLKIO_CONFIG,
    DEVICES,
    DNS,
    GPUS,
    LOGGING,
    MODELS,
    PROVIDER,
    _ignored("annotations", LABELS, "use labels, which become annotations"),
    _ignored("attach", CHOICE),
    _ignored("cgroup", words("host", "private")),
    _ignored("cgroup_parent", TEXT),
    _ignored("cpu_count", _CPU_COUNT, _USE_CPU_LIMIT),
    _ignored("cpu_percent", _CPU_PERCENT, _USE_CPU_LIMIT),
    _ignored("cpu_period", AMOUNT, _USE_CPU_LIMIT),
    _ignored("cpu_quota", AMOUNT, _USE_CPU_LIMIT),
    _ignored("cpu_rt_period", AMOUNT),
    _ignored("cpu_rt_runtime", AMOUNT),
    _ignored("cpu_shares", AMOUNT, "use deploy.resources.reservations.cpus"),
    _ignored("cpus", FRACTION, _USE_CPU_LIMIT),
    _ignored("cpuset", TEXT),
    _ignored("credential_spec", _CREDENTIAL_SPEC),
    _ignored("device_cgroup_rules", TEXTS),
    _ignored("dns_opt", _ADDED_NAMES),
    _ignored("dns_search", _LISTS),
    _ignored("external_links", TEXTS),
    _ignored("extra_hosts", EXTRA_HOSTS),
    _ignored("init", CHOICE),
    _ignored("ipc", TEXT),
    _ignored("isolation", TEXT),
    _ignored("mac_address", TEXT),
    _ignored("mem_reservation", _RESERVED, "use deploy.resources.reservations.memory"),
    _ignored("mem_swappiness", NUMBER._replace(decode=decode.size)),
    _ignored("memswap_limit", BYTES),
    _ignored("oom_kill_disable", FLAG),
    _ignored("oom_score_adj", _OOM_SCORE),
    _ignored("pid", _PID),
    _ignored("pids_limit", AMOUNT),
    _ignored("platform", TEXT),
    _ignored("post_start", HOOKS),
    _ignored("pre_stop", HOOKS),
    _ignored("pull_refresh_after", Form(TEXT.shape)),
    _ignored("runtime", TEXT),
    _ignored("security_opt", TEXTS),
    _ignored("shm_size", BYTES),
    _ignored("stop_signal", TEXT),
    _ignored("storage_opt", _STORAGE_OPTIONS),
    _ignored("sysctls", LABELS),
    Key("ulimits", ULIMITS._replace(merge={"*": replace}), unread, long=long_ulimits, instead=""),
    _ignored("use_api_socket", _SOCKET),
    _ignored("userns_mode", TEXT),
    _ignored("uts", TEXT),
)
"""Keys that no rule turns into anything in a cluster."""
_READ: dict[str, Key[Any]] = {
    field: kind.__metadata__[0]
    for field, kind in Service.__annotations__.items()
    if field != "name"
}
SERVICE_KEYS: tuple[Key[Any], ...] = (*_READ.values(), *_LOADER_KEYS, *_IGNORED_KEYS)
_READERS = tuple((key.name, key.read) for key in _READ.values())


def read_service(name: str, tree: Mapping[str, Any]) -> Service:
    """The service that a model's entry describes."""
    get = tree.get
    return Service(name, *[read(get(key)) for key, read in _READERS])
