"""One table on the way down: a view in a place, its rows, and where the person was in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from kube_client.reflector import ReflectorState
from kube_client.resource import ObjectKey
from kube_client.store import Change, Subscription
from kube_tui.feeds import Feed
from kube_tui.rows.catalog import table_view
from kube_tui.rows.row import Item, Moment
from kube_tui.rows.table import TableModel
from kube_tui.rows.view import Place, View
from kube_tui.session import Session

LIVE = ReflectorState(phase="live")


class Level:
    """Rows that follow a feed of the session. `open` before use, `close` after."""

    def __init__(self, session: Session, view: View[Any], place: Place) -> None:
        self.full_view = view
        """With all columns, wherever the rows come from."""
        if place.namespace is not None:
            view = view.without("NAMESPACE")
        elif view.is_namespaced and view.sort_by == "NAME":
            view = replace(view, sort_by="NAMESPACE")
        self.session = session
        self.place = place
        self.model: TableModel[Any] = TableModel(view, session.moment())
        self.cursor: ObjectKey | None = None
        self._feed: Feed | None = None
        self._changes: Subscription[Any] | None = None
        self._columns: Sequence[Any] = ()

    @property
    def view(self) -> View[Any]:
        """What is shown; a server-side table gets its columns when the server names them."""
        return self.model.view

    @property
    def state(self) -> ReflectorState:
        """How the rows stand to the cluster."""
        return self._feed.state if self._feed is not None else LIVE

    def open(self) -> None:
        """Begin to follow."""
        self._feed = self.session.feeds.take(self.view, self.place)
        self._changes = self._feed.store.subscribe()

    def close(self) -> None:
        """Follow no more; the rows stay as they are."""
        if self._changes is not None:
            self._changes.close()
            self._changes = None
            self.session.feeds.leave(self.view, self.place)

    def retry(self) -> None:
        """Ask the cluster again at once."""
        if self._changes is not None:
            self._changes.close()
            self._feed = self.session.feeds.restart(self.view, self.place)
            self._changes = self._feed.store.subscribe()
            self.model = TableModel(self.view, self.session.moment())
            self._columns = ()

    async def wait(self) -> None:
        """Until there is something to pull."""
        if self._changes is None:
            await asyncio.Event().wait()
        else:
            await self._changes.wait()

    def pull(self, moment: Moment) -> frozenset[ObjectKey]:
        """Take what has changed; the rows that are new or differ."""
        self._learn_columns(moment)
        if self._changes is None:
            return frozenset()
        pairs = [self._rows_of(change) for change in self._changes.take()]
        return frozenset(self.model.apply(pairs, moment)) if pairs else frozenset()

    def _rows_of(self, change: Change[Any]) -> tuple[Sequence[Item], Sequence[Item]]:
        return self._expand(change.before), self._expand(change.after)

    def _expand(self, item: Any) -> Sequence[Item]:
        if item is None or not self._belongs(item):
            return ()
        return list(self.view.expand(item))

    def _belongs(self, item: Item) -> bool:
        owner = self.place.owner_uid
        return not owner or any(o.uid == owner for o in item.metadata.owner_references)

    def _learn_columns(self, moment: Moment) -> None:
        """A server-side table: show the columns that the server has named by now."""
        view = self.view
        if view.decode_to is not None or view.resource is None or self._feed is None:
            return
        columns = cast("Any", self._feed).columns
        if columns and columns != self._columns:
            self._columns = columns
            named = table_view(view.resource, columns)
            if self.place.namespace is not None:
                named = named.without("NAMESPACE")
            elif named.is_namespaced:
                named = replace(named, sort_by="NAMESPACE")
            self.model.reveal(named, moment)


class LocalLevel(Level):
    """Rows that are not the cluster's: contexts, port-forwards."""

    def __init__(
        self, session: Session, view: View[Any], read: Callable[[], Sequence[Item]]
    ) -> None:
        super().__init__(session, view, Place())
        self._read = read

    def open(self) -> None:
        """Nothing is followed."""

    def retry(self) -> None:
        """Nothing is followed."""

    def pull(self, moment: Moment) -> frozenset[ObjectKey]:
        """Read all rows anew."""
        self.model.apply([(self.model.items(), self._read())], moment)
        return frozenset()
