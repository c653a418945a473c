"""Tables: recorded ones replayed, and those of the demo cluster."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from kube_client.backoff import Backoff
from kube_client.client import Client
from kube_client.reflector import Pace
from kube_client.resource import CONFIG_MAPS, PODS, ObjectKey, ResourceType
from kube_client.tables import NAME_AND_AGE, TABLE, TableReflector
from tests.kube_client.recorded import Exchange, exchanges, replaying
from tests.kube_client.wire_server import Received

A_WHILE = 15.0
QUICK = Pace(Backoff(first=0.01), refused=0.02, poll=0.02)


@asynccontextmanager
async def showing(
    choose: Callable[[Received], Exchange | None],
    resource: ResourceType,
    namespace: str | None = None,
) -> AsyncIterator[tuple[TableReflector, list[Received]]]:
    """A reflector of tables on the recordings."""
    async with replaying(choose) as (client, asked):
        reflector = TableReflector(client, resource, namespace=namespace, pace=QUICK)
        async with running(reflector):
            yield reflector, asked


@asynccontextmanager
async def running(reflector: TableReflector) -> AsyncIterator[TableReflector]:
    task = asyncio.create_task(reflector.run())
    try:
        async with asyncio.timeout(A_WHILE):
            yield reflector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_recorded_table_becomes_rows_and_columns(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "02b-tables.json")["table.pods-include-metadata"]

    def choose(received: Received) -> Exchange | None:
        return None if "watch=true" in received.target else recorded

    async with showing(choose, PODS, "rec-list") as (pods, asked):
        await pods.synced()

        assert [column.name for column in pods.columns][:5] == [
            "Name",
            "Ready",
            "Status",
            "Restarts",
            "Age",
        ]
        assert [column.priority for column in pods.columns][4:6] == [0, 1]
        wire_rows = recorded["response"]["body"]["rows"]
        assert [row.cells for row in pods.store.values()] == [row["cells"] for row in wire_rows]
        [first, *_] = pods.store.values()
        assert first.key == ObjectKey("rec-list", wire_rows[0]["cells"][0])
        assert first.metadata.uid
    assert asked[0].headers["accept"] == TABLE
    assert "includeObject=Metadata" in asked[0].target


async def test_a_recorded_watch_changes_the_rows(shared_data: Path) -> None:
    listed = exchanges(shared_data, "02b-tables.json")["table.configmaps"]
    watched = exchanges(shared_data, "03-watch.json")["watch.table"]

    def choose(received: Received) -> Exchange | None:
        return watched if "watch=true" in received.target else listed

    last: dict[str, str] = {}
    for part in watched["response"]["stream"]:
        for row in part["json"]["object"]["rows"]:
            last[row["object"]["metadata"]["name"]] = part["json"]["type"]

    async with showing(choose, CONFIG_MAPS) as (maps, _):
        await maps.synced()
        before = {row.metadata.name for row in maps.store.values()}
        expected = before | set(last)
        expected -= {name for name, kind in last.items() if kind == "DELETED"}
        subscription = maps.store.subscribe()
        while {row.metadata.name for row in maps.store.values()} != expected:
            subscription.take()
            await subscription.wait()


async def test_a_server_without_tables_still_has_names_and_ages(shared_data: Path) -> None:
    listed = exchanges(shared_data, "02-list-paging.json")["list.one-pod"]

    def choose(received: Received) -> Exchange | None:
        return None if "watch=true" in received.target else listed

    async with showing(choose, PODS) as (pods, _):
        await pods.synced()

        assert pods.columns == NAME_AND_AGE
        [row] = pods.store.values()
        metadata = listed["response"]["body"]["items"][0]["metadata"]
        assert row.cells == [metadata["name"], metadata["creationTimestamp"]]


async def test_a_server_that_watches_no_tables_is_asked_for_them_again(shared_data: Path) -> None:
    listed = exchanges(shared_data, "02b-tables.json")["table.configmaps"]
    watched = exchanges(shared_data, "03-watch.json")["watch.rv"]
    events = [part for part in watched["response"]["stream"] if part["json"]["type"] != "BOOKMARK"]
    plain = {"response": {"stream": events}}

    def choose(received: Received) -> Exchange | None:
        return plain if "watch=true" in received.target else listed

    async with showing(choose, CONFIG_MAPS) as (maps, asked):
        await maps.synced()
        while len(asked) < 4:  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.001)

        assert maps.state.phase == "polling"
        widths = {len(row.cells) for row in maps.store.values()}
        assert widths == {len(maps.columns)}, "no row of another form slipped in"


async def test_the_demo_cluster_lists_and_watches_tables(client: Client) -> None:
    async with running(TableReflector(client, CONFIG_MAPS, namespace="default")) as maps:
        await maps.synced()
        subscription = maps.store.subscribe()
        subscription.take()

        await client.create(
            CONFIG_MAPS, {"metadata": {"name": "new"}, "data": {"a": "1"}}, "default"
        )
        await subscription.wait()

        [change] = subscription.take()
        assert change.after is not None
        assert [column.name for column in maps.columns] == ["Name", "Data", "Age"]
        assert change.after.cells[:2] == ["new", 1]
