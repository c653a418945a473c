"""Objects to block YAML, as the original writes it.

Keys are sorted at every level, empty values are left out, list items stand one indent
under their key, and lines are never folded.
"""

from collections.abc import Mapping
from typing import Any

from kompose.emit.scalars import block, inline

_STATUS = "status:\n"


def manifest_yaml(obj: Mapping[str, Any], indent: int = 2) -> str:
    """One object as a YAML document, without the `---` line.

    The status of an object is not for the person who applies it. The original cuts the
    text from the first `status:` line on, wherever it stands, and so do we.
    """
    text = dump(pruned(obj), indent or 4)
    cut = text.find(_STATUS)
    return text if cut < 0 else text[:cut]


def pruned(value: Any) -> Any:
    """The same value without nulls, empty maps and empty lists, at any depth."""
    if isinstance(value, Mapping):
        kept = ((key, pruned(item)) for key, item in value.items())
        return {key: item for key, item in kept if not _is_empty(item)}
    if isinstance(value, list | tuple):
        return [item for item in map(pruned, value) if not _is_empty(item)]
    return value


def dump(value: Any, indent: int = 2) -> str:
    """A value of maps, lists and scalars as block YAML with sorted keys."""
    lines: list[str] = []
    if isinstance(value, dict) and value:
        _write_map(lines, value, 0, indent, "")
    elif isinstance(value, list) and value:
        _write_list(lines, value, 0, indent, "")
    else:
        lines.append(_scalar(value, 0, indent))
    lines.append("")
    return "\n".join(lines)


def _is_empty(value: Any) -> bool:
    return value is None or value == {} or value == []


def _write_map(
    lines: list[str], value: dict[str, Any], column: int, indent: int, opening: str
) -> None:
    """Appends the lines of a map; `opening` stands before its first key instead of blanks."""
    pad = " " * column
    lead = opening or pad
    inner = indent * (column // indent + 1)
    for key in sorted(value):
        item = value[key]
        head = f"{lead}{inline(key)}:"
        lead = pad
        if isinstance(item, dict) and item:
            lines.append(head)
            _write_map(lines, item, inner, indent, "")
        elif isinstance(item, list) and item:
            lines.append(head)
            _write_list(lines, item, inner, indent, "")
        else:
            lines.append(f"{head} {_scalar(item, inner, indent)}")


def _write_list(lines: list[str], value: list[Any], column: int, indent: int, opening: str) -> None:
    pad = " " * column
    lead = opening or pad
    for item in value:
        dash = f"{lead}- "
        lead = pad
        if isinstance(item, dict) and item:
            _write_map(lines, item, column + 2, indent, dash)
        elif isinstance(item, list) and item:
            _write_list(lines, item, column + 2, indent, dash)
        else:
            lines.append(dash + _scalar(item, column + 2, indent))


def _scalar(value: Any, column: int, indent: int) -> str:
    if isinstance(value, str):
        if "\n" in value:
            return block(value, column, indent) or inline(value)
        return inline(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else str(value)
