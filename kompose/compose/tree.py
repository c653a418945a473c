"""YAML text to plain values, with what YAML knows and JSON does not: anchors, merges, tags.

Reads libyaml's events, because building its node objects first costs four times as much.
Positions are not kept here: ``positions`` finds them when somebody asks.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from kompose.compose.key_path import KeyPath
from kompose.compose.scalars import resolve_plain

_RESOLVED_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp")
)
_MERGE = "tag:yaml.org,2002:merge"
_BINARY = "tag:yaml.org,2002:binary"
_TAKING_BACK = frozenset({"!reset", "!override"})
_TAKEN_BACK: Any = object()
_MERGE_KEY: Any = object()
_MOST_UNFOLDED = 1_000_000
_DEEPEST = 100


class Document(NamedTuple):
    """One YAML document: its value, and where it takes back or replaces what others said."""

    value: Any
    resets: tuple[KeyPath, ...] = ()
    has_odd_keys: bool = False
    """Whether some key is not text."""
    line: int = 1


class YamlError(Exception):
    """A text that does not make YAML documents to the end."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.before: list[Document] = []
        """The documents that stand before the fault."""


class YamlSyntaxError(YamlError):
    """The text is not YAML; the message is the one a reader of YAML knows."""


class YamlContentError(YamlError):
    """The text is YAML with content that no document may have, such as a key given twice."""

    def __init__(self, message: str, line: int, *, is_at_top: bool = False) -> None:
        super().__init__(message, line)
        self.is_at_top = is_at_top
        """Whether it is a key at the top of its document that stands twice."""


class _Anchor(NamedTuple):
    """What an alias brings: a value, its tag, and the resets inside it."""

    value: Any
    tag: str | None
    resets: tuple[KeyPath, ...] = ()
    is_open: bool = False


def parse_documents(text: bytes | str) -> list[Document]:
    """The documents of a YAML text, in order.

    Raises:
        YamlSyntaxError: The text is not YAML.
        YamlContentError: A key stands twice, a merge is not of mappings, aliases run wild.
    """
    builder: _Builder | None = None
    try:
        builder = _Builder(_parser(text))
        return builder.documents()
    except YamlError as fault:
        fault.before = builder.read if builder else []
        raise
    except (yaml.YAMLError, UnicodeError) as error:
        told = _syntax_error(error)
        if isinstance(error, yaml.reader.ReaderError) and isinstance(text, bytes):
            told.line = text.count(b"\n", 0, error.position) + 1
        told.before = builder.read if builder else []
        raise told from None


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


def _syntax_error(error: yaml.YAMLError | UnicodeError) -> YamlSyntaxError:
    """The fault in the words of the original, with the line that it counts."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return YamlSyntaxError(f"yaml: {_reader_problem(error)}")
    extra = 1 if isinstance(error, yaml.scanner.ScannerError) else 0
    line = 0
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            line = mark.line + extra
            break
    place = f"line {line}: " if line else ""
    return YamlSyntaxError(f"yaml: {place}{error.problem}", line)


class _PlainValues(dict[str, Any]):
    """What unquoted texts stand for, each worked out once."""

    def __missing__(self, text: str) -> Any:
        value = self[text] = resolve_plain(text)
        return value


class _Builder:
    """Turns events into values, one document after the other.

    It goes down into collections by calling itself; their depth is bounded.
    """

    def __init__(self, parser: Any) -> None:
        self._next_event = parser.get_event
        self._plain = _PlainValues()
        self.read: list[Document] = []
        """The documents so far."""
        self._start_document()

    def _start_document(self) -> None:
        self._anchors: dict[str, _Anchor] = {}
        self._path: list[str | int] = []
        self._resets: list[KeyPath] = []
        self._has_odd_keys = False
        self._unfolded = 0
        self._counts: dict[int, int] = {}
        self._root_line = 1

    def documents(self) -> list[Document]:
        """All documents that the parser has."""
        next_event = self._next_event
        while (event := next_event()) is not None and type(event) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                self._start_document()
                root = next_event()
                self._root_line = root.start_mark.line + 1
                value = self._node(root)
                next_event()  # its end, where what makes no sense behind it is found
                self.read.append(
                    Document(
                        None if value is _TAKEN_BACK else value,
                        tuple(self._resets),
                        self._has_odd_keys,
                        self._root_line,
                    )
                )
        return self.read

    def _node(self, event: Any) -> Any:
        """The value that begins with an event, ``_TAKEN_BACK`` where there is to be none."""
        if type(event) is AliasEvent:
            return self._alias(event)
        tag, anchor = event.tag, event.anchor
        if tag is None and anchor is None:
            return self._bare(event)
        path = tuple(self._path)
        if tag in _TAKING_BACK:
            self._resets.append(path)
        if anchor is None:
            value = self._bare(event)
        else:
            before = len(self._resets)
            self._anchors[anchor] = _Anchor(None, tag, is_open=True)
            value = self._bare(event)
            inside = tuple(reset[len(path) :] for reset in self._resets[before:])
            self._anchors[anchor] = _Anchor(value, tag, inside)
        return _TAKEN_BACK if tag == "!reset" else value

    def _bare(self, event: Any) -> Any:
        """The value itself, whatever its tag and name."""
        if type(event) is ScalarEvent:
            return self._scalar(event)
        if len(self._path) > _DEEPEST:
            raise YamlContentError(f"exceeded max depth of {_DEEPEST}", self._root_line)
        return self._mapping() if type(event) is MappingStartEvent else self._sequence()

    def _scalar(self, event: Any) -> Any:
        if (event.tag is None and event.implicit[0]) or event.tag in _RESOLVED_TAGS:
            return self._plain[event.value]
        if event.tag == _BINARY:
            return self._binary(event)
        return event.value

    def _binary(self, event: Any) -> str:
        """The text whose bytes are written in base64."""
        try:
            return base64.b64decode("".join(event.value.split()), validate=True).decode()
        except UnicodeDecodeError:
            problem = "is not UTF-8 text"
        except ValueError:
            problem = "contains invalid base64 data"
        raise YamlContentError(f"yaml: !!binary value {problem}", event.start_mark.line + 1)

    def _mapping(self) -> dict[Any, Any]:
        next_event, plain, path = self._next_event, self._plain, self._path
        result: dict[Any, Any] = {}
        seen: dict[str, Any] = {}
        merges: list[dict[Any, Any]] = []
        while type(event := next_event()) is not MappingEndEvent:
            key = self._key(event, seen)
            event = next_event()
            if key is _MERGE_KEY:
                merges += self._merged(self._node(event))
            elif type(event) is ScalarEvent and event.tag is None and event.anchor is None:
                text = event.value
                result[key] = plain[text] if event.implicit[0] else text
            else:
                path.append(key)
                value = self._node(event)
                path.pop()
                if value is not _TAKEN_BACK:
                    result[key] = value
        for merged in merges:
            for key, value in merged.items():
                result.setdefault(key, value)
        return result

    def _key(self, event: Any, seen: dict[str, Any]) -> Any:
        """A mapping's next key, checked to be new and simple."""
        if type(event) is AliasEvent:
            event = ScalarEvent(None, None, (False, True), str(self._alias(event)))
        elif type(event) is not ScalarEvent:
            line = event.start_mark.line + 1
            raise YamlContentError(f"line {line}: a key must be a text", self._root_line)
        text = event.value
        if text in seen:
            line, before = event.start_mark.line + 1, seen[text].start_mark.line + 1
            twice = f'line {line}: mapping key "{text}" already defined at line {before}'
            raise YamlContentError(twice, self._root_line, is_at_top=not self._path)
        seen[text] = event
        if event.tag == _MERGE or (text == "<<" and event.implicit[0] and event.tag is None):
            return _MERGE_KEY
        if not event.implicit[0] or event.tag is not None:
            return text
        key = self._plain[text]
        if key.__class__ is not str:
            self._has_odd_keys = True
        return key

    def _sequence(self) -> list[Any]:
        next_event, plain, path = self._next_event, self._plain, self._path
        result: list[Any] = []
        while type(event := next_event()) is not SequenceEndEvent:
            if type(event) is ScalarEvent and event.tag is None and event.anchor is None:
                text = event.value
                result.append(plain[text] if event.implicit[0] else text)
                continue
            path.append(len(result))
            value = self._node(event)
            path.pop()
            if value is not _TAKEN_BACK:
                result.append(value)
        return result

    def _merged(self, value: Any) -> list[dict[Any, Any]]:
        """The mappings that ``<<`` brings: written keys win over them, then earlier ones."""
        if value is _TAKEN_BACK:
            return []
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise YamlContentError(
                "yaml: map merge requires map or sequence of maps as the value", self._root_line
            )
        return mappings

    def _alias(self, event: Any) -> Any:
        """What an anchor names, its resets said again for this place."""
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            line = event.start_mark.line + 1
            raise YamlSyntaxError(f"yaml: unknown anchor '{event.anchor}' referenced", line)
        if anchor.is_open:
            text = f"anchor '{event.anchor}' value contains itself"
            raise YamlContentError(text, self._root_line)
        self._unfolded += self._count(anchor.value)
        if self._unfolded > _MOST_UNFOLDED:
            raise YamlContentError("document contains excessive aliasing", self._root_line)
        here = tuple(self._path)
        if anchor.tag in _TAKING_BACK:
            self._resets.append(here)
        self._resets.extend((*here, *path) for path in anchor.resets)
        return _TAKEN_BACK if anchor.tag == "!reset" else anchor.value

    def _count(self, value: Any) -> int:
        """How many values there are in one, those behind aliases too; each is counted once."""
        if not isinstance(value, dict | list):
            return 1
        known = self._counts.get(id(value))
        if known is None:
            children = value.values() if isinstance(value, dict) else value
            known = self._counts[id(value)] = 1 + sum(map(self._count, children))
        return known
