"""``extra_hosts``: names and addresses that a container knows beside its network's."""

from __future__ import annotations

from typing import Any

from kompose.compose.decode import hosts
from kompose.compose.form import Form
from kompose.compose.key_path import KeyPath
from kompose.compose.merging import as_list
from kompose.compose.shape import either, list_of, mapping_of, one_of_kinds

_TEXT = one_of_kinds("string")


def _merge(base: Any, override: Any, _path: KeyPath) -> list[Any]:
    merged = as_list(base)
    return merged + [host for host in as_list(override) if host not in merged]


EXTRA_HOSTS = Form(
    either(mapping_of(either(_TEXT, list_of(_TEXT)), ".+"), list_of(_TEXT, distinct=True)),
    hosts,
    merge=_merge,
)
