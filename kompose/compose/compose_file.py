"""A whole compose file: its sections, and what one entry of each may look like and becomes."""

from __future__ import annotations

from typing import Any

from kompose.compose import shape
from kompose.compose.casts import to_boolean
from kompose.compose.decode import flag, number, plain_mapping
from kompose.compose.form import Form, list_of, mapping_of, or_null, record
from kompose.compose.key_path import KeyPath
from kompose.compose.merging import by_name, cannot_override, merge_mappings
from kompose.compose.service import SERVICE_KEYS
from kompose.compose.values import (
    CAST_CHOICE,
    CAST_FLAG,
    DRIVER_OPTIONS,
    ENTRY_NAMES,
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


SERVICE = record(
    {key.name: key.form for key in SERVICE_KEYS},
    always={"command": None, "entrypoint": None},
)
_TEXT_MAPPING = shape.mapping_of(TEXT.shape)
_POOL = record(
    {
        **dict.fromkeys(("subnet", "ip_range", "gateway"), TEXT),
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
_EXTERNAL = Form(shape.either(_TRUTH, shape.record(_NAMED)), flag, cast=to_boolean)
_EXTERNAL_FILE = _EXTERNAL._replace(shape=shape.either(_TRUTH, shape.record(_NAMED, free="")))
_NETWORK = record(
    {
        "name": TEXT,
        "driver": TEXT,
        "driver_opts": DRIVER_OPTIONS,
        "ipam": _IPAM,
        "external": _EXTERNAL,
        "internal": CAST_FLAG,
        "attachable": CAST_FLAG,
        "enable_ipv4": CAST_CHOICE,
        "enable_ipv6": CAST_CHOICE,
        "labels": LABELS,
    },
    always={"ipam": {}},
)
_VOLUME = record(
    {
        "name": TEXT,
        "driver": TEXT,
        "driver_opts": DRIVER_OPTIONS,
        "external": _EXTERNAL,
        "labels": LABELS._replace(entry_key=None),
    }
)
_CONTENT = {
    **dict.fromkeys(("name", "environment", "file", "template_driver"), TEXT),
    "external": _EXTERNAL_FILE,
    "labels": PAIRS,
}
_SECRET = record({**_CONTENT, "driver": TEXT, "driver_opts": DRIVER_OPTIONS})
_CONFIG = record({**_CONTENT, "content": TEXT})
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
