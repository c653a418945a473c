"""One operation of the API, in no document's form, and how operations are named."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo_cluster.schema.parameters import Parameter

STRING = "string"
"""An answer that is text, in place of a schema's name."""
JSON, YAML, PROTOBUF = (
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
)
BUILT_IN = (JSON, YAML, PROTOBUF)
"""The media types of built-in kinds."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. An empty `body` means that the request has none."""

    method: str
    name: str
    tag: str
    text: str
    answers: dict[int, str]
    """By code: the schema's name, or `string`."""
    produces: tuple[str, ...]
    consumes: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    body_is_required: bool = True
    action: str = ""
    kind: tuple[str, str, str] | None = None
    """Group, version and kind that it is about."""


def root_of(group: str, version: str) -> str:
    """`/api/v1`, or `/apis/apps/v1`."""
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def _words(group: str) -> list[str]:
    return re.split(r"[.-]", group.removesuffix(".k8s.io")) if group else ["core"]


def camel(group: str, version: str) -> str:
    """`AppsV1`, as the names of operations have it."""
    return "".join(each[:1].upper() + each[1:] for each in [*_words(group), version])


def tag(group: str, version: str) -> str:
    """`apps_v1`, under which documents sort operations."""
    first, *rest = _words(group)
    name = f"{first}{''.join(each[:1].upper() + each[1:] for each in rest)}"
    return f"{name}_{version}" if version else name
