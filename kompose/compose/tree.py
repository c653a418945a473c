"""YAML text to plain values, with what YAML knows and JSON does not: anchors, merges, tags.

Reads libyaml's events, because building its node objects first costs four times as much.
Positions are not kept here: ``positions`` finds them when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from kompose.compose.scalars import resolve_plain

KeyPath = tuple[str | int, ...]
_STRING_TAG = "tag:yaml.org,2002:str"
_RESOLVED_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp")
)
_NODES_WITHOUT_QUESTION = 400_000
_FEWEST_ALIASED = 100
_DEEPEST = 100


class Document(NamedTuple):
    """One YAML document: its value, and where it takes back or replaces what others said."""

    value: Any
    resets: tuple[KeyPath, ...] = ()
    has_odd_keys: bool = False
    """Whether some key is not text."""
    line: int = 1


class YamlSyntaxError(Exception):
    """The text is not YAML; the message is the one a reader of YAML knows."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class YamlContentError(Exception):
    """The text is YAML with content that no document may have, such as a key given twice."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Anchor(NamedTuple):
    """What an alias brings: a value, its tag, how many nodes it has, and resets inside it."""

    value: Any
    tag: str | None
    nodes: int
    resets: tuple[KeyPath, ...]
    is_open: bool = False


class _Frame:
    """A collection under construction."""

    __slots__ = ("anchor", "explicit", "key", "lines", "merges", "nodes", "resets", "tag", "value")

    def __init__(self, value: Any, tag: str | None, anchor: str | None) -> None:
        self.value = value
        self.tag = tag
        self.anchor = anchor
        self.key: Any = _NO_KEY
        self.lines: dict[str, int] = {}
        self.merges: list[Any] = []
        self.nodes = 0
        self.resets = 0


_NO_KEY = object()
_MERGE_KEY = object()


def parse_documents(text: bytes | str) -> list[Document]:
    """The documents of a YAML text, in order.

    Raises:
        YamlSyntaxError: The text is not YAML.
        YamlContentError: A key stands twice, a merge is not of mappings, aliases run wild.
    """
    try:
        return _Builder(_parser(text)).documents()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlSyntaxError(f"yaml: {_reader_problem(error)}") from None


def events(text: bytes) -> Iterator[Any]:
    """The events of a YAML text, for those who want its positions.

    Raises:
        yaml.YAMLError: The text is not YAML.
    """
    next_event = _parser(text).get_event
    while (event := next_event()) is not None and type(event) is not StreamEndEvent:
        yield event


def _parser(text: bytes | str) -> Any:
    """Libyaml's parser, or the same in Python where PyYAML was built without it."""
    try:
        from yaml import CLoader
    except ImportError:
        return yaml.Loader(text)
    return CLoader(text)


def _reader_problem(error: Exception) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        reason = str(error.reason)
        return "control characters are not allowed" if "special" in reason else reason
    return "the text is not UTF-8"


def _syntax_error(error: yaml.MarkedYAMLError) -> YamlSyntaxError:
    """The fault in the words of the original, with the line that it counts."""
    extra = 1 if isinstance(error, yaml.scanner.ScannerError) else 0
    line = 0
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            line = mark.line + extra
            break
    place = f"line {line}: " if line else ""
    return YamlSyntaxError(f"yaml: {place}{error.problem}", line)


class _Builder:
    """Turns events into values, one document after the other."""

    def __init__(self, parser: Any) -> None:
        self._next_event = parser.get_event
        self._start_document()

    def _start_document(self) -> None:
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchor] = {}
        self._resets: list[KeyPath] = []
        self._root: Any = None
        self._has_odd_keys = False
        self._nodes = 0
        self._aliased = 0
        self._root_line = 1
        self._plain: dict[str, Any] = {}

    def documents(self) -> list[Document]:
        """All documents that the parser has."""
        found: list[Document] = []
        handlers: dict[type, Any] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._sequence,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
        }
        next_event = self._next_event
        in_document = False
        while (event := next_event()) is not None:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
            elif type(event) is DocumentStartEvent:
                self._start_document()
                in_document = True
            elif in_document and type(event) is DocumentEndEvent:
                found.append(self._document())
                in_document = False
            elif type(event) is StreamEndEvent:
                break
        return found

    def _document(self) -> Document:
        return Document(self._root, tuple(self._resets), self._has_odd_keys, self._root_line)

    def _scalar(self, event: Any) -> None:
        self._nodes += 1
        text = event.value
        tag = event.tag
        if (tag is None and event.implicit[0]) or tag in _RESOLVED_TAGS:
            value = self._plain.get(text, _NO_KEY)
            if value is _NO_KEY:
                value = self._plain[text] = resolve_plain(text)
        else:
            value = text
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, tag, 1, ())
        stack = self._stack
        if stack and (frame := stack[-1]).key is _NO_KEY and frame.value.__class__ is dict:
            self._open_key(frame, text, value, event)
        else:
            self._attach(value, tag)

    def _open_key(self, frame: _Frame, text: str, value: Any, event: Any) -> None:
        """Takes a scalar as the key of what comes next."""
        line = event.start_mark.line + 1
        before = frame.lines.get(text)
        if before is not None:
            seen = f'mapping key "{text}" already defined at line {before}'
            raise YamlContentError(f"line {line}: {seen}", self._root_line)
        frame.lines[text] = line
        if value.__class__ is not str:
            self._has_odd_keys = True
        is_merge = text == "<<" and event.tag in {None, "tag:yaml.org,2002:merge"}
        frame.key = _MERGE_KEY if is_merge and event.implicit[0] else value

    def _mapping(self, event: Any) -> None:
        self._open(event, {})

    def _sequence(self, event: Any) -> None:
        self._open(event, [])

    def _open(self, event: Any, value: Any) -> None:
        self._nodes += 1
        stack = self._stack
        if not stack:
            self._root_line = event.start_mark.line + 1
        elif len(stack) > _DEEPEST:
            raise YamlContentError(f"exceeded max depth of {_DEEPEST}", self._root_line)
        elif stack[-1].key is _NO_KEY and isinstance(stack[-1].value, dict):
            line = event.start_mark.line + 1
            raise YamlContentError(f"line {line}: invalid map key: {value!r}", line)
        frame = _Frame(value, event.tag, event.anchor)
        frame.nodes = self._nodes
        frame.resets = len(self._resets)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, event.tag, 0, (), is_open=True)
        stack.append(frame)

    def _end(self, _event: Any) -> None:
        frame = self._stack.pop()
        for merged in frame.merges:
            for key, value in merged.items():
                frame.value.setdefault(key, value)
        if frame.anchor is not None:
            depth = len(self._path())
            inside = tuple(path[depth:] for path in self._resets[frame.resets :])
            count = self._nodes - frame.nodes + 1
            self._anchors[frame.anchor] = _Anchor(frame.value, frame.tag, count, inside)
        self._attach(frame.value, frame.tag)

    def _alias(self, event: Any) -> None:
        anchor = self._anchors.get(event.anchor)
        line = event.start_mark.line + 1
        if anchor is None:
            raise YamlSyntaxError(f"yaml: unknown anchor '{event.anchor}' referenced", line)
        if anchor.is_open:
            text = f"anchor '{event.anchor}' value contains itself"
            raise YamlContentError(text, self._root_line)
        self._count_alias(anchor.nodes)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is _NO_KEY and isinstance(frame.value, dict):
            frame.key = anchor.value if not isinstance(anchor.value, dict | list) else "<<"
            return
        here = self._path()
        self._resets.extend((*here, *path) for path in anchor.resets)
        self._attach(anchor.value, anchor.tag)

    def _count_alias(self, nodes: int) -> None:
        """Bounds what aliases unfold to. Follows go-yaml's ratio."""
        self._nodes += nodes
        self._aliased += nodes
        if self._aliased <= _FEWEST_ALIASED or self._nodes <= _NODES_WITHOUT_QUESTION:
            return
        spread = min(1.0, (self._nodes - _NODES_WITHOUT_QUESTION) / 3_600_000)
        if self._aliased / self._nodes > 0.99 - 0.89 * spread:
            raise YamlContentError("document contains excessive aliasing", self._root_line)

    def _attach(self, value: Any, tag: str | None) -> None:
        """Puts a finished value where it belongs."""
        is_reset = False
        if tag is not None and tag in {"!reset", "!override"}:
            self._resets.append(self._path())
            is_reset = tag == "!reset"
        if not self._stack:
            self._root = None if is_reset else value
            return
        frame = self._stack[-1]
        if frame.value.__class__ is list:
            if not is_reset:
                frame.value.append(value)
            return
        key = frame.key
        frame.key = _NO_KEY
        if key is _MERGE_KEY:
            if not is_reset:
                self._merge(frame, value)
        elif not is_reset:
            frame.value[key] = value

    def _merge(self, frame: _Frame, value: Any) -> None:
        """Remembers what ``<<`` brings; keys that are written out win, then earlier merges."""
        for merged in value if isinstance(value, list) else [value]:
            if not isinstance(merged, dict):
                raise YamlContentError(
                    "yaml: map merge requires map or sequence of maps as the value",
                    self._root_line,
                )
            frame.merges.append(merged)

    def _path(self) -> KeyPath:
        """Where the value that comes next belongs, merges seen through."""
        path: list[str | int] = []
        for frame in self._stack:
            if frame.value.__class__ is list:
                path.append(len(frame.value))
            elif frame.key is not _MERGE_KEY:
                path.append(frame.key)
        return tuple(path)
