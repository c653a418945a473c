"""The YAML that tools write into kubeconfigs, read without a YAML library: that loads for 13 ms.

Block mappings and lists of plain or simply quoted words, and JSON. Whatever is more than that is
left to the library: here an answer is right, or there is none.
"""

import re
from typing import Any, NamedTuple, Protocol

import msgspec

_KEY = r"[A-Za-z][A-Za-z0-9_./-]*"
_ENTRY = re.compile(rf"({_KEY}):(?: +(.*))?")
_PLAIN = re.compile(r"[A-Za-z/_][!-~]*(?: [!-~]+)*")
_QUOTED = re.compile(r"\"([ !#-\[\]-~]*)\"|'([ -&(-~]*)'")
_BOOLS = frozenset(
    form
    for word in ("yes", "no", "true", "false", "on", "off")
    for form in (word, word.capitalize(), word.upper())
)
_NULLS = frozenset(("null", "Null", "NULL"))
_TAG = "tag:yaml.org,2002:"


class Mark(NamedTuple):
    """The place of a node; these are not kept."""

    line: int = 0


class Node(Protocol):
    """A node of this module or of PyYAML; `id` is scalar, sequence or mapping."""

    @property
    def id(self) -> str:
        """What it is."""
        ...

    @property
    def tag(self) -> str:
        """Its type."""
        ...

    @property
    def value(self) -> Any:
        """Its text, its items, or its pairs."""
        ...

    @property
    def start_mark(self) -> Any:
        """Its place: a `line`, from 0."""
        ...


class PlainNode(NamedTuple):
    """A node that stands for itself."""

    id: str
    tag: str
    value: Any
    start_mark: Mark = Mark()


class _NotPlainError(Exception):
    """This takes a YAML library."""


def read_plain(text: bytes) -> PlainNode | None:
    """The mapping that the text holds; None when only a YAML library can say."""
    try:
        if text[:1] == b"{":
            return _of_json(msgspec.json.decode(text))
        lines = _lines(text.decode("ascii"))
        node, end = _block(lines, 0, 0)
    except (_NotPlainError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return node if end == len(lines) and node.id == "mapping" else None


# -- JSON ------------------------------------------------------------------------------------------


def _of_json(value: object) -> PlainNode:
    match value:
        case dict():
            pairs = [(_scalar("str", str(key)), _of_json(item)) for key, item in value.items()]
            return PlainNode("mapping", f"{_TAG}map", pairs)
        case list():
            return PlainNode("sequence", f"{_TAG}seq", [_of_json(item) for item in value])
        case None:
            return _scalar("null", "null")
        case bool():
            return _scalar("bool", "true" if value else "false")
        case str():
            return _scalar("str", value)
        case int():
            return _scalar("int", str(value))
    raise _NotPlainError


# -- blocks ----------------------------------------------------------------------------------------


class _Line(NamedTuple):
    indent: int
    text: str


def _lines(text: str) -> list[_Line]:
    """The lines that say something."""
    found = []
    lines = text.replace("\r\n", "\n").split("\n")
    if not "".join(lines).isprintable():
        raise _NotPlainError
    for number, line in enumerate(lines):
        content = line.strip(" ")
        if content and content[0] != "#" and not (number == 0 and content == "---"):
            found.append(_Line(len(line) - len(line.lstrip(" ")), content))
    return found


def _block(lines: list[_Line], start: int, indent: int) -> tuple[PlainNode, int]:
    """The node whose first line is `start`, and the line after it."""
    if start == len(lines) or lines[start].indent != indent:
        raise _NotPlainError
    if _is_item(lines[start].text):
        return _sequence(lines, start, indent)
    return _mapping(lines, start, indent)


def _is_item(text: str) -> bool:
    return text.startswith("- ")


def _mapping(lines: list[_Line], start: int, indent: int) -> tuple[PlainNode, int]:
    pairs = []
    while start < len(lines) and lines[start].indent == indent and not _is_item(lines[start].text):
        entry = _ENTRY.fullmatch(lines[start].text)
        if entry is None:
            raise _NotPlainError
        start += 1
        if entry[2]:
            value = _inline(entry[2])
            if start < len(lines) and lines[start].indent > indent:
                raise _NotPlainError  # the value goes on
        else:
            value, start = _below(lines, start, indent)
        pairs.append((_scalar("str", entry[1]), value))
    return PlainNode("mapping", f"{_TAG}map", pairs), start


def _below(lines: list[_Line], start: int, indent: int) -> tuple[PlainNode, int]:
    """What stands under a key: something deeper, a list as deep as the key, or nothing."""
    if start < len(lines):
        line = lines[start]
        if line.indent > indent or (line.indent == indent and _is_item(line.text)):
            return _block(lines, start, line.indent)
    return _scalar("null", ""), start


def _sequence(lines: list[_Line], start: int, indent: int) -> tuple[PlainNode, int]:
    items = []
    while start < len(lines) and lines[start].indent == indent and _is_item(lines[start].text):
        content = lines[start].text[2:].lstrip(" ")
        if _ENTRY.fullmatch(content):
            deeper = indent + len(lines[start].text) - len(content)
            lines[start] = _Line(deeper, content)
            item, start = _mapping(lines, start, deeper)
        else:
            item, start = _inline(content), start + 1
        if start < len(lines) and lines[start].indent > indent:
            raise _NotPlainError
        items.append(item)
    return PlainNode("sequence", f"{_TAG}seq", items), start


def _inline(text: str) -> PlainNode:
    """What stands on one line."""
    if text == "{}":
        return PlainNode("mapping", f"{_TAG}map", [])
    if text == "[]":
        return PlainNode("sequence", f"{_TAG}seq", [])
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return _scalar("str", quoted[1] if quoted[1] is not None else quoted[2])
    if text in _BOOLS:
        return _scalar("bool", text)
    if text in _NULLS:
        return _scalar("null", text)
    if not _PLAIN.fullmatch(text) or ": " in text or " #" in text or text[-1] == ":":
        raise _NotPlainError
    return _scalar("str", text)


def _scalar(kind: str, text: str) -> PlainNode:
    return PlainNode("scalar", _TAG + kind, text)
