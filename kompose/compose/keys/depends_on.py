"""``depends_on``: what must be true of other services first."""

from __future__ import annotations

from typing import Any, NamedTuple

from kompose.compose.casts import to_boolean
from kompose.compose.decode import choice
from kompose.compose.form import Form, either, mapping_of, record
from kompose.compose.key import Key
from kompose.compose.key_path import KeyPath
from kompose.compose.merging import by_name, merge_mappings
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import ENTRY_NAMES, FLAG, TEXTS, words


class Dependency(NamedTuple):
    """What must be true of another service before this one starts."""

    service: str
    condition: str = "service_started"
    is_required: bool = True


def _read(value: dict[str, Any] | None) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(other, rule.get("condition", ""), rule.get("required", True))
        for other, rule in (value or {}).items()
    )


_STARTED = {"condition": "service_started", "required": True}


def _long(value: Any) -> Any:
    if isinstance(value, list):
        return {str(name): dict(_STARTED) for name in value}
    if not isinstance(value, dict):
        return value
    return {
        name: {**entry, "required": entry.get("required", True)}
        if isinstance(entry, dict)
        else entry
        for name, entry in value.items()
    }


def _merge(base: Any, override: Any, path: KeyPath) -> Any:
    return merge_mappings(by_name(base, _STARTED), by_name(override, _STARTED), path)


_RULE = record(
    {
        "condition": words("service_started", "service_healthy", "service_completed_successfully"),
        "restart": FLAG,
        "required": Form(one_of_kinds("boolean"), choice, cast=to_boolean),
    },
    required=("condition",),
)
DEPENDS_ON = Key(
    "depends_on",
    either(TEXTS.shape, mapping_of(_RULE, ENTRY_NAMES))._replace(merge=_merge),
    read=_read,
    long=_long,
)
