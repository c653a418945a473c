"""Where in the user's files a value stands, looked up only when somebody asks."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from kompose.compose.key_path import KeyPath
from kompose.compose.tree import events
from kompose.diagnostics import Position


class PositionIndex:
    """Finds the line of a path in files that were read already.

    The files are read a second time for it, because a message is rare and a conversion is not.
    """

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}
        self._lines: dict[str, dict[KeyPath, int]] = {}

    def add(self, file: str, text: bytes) -> None:
        """Makes a file known; later files are searched first."""
        self._texts.pop(file, None)
        self._texts[file] = text
        self._lines.pop(file, None)

    def locate(self, path: KeyPath, file: str | None = None) -> Position | None:
        """The line where a path, or the nearest thing around it, is written."""
        files = [file] if file in self._texts else list(reversed(self._texts))
        if not files:
            return None
        for length in range(len(path), 0, -1):
            for name in files:
                line = self._lines_of(name).get(path[:length])
                if line is not None:
                    return Position(name, line)
        return Position(files[0], 1)

    def _lines_of(self, file: str) -> dict[KeyPath, int]:
        lines = self._lines.get(file)
        if lines is None:
            lines = self._lines[file] = _Lines().read(self._texts[file])
        return lines


class _Lines:
    """Walks over a text's events and notes the line of every path."""

    def __init__(self) -> None:
        self._found: dict[KeyPath, int] = {}
        self._path: list[str | int] = []
        self._is_list: list[bool] = []
        self._key: str | None = None

    def read(self, text: bytes) -> dict[KeyPath, int]:
        """The lines, as far as the text can be read."""
        steps: dict[type, Any] = {
            ScalarEvent: self._scalar,
            AliasEvent: self._scalar,
            MappingStartEvent: self._start_mapping,
            SequenceStartEvent: self._start_list,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
        }
        try:
            for event in events(text):
                step = steps.get(type(event))
                if step is not None:
                    step(event)
        except (yaml.YAMLError, UnicodeError):
            return self._found
        return self._found

    def _scalar(self, event: Any) -> None:
        if self._is_list and not self._is_list[-1] and self._key is None:
            self._key = getattr(event, "value", "")
            self._found.setdefault((*self._path, self._key), event.start_mark.line + 1)
        else:
            self._enter(event)
            self._leave()

    def _start_mapping(self, event: Any) -> None:
        self._enter(event)
        self._is_list.append(False)

    def _start_list(self, event: Any) -> None:
        self._enter(event)
        self._is_list.append(True)
        self._path.append(-1)

    def _end(self, _event: Any) -> None:
        if self._is_list.pop():
            self._path.pop()
        self._leave()

    def _enter(self, event: Any) -> None:
        """Steps into the value that comes next."""
        if not self._is_list:
            return
        if self._is_list[-1]:
            self._path[-1] = int(self._path[-1]) + 1
            item = getattr(event, "value", "").partition(":")[0]
            self._found.setdefault((*self._path[:-1], item), event.start_mark.line + 1)
        else:
            self._path.append(self._key or "")
        self._found.setdefault(tuple(self._path), event.start_mark.line + 1)
        self._key = None

    def _leave(self) -> None:
        if self._is_list and not self._is_list[-1]:
            self._path.pop()
