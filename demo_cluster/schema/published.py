"""What the OpenAPI documents say of types beyond their fields: facts without words.

Imports only what the table of types does; read when somebody first asks for a document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Published:
    """The facts of one type; whatever follows from its fields is left out."""

    object: bool = False
    """It has `apiVersion` and `kind`."""
    required: tuple[str, ...] | None = None
    """The fields that must be there, in their order, when the table would tell them otherwise."""
    enums: dict[str, list[str]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    """By field: its default where it is not the zero of a required one; None is none."""
    maps: dict[str, str] = field(default_factory=dict)
    bare: tuple[str, ...] = ()
    """Fields that only point to their type."""
    unions: list[Any] = field(default_factory=list)


@cache
def _table() -> dict[str, Published]:
    text = Path(__file__).with_name("published.json").read_text(encoding="utf-8")
    return {name: Published(**facts) for name, facts in json.loads(text).items()}


@cache
def registered_versions() -> list[tuple[str, str]]:
    """Every group and version in which a request may delete or watch, served here or not."""
    text = Path(__file__).with_name("registered.json").read_text(encoding="utf-8")
    return [(group, version) for group, versions in json.loads(text) for version in versions]


_NOTHING = Published()


def published(definition: str) -> Published:
    """The facts of a type such as `io.k8s.api.core.v1.PodSpec`."""
    return _table().get(definition, _NOTHING)
