"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386) on plain values. Pure."""

from __future__ import annotations

import copy
from typing import Any


class PatchError(Exception):
    """The patch does not fit the object; the text says why."""


class PatchFormatError(PatchError):
    """A directive of the patch has another form than directives have."""


def merge_patch(target: Any, patch: Any) -> Any:
    """The value after a JSON merge patch; null removes."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(target: Any, operations: Any) -> Any:
    """The value after a list of JSON patch operations.

    Raises:
        PatchError: An operation does not fit.
    """
    if not isinstance(operations, list):
        raise PatchError("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = copy.deepcopy(target)
    for operation in operations:
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: Any) -> Any:
    name = operation.get("op") if isinstance(operation, dict) else None
    if name not in _OPERATIONS:
        raise PatchError(f"Unexpected kind: {name or 'unknown'}")
    return _OPERATIONS[name](document, operation)


def _pointer(operation: dict[str, Any], field: str = "path") -> list[str]:
    text = operation.get(field)
    if not isinstance(text, str):
        raise PatchError(f"unable to decode patch: missing {field}")
    if not text:
        return []
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _add(document: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation)
    return _put(document, path, copy.deepcopy(operation.get("value")), operation, "add")


def _put(document: Any, path: list[str], value: Any, operation: dict[str, Any], verb: str) -> Any:
    if not path:
        return value
    parent = _find(document, path[:-1], operation, verb)
    last = path[-1]
    if isinstance(parent, list):
        parent.insert(_index(last, len(parent), operation, verb), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _missing(operation, verb)
    return document


def _remove(document: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation)
    _take(document, path, operation, "remove")
    return document


def _take(document: Any, path: list[str], operation: dict[str, Any], verb: str) -> Any:
    parent = _find(document, path[:-1], operation, verb)
    last = path[-1] if path else ""
    if isinstance(parent, list):
        return parent.pop(_index(last, len(parent) - 1, operation, verb))
    if not isinstance(parent, dict) or last not in parent:
        text = operation.get("path", "")
        raise PatchError(
            f"{verb} operation does not apply: doc is missing key: {text}: missing value"
        )
    return parent.pop(last)


def _replace(document: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation)
    value = copy.deepcopy(operation.get("value"))
    if not path:
        return value
    parent = _find(document, path[:-1], operation, "replace")
    last = path[-1]
    if isinstance(parent, list):
        parent[_index(last, len(parent) - 1, operation, "replace")] = value
        return document
    if not isinstance(parent, dict) or last not in parent:
        text = operation.get("path", "")
        raise PatchError(
            f"replace operation does not apply: doc is missing key: {text}: missing value"
        )
    parent[last] = value
    return document


def _move(document: Any, operation: dict[str, Any]) -> Any:
    value = _take(document, _pointer(operation, "from"), operation, "move")
    return _put(document, _pointer(operation), value, operation, "move")


def _copy(document: Any, operation: dict[str, Any]) -> Any:
    value = copy.deepcopy(_find(document, _pointer(operation, "from"), operation, "copy"))
    return _put(document, _pointer(operation), value, operation, "copy")


def _test(document: Any, operation: dict[str, Any]) -> Any:
    text = operation.get("path", "")
    try:
        found = _find(document, _pointer(operation), operation, "test")
    except PatchError:
        found = None
    if found != operation.get("value"):
        raise PatchError(f"testing value {text} failed: test failed")
    return document


_OPERATIONS = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _find(document: Any, path: list[str], operation: dict[str, Any], verb: str) -> Any:
    found = document
    for part in path:
        if isinstance(found, list):
            found = found[_index(part, len(found) - 1, operation, verb)]
        elif isinstance(found, dict) and part in found:
            found = found[part]
        else:
            raise _missing(operation, verb)
    return found


def _missing(operation: dict[str, Any], verb: str) -> PatchError:
    text = operation.get("path", "")
    return PatchError(
        f'{verb} operation does not apply: doc is missing path: "{text}": missing value'
    )


def _index(text: str, last: int, operation: dict[str, Any], verb: str) -> int:
    if text == "-" and verb != "remove":
        return last if verb in ("add", "move", "copy") else last + 1
    try:
        index = int(text)
    except ValueError as error:
        raise _missing(operation, verb) from error
    if index < 0:
        index += last + 1
    if not 0 <= index <= last:
        raise PatchError(
            f"{verb} operation does not apply: Unable to access invalid index: {text}: "
            "invalid index referenced"
        )
    return index
