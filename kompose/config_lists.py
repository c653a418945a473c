"""What `kompose config` lists instead of the model: names, images, variables, hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kompose.compose.read import Model
from kompose.compose.template import Mention, mentions
from kompose.config import in_order, without_markup
from kompose.errors import KomposeError

_NOT_HASHED = ("build", "depends_on", "profiles", "pull_policy", "scale")


def names(model: Model, section: str) -> list[str]:
    """The names of a section; services stand after those that they depend on."""
    entries: Mapping[str, Any] = model.tree.get(section) or {}
    if section == "models":
        entries = model.models or entries
    if section != "services":
        return sorted(entries)
    found: dict[str, None] = {}
    for name in sorted(entries):
        _visit(name, entries, found, ())
    return list(found)


def _visit(
    name: str, services: Mapping[str, Any], found: dict[str, None], way: tuple[str, ...]
) -> None:
    if name in found or name in way or name not in services:
        return
    for other in sorted((services[name] or {}).get("depends_on") or ()):
        _visit(other, services, found, (*way, name))
    found[name] = None


def images(model: Model) -> list[str]:
    """The images that the services use, one each, sorted."""
    services: dict[str, Any] = model.tree["services"]
    return sorted({s.get("image") or f"{model.name}-{name}" for name, s in services.items()})


def profiles(model: Model) -> list[str]:
    """The profiles that the enabled services name, sorted."""
    services: dict[str, Any] = model.tree["services"]
    return sorted({profile for s in services.values() for profile in s.get("profiles", [])})


def environment(model: Model) -> list[str]:
    """The variables that the files see, with their values, sorted."""
    return [f"{name}={value}" for name, value in sorted(model.environment.items())]


def variables(model: Model) -> list[str]:
    """A table of the variables that the files mention, below its heading."""
    found: dict[str, Mention] = {}
    for text in _texts(model.tree):
        for mention in mentions(text):
            found.setdefault(mention.name, mention)
    rows = [("NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE")]
    rows += [
        (name, str(mention.is_required).lower(), mention.default, mention.alternate)
        for name, mention in sorted(found.items())
    ]
    widths = [max(map(len, column)) + 3 for column in zip(*rows, strict=True)]
    return [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)


def hashes(model: Model, asked: str) -> list[str]:
    """A line for each of the services asked for: its name and what its configuration hashes to.

    ``asked`` is names between commas, or ``*``. The number of copies and how the image is made
    do not count. Follows the original's ServiceHash.

    Raises:
        KomposeError: There is no such service.
    """
    services: dict[str, Any] = model.tree["services"]
    chosen: Iterable[str] = sorted(services) if asked == "*" else asked.split(",")
    lines: list[str] = []
    for name in chosen:
        if name not in services:
            raise KomposeError(f"no such service: {name}. There are: {', '.join(sorted(services))}")
        lines.append(f"{name} {_hash(services[name])}")
    return lines


def _hash(service: Any) -> str:
    shown = {key: value for key, value in in_order(service).items() if key not in _NOT_HASHED}
    if "deploy" in shown:
        shown["deploy"] = {k: v for k, v in shown["deploy"].items() if k != "replicas"}
    text = json.dumps(shown, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(without_markup(text).encode()).hexdigest()
