"""Server-side Tables: kinds whose fields we do not know, as the server prints them.

Listed and watched like any other kind; a server that makes no tables gives name and age.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from kube_client.client import Client
from kube_client.errors import MethodNotAllowedError
from kube_client.lists import Page, Selection
from kube_client.objects import KubeObject, KubeStruct, ObjectMeta
from kube_client.reflector import Pace, Reflector, ReflectorState, watch_lines
from kube_client.resource import ObjectKey, ResourceType
from kube_client.store import Store
from kube_client.timestamp import format_timestamp
from kube_client.watch import WatchDecoder, WatchEvent

TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,"
    "application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
    "application/json"
)


class TableColumn(msgspec.Struct, frozen=True):
    """A column; a `priority` above 0 belongs to the wide form."""

    name: str = ""
    type: str = ""
    format: str = ""
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class TableRow:
    """One object as a line of cells, in the order of the columns."""

    key: ObjectKey
    cells: list[Any]
    metadata: ObjectMeta


NAME_AND_AGE = (
    TableColumn("Name", "string", "name"),
    TableColumn("Created", "date"),
)


class _WireRow(KubeStruct):
    cells: list[Any] = msgspec.field(default_factory=list)
    object: KubeObject = msgspec.field(default_factory=KubeObject)


class _WireMeta(ObjectMeta):
    """The metadata of a table, of a list, or of one object."""

    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class _WireTable(KubeStruct):
    """A Table, or the plain list or object of a server that makes no tables."""

    kind: str = ""
    metadata: _WireMeta = msgspec.field(default_factory=_WireMeta)
    column_definitions: list[TableColumn] | None = None
    rows: list[_WireRow] | None = None
    items: list[KubeObject] | None = None


class TableFeed:
    """The rows of one kind; `columns` are known with the first page."""

    def __init__(self, client: Client, resource: ResourceType, selection: Selection) -> None:
        self.columns: tuple[TableColumn, ...] = ()
        self._client = client
        self._resource = resource
        self._selection = selection

    async def pages(self, first_limit: int, limit: int) -> AsyncGenerator[Page[TableRow], None]:
        """The whole table, page by page."""
        chosen = self._selection
        path = self._resource.path(chosen.namespace)
        query = chosen.list_query(first_limit) | {"includeObject": "Metadata"}
        while True:
            content = await self._client.request(
                "GET", path, query=query, accept=TABLE, verb="list", patient=False
            )
            table = self._client.decode(content, _WireTable, path)
            meta = table.metadata
            yield Page(self._rows(table), meta.resource_version, meta.remaining_item_count)
            if not meta.continue_:
                return
            query |= chosen.list_query(limit, meta.continue_)

    async def events(
        self, version: str, seconds: int
    ) -> AsyncGenerator[WatchEvent[TableRow] | None, None]:
        """What happens to the rows after this version."""
        path = self._resource.path(self._selection.namespace)
        query = self._selection.watch_query(version, seconds) | {"includeObject": "Metadata"}
        decoder = WatchDecoder(_WireTable, path=path)
        async with aclosing(watch_lines(self._client, path, query, decoder, TABLE)) as events:
            async for event in events:
                if event is None:
                    yield None
                    continue
                for row in self._event_rows(event, path):
                    yield WatchEvent(event.type, row)

    def _rows(self, table: _WireTable) -> list[TableRow]:
        if table.kind != "Table":
            return self._plain_rows(table)
        if table.column_definitions:
            self.columns = tuple(table.column_definitions)
        return [
            TableRow(row.object.key, row.cells, row.object.metadata) for row in table.rows or ()
        ]

    def _event_rows(self, event: WatchEvent[_WireTable], path: str) -> list[TableRow]:
        table = event.object
        if event.type == "BOOKMARK":
            return [TableRow(ObjectKey("", ""), [], table.metadata)]
        if table.kind != "Table" and self.columns != NAME_AND_AGE:
            raise MethodNotAllowedError(f"The server does not watch {path} as a table.")
        return self._rows(table)

    def _plain_rows(self, table: _WireTable) -> list[TableRow]:
        self.columns = self.columns or NAME_AND_AGE
        listed = table.items
        metas = [table.metadata] if listed is None else [item.metadata for item in listed]
        return [
            TableRow(
                ObjectKey(meta.namespace, meta.name),
                [meta.name, _written(meta.creation_timestamp)],
                meta,
            )
            for meta in metas
        ]


def _written(moment: datetime | None) -> str:
    return "" if moment is None else format_timestamp(moment)


class TableReflector:
    """A `Reflector` of rows; see there."""

    def __init__(
        self,
        client: Client,
        resource: ResourceType,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        pace: Pace | None = None,
    ) -> None:
        self._feed = TableFeed(client, resource, Selection(namespace, labels, fields))
        self._reflector: Reflector[TableRow] = Reflector.of(self._feed, pace)

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns; empty until the first page has come."""
        return self._feed.columns

    @property
    def store(self) -> Store[TableRow]:
        """The rows."""
        return self._reflector.store

    @property
    def state(self) -> ReflectorState:
        """How the store stands to the server."""
        return self._reflector.state

    async def run(self) -> None:
        """Follow the server for ever; cancel to end."""
        await self._reflector.run()

    async def synced(self) -> None:
        """Return when the first full list is in the store."""
        await self._reflector.synced()

    async def settled(self) -> ReflectorState:
        """Return when the first list is done or has failed once, with the state then."""
        return await self._reflector.settled()
