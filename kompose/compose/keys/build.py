"""``build``: how to make the image of a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kompose.compose.decode import OMIT, size
from kompose.compose.entry_keys import name_key
from kompose.compose.form import Form, either, optional, record
from kompose.compose.host_paths import is_remote_context, with_path
from kompose.compose.key import Absolute, Key, ShapeError
from kompose.compose.key_path import KeyPath
from kompose.compose.keys.extra_hosts import EXTRA_HOSTS
from kompose.compose.keys.file_mounts import FILE_MOUNTS, long_file_mounts
from kompose.compose.keys.ulimits import ULIMITS, long_ulimits
from kompose.compose.merging import add_up, merge_mappings
from kompose.compose.scalars import scalar_text
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import (
    FLAG,
    LABELS,
    ONE_OR_MORE,
    PAIRS,
    TEXT,
    TEXT_LIST,
    VARIABLES,
)
from kube_client.go_quote import quoted

_SERVICE = "service:"


class Build(NamedTuple):
    """How to make the image of a service."""

    context: str
    dockerfile: str = ""
    args: Mapping[str, str | None] = {}
    target: str = ""
    wishes: Mapping[str, Any] = {}
    """Every key as the file has it: what else the program that builds should do."""


def _read(tree: dict[str, Any] | None) -> Build | None:
    if tree is None:
        return None
    return Build(
        context=tree.get("context") or "",
        dockerfile=tree.get("dockerfile") or "",
        args=tree.get("args") or {},
        target=tree.get("target") or "",
        wishes=tree,
    )


def _ssh(value: Any) -> Any:
    keys = (k if path is None else f"{k}={scalar_text(path)}" for k, path in value.items())
    return list(keys) or OMIT


_WORD_OR_TRUTH = Form(one_of_kinds("string", "boolean"), TEXT.decode)
_ONCE = dict.fromkeys(("args", "additional_contexts", "platform", "tags", "labels"), name_key)
"""What stands once by its name; the original's merge knows a `platform` that its schema refuses."""
_BUILD = record(
    {
        **dict.fromkeys(("context", "dockerfile", "dockerfile_inline"), TEXT),
        "entitlements": TEXT_LIST,
        "args": VARIABLES._replace(merge=add_up),
        "provenance": _WORD_OR_TRUTH,
        "sbom": _WORD_OR_TRUTH,
        "ssh": PAIRS._replace(decode=_ssh),
        "labels": LABELS,
        "cache_from": TEXT_LIST,
        "cache_to": TEXT_LIST,
        "no_cache": FLAG,
        "no_cache_filter": ONE_OR_MORE,
        "additional_contexts": LABELS,
        "pull": FLAG,
        "extra_hosts": EXTRA_HOSTS,
        "isolation": TEXT,
        "network": TEXT,
        "target": TEXT,
        "secrets": FILE_MOUNTS,
        "shm_size": Form(one_of_kinds("integer", "string"), size),
        "tags": TEXT_LIST,
        "ulimits": ULIMITS._replace(cast=None),
        "platforms": TEXT_LIST,
        "privileged": FLAG,
    }
)._replace(entry_key=_ONCE)


def _long(value: Any) -> Any:
    if isinstance(value, str):
        return {"context": value}
    if not isinstance(value, dict):
        return value
    result = dict(value)
    if isinstance(result.get("additional_contexts"), list):
        result["additional_contexts"] = dict(map(_context, result["additional_contexts"]))
    if isinstance(result.get("ssh"), list):
        result["ssh"] = dict(map(_key, result["ssh"]))
    long_ulimits(result.get("ulimits"), "ulimits")
    if isinstance(result.get("secrets"), list):
        result["secrets"] = long_file_mounts(result["secrets"])
    return result


def _context(item: Any) -> tuple[str, str]:
    name, equals, value = scalar_text(item).partition("=")
    if not equals:
        raise ShapeError(f"invalid value {item}, expected key=value", "additional_contexts")
    return name, value


def _key(item: Any) -> tuple[str, str | None]:
    name, equals, value = scalar_text(item).partition("=")
    if not equals and name != "default":
        raise ValueError(f"invalid ssh key {quoted(name)}")
    return name, value if equals else None


def _with_defaults(build: Any) -> Any:
    if not isinstance(build, dict):
        return build
    return {**build, "context": build.get("context", ".")}


def _merge(base: Any, override: Any, path: KeyPath) -> Any:
    """A build section over another; a text is a context."""
    return merge_mappings(_section(base), _section(override), path, _BUILD.merge)


def _section(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {} if value is None else {"context": value}


def _resolved(build: Any, absolute: Absolute) -> Any:
    if not isinstance(build, dict):
        return build
    result = dict(build)
    context = build.get("context")
    if isinstance(context, str) and not is_remote_context(context):
        result["context"] = absolute(context)
    contexts = build.get("additional_contexts")
    if isinstance(contexts, dict):
        result["additional_contexts"] = {
            name: absolute(value) if _is_local(value) else value for name, value in contexts.items()
        }
    if isinstance(build.get("ssh"), dict):
        keys = build["ssh"]
        result["ssh"] = {name: with_path(keys, name, absolute)[name] for name in keys}
    return result


def _is_local(context: Any) -> bool:
    if not isinstance(context, str):
        return False
    return not is_remote_context(context) and not context.startswith(_SERVICE)


BUILD = Key(
    "build",
    either(one_of_kinds("string"), optional(_BUILD))._replace(merge=_merge),
    read=_read,
    long=_long,
    with_defaults=_with_defaults,
    resolved=_resolved,
)
