"""Bodies of answers as bytes: JSON in a line or indented, YAML; long lists piece by piece. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from demo_cluster.kinds import Obj
from demo_cluster.wire.negotiation import Form
from demo_cluster.wire.reply import Reply, StreamReply
from demo_cluster.yaml_text import yaml_text

LONG_LIST = 500
"""A list with more entries is sent in pieces."""
LIST_PIECE = 100
"""So many entries are made between two turns of others."""
PATIENCE_SECONDS = 60.0
"""How long a client may take for each piece."""


@dataclass(frozen=True, slots=True)
class ListDocument:
    """A list on its way out: what stands before its entries, and how these are made."""

    head: Obj
    name: str
    """What the entries are called: items, or rows."""
    objects: Sequence[Obj]
    entries_of: Callable[[Sequence[Obj]], list[Obj]]
    nothing: list[Obj] | None = field(default_factory=list)
    """What stands there for no entries."""

    def reply(self, form: Form, *, is_pretty: bool) -> Reply | StreamReply:
        """The answer; others have their turn while a long one is made."""
        headers = {"Content-Type": form.content_type}
        if len(self.objects) > LONG_LIST:
            pieces = _with_turns(self.pieces(form, is_pretty=is_pretty))
            return StreamReply(pieces, 200, headers, PATIENCE_SECONDS, is_document=True)
        body = {**self.head, self.name: self.entries_of(self.objects) or self.nothing}
        return Reply(200, encoded_body(body, is_yaml=form.is_yaml, is_pretty=is_pretty), headers)

    def pieces(self, form: Form, *, is_pretty: bool) -> Iterator[bytes]:
        """The bytes of the document, the same as of the whole at once."""
        if form.is_yaml:
            return self._yaml()
        return self._pretty() if is_pretty else self._compact()

    def _made(self) -> Iterator[list[Obj]]:
        for start in range(0, len(self.objects), LIST_PIECE):
            entries = self.entries_of(self.objects[start : start + LIST_PIECE])
            if entries:
                yield entries

    def _compact(self) -> Iterator[bytes]:
        before = msgspec.json.encode(self.head)[:-1] + f',"{self.name}":['.encode()
        for entries in self._made():
            yield before + msgspec.json.encode(entries)[1:-1]
            before = b","
        yield (b"" if before == b"," else before) + b"]}\n"

    def _pretty(self) -> Iterator[bytes]:
        head = encoded_body(self.head, is_pretty=True).removesuffix(b"\n}")
        before = head + f',\n  "{self.name}": ['.encode()
        end = b"]\n}"
        for entries in self._made():
            text = encoded_body(entries, is_pretty=True).removeprefix(b"[").removesuffix(b"\n]")
            yield before + text.replace(b"\n", b"\n  ")
            before, end = b",", b"\n  ]\n}"
        yield (b"" if before == b"," else before) + end

    def _yaml(self) -> Iterator[bytes]:
        before = {key: value for key, value in self.head.items() if key < self.name}
        after = {key: value for key, value in self.head.items() if key > self.name}
        yield yaml_text(before) + f"{self.name}:\n".encode()
        for entries in self._made():
            yield yaml_text(entries)
        if after:
            yield yaml_text(after)


async def _with_turns(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def encoded_body(body: Any, *, is_yaml: bool = False, is_pretty: bool = False) -> bytes:
    """JSON in one line with a newline, indented JSON without one, or YAML."""
    if is_yaml:
        return yaml_text(body)
    encoded = msgspec.json.encode(body)
    if is_pretty:
        return msgspec.json.format(encoded, indent=2)
    return encoded + b"\n"
