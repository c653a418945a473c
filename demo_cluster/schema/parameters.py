"""The parameters of requests, as the OpenAPI documents describe them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from demo_cluster.schema.types import SCALARS, fields_of


class Parameter(NamedTuple):
    """One parameter of a request."""

    name: str
    place: str
    """`query` or `path`."""
    type: str
    text: str

    @property
    def is_required(self) -> bool:
        """Whether a request without it is none: parts of the path are."""
        return self.place == "path"

    @property
    def order(self) -> tuple[str, str]:
        """Where it stands among others."""
        return (self.name, self.place)


@cache
def _described() -> dict[str, list[str]]:
    text = Path(__file__).with_name("parameters.json").read_text(encoding="utf-8")
    described: dict[str, list[str]] = json.loads(text)
    return described


@cache
def options(definition: str) -> tuple[Parameter, ...]:
    """What a type of options, such as `...meta.v1.ListOptions`, takes from the query.

    Its fields with plain values. A description is an option's own (`PodExecOptions.tty`) where two
    types speak of one name differently.
    """
    described = _described()
    _, _, short = definition.rpartition(".")
    return tuple(
        Parameter(name, "query", *(described.get(f"{short}.{name}") or described[name]))
        for name, field in fields_of(definition).items()
        if field.element in SCALARS
    )


def pretty() -> Parameter:
    """`?pretty=`, which every answer in JSON knows."""
    return Parameter("pretty", "query", *_described()["pretty"])


def of_path(path: str, kind: str) -> list[Parameter]:
    """The parts of a path that a request fills in, `name` being that of this kind."""
    texts = {"name": ["string", f"name of the {kind}"]}
    described = _described()
    return [
        Parameter(name, "path", *(texts.get(name) or described[f"{{{name}}}"]))
        for name in ("name", "namespace", "path")
        if f"{{{name}}}" in path
    ]
