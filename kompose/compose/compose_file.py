"""A whole compose file: its sections, and what one entry of each may look like and becomes."""

from __future__ import annotations

import re
from typing import Any

from kompose.compose import shape
from kompose.compose.casts import to_boolean
from kompose.compose.decode import flag, number, plain_mapping, whole_text_mapping
from kompose.compose.form import Form, list_of, mapping_of, or_null, record
from kompose.compose.key import Key
from kompose.compose.key_path import KeyPath
from kompose.compose.merging import by_name, cannot_override, merge_mappings
from kompose.compose.service import SERVICE_KEYS
from kompose.compose.values import (
    CHOICE,
    DRIVER_OPTIONS,
    ENTRY_NAMES,
    FLAG,
    LABELS,
    ONE_OR_MORE,
    PAIRS,
    TEXT,
    TEXT_LIST,
)


def _merge_pools(base: Any, override: Any, path: KeyPath) -> Any:
    """Address pools with the same subnet become one; one without a match is left out.

    Follows the original's mergeIPAMConfig.
    """
    if not isinstance(base, list) or not isinstance(override, list):
        raise cannot_override(path)
    merged: list[dict[str, Any]] = []
    for pool in map(by_name, base):
        combined = pool
        for other in map(by_name, override):
            subnets = [known.get("subnet") for known in merged]
            if other.get("subnet") != combined.get("subnet") and other.get("subnet") not in subnets:
                merged.append(other)
                continue
            combined = merge_mappings(combined, other, path)
            if combined.get("subnet") in subnets:
                merged[subnets.index(combined.get("subnet"))] = combined
            else:
                merged.append(combined)
    return merged


_PRINTED_FIRST = re.findall(
    r"\w+",
    """
    profiles annotations attach build develop blkio_config cap_add cap_drop cgroup_parent cgroup
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset
    cpu_shares command configs container_name credential_spec depends_on deploy
    device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint provider
    environment env_file expose extends external_links extra_hosts group_add gpus hostname
    healthcheck image init ipc isolation labels label_file links logging mem_limit
    mem_reservation memswap_limit mem_swappiness mac_address models network_mode networks
    oom_kill_disable oom_score_adj pid pids_limit platform ports privileged pull_policy
    read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period
    stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts
    volumes volumes_from working_dir post_start pre_stop
    """,
)
"""The order in which the original prints the keys of a service."""


def _rank(key: Key[Any]) -> tuple[int, str]:
    is_known = key.name in _PRINTED_FIRST
    return _PRINTED_FIRST.index(key.name) if is_known else len(_PRINTED_FIRST), key.name


SERVICE = record(
    {key.name: key.form for key in sorted(SERVICE_KEYS, key=_rank)},
    always={"command": None, "entrypoint": None},
)
_TEXT_MAPPING = shape.mapping_of(TEXT.shape)
_POOL = record(
    {
        **dict.fromkeys(("subnet", "gateway", "ip_range"), TEXT),
        "aux_addresses": Form(_TEXT_MAPPING, plain_mapping),
    }
)
_IPAM = record(
    {
        "driver": TEXT,
        "config": list_of(_POOL)._replace(merge=_merge_pools),
        "options": Form(_TEXT_MAPPING),
    }
)
_TRUTH = shape.one_of_kinds("boolean", "string")._replace(
    refusal="must be a boolean, mapping or string"
)
_NAMED = {"name": TEXT.shape}


def _external(name: shape.Shape) -> Form:
    """A truth, or the old form that holds the name."""
    either = shape.either(_TRUTH, name)
    words = "must be a boolean, mapping or string"
    return Form(either._replace(refusal=words), flag, cast=to_boolean)


_EXTERNAL = _external(shape.record(_NAMED))
_EXTERNAL_FILE = _external(shape.record(_NAMED, free=""))
_NETWORK = record(
    {
        "name": TEXT,
        "driver": TEXT,
        "driver_opts": DRIVER_OPTIONS,
        "ipam": _IPAM,
        "external": _EXTERNAL,
        "internal": FLAG,
        "attachable": FLAG,
        "labels": LABELS,
        "enable_ipv4": CHOICE,
        "enable_ipv6": CHOICE,
    },
    always={"ipam": {}},
)
_VOLUME = record(
    {
        "name": TEXT,
        "driver": TEXT,
        "driver_opts": DRIVER_OPTIONS,
        "external": _EXTERNAL,
        "labels": LABELS,
    }
)
_SECRET = record(
    {
        **dict.fromkeys(("name", "file", "environment"), TEXT),
        "external": _EXTERNAL_FILE,
        "labels": PAIRS,
        "driver": TEXT,
        "driver_opts": DRIVER_OPTIONS._replace(decode=whole_text_mapping),
        "template_driver": TEXT,
    }
)
_CONFIG = record(
    {
        **dict.fromkeys(("name", "file", "environment", "content"), TEXT),
        "external": _EXTERNAL_FILE,
        "labels": PAIRS,
        "template_driver": TEXT,
    }
)
_MODEL = record(
    {
        "name": TEXT,
        "model": TEXT,
        "context_size": Form(shape.one_of_kinds("integer"), number),
        "runtime_flags": TEXT_LIST,
    },
    required=("model",),
)
_INCLUSION = record(
    {"path": ONE_OR_MORE, "env_file": ONE_OR_MORE, "project_directory": TEXT}, free=None
)
_OPEN_SECTIONS = frozenset({"models", "networks"})

SECTIONS: dict[str, Form] = {
    "services": SERVICE,
    "models": _MODEL,
    "networks": or_null(_NETWORK),
    "volumes": or_null(_VOLUME),
    "secrets": _SECRET,
    "configs": _CONFIG,
}
"""The mappings at the top, by what one entry of each is."""
COMPOSE_FILE = record(
    {
        "version": TEXT,
        "name": TEXT,
        "include": Form(shape.list_of(shape.either(TEXT.shape, _INCLUSION.shape))),
        **{
            name: mapping_of(form, ENTRY_NAMES, is_open=name in _OPEN_SECTIONS)
            for name, form in SECTIONS.items()
        },
    }
)
