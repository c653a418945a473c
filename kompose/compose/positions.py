"""Where in the user's files a value stands, looked up only when somebody asks."""

from __future__ import annotations

from typing import Any

import yaml

from kompose.compose.tree import CParser, KeyPath
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
            lines = self._lines[file] = _lines_by_path(self._texts[file])
        return lines


def _lines_by_path(text: bytes) -> dict[KeyPath, int]:
    """The line of every path in a text, as far as it can be read."""
    lines: dict[KeyPath, int] = {}
    path: list[str | int] = []
    kinds: list[str] = []
    key: str | None = None

    def enter(mark: Any) -> None:
        nonlocal key
        if kinds and kinds[-1] == "list":
            path[-1] = int(path[-1]) + 1
            lines.setdefault(tuple(path), mark.line + 1)
        elif kinds:
            path.append(key or "")
            lines.setdefault(tuple(path), mark.line + 1)
        key = None

    def leave() -> None:
        if kinds and kinds[-1] == "map":
            path.pop()

    try:
        parser = CParser(text)
        while (event := parser.get_event()) is not None:
            match event:
                case yaml.ScalarEvent() | yaml.AliasEvent():
                    if kinds and kinds[-1] == "map" and key is None:
                        key = getattr(event, "value", "")
                        lines.setdefault((*path, key), event.start_mark.line + 1)
                    else:
                        enter(event.start_mark)
                        leave()
                case yaml.MappingStartEvent():
                    enter(event.start_mark)
                    kinds.append("map")
                case yaml.SequenceStartEvent():
                    enter(event.start_mark)
                    kinds.append("list")
                    path.append(-1)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    if kinds.pop() == "list":
                        path.pop()
                    leave()
                case yaml.StreamEndEvent():
                    break
    except yaml.YAMLError:
        return lines
    return lines
