"""Lists as bytes: what is made piece by piece is what is made at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from demo_cluster.wire.documents import ListDocument
from demo_cluster.wire.negotiation import Form
from demo_cluster.wire.reply import Reply, StreamReply
from demo_cluster.yaml_text import yaml_text

HEAD = {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}}
SHARED = {"a": ["x\ny", {"b": None}], "empty": {}}
OBJECTS = [{"n": number, "shared": SHARED} for number in range(250)]


def document(objects: Sequence[dict[str, Any]], name: str = "items") -> ListDocument:
    return ListDocument(HEAD, name, objects, lambda some: [obj for obj in some if obj["n"] != 3])


async def read(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


@pytest.mark.parametrize("name", ["items", "rows"])
@pytest.mark.parametrize(
    ("form", "is_pretty"), [(Form(), False), (Form(), True), (Form(is_yaml=True), False)]
)
async def test_a_list_in_pieces_is_to_the_byte_the_whole(
    name: str, form: Form, is_pretty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = document(OBJECTS, name).reply(form, is_pretty=is_pretty)
    monkeypatch.setattr("demo_cluster.wire.documents.LONG_LIST", 100)
    pieces = document(OBJECTS, name).reply(form, is_pretty=is_pretty)

    assert isinstance(whole, Reply)
    assert isinstance(pieces, StreamReply)
    chunks = await read(pieces.chunks)
    assert len(chunks) >= 3
    assert b"".join(chunks) == whole.body


@pytest.mark.parametrize("is_pretty", [False, True])
def test_a_list_of_nothing_is_an_empty_one_in_pieces_too(is_pretty: bool) -> None:
    nothing = document([{"n": 3}])
    whole = nothing.reply(Form(), is_pretty=is_pretty)

    pieces = b"".join(nothing.pieces(Form(), is_pretty=is_pretty))

    assert isinstance(whole, Reply)
    assert pieces == whole.body


async def test_others_have_their_turn_while_a_long_list_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("demo_cluster.wire.documents.LONG_LIST", 100)
    reply = document(OBJECTS).reply(Form(), is_pretty=False)
    assert isinstance(reply, StreamReply)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    chunks = await read(reply.chunks)
    other.cancel()

    assert turns >= len(chunks) - 1


def test_equal_parts_are_written_out_in_yaml() -> None:
    assert yaml_text({"a": SHARED, "b": SHARED}).count(b"empty: {}") == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("true", '"true"'),
        ("1.5", '"1.5"'),
        ("n", '"n"'),
        ("2026-01-01T00:00:00Z", '"2026-01-01T00:00:00Z"'),
        ("plain", "plain"),
        ("a: b", "'a: b'"),
        ("*a", "'*a'"),
        ("one\ntwo\n", "|\n  one\n  two"),
    ],
)
def test_a_text_in_yaml_has_the_quotes_that_go_gives_it(value: str, text: str) -> None:
    assert yaml_text({"key": value}).decode() == f"key: {text}\n"
