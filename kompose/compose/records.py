"""Which attributes the model has, and how each of them is decoded: one line per compose key."""

from __future__ import annotations

from typing import Any

from kompose.compose.decode import (
    OMIT,
    Codec,
    anything,
    choice,
    command,
    count,
    duration,
    duration_or_nothing,
    environment,
    file_mode,
    flag,
    float_number,
    health_test,
    hosts,
    keyed,
    listed,
    number,
    or_nothing,
    plain_mapping,
    record,
    size,
    text,
    texts,
    whole_or_zero,
    whole_texts,
)
from kompose.compose.scalars import scalar_text


def _ulimit(value: Any) -> Any:
    if not isinstance(value, dict):
        return whole_or_zero(value)
    return _ULIMIT_PAIR(value)


def _required(value: Any) -> Any:
    return False if value is False else OMIT


def _device_count(value: Any) -> Any:
    if value == "all":
        return -1
    try:
        return number(value)
    except ValueError:
        raise ValueError(
            f"invalid value \"{value}\", the only value allowed is 'all' or a number"
        ) from None


def _texts_of_options(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [scalar_text(entry) for entry in entries]


def _ssh(value: Any) -> Any:
    return [key if path is None else f"{key}={path}" for key, path in value.items()] or OMIT


def _blkio(rate: str, codec: Codec) -> Codec:
    """Block device limits, which the model shows under the names of Docker's API."""
    names = {"path": "Path", rate: rate.capitalize()}
    decode = record({"path": text, rate: codec})
    return listed(lambda entry: {names[key]: shown for key, shown in decode(entry).items()})


_ULIMIT_PAIR = record({"soft": whole_or_zero, "hard": whole_or_zero})
_ULIMITS = keyed(_ulimit)
_RATES = _blkio("rate", size)
_FILE_MOUNT = record({"source": text, "target": text, "uid": text, "gid": text, "mode": file_mode})
_HOOK = record(
    {
        "command": command,
        "user": text,
        "privileged": flag,
        "working_dir": text,
        "environment": environment,
    },
    always={"command": None},
)
_DEVICE_REQUEST = record(
    {
        "capabilities": texts,
        "driver": text,
        "count": _device_count,
        "device_ids": texts,
        "options": plain_mapping,
    }
)
_UPDATE = or_nothing(
    record(
        {
            "parallelism": count,
            "delay": duration_or_nothing,
            "failure_action": text,
            "monitor": duration_or_nothing,
            "max_failure_ratio": float_number,
            "order": text,
        }
    )
)
_RESOURCE = or_nothing(
    record(
        {
            "cpus": float_number,
            "memory": size,
            "pids": number,
            "devices": listed(_DEVICE_REQUEST),
            "generic_resources": listed(
                record({"discrete_resource_spec": record({"kind": text, "value": number})})
            ),
        }
    )
)
_DEPLOY = record(
    {
        "mode": text,
        "replicas": whole_or_zero,
        "labels": plain_mapping,
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": record({"limits": _RESOURCE, "reservations": _RESOURCE}),
        "restart_policy": or_nothing(
            record(
                {
                    "condition": text,
                    "delay": duration,
                    "max_attempts": count,
                    "window": duration,
                }
            )
        ),
        "placement": record(
            {
                "constraints": texts,
                "preferences": listed(record({"spread": text})),
                "max_replicas_per_node": number,
            }
        ),
        "endpoint_mode": text,
    },
    always={"resources": {}, "placement": {}},
)
_BUILD = record(
    {
        "context": text,
        "dockerfile": text,
        "dockerfile_inline": text,
        "entitlements": texts,
        "args": environment,
        "provenance": text,
        "sbom": text,
        "ssh": _ssh,
        "labels": plain_mapping,
        "cache_from": texts,
        "cache_to": texts,
        "no_cache": flag,
        "no_cache_filter": texts,
        "additional_contexts": plain_mapping,
        "pull": flag,
        "extra_hosts": hosts,
        "isolation": text,
        "network": text,
        "target": text,
        "secrets": listed(_FILE_MOUNT),
        "shm_size": size,
        "tags": texts,
        "ulimits": _ULIMITS,
        "platforms": texts,
        "privileged": flag,
    }
)
_VOLUME = record(
    {
        "type": text,
        "source": text,
        "target": text,
        "read_only": flag,
        "consistency": text,
        "bind": or_nothing(
            record(
                {
                    "selinux": text,
                    "propagation": text,
                    "create_host_path": _required,
                    "recursive": text,
                }
            )
        ),
        "volume": or_nothing(record({"nocopy": flag, "subpath": text, "labels": plain_mapping})),
        "tmpfs": or_nothing(record({"size": size, "mode": number})),
        "image": or_nothing(record({"subpath": text})),
    }
)
_WATCH = record(
    {
        "path": text,
        "action": text,
        "target": text,
        "exec": _HOOK,
        "include": texts,
        "ignore": texts,
        "initial_sync": flag,
    },
    always={"exec": {"command": None}},
)
_NETWORK_ATTACHMENT = record(
    {
        "aliases": texts,
        "driver_opts": plain_mapping,
        "gw_priority": number,
        "interface_name": text,
        "ipv4_address": text,
        "ipv6_address": text,
        "link_local_ips": texts,
        "mac_address": text,
        "priority": number,
    }
)
_TEXTS = [
    "cgroup",
    "cgroup_parent",
    "container_name",
    "cpuset",
    "domainname",
    "hostname",
    "image",
    "ipc",
    "isolation",
    "mac_address",
    "network_mode",
    "pid",
    "platform",
    "pull_policy",
    "restart",
    "runtime",
    "stop_signal",
    "user",
    "userns_mode",
    "uts",
    "working_dir",
]
_NUMBERS = [
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "oom_score_adj",
    "pids_limit",
]
_LISTS = [
    "cap_add",
    "cap_drop",
    "device_cgroup_rules",
    "dns",
    "dns_opt",
    "dns_search",
    "expose",
    "external_links",
    "label_file",
    "links",
    "profiles",
    "security_opt",
    "tmpfs",
    "volumes_from",
]

SERVICE = record(
    {
        **dict.fromkeys(_TEXTS, text),
        **dict.fromkeys(_NUMBERS, number),
        **dict.fromkeys(_LISTS, texts),
        **dict.fromkeys(
            ("oom_kill_disable", "privileged", "read_only", "stdin_open", "tty", "use_api_socket"),
            flag,
        ),
        **dict.fromkeys(
            ("mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "shm_size"), size
        ),
        **dict.fromkeys(("annotations", "labels", "storage_opt", "sysctls"), plain_mapping),
        "attach": choice,
        "blkio_config": or_nothing(
            record(
                {
                    "weight": number,
                    "weight_device": _blkio("weight", number),
                    "device_read_bps": _RATES,
                    "device_read_iops": _RATES,
                    "device_write_bps": _RATES,
                    "device_write_iops": _RATES,
                }
            )
        ),
        "build": or_nothing(_BUILD),
        "command": command,
        "configs": listed(_FILE_MOUNT),
        "cpus": float_number,
        "credential_spec": or_nothing(record({"config": text, "file": text, "registry": text})),
        "depends_on": keyed(record({"condition": text, "restart": flag, "required": choice})),
        "deploy": or_nothing(_DEPLOY),
        "develop": or_nothing(record({"watch": listed(_WATCH)})),
        "devices": listed(record({"source": text, "target": text, "permissions": text})),
        "entrypoint": command,
        "group_add": whole_texts,
        "env_file": listed(record({"path": text, "required": _required, "format": text})),
        "environment": environment,
        "extends": or_nothing(record({"file": text, "service": text})),
        "extra_hosts": hosts,
        "gpus": listed(_DEVICE_REQUEST),
        "healthcheck": or_nothing(
            record(
                {
                    "test": health_test,
                    "timeout": duration,
                    "interval": duration,
                    "retries": count,
                    "start_period": duration,
                    "start_interval": duration,
                    "disable": flag,
                }
            )
        ),
        "init": choice,
        "logging": or_nothing(record({"driver": text, "options": plain_mapping})),
        "models": keyed(record({"endpoint_var": text, "model_var": text})),
        "networks": keyed(_NETWORK_ATTACHMENT),
        "ports": listed(
            record(
                {
                    "name": text,
                    "mode": text,
                    "host_ip": text,
                    "target": number,
                    "published": text,
                    "protocol": text,
                    "app_protocol": text,
                }
            )
        ),
        "post_start": listed(_HOOK),
        "pre_stop": listed(_HOOK),
        "provider": or_nothing(record({"type": text, "options": keyed(_texts_of_options)})),
        "scale": whole_or_zero,
        "secrets": listed(_FILE_MOUNT),
        "stop_grace_period": duration,
        "ulimits": _ULIMITS,
        "volumes": listed(_VOLUME),
    },
    always={"command": None, "entrypoint": None},
)

_IPAM = record(
    {
        "driver": text,
        "config": listed(
            record(
                {
                    "subnet": text,
                    "gateway": text,
                    "ip_range": text,
                    "aux_addresses": plain_mapping,
                }
            )
        ),
    }
)
NETWORK = record(
    {
        "name": text,
        "driver": text,
        "driver_opts": plain_mapping,
        "ipam": _IPAM,
        "external": flag,
        "internal": flag,
        "attachable": flag,
        "labels": plain_mapping,
        "enable_ipv4": choice,
        "enable_ipv6": choice,
    },
    always={"ipam": {}},
)
VOLUME = record(
    {
        "name": text,
        "driver": text,
        "driver_opts": plain_mapping,
        "external": flag,
        "labels": plain_mapping,
    }
)
FILE_OBJECT = record(
    {
        "name": text,
        "file": text,
        "environment": text,
        "content": text,
        "external": flag,
        "labels": plain_mapping,
        "driver": text,
        "driver_opts": plain_mapping,
        "template_driver": text,
    }
)
AI_MODEL = record({"name": text, "model": text, "context_size": number, "runtime_flags": texts})

SECTIONS: dict[str, Codec] = {
    "services": SERVICE,
    "networks": NETWORK,
    "volumes": VOLUME,
    "secrets": FILE_OBJECT,
    "configs": FILE_OBJECT,
    "models": AI_MODEL,
}
"""The top-level mappings of a model and what one entry of each is; extensions are ``anything``."""
EXTENSION = anything
