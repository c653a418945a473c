"""Fields of API objects, written the way the API's own types are printed."""

from typing import Any


def fields(**values: Any) -> dict[str, Any]:
    """The fields that say something, in the order given.

    None, an empty text, list or map, and False say nothing; a zero does.
    """
    return {
        name: value
        for name, value in values.items()
        if value or (value == 0 and value is not False)
    }


def metadata(
    name: str,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An object's metadata; a template has no name."""
    made: dict[str, Any] = {"name": name} if name else {}
    made["creationTimestamp"] = None
    if labels:
        made["labels"] = dict(sorted(labels.items()))
    if annotations:
        made["annotations"] = dict(sorted(annotations.items()))
    return made
