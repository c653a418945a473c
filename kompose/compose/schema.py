"""The shape of a compose file: one line per key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.compose.shape import (
    Finding,
    Shape,
    bounded,
    either,
    findings,
    list_of,
    mapping_of,
    matching,
    one_of_kinds,
    or_null,
    record,
    specificity,
    whole_number,
    words,
)
from kompose.diagnostics import Diagnostic, Position, Severity

_NAMES = r"^[a-zA-Z0-9._-]+$"
_TEXT = one_of_kinds("string")
_NUMBER = one_of_kinds("number")
_BOOLEAN = one_of_kinds("boolean")
_TRUTH = one_of_kinds("boolean", "string")
_AMOUNT = one_of_kinds("number", "string")
_WHOLE = one_of_kinds("integer", "string")
_TEXTS = list_of(_TEXT, distinct=True)
_TEXT_LIST = list_of(_TEXT)
_ONE_OR_MORE = either(_TEXT, _TEXTS)
_PAIRS = either(mapping_of(one_of_kinds("boolean", "null", "number", "string"), ".+"), _TEXTS)
_DRIVER_OPTIONS = mapping_of(_AMOUNT, "^.+$")
_HOSTS = either(mapping_of(either(_TEXT, list_of(_TEXT)), ".+"), _TEXTS)
_COMMAND = either(one_of_kinds("null"), _TEXT, list_of(_TEXT))
_ORDER = words("start-first", "stop-first")


def _texts(names: str) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), _TEXT)


_HOOK = record(
    {
        "command": _COMMAND,
        "user": _TEXT,
        "privileged": _TRUTH,
        "working_dir": _TEXT,
        "environment": _PAIRS,
    },
    required=("command",),
)
_FILE_MOUNTS = list_of(either(_TEXT, record({**_texts("source target uid gid"), "mode": _AMOUNT})))
_ULIMITS = mapping_of(
    either(_WHOLE, record({"hard": _WHOLE, "soft": _WHOLE}, required=("soft", "hard"))), "^[a-z]+$"
)
_DEVICE_REQUEST = {
    "capabilities": _TEXTS,
    "count": _WHOLE,
    "device_ids": _TEXTS,
    "driver": _TEXT,
    "options": _PAIRS,
}
_BUILD = record(
    {
        **_texts("context dockerfile dockerfile_inline isolation network target"),
        **dict.fromkeys(("args", "ssh", "labels", "additional_contexts"), _PAIRS),
        **dict.fromkeys(
            ("cache_from", "cache_to", "entitlements", "tags", "platforms"), _TEXT_LIST
        ),
        **dict.fromkeys(("no_cache", "pull", "privileged"), _TRUTH),
        "no_cache_filter": _ONE_OR_MORE,
        "provenance": one_of_kinds("string", "boolean"),
        "sbom": one_of_kinds("string", "boolean"),
        "shm_size": _WHOLE,
        "extra_hosts": _HOSTS,
        "secrets": _FILE_MOUNTS,
        "ulimits": _ULIMITS,
    }
)
_UPDATE = record(
    {
        **_texts("delay failure_action monitor"),
        "parallelism": _WHOLE,
        "max_failure_ratio": _AMOUNT,
        "order": _ORDER,
    }
)
_RESERVATIONS = record(
    {
        "cpus": _AMOUNT,
        "memory": _TEXT,
        "generic_resources": list_of(
            record({"discrete_resource_spec": record({"kind": _TEXT, "value": _AMOUNT})})
        ),
        "devices": list_of(record(_DEVICE_REQUEST, required=("capabilities",))),
    }
)
_DEPLOY = record(
    {
        **_texts("mode endpoint_mode"),
        "replicas": _WHOLE,
        "labels": _PAIRS,
        "rollback_config": _UPDATE,
        "update_config": _UPDATE,
        "resources": record(
            {
                "limits": record({"cpus": _AMOUNT, "memory": _TEXT, "pids": _WHOLE}),
                "reservations": _RESERVATIONS,
            }
        ),
        "restart_policy": record({**_texts("condition delay window"), "max_attempts": _WHOLE}),
        "placement": record(
            {
                "constraints": _TEXT_LIST,
                "preferences": list_of(record({"spread": _TEXT})),
                "max_replicas_per_node": _WHOLE,
            }
        ),
    }
)
_DEVELOP = record(
    {
        "watch": list_of(
            record(
                {
                    "ignore": _ONE_OR_MORE,
                    "include": _ONE_OR_MORE,
                    "path": _TEXT,
                    "action": words("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
                    "target": _TEXT,
                    "exec": _HOOK,
                    "initial_sync": _BOOLEAN,
                },
                required=("path", "action"),
            )
        )
    }
)
_BLKIO_RATES = list_of(record({"path": _TEXT, "rate": _WHOLE}))
_BLKIO = record(
    {
        **dict.fromkeys(
            ("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"),
            _BLKIO_RATES,
        ),
        "weight": _WHOLE,
        "weight_device": list_of(record({"path": _TEXT, "weight": _WHOLE})),
    }
)
_DEPENDENCY = record(
    {
        "restart": _TRUTH,
        "required": _BOOLEAN,
        "condition": words("service_started", "service_healthy", "service_completed_successfully"),
    },
    required=("condition",),
)
_ATTACHMENT = record(
    {
        **_texts("interface_name ipv4_address ipv6_address mac_address"),
        "aliases": _TEXTS,
        "link_local_ips": _TEXTS,
        "driver_opts": _DRIVER_OPTIONS,
        "priority": _NUMBER,
        "gw_priority": _NUMBER,
    }
)
_VOLUME_MOUNT = record(
    {
        "type": words("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
        **_texts("source target consistency"),
        "read_only": _TRUTH,
        "bind": record(
            {
                "propagation": _TEXT,
                "create_host_path": _TRUTH,
                "recursive": words("enabled", "disabled", "writable", "readonly"),
                "selinux": words("z", "Z"),
            }
        ),
        "volume": record({"labels": _PAIRS, "nocopy": _TRUTH, "subpath": _TEXT}),
        "tmpfs": record({"size": either(whole_number(0), _TEXT), "mode": _AMOUNT}),
        "image": record({"subpath": _TEXT}),
    },
    required=("type",),
)
_PORT = record(
    {
        **_texts("name mode host_ip protocol app_protocol"),
        "target": _WHOLE,
        "published": one_of_kinds("string", "integer"),
    }
)
_ENV_FILE = record({"path": _TEXT, "format": _TEXT, "required": _TRUTH}, required=("path",))
_HEALTH = record(
    {
        **_texts("interval timeout start_period start_interval"),
        "disable": _TRUTH,
        "retries": _AMOUNT,
        "test": either(_TEXT, list_of(_TEXT)),
    }
)
_OPTION_VALUE = one_of_kinds("string", "number", "boolean")

SERVICE = record(
    {
        **_texts(
            "cgroup_parent cpuset domainname hostname image ipc isolation mac_address network_mode "
            "platform restart runtime stop_grace_period stop_signal user uts userns_mode "
            "working_dir"
        ),
        **dict.fromkeys(
            ("annotations", "environment", "labels", "sysctls"),
            _PAIRS,
        ),
        **dict.fromkeys(
            ("attach", "init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty"),
            _TRUTH,
        ),
        **dict.fromkeys(
            (
                *("cpu_shares", "cpu_quota", "cpu_period", "cpu_rt_period", "cpu_rt_runtime"),
                *("cpus", "mem_limit", "memswap_limit", "pids_limit", "shm_size"),
            ),
            _AMOUNT,
        ),
        **dict.fromkeys(
            (
                *("cap_add", "cap_drop", "device_cgroup_rules", "dns_opt", "external_links"),
                *("links", "profiles", "security_opt", "volumes_from"),
            ),
            _TEXTS,
        ),
        **dict.fromkeys(("dns", "dns_search", "tmpfs"), _ONE_OR_MORE),
        **dict.fromkeys(("command", "entrypoint"), _COMMAND),
        **dict.fromkeys(("configs", "secrets"), _FILE_MOUNTS),
        **dict.fromkeys(("post_start", "pre_stop"), list_of(_HOOK)),
        "blkio_config": _BLKIO,
        "build": either(_TEXT, _BUILD),
        "cgroup": words("host", "private"),
        "container_name": matching("[a-zA-Z0-9][a-zA-Z0-9_.-]+"),
        "cpu_count": either(_TEXT, whole_number(0)),
        "cpu_percent": either(_TEXT, bounded("number", 0, 100)),
        "credential_spec": record(_texts("config file registry")),
        "depends_on": either(_TEXTS, mapping_of(_DEPENDENCY, _NAMES)),
        "deploy": or_null(_DEPLOY),
        "develop": or_null(_DEVELOP),
        "devices": list_of(
            either(_TEXT, record(_texts("source target permissions"), required=("source",)))
        ),
        "env_file": either(_TEXT, list_of(either(_TEXT, _ENV_FILE))),
        "expose": list_of(one_of_kinds("string", "number"), distinct=True),
        "extends": either(_TEXT, record(_texts("service file"), required=("service",))),
        "extra_hosts": _HOSTS,
        "gpus": either(words("all"), list_of(record(_DEVICE_REQUEST))),
        "group_add": list_of(one_of_kinds("string", "number"), distinct=True),
        "healthcheck": _HEALTH,
        "label_file": either(_TEXT, list_of(_TEXT)),
        "logging": record(
            {"driver": _TEXT, "options": mapping_of(one_of_kinds("string", "number", "null"))}
        ),
        "mem_reservation": one_of_kinds("string", "integer"),
        "mem_swappiness": _WHOLE,
        "models": either(
            _TEXTS, mapping_of(or_null(record(_texts("endpoint_var model_var"))), _NAMES)
        ),
        "networks": either(_TEXTS, mapping_of(or_null(_ATTACHMENT, is_choice=True), _NAMES)),
        "oom_score_adj": either(_TEXT, whole_number(-1000, 1000)),
        "pid": one_of_kinds("string", "null"),
        "ports": list_of(either(_NUMBER, _TEXT, _PORT)),
        "provider": record(
            {
                "type": _TEXT,
                "options": mapping_of(either(_OPTION_VALUE, list_of(_OPTION_VALUE)), "^.+$"),
            },
            required=("type",),
        ),
        "pull_policy": matching(
            "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+"
        ),
        "scale": _WHOLE,
        "storage_opt": mapping_of(one_of_kinds("string", "number", "boolean", "null")),
        "ulimits": _ULIMITS,
        "use_api_socket": _BOOLEAN,
        "volumes": list_of(either(_TEXT, _VOLUME_MOUNT)),
    }
)
_EXTERNAL = either(one_of_kinds("boolean", "string"), record({"name": _TEXT}))
_IPAM = record(
    {
        "driver": _TEXT,
        "config": list_of(
            record({**_texts("subnet ip_range gateway"), "aux_addresses": mapping_of(_TEXT)})
        ),
        "options": mapping_of(_TEXT),
    }
)
_NETWORK = record(
    {
        **_texts("name driver"),
        "driver_opts": _DRIVER_OPTIONS,
        "ipam": _IPAM,
        "external": _EXTERNAL,
        **dict.fromkeys(("internal", "enable_ipv4", "enable_ipv6", "attachable"), _TRUTH),
        "labels": _PAIRS,
    }
)
_VOLUME = record(
    {
        **_texts("name driver"),
        "driver_opts": _DRIVER_OPTIONS,
        "external": _EXTERNAL,
        "labels": _PAIRS,
    }
)
_FILE_OBJECT = {
    **_texts("name environment file template_driver"),
    "external": _EXTERNAL,
    "labels": _PAIRS,
}
_SECRET = record({**_FILE_OBJECT, "driver": _TEXT, "driver_opts": _DRIVER_OPTIONS})
_CONFIG = record({**_FILE_OBJECT, "content": _TEXT})
_MODEL = record(
    {**_texts("name model"), "context_size": one_of_kinds("integer"), "runtime_flags": _TEXT_LIST},
    required=("model",),
)
_INCLUDE = list_of(
    either(
        _TEXT,
        record({"path": _ONE_OR_MORE, "env_file": _ONE_OR_MORE, "project_directory": _TEXT}),
    )
)

COMPOSE_FILE = record(
    {
        "version": _TEXT,
        "name": _TEXT,
        "include": _INCLUDE,
        "services": mapping_of(SERVICE, _NAMES),
        "models": mapping_of(_MODEL, _NAMES),
        "networks": mapping_of(or_null(_NETWORK), _NAMES),
        "volumes": mapping_of(or_null(_VOLUME), _NAMES),
        "secrets": mapping_of(_SECRET, _NAMES),
        "configs": mapping_of(_CONFIG, _NAMES),
    }
)


class SchemaError(PathError):
    """The files have a shape that no compose file has; the text is the gravest finding."""

    def __init__(self, file: str, found: list[Finding]) -> None:
        path, why = max(found, key=specificity)
        super().__init__(f"validating {file}: {dotted(path)} {why}", path)
        self.found = [finding for finding in found if finding != (path, why)]

    def tell_others(self, locate: Callable[[KeyPath], Position | None]) -> None:
        """Makes diagnostics of the other findings, with the positions that ``locate`` knows."""
        self.others = tuple(
            Diagnostic(f"{dotted(path)} {why}".strip(), Severity.ERROR, locate(path))
            for path, why in self.found
        )


def check_schema(tree: dict[str, Any], file: str) -> None:
    """Checks the shape of a tree.

    Raises:
        SchemaError: With all that is wrong.
    """
    found = findings(COMPOSE_FILE, tree)
    if found:
        raise SchemaError(file, found)
