"""A compose project as one canonical file: what `kompose config` prints.

The text is a compose file again: dollar signs are doubled, so that nothing is replaced twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kompose.compose.read import Model
from kompose.compose.scalars import scalar_text
from kompose.emit.scalars import block, inline
from kompose.errors import KomposeError

_ORDER = ("name", "services", "networks", "volumes", "secrets", "configs")


def config_tree(
    model: Model, services: Iterable[str] = (), *, escapes_dollars: bool = True
) -> dict[str, Any]:
    """The model's tree, narrowed to some services and what they depend on.

    Raises:
        KomposeError: A service does not exist.
    """
    tree = _narrowed(model.tree, tuple(services))
    rest = sorted(key for key in tree if key not in _ORDER)
    ordered = {key: tree[key] for key in (*_ORDER, *rest) if key in tree}
    escaped: dict[str, Any] = _escaped(ordered) if escapes_dollars else ordered
    return escaped


def _narrowed(tree: Mapping[str, Any], chosen: tuple[str, ...]) -> dict[str, Any]:
    if not chosen:
        return dict(tree)
    services = tree["services"]
    wanted: dict[str, None] = {}
    pending = list(chosen)
    while pending:
        name = pending.pop()
        if name not in services:
            raise KomposeError(f"no such service: {name}. There are: {', '.join(sorted(services))}")
        if name not in wanted:
            wanted[name] = None
            pending.extend(services[name].get("depends_on") or {})
    return {**tree, "services": {n: entry for n, entry in services.items() if n in wanted}}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escaped(entry) for key, entry in value.items()}
    return [_escaped(entry) for entry in value] if isinstance(value, list) else value


def config_json(tree: Mapping[str, Any]) -> str:
    """The tree as JSON, keys in order, with a newline at the end."""
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def config_yaml(tree: Mapping[str, Any]) -> str:
    """The tree as block YAML: keys sorted below the top, nothing left out."""
    lines: list[str] = []
    for key, value in tree.items():
        _write(lines, f"{inline(key)}:", value, 0)
    return "\n".join([*lines, ""])


def _write(lines: list[str], lead: str, value: Any, column: int) -> None:
    """Appends ``lead`` and the value after or under it."""
    if isinstance(value, dict) and value:
        lines.append(lead)
        for key in sorted(value):
            _write(lines, f"{' ' * (column + 2)}{inline(key)}:", value[key], column + 2)
    elif isinstance(value, list) and value:
        lines.append(lead)
        for entry in value:
            _write_item(lines, entry, column + 2)
    else:
        lines.append(f"{lead} {_scalar(value, column + 2)}")


def _write_item(lines: list[str], entry: Any, column: int) -> None:
    """Appends an item of a list; the first line of a collection stands beside its dash."""
    if not isinstance(entry, dict | list) or not entry:
        lines.append(f"{' ' * column}- {_scalar(entry, column + 2)}")
        return
    inside: list[str] = []
    if isinstance(entry, dict):
        for key in sorted(entry):
            _write(inside, f"{' ' * (column + 2)}{inline(key)}:", entry[key], column + 2)
    else:
        for nested in entry:
            _write_item(inside, nested, column + 2)
    first, *rest = inside
    lines.append(f"{' ' * column}- {first[column + 2 :]}")
    lines.extend(rest)


def _scalar(value: Any, column: int) -> str:
    """A value that is no collection, or an empty one."""
    if isinstance(value, str):
        text = block(value, column, 2) if "\n" in value else None
        return inline(value) if text is None else text
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return "null" if value is None else scalar_text(value)


def images(model: Model) -> list[str]:
    """The images that the services use, one each, sorted."""
    services: dict[str, Any] = model.tree["services"]
    return sorted({s.get("image") or f"{model.name}-{name}" for name, s in services.items()})


def profiles(model: Model) -> list[str]:
    """The profiles that the enabled services name, sorted."""
    services: dict[str, Any] = model.tree["services"]
    return sorted({profile for s in services.values() for profile in s.get("profiles", [])})
