"""``develop``: what is watched while a person writes code."""

from __future__ import annotations

from functools import partial
from typing import Any

from kompose.compose.decode import flag
from kompose.compose.form import Form, list_of, optional, or_null, record
from kompose.compose.host_paths import real_path, with_path
from kompose.compose.key import Absolute, Key, unread
from kompose.compose.keys.hooks import HOOK
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import ONE_OR_MORE, TEXT, words

_TRIGGER = record(
    {
        "path": TEXT,
        "action": words("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
        "target": TEXT,
        "exec": HOOK,
        "include": ONE_OR_MORE,
        "ignore": ONE_OR_MORE,
        "initial_sync": Form(one_of_kinds("boolean"), flag),
    },
    required=("path", "action"),
    always={"exec": {"command": None}},
)


def _resolved(develop: Any, absolute: Absolute) -> Any:
    if not isinstance(develop, dict):
        return develop
    triggers = develop.get("watch")
    if not isinstance(triggers, list):
        return develop
    real = partial(_real, absolute=absolute)
    return {**develop, "watch": [with_path(trigger, "path", real) for trigger in triggers]}


def _real(path: str, absolute: Absolute) -> str:
    return real_path(absolute(path))


DEVELOP = Key(
    "develop",
    or_null(optional(record({"watch": list_of(_TRIGGER)}))),
    read=unread,
    resolved=_resolved,
)
