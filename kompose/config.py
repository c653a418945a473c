"""A compose project as one canonical file: what `kompose config` prints.

The text is a compose file again: dollar signs are doubled, so that nothing is replaced twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kompose.compose.read import Model
from kompose.compose.record import Record
from kompose.compose.scalars import scalar_text
from kompose.emit.key_order import ordered
from kompose.emit.scalars import block, inline
from kompose.errors import KomposeError

_ORDER = ("name", "services", "networks", "volumes", "secrets", "configs", "models")
_EXPONENT_FROM = 1e21
_NEVER_IN_JSON = "models"
_ONLY_IN_JSON = frozenset(("command", "entrypoint", "exec", "ipam", "placement", "resources"))
"""Attributes of records that the original's YAML leaves out when there is nothing in them."""
_ESCAPED_IN_JSON = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def config_tree(
    model: Model, services: Iterable[str] = (), *, escapes_dollars: bool = True
) -> dict[str, Any]:
    """The model's tree, narrowed to some services and what they depend on.

    Raises:
        KomposeError: A service does not exist.
    """
    tree = _narrowed(model.tree, tuple(services))
    if model.models:
        tree["models"] = model.models
    rest = sorted(key for key in tree if key not in _ORDER)
    whole = {key: tree[key] for key in (*_ORDER, *rest) if key in tree}
    escaped: dict[str, Any] = _escaped(whole) if escapes_dollars else whole
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
    if isinstance(value, Record):
        values = {key: _escaped(entry) for key, entry in value.items()}
        return Record(values, value.order, _escaped(value.extensions))
    if isinstance(value, Mapping):
        return {key: _escaped(entry) for key, entry in value.items()}
    return [_escaped(entry) for entry in value] if isinstance(value, list) else value


def config_json(tree: Mapping[str, Any]) -> str:
    """The tree as JSON, with a newline at the end; extensions are shown at the top only."""
    shown = {key: in_order(tree[key]) for key in sorted(tree) if key != _NEVER_IN_JSON}
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    return without_markup(text) + "\n"


def without_markup(text: str) -> str:
    """JSON in which no browser finds markup, as the original writes it."""
    return text.translate(_ESCAPED_IN_JSON)


def in_order(value: Any) -> Any:
    """The value with the keys of its mappings in the order of their text."""
    if isinstance(value, Record):
        return {key: in_order(value[key]) for key in value.in_order()}
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXPONENT_FROM:
        return int(value)
    return list(map(in_order, value)) if isinstance(value, list) else value


def config_yaml(tree: Mapping[str, Any]) -> str:
    """The tree as block YAML, extensions and all."""
    lines: list[str] = []
    for key, value in tree.items():
        _write(lines, f"{inline(key)}:", value, 0)
    return "\n".join([*lines, ""])


def _entries(value: dict[str, Any]) -> list[tuple[str, Any]]:
    """What YAML shows of a mapping, in its order; devices have the names of compose in it."""
    if not isinstance(value, Record):
        return [(key, value[key]) for key in ordered(value)]
    shown = {**value.extensions, **value}
    known = [key for key in value.order if key in shown]
    rest = ordered({key: None for key in value.extensions if key not in value.order})
    return [
        (key.lower() if key in value.order else key, shown[key])
        for key in (*known, *rest)
        if key not in _ONLY_IN_JSON or not _is_nothing(shown[key])
    ]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, Record) and not _entries(value))


def _write(lines: list[str], lead: str, value: Any, column: int) -> None:
    """Appends ``lead`` and the value after or under it."""
    if isinstance(value, dict) and (entries := _entries(value)):
        lines.append(lead)
        for key, entry in entries:
            _write(lines, f"{' ' * (column + 2)}{inline(key)}:", entry, column + 2)
    elif isinstance(value, list) and value:
        lines.append(lead)
        for entry in value:
            _write_item(lines, entry, column + 2)
    else:
        lines.append(f"{lead} {_scalar(value, column + 2)}")


def _write_item(lines: list[str], entry: Any, column: int) -> None:
    """Appends an item of a list; the first line of a collection stands beside its dash."""
    inside: list[str] = []
    if isinstance(entry, dict):
        for key, nested in _entries(entry):
            _write(inside, f"{' ' * (column + 2)}{inline(key)}:", nested, column + 2)
    elif isinstance(entry, list):
        for nested in entry:
            _write_item(inside, nested, column + 2)
    if not inside:
        lines.append(f"{' ' * column}- {_scalar(entry, column + 2)}")
        return
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
