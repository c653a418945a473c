"""Whether a tree has the shape of a compose file."""

from __future__ import annotations

from typing import Any

from kompose.compose.compose_file import COMPOSE_FILE
from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.compose.shape import Finding, findings, specificity


class SchemaError(PathError):
    """The files have a shape that no compose file has."""


def check_schema(tree: dict[str, Any], file: str) -> None:
    """Checks the shape of a tree.

    Raises:
        SchemaError: The gravest finding, with all others.
    """
    found = findings(COMPOSE_FILE.shape, tree)
    if not found:
        return
    gravest = max(found, key=specificity)
    fault = SchemaError(f"validating {file}: {_words(gravest)}", _place(gravest))
    fault.more = tuple(
        PathError(_words(one).strip(), _place(one)) for one in found if one is not gravest
    )
    raise fault


def _words(finding: Finding) -> str:
    return f"{dotted(finding.path)} {finding.why}"


def _place(finding: Finding) -> KeyPath:
    return finding.path if finding.key is None else (*finding.path, finding.key)
