"""Objects to block YAML, as the original writes it.

Keys are sorted at every level, empty values are left out, list items stand one indent
under their key, and lines are never folded.
"""

from collections.abc import Mapping
from typing import Any

from kompose.emit.key_order import ordered
from kompose.emit.scalars import block, inline

_STATUS = "status:\n"
_WIDEST = 9
"""An indent that is wider is not used, and none below two; nought stands for four."""


def manifest_yaml(obj: Mapping[str, Any], indent: int = 2) -> str:
    """One object as a YAML document, without the `---` line.

    Nulls, empty maps and empty lists are left out, at any depth. The status of an object is not
    for the person who applies it: the original cuts the text from the first `status:` line on,
    wherever it stands, and so do we.
    """
    text = dump(obj, indent if 2 <= indent <= _WIDEST else 2 if indent else 4)
    cut = text.find(_STATUS)
    return text if cut < 0 else text[:cut]


def dump(value: Mapping[str, Any], indent: int = 2) -> str:
    """A map as block YAML, without what is empty in it."""
    lines: list[str] = []
    _write_map(lines, value, 0, indent, "")
    lines.append("")
    return "\n".join(lines)


def pruned(value: Any) -> Any:
    """The same value without nulls, empty maps and empty lists, at any depth."""
    if isinstance(value, dict):
        return {key: full for key, item in value.items() if not _is_empty(full := pruned(item))}
    if isinstance(value, list):
        return [full for item in value if not _is_empty(full := pruned(item))]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value == {} or value == []


def _write_map(
    lines: list[str], value: Mapping[str, Any], column: int, indent: int, lead: str
) -> None:
    """Appends the lines of a map; `lead` stands before its first key.

    A map that holds nothing appends nothing.
    """
    pad = " " * column
    inner = indent * (column // indent + 1)
    for key in ordered(value):
        item = value[key]
        kind = type(item)
        if kind is str:
            text = inline(item) if "\n" not in item else _text(item, inner, inner - column)
            lines.append(f"{lead}{inline(key)}: {text}")
        elif kind is dict or kind is list:
            lines.append(f"{lead}{inline(key)}:")
            count = len(lines)
            write = _write_map if kind is dict else _write_list
            write(lines, item, inner, indent, " " * inner)
            if len(lines) == count:
                lines.pop()
                continue
        elif item is None:
            continue
        else:
            lines.append(f"{lead}{inline(key)}: {_plain(item)}")
        lead = pad


def _write_list(lines: list[str], value: list[Any], column: int, indent: int, lead: str) -> None:
    """Appends the lines of a list, whose dashes stand after `lead` and then at `column`."""
    pad = " " * column
    inner = column + 2
    for item in value:
        kind = type(item)
        count = len(lines)
        if kind is dict:
            _write_map(lines, item, inner, indent, f"{lead}- ")
        elif kind is list:
            _write_list(lines, item, inner, indent, f"{lead}- ")
        elif kind is str:
            text = inline(item) if "\n" not in item else _text(item, inner, inner - column)
            lines.append(f"{lead}- {text}")
        elif item is not None:
            lines.append(f"{lead}- {_plain(item)}")
        if len(lines) > count:
            lead = pad


def _text(text: str, column: int, step: int) -> str:
    """A text of several lines."""
    return block(text, column, step) or inline(text)


def _plain(value: Any) -> str:
    """A number, or a truth value."""
    if value is True:
        return "true"
    return "false" if value is False else str(value)
