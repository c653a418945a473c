"""watch: what happened since a version, then everything as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from demo_cluster.handlers.objects import matcher_of, the_kind
from demo_cluster.kinds import Kind, Obj
from demo_cluster.presentation import presented
from demo_cluster.reply import Call, StreamReply
from demo_cluster.selection import Matcher
from demo_cluster.status import expired
from demo_cluster.storage import StorageEvent

_HEADERS = {"Content-Type": "application/json"}


async def watch_objects(call: Call) -> StreamReply:
    """GET with watch=true."""
    return StreamReply(_stream(call), headers=_HEADERS)


class _Queue:
    """Events that one watcher has not been given yet."""

    def __init__(self) -> None:
        self._events: list[StorageEvent] = []
        self._arrived = asyncio.Event()

    def put(self, event: StorageEvent) -> None:
        self._events.append(event)
        self._arrived.set()

    def take(self) -> list[StorageEvent]:
        taken, self._events = self._events, []
        self._arrived.clear()
        return taken

    async def wait(self, seconds: float | None) -> bool:
        """Whether something came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True


async def _stream(call: Call) -> AsyncIterator[bytes]:
    kind, matches, namespace = the_kind(call), matcher_of(call), call.route.namespace
    storage = call.storage
    since = call.param("resourceVersion")
    queue = _Queue()
    wanted = kind.storage_key

    def receive(event: StorageEvent) -> None:
        if event.kind.storage_key == wanted:
            queue.put(event)

    unsubscribe = storage.subscribe(receive)
    try:
        if since in ("", "0"):
            present = storage.list(kind, namespace)
            first = [_event("ADDED", kind, obj) for obj in present if not matches or matches(obj)]
        elif int(since) < storage.oldest_version:
            failure = expired(f"too old resource version: {since} ({storage.oldest_version + 1})")
            first = [msgspec.json.encode({"type": "ERROR", "object": failure.body()}) + b"\n"]
        else:
            past = [
                event
                for event in storage.events_since(int(since))
                if event.kind.storage_key == wanted
            ]
            first = [line for event in past for line in _lines(kind, event, matches, namespace)]
        yield b"".join(first)
        timeout = call.param("timeoutSeconds")
        deadline = asyncio.get_running_loop().time() + float(timeout) if timeout else None
        while True:
            left = None if deadline is None else deadline - asyncio.get_running_loop().time()
            if not await queue.wait(left):
                return
            lines = [
                line for event in queue.take() for line in _lines(kind, event, matches, namespace)
            ]
            if lines:
                yield b"".join(lines)
    finally:
        unsubscribe()


def _lines(
    kind: Kind, event: StorageEvent, matches: Matcher | None, namespace: str | None
) -> list[bytes]:
    """The event as this watcher sees it: an object may enter and leave a selection."""
    if namespace is not None and event.obj["metadata"].get("namespace", "") != namespace:
        return []
    type_: str = event.type
    if matches is not None:
        before = event.old is not None and matches(event.old)
        after = event.type != "DELETED" and matches(event.obj)
        if not before and not after:
            return []
        type_ = "MODIFIED" if before and after else "ADDED" if after else "DELETED"
    key = (type_, kind.api_version)
    line = event.encodings.get(key)
    if line is None:
        line = event.encodings[key] = _event(type_, kind, event.obj)
    return [line]


def _event(type_: str, kind: Kind, obj: Obj) -> bytes:
    return msgspec.json.encode({"type": type_, "object": presented(kind, obj)}) + b"\n"
