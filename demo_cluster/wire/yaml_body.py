"""YAML from a client: the first document of a text, however it is nested. Pure."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 200
MAX_NODES = 500_000
"""Nodes of a document with its aliases written out."""


class YamlError(ValueError):
    """The text is no YAML that a server reads."""


def first_document(text: bytes) -> Any:
    """The value of the first document, None when there is none.

    Raises:
        YamlError: It is not YAML, too deep, or its aliases unfold into too much.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check(yaml, loader, text)
        return next(iter(yaml.load_all(text, Loader=loader)), None)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        place = f"line {line + 1}: " if line else ""
        problem = f"error converting YAML to JSON: yaml: {place}{error.problem}"
        raise YamlError(problem) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise YamlError(str(error)) from error


def _check(yaml: Any, loader: Any, text: bytes) -> None:
    """Look through the events, which costs the same however deep and doubled they are."""
    sizes: dict[str, int] = {}
    anchors: list[str | None] = []
    counts = [0]
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.DocumentEndEvent):
            return
        if isinstance(event, yaml.AliasEvent):
            counts[-1] += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            counts[-1] += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            anchors.append(event.anchor)
            counts.append(1)
            if len(counts) > MAX_DEPTH:
                raise YamlError("exceeded max depth of 10000")
        elif isinstance(event, yaml.CollectionEndEvent):
            size, anchor = counts.pop(), anchors.pop()
            counts[-1] += size
            if anchor:
                sizes[anchor] = size
        if counts[-1] > MAX_NODES:
            raise YamlError("document contains excessive aliasing")
