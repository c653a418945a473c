"""List, then watch, for ever: a store that follows one kind on the server."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, Protocol, TypeVar

from kube_client.backoff import Backoff
from kube_client.client import Client
from kube_client.codec import MalformedJsonError
from kube_client.errors import (
    ApiError,
    ForbiddenError,
    GoneError,
    KubeError,
    MethodNotAllowedError,
    NotFoundError,
    ProtocolError,
)
from kube_client.lists import Page, Selection
from kube_client.resource import ObjectKey, ResourceType
from kube_client.store import Store, Stored
from kube_client.watch import WatchDecoder, WatchEvent

T = TypeVar("T", bound=Stored)

Phase = Literal["loading", "live", "reconnecting", "polling", "refused"]


@dataclass(frozen=True, slots=True)
class ReflectorState:
    """How the store stands to the server.

    `loading`: the first list is coming, `loaded` objects so far and `remaining` to come when
    known. `live`: a watch is open. `reconnecting`: what is shown may be old, `error` says why.
    `polling`: kinds that may not be watched are listed again and again. `refused`: the kind may
    not be listed, or does not exist.
    """

    phase: Phase = "loading"
    loaded: int = 0
    remaining: int | None = None
    error: KubeError | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait for what, in seconds."""

    backoff: Backoff = field(default_factory=Backoff)
    refused: float = 30.0
    poll: float = 5.0
    watch: float = 300.0
    short_watch: float = 1.0
    first_page: int = 100
    page: int = 500


class Feed(Protocol[T]):
    """Where a reflector's objects come from."""

    def pages(self, first_limit: int, limit: int) -> AsyncGenerator[Page[T], None]:
        """The whole list, page by page."""
        ...

    def events(self, version: str, seconds: int) -> AsyncGenerator[WatchEvent[T] | None, None]:
        """What happens after this version; a None first, when the watch is open."""
        ...


class ObjectFeed(Generic[T]):
    """Objects of a kind whose fields we know."""

    def __init__(
        self, client: Client, resource: ResourceType, decode_to: type[T], selection: Selection
    ) -> None:
        self._client = client
        self._resource = resource
        self._decode_to = decode_to
        self._selection = selection

    def pages(self, first_limit: int, limit: int) -> AsyncGenerator[Page[T], None]:
        """The whole list, page by page."""
        chosen = self._selection
        return self._client.pages(
            self._resource,
            self._decode_to,
            namespace=chosen.namespace,
            labels=chosen.labels,
            fields=chosen.fields,
            limit=limit,
            first_limit=first_limit,
            patient=False,
        )

    async def events(
        self, version: str, seconds: int
    ) -> AsyncGenerator[WatchEvent[T] | None, None]:
        """What happens after this version."""
        path = self._resource.path(self._selection.namespace)
        decoder = WatchDecoder(self._decode_to, path=path)
        query = self._selection.watch_query(version, seconds)
        async with aclosing(
            watch_lines(self._client, path, query, decoder, "application/json")
        ) as events:
            async for event in events:
                yield event


D = TypeVar("D")


async def watch_lines(
    client: Client, path: str, query: dict[str, str], decoder: WatchDecoder[D], accept: str
) -> AsyncGenerator[WatchEvent[D] | None, None]:
    """The events of one watch request until it ends; a None first, when it is open.

    Raises:
        ProtocolError: What came is no watch.
        KubeError: As the client says.
    """
    response = await client.stream(path, query=query, accept=accept, verb="watch")
    try:
        yield None
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                for event in decoder.feed(chunk):
                    yield event
    except MalformedJsonError as error:
        raise ProtocolError(
            f"The watch of {path} sent what is no event ({error}). Is a proxy in between?"
        ) from error
    finally:
        await response.aclose()


class Reflector(Generic[T]):
    """Keeps a store equal to what the server has of one kind.

    The list comes in pages and is visible as it comes; the watch goes on from its version, with
    bookmarks, and resumes there after a cut. When the server forgot that version the list is
    taken again over what is shown: only real differences are news.
    """

    def __init__(
        self,
        client: Client,
        resource: ResourceType,
        decode_to: type[T],
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        pace: Pace | None = None,
    ) -> None:
        selection = Selection(namespace, labels, fields)
        feed = ObjectFeed(client, resource, decode_to, selection)
        self._begin(feed, pace)

    @classmethod
    def of(cls, feed: Feed[T], pace: Pace | None = None) -> "Reflector[T]":
        """A reflector of any feed."""
        reflector = cls.__new__(cls)
        reflector._begin(feed, pace)
        return reflector

    def _begin(self, feed: Feed[T], pace: Pace | None) -> None:
        self.store: Store[T] = Store()
        self.state = ReflectorState()
        self._feed = feed
        self._pace = pace or Pace()
        self._delays = self._pace.backoff.delays()
        self._version = ""
        self._listed = False
        self._may_watch = True
        self._synced = asyncio.Event()
        self._settled = asyncio.Event()

    async def synced(self) -> None:
        """Return when the first full list is in the store."""
        await self._synced.wait()

    async def settled(self) -> ReflectorState:
        """Return when the first list is done or has failed once, with the state then."""
        await self._settled.wait()
        return self.state

    async def run(self) -> None:
        """Follow the server for ever; cancel to end."""
        while True:
            try:
                if not self._listed:
                    await self._list()
                if self._may_watch and self._version:
                    await self._watch()
                else:
                    await self._poll()
            except GoneError:
                self._listed = False
                await self._pause_if_repeated()
            except (ForbiddenError, NotFoundError, MethodNotAllowedError) as error:
                await self._refused(error)
            except KubeError as error:
                if isinstance(error, ProtocolError):
                    self._listed = False
                await self._trouble(error)

    async def _list(self) -> None:
        """Take the whole list; what the store has and the list has not goes at its end."""
        seen: set[ObjectKey] = set()
        version = ""
        pace = self._pace
        async with aclosing(self._feed.pages(pace.first_page, pace.page)) as pages:
            async for page in pages:
                for item in page.items:
                    seen.add(item.key)
                    self.store.put(item)
                version = page.resource_version
                self._loaded(len(seen), page.remaining)
                await asyncio.sleep(0)  # let a key press in between two pages
        self.store.keep_only(seen)
        self._version = version
        self._listed = True
        self._synced.set()
        self._settled.set()

    def _loaded(self, loaded: int, remaining: int | None) -> None:
        if not self._synced.is_set():
            self.state = ReflectorState("loading", loaded, remaining)

    async def _watch(self) -> None:
        """Follow one watch request from the version that we know to its end."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        seconds = int(self._pace.watch * random.uniform(1.0, 2.0))
        heard = False
        async with aclosing(self._feed.events(self._version, seconds)) as events:
            async for event in events:
                if event is None:
                    self._live("live")
                    continue
                heard = True
                self._apply(event)
        if heard or loop.time() - began >= self._pace.short_watch:
            self._delays = self._pace.backoff.delays()
        else:
            await asyncio.sleep(next(self._delays))  # a server that hangs up at once

    def _apply(self, event: WatchEvent[T]) -> None:
        item = event.object
        match event.type:
            case "ADDED" | "MODIFIED":
                self.store.put(item)
            case "DELETED":
                self.store.remove(item.key)
        self._version = item.metadata.resource_version or self._version

    async def _poll(self) -> None:
        """Wait, and have the list taken again."""
        self._live("polling")
        self.state = replace(self.state, retry_in=self._pace.poll)
        await asyncio.sleep(self._pace.poll)
        self._listed = False

    def _live(self, phase: Phase) -> None:
        self.state = ReflectorState(phase, len(self.store))

    async def _refused(self, error: ApiError) -> None:
        """A watch that is not allowed leaves polling; a list that is not allowed leaves waiting."""
        if self._listed and self._may_watch and not isinstance(error, NotFoundError):
            self._may_watch = False
            return
        self._listed = False
        self._may_watch = True
        if isinstance(error, NotFoundError):
            self.store.keep_only(set())
        await self._wait("refused", error, self._pace.refused)

    async def _trouble(self, error: KubeError) -> None:
        delay = next(self._delays)
        if isinstance(error, ApiError) and error.retry_after is not None:
            delay = max(delay, error.retry_after)
        await self._wait("reconnecting", error, delay)

    async def _pause_if_repeated(self) -> None:
        """The first time a version is gone list at once; then give the server time."""
        delay = next(self._delays)
        if delay > self._pace.backoff.first * (1.0 + self._pace.backoff.jitter):
            await asyncio.sleep(delay)

    async def _wait(self, phase: Phase, error: KubeError, delay: float) -> None:
        self.state = ReflectorState(phase, len(self.store), None, error, delay)
        self._settled.set()
        await asyncio.sleep(delay)
