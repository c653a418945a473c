"""watch: what happened since a version, then everything as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from demo_cluster.handlers.objects import matcher_of, require_warm, the_kind
from demo_cluster.kinds import Kind, Obj
from demo_cluster.selection import Matcher
from demo_cluster.status import Cause, Failure, expired
from demo_cluster.store.storage import Storage, StorageEvent
from demo_cluster.wire.negotiation import Form, negotiated
from demo_cluster.wire.paging import invalid_options, requested_version, seconds_of
from demo_cluster.wire.reply import Call, StreamReply
from demo_cluster.wire.watch_encoding import WatchEncoder, encoded_line

BOOKMARK_SECONDS = 60.0
_BEFORE_END_SECONDS = 2.0
_LONGEST_SECONDS = 45 * 60.0
_MOST_WAITING = 10_000
"""A watcher that is this many events behind is cut off; it can resume from the history."""
PATIENCE_SECONDS = 30.0
"""A watcher that takes nothing for so long is cut off, too."""
_PIECE = 100
"""So many events are made into lines between two turns of others."""


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What is watched, from where, and for how long."""

    kind: Kind
    namespace: str | None
    matches: Matcher | None
    since: int | None
    wants_initial: bool
    wants_bookmarks: bool
    seconds: float


async def watch_objects(call: Call) -> StreamReply:
    """GET with watch=true.

    Raises:
        Failure: 400, 406 or 422: the parameters make no sense.
    """
    require_warm(call, the_kind(call))
    request = _watch_request(call)
    form = negotiated(call.headers.get("accept", ""))
    headers = {"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
    if form.is_list_wanted:
        return StreamReply(_nothing(), headers=headers)
    return StreamReply(_stream(call, request, form), 200, headers, PATIENCE_SECONDS)


async def _nothing() -> AsyncIterator[bytes]:
    """The real server never delivers an event in the form of a list."""
    nothing: tuple[bytes, ...] = ()
    for line in nothing:
        yield line


def _watch_request(call: Call) -> WatchRequest:
    _check_parameters(call)
    since = requested_version(call)
    wants_initial = call.flag("sendInitialEvents")
    seconds = float(seconds_of(call))
    return WatchRequest(
        the_kind(call),
        call.route.namespace,
        matcher_of(call),
        None if since in (None, 0) or wants_initial else since,
        wants_initial,
        call.flag("allowWatchBookmarks"),
        seconds or _LONGEST_SECONDS,
    )


def _check_parameters(call: Call) -> None:
    match, field = call.param("resourceVersionMatch"), "resourceVersionMatch"
    texts: list[tuple[str, str]] = []
    if call.param("continue"):
        text = f"Forbidden: {field} is forbidden when continue is provided"
        texts.append(("FieldValueForbidden", text))
    elif call.flag("sendInitialEvents"):
        if match != "NotOlderThan":
            text = f"Forbidden: sendInitialEvents requires setting {field} to NotOlderThan"
            texts.append(("FieldValueForbidden", text))
        if match and match != "NotOlderThan":
            text = f'Unsupported value: "{match}": supported values: "NotOlderThan"'
            texts.append(("FieldValueNotSupported", text))
    elif match:
        text = f"Forbidden: {field} is forbidden for watch unless sendInitialEvents is provided"
        texts.append(("FieldValueForbidden", text))
    if texts:
        raise invalid_options("ListOptions", [Cause(reason, text, field) for reason, text in texts])


class _Queue:
    """Events that one watcher has not been given yet; too many, and it gets no more."""

    def __init__(self) -> None:
        self._events: list[StorageEvent] = []
        self._arrived = asyncio.Event()
        self.is_full = False

    def put(self, event: StorageEvent) -> None:
        if self.is_full:
            return
        self._events.append(event)
        self._arrived.set()
        if len(self._events) > _MOST_WAITING:
            self.is_full = True
            self._events.clear()

    def version(self, storage: Storage) -> int:
        """Up to where everything has been given."""
        return self._events[0].resource_version - 1 if self._events else storage.resource_version

    def take(self) -> list[StorageEvent]:
        taken, self._events = self._events[:_PIECE], self._events[_PIECE:]
        if not self._events:
            self._arrived.clear()
        return taken

    async def wait(self, seconds: float) -> bool:
        """Whether something came in time."""
        if seconds <= 0:
            return bool(self._events)
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True


class _Deadlines:
    """When the watch ends, and when the next bookmark is due."""

    def __init__(self, seconds: float) -> None:
        self._time: Callable[[], float] = asyncio.get_running_loop().time
        self.end = self._time() + seconds
        self._next_bookmark = self._after_bookmark()

    def _after_bookmark(self) -> float:
        now, before_end = self._time(), self.end - _BEFORE_END_SECONDS
        regular = now + BOOKMARK_SECONDS
        return min(regular, before_end) if before_end > now else regular

    def left(self, *, with_bookmarks: bool) -> float:
        until = min(self.end, self._next_bookmark) if with_bookmarks else self.end
        return until - self._time()

    def is_over(self) -> bool:
        return self._time() >= self.end

    def take_bookmark(self) -> bool:
        if self._time() < self._next_bookmark:
            return False
        self._next_bookmark = self._after_bookmark()
        return True


async def _stream(call: Call, request: WatchRequest, form: Form) -> AsyncIterator[bytes]:
    encoder = WatchEncoder(call, request.kind, form)
    queue = _Queue()
    wanted = request.kind.storage_key
    deadlines = _Deadlines(request.seconds)

    def receive(event: StorageEvent) -> None:
        if event.kind.storage_key == wanted:
            queue.put(event)

    unsubscribe = call.storage.subscribe(receive)
    try:
        try:
            beginning = _beginning(call, request, encoder)
            first = list(islice(beginning, _PIECE))
        except Failure as failure:
            yield encoded_line("ERROR", failure.body())
            return
        yield b"".join(first)
        while first and not queue.is_full:
            await asyncio.sleep(0)
            first = list(islice(beginning, _PIECE))
            yield b"".join(first)
        while not deadlines.is_over() and _is_served(call, request.kind):
            await queue.wait(deadlines.left(with_bookmarks=request.wants_bookmarks))
            if queue.is_full:
                return
            lines = [line for event in queue.take() for line in _lines(request, encoder, event)]
            if request.wants_bookmarks and deadlines.take_bookmark():
                lines.append(encoder.bookmark(queue.version(call.storage)))
            if lines:
                yield b"".join(lines)
                await asyncio.sleep(0)
    finally:
        unsubscribe()


def _is_served(call: Call, kind: Kind) -> bool:
    registry = call.backend.registry
    return not kind.is_custom or registry.find(kind.group, kind.version, kind.plural) is not None


def _beginning(call: Call, request: WatchRequest, encoder: WatchEncoder) -> Iterator[bytes]:
    """What the watcher missed, as of the first line that is taken."""
    storage = call.storage
    version = storage.resource_version
    if request.since is None:
        for obj in storage.list(request.kind, request.namespace):
            if request.matches is None or request.matches(obj):
                yield encoder.line("ADDED", obj)
        if request.wants_initial and request.wants_bookmarks:
            yield encoder.bookmark(version, is_initial_end=True)
        return
    if request.since < storage.oldest_version:
        oldest = storage.oldest_version + 1
        raise expired(f"too old resource version: {request.since} ({oldest})")
    for event in storage.events_since(request.since):
        if event.kind.storage_key == request.kind.storage_key:
            yield from _lines(request, encoder, event)


def _lines(request: WatchRequest, encoder: WatchEncoder, event: StorageEvent) -> Iterator[bytes]:
    """The event as this watcher sees it: an object may enter and leave a selection."""
    meta = event.obj["metadata"]
    if request.namespace is not None and meta.get("namespace", "") != request.namespace:
        return
    matches = request.matches
    if matches is None:
        yield encoder.event(event.type, event, event.obj)
        return
    before = event.old is not None and matches(event.old)
    after = event.type != "DELETED" and matches(event.obj)
    if before and after:
        yield encoder.event("MODIFIED", event, event.obj)
    elif after:
        yield encoder.event("ADDED", event, event.obj)
    elif before and event.type == "DELETED":
        yield encoder.event("DELETED", event, event.obj)
    elif before:
        yield encoder.line("DELETED", _as_it_left(event))


def _as_it_left(event: StorageEvent) -> Obj:
    """The old object, which the watcher knows, with the new version."""
    old = event.old or event.obj
    version = event.obj["metadata"]["resourceVersion"]
    return {**old, "metadata": {**old["metadata"], "resourceVersion": version}}
