"""One file over another: which values replace, which add up, and what may stand only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.compose.scalars import scalar_text
from kompose.compose.volumes import parse_volume
from kompose.errors import ComposeError

Merger = Callable[[Any, Any, KeyPath], Any]
Indexer = Callable[[Any, KeyPath], str]


def merge_trees(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """The base with the override's values over it; neither is changed.

    Raises:
        ComposeError: A mapping meets a list.
    """
    merged: dict[str, Any] = _merge_mappings(base, override, (), _MERGERS)
    return unique_entries(merged)


def merge_service(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """A service's definition over the one it extends."""
    branch = _MERGERS["services"]["*"]
    merged = _merge_mappings(base, override, ("services", "x"), branch)
    services = unique_entries({"services": {"x": merged}})["services"]
    service: dict[str, Any] = services["x"]
    return service


def _merge_mappings(
    base: dict[str, Any], override: dict[str, Any], path: KeyPath, table: Any
) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        if key not in merged:
            merged[key] = value
            continue
        rule = (table.get(key) or table.get("*")) if table else None
        merged[key] = _merge(merged[key], value, (*path, key), rule)
    return merged


def _merge(base: Any, override: Any, path: KeyPath, rule: Any) -> Any:
    if callable(rule):
        return rule(base, override, path)
    if override is None:
        return base
    if isinstance(base, dict):
        if not isinstance(override, dict):
            raise _cannot_override(path)
        return _merge_mappings(base, override, path, rule)
    if isinstance(base, list):
        if not isinstance(override, list):
            raise _cannot_override(path)
        return base + override
    return override


def _cannot_override(path: KeyPath) -> ComposeError:
    return PathError(f"cannot override {dotted(path)}", path)


def _replace(_base: Any, override: Any, _path: KeyPath) -> Any:
    return override


def _add_up(base: Any, override: Any, _path: KeyPath) -> list[Any]:
    return _sequence(base) + _sequence(override)


def _sequence(value: Any) -> list[Any]:
    """A list, whatever form it was written in: mapping, list or single value."""
    if isinstance(value, dict):
        return [entry for key in sorted(value) for entry in _pairs(key, value[key])]
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _pairs(key: str, value: Any) -> list[str]:
    if value is None:
        return [key]
    if isinstance(value, list):
        return [f"{key}={scalar_text(item)}" for item in value]
    return [f"{key}={scalar_text(value)}"]


def _merge_hosts(base: Any, override: Any, _path: KeyPath) -> list[Any]:
    merged = _sequence(base)
    return merged + [host for host in _sequence(override) if host not in merged]


def _merge_build(base: Any, override: Any, path: KeyPath) -> Any:
    """A build section over another; a text is a context."""
    return _merge_mappings(_as_build(base), _as_build(override), path, _BUILD)


def _as_build(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {} if value is None else {"context": value}


def _merge_depends_on(base: Any, override: Any, path: KeyPath) -> Any:
    started = {"condition": "service_started", "required": True}
    return _merge_mappings(_by_name(base, started), _by_name(override, started), path, None)


def _merge_by_name(base: Any, override: Any, path: KeyPath) -> Any:
    return _merge_mappings(_by_name(base), _by_name(override), path, None)


def _by_name(value: Any, entry: dict[str, Any] | None = None) -> dict[str, Any]:
    """A mapping, also from a list of names."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {str(name): entry for name in value}


def _merge_models(base: Any, override: Any, path: KeyPath) -> Any:
    return _merge_mappings(_by_name(base), _by_name(override), path, None)


def _merge_logging(base: Any, override: Any, path: KeyPath) -> Any:
    """Options add up while the driver stays the same."""
    if not isinstance(base, dict) or not isinstance(override, dict):
        return override
    drivers = base.get("driver"), override.get("driver")
    if None in drivers or drivers[0] == drivers[1]:
        return _merge_mappings(base, override, path, None)
    return override


def _merge_ulimit(base: Any, override: Any, path: KeyPath) -> Any:
    if isinstance(base, dict) and isinstance(override, dict) and len(override) > 1:
        return _merge_mappings(base, override, path, None)
    return override


def _merge_ipam(base: Any, override: Any, path: KeyPath) -> Any:
    """Address pools with the same subnet become one."""
    if not isinstance(base, list) or not isinstance(override, list):
        raise _cannot_override(path)
    merged: list[Any] = []
    left = list(override)
    for pool in base:
        subnet = pool.get("subnet") if isinstance(pool, dict) else None
        same = [o for o in left if isinstance(o, dict) and o.get("subnet") == subnet]
        combined = pool
        for other in same:
            combined = _merge_mappings(combined, other, path, None)
            left.remove(other)
        merged.append(combined)
    return merged + left


_BUILD: dict[str, Any] = {
    "args": _add_up,
    "additional_contexts": _add_up,
    "extra_hosts": _merge_hosts,
    "labels": _add_up,
}
_NETWORK = {"ipam": {"config": _merge_ipam}, "labels": _add_up}
_LABELLED = {"*": {"labels": _add_up}}
_MERGERS: dict[str, Any] = {
    "networks": {"*": _NETWORK},
    "volumes": _LABELLED,
    "secrets": _LABELLED,
    "configs": _LABELLED,
    "services": {
        "*": {
            **dict.fromkeys(("annotations", "environment", "labels", "sysctls"), _add_up),
            **dict.fromkeys(("dns", "dns_opt", "dns_search", "tmpfs"), _add_up),
            **dict.fromkeys(("env_file", "label_file"), _add_up),
            **dict.fromkeys(("command", "entrypoint"), _replace),
            "build": _merge_build,
            "depends_on": _merge_depends_on,
            "deploy": {"labels": _add_up},
            "extra_hosts": _merge_hosts,
            "healthcheck": {"test": _replace},
            "logging": _merge_logging,
            "models": _merge_models,
            "networks": _merge_by_name,
            "ulimits": {"*": _merge_ulimit},
        }
    },
}
"""Where merging is not plain; ``*`` is any key. All else: mappings merge, lists add up."""


def unique_entries(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree without list entries that a later entry of the same key replaces.

    Raises:
        ComposeError: An entry has no key.
    """
    unique: dict[str, Any] = _unique(tree, (), _UNIQUE)
    return unique


def unique_long_entries(tree: dict[str, Any]) -> dict[str, Any]:
    """The same once short forms became long, for the lists in which there were short forms.

    Raises:
        ComposeError: An entry has no key.
    """
    unique: dict[str, Any] = _unique(tree, (), _UNIQUE_LONG)
    return unique


def _unique(value: Any, path: KeyPath, table: Any) -> Any:
    if callable(table):
        return _unique_list(value, path, table) if isinstance(value, list) else value
    if not isinstance(value, dict):
        return value
    changed = None
    children = value if "*" in table else [key for key in table if key in value]
    for key in children:
        rule = table.get(key) or table["*"]
        child = value[key]
        unique = _unique(child, (*path, key), rule)
        if unique is not child:
            changed = changed if changed is not None else dict(value)
            changed[key] = unique
    return value if changed is None else changed


def _unique_list(entries: list[Any], path: KeyPath, key_of: Indexer) -> list[Any]:
    places: dict[str, int] = {}
    unique: list[Any] = []
    for index, entry in enumerate(entries):
        key = key_of(entry, (*path, index))
        place = places.setdefault(key, len(unique))
        if place < len(unique):
            unique[place] = entry
        else:
            unique.append(entry)
    return unique if len(unique) < len(entries) else entries


def _name_key(entry: Any, path: KeyPath) -> str:
    if entry.__class__ is not str:
        raise PathError(f"{_indexed(path)}: unexpected type {_kind(entry)}", path)
    name: str = entry.partition("=")[0]
    return name


def _text_key(entry: Any, path: KeyPath) -> str:
    if entry.__class__ is not str and entry.__class__ is not int:
        raise _unsupported(entry, path)
    return str(entry)


def _unsupported(entry: Any, path: KeyPath) -> PathError:
    """The words for an entry that is no text, with the slip that the original makes in them."""
    value = "<nil>" if entry is None else f"{_kind(entry)}={scalar_text(entry)}"
    return PathError(f"{_indexed(path)}: unsupported expose value %!s({value})", path)


def _kind(value: Any) -> str:
    return _KINDS.get(value.__class__, "<nil>")


_KINDS = {
    bool: "bool",
    int: "int",
    float: "float64",
    str: "string",
    dict: "map[string]interface {}",
    list: "[]interface {}",
}


def _port_key(entry: Any, path: KeyPath) -> str:
    if not isinstance(entry, dict):
        return scalar_text(entry)
    if "target" not in entry:
        raise PathError(f"service ports {_indexed(path)} is missing a target port", path)
    published = scalar_text(entry.get("published", ""))
    host = entry.get("host_ip", "0.0.0.0")  # noqa: S104  the key of "any address", not a bind
    protocol = entry.get("protocol", "tcp")
    return f"{host}:{published}:{entry['target']}/{protocol}"


def _volume_key(entry: Any, path: KeyPath) -> str:
    if isinstance(entry, str):
        try:
            return str(parse_volume(entry)["target"])
        except ValueError as error:
            raise PathError(str(error), path) from None
    if not isinstance(entry, dict):
        return repr(entry)
    if "target" not in entry:
        raise PathError(f"service volume {_indexed(path)} is missing a mount target", path)
    return scalar_text(entry["target"])


def _device_key(entry: Any, path: KeyPath) -> str:
    if isinstance(entry, dict):
        if "target" not in entry:
            raise PathError(f"service device {_indexed(path)} is missing a mount target", path)
        return scalar_text(entry["target"])
    source, _, rest = scalar_text(entry).partition(":")
    return rest.partition(":")[0] or source


def _mount_key(default_directory: str) -> Indexer:
    def key_of(entry: Any, path: KeyPath) -> str:
        if not isinstance(entry, dict):
            if not isinstance(entry, str):
                raise _unsupported(entry, path)
            return f"{default_directory}/{entry}"
        target = entry.get("target")
        source = scalar_text(entry.get("source", ""))
        return scalar_text(target) if target is not None else f"{default_directory}/{source}"

    return key_of


def _file_key(entry: Any, path: KeyPath) -> str:
    if isinstance(entry, dict):
        if "path" not in entry:
            raise PathError(f"environment path attribute {_indexed(path)} is missing", path)
        return scalar_text(entry["path"])
    return scalar_text(entry)


def _indexed(path: KeyPath) -> str:
    return ".".join(f"[{part}]" if isinstance(part, int) else part for part in path)


_NAMED = dict.fromkeys(
    (
        *("annotations", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "environment"),
        *("labels", "links", "profiles", "sysctls", "tmpfs"),
    ),
    _name_key,
)
_UNIQUE_LABELS = {"*": {"labels": _name_key}}
_UNIQUE: dict[str, Any] = {
    "networks": _UNIQUE_LABELS,
    "volumes": _UNIQUE_LABELS,
    "services": {
        "*": {
            **_NAMED,
            "build": dict.fromkeys(
                ("args", "additional_contexts", "platform", "platforms", "tags", "labels"),
                _name_key,
            ),
            "configs": _mount_key(""),
            "deploy": {"labels": _name_key},
            "devices": _device_key,
            "env_file": _file_key,
            "expose": _text_key,
            "networks": {"*": {"aliases": _name_key, "link_local_ips": _name_key}},
            "ports": _port_key,
            "secrets": _mount_key("/run/secrets"),
            "volumes": _volume_key,
        }
    },
}
"""Lists in which a key stands once, and what their entries' key is."""
_UNIQUE_LONG: dict[str, Any] = {
    "services": {
        "*": {
            key: _UNIQUE["services"]["*"][key]
            for key in ("configs", "devices", "env_file", "ports", "secrets", "volumes")
        }
    }
}
