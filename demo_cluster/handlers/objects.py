"""get and list of any kind."""

from __future__ import annotations

import asyncio
from bisect import bisect_left

from demo_cluster.kinds import Kind, Obj
from demo_cluster.selection import Matcher, field_matcher, label_matcher
from demo_cluster.status import Failure, expired, not_found
from demo_cluster.store.storage import Objects, key_of
from demo_cluster.wire.paging import (
    PageRequest,
    check_no_initial_events,
    check_not_future,
    expired_continue,
    page_request,
    requested_version,
    write_token,
)
from demo_cluster.wire.presentation import list_reply, object_reply
from demo_cluster.wire.reply import Call, Reply, StreamReply

_PIECE = 1000
"""So many objects are looked at between two turns of others."""


def the_kind(call: Call) -> Kind:
    """The kind that the path names.

    Raises:
        AssertionError: The handler was called for a path outside the resources.
    """
    assert call.route.kind is not None
    return call.route.kind


def matcher_of(call: Call) -> Matcher | None:
    """The call's selectors, and its name if it has one, as one test; None = everything.

    Raises:
        Failure: 400, a selector is not one.
    """
    kind = the_kind(call)
    tests: list[Matcher] = []
    if labels := call.param("labelSelector"):
        tests.append(label_matcher(labels))
    if fields := call.param("fieldSelector"):
        tests.append(field_matcher(kind, fields))
    if name := call.route.name:
        tests.append(lambda obj: bool(obj["metadata"]["name"] == name))
    if not tests:
        return None
    return lambda obj: all(test(obj) for test in tests)


def existing(call: Call) -> Obj:
    """The object that the path names.

    Raises:
        Failure: 404, there is none.
    """
    kind = the_kind(call)
    obj = call.storage.get(kind, call.route.namespace or "", call.route.name)
    if obj is None:
        raise not_found(kind, call.route.name)
    return obj


async def get_object(call: Call) -> Reply:
    """GET of one object.

    Raises:
        Failure: 404, there is none; 504, a version of the future is asked for.
    """
    check_not_future(call, requested_version(call))
    return object_reply(call, the_kind(call), existing(call))


async def list_objects(call: Call) -> Reply | StreamReply:
    """GET of many, whole or a page of it.

    Raises:
        Failure: 400, 410, 422 or 504: selectors or versions that cannot be.
    """
    kind = the_kind(call)
    require_warm(call, kind)
    check_no_initial_events(call)
    matches = matcher_of(call)
    request = page_request(call)
    found = _snapshot(call, request)
    version = call.storage.resource_version if request.version is None else request.version
    if request.start is not None:
        found = found[bisect_left(found, request.start, key=lambda obj: _key(call, obj)) :]
    found = await selected(found, matches)
    meta: Obj = {"resourceVersion": str(version)}
    if request.limit and len(found) > request.limit:
        last = found[request.limit - 1]
        meta["continue"] = write_token(version, _key(call, last))
        if matches is None:
            meta["remainingItemCount"] = len(found) - request.limit
        found = found[: request.limit]
    return list_reply(call, kind, found, meta)


async def selected(objects: Objects, matches: Matcher | None) -> Objects:
    """Those that match; others have their turn while many are looked at."""
    if matches is None:
        return objects
    found: Objects = []
    for start in range(0, len(objects), _PIECE):
        if start:
            await asyncio.sleep(0)
        found += [obj for obj in objects[start : start + _PIECE] if matches(obj)]
    return found


def require_warm(call: Call, kind: Kind) -> None:
    """The storage of a kind that was defined a moment ago is not ready at once.

    Raises:
        Failure: 429, come again in a second.
    """
    if kind.is_custom and call.backend.registry.is_cold(kind, call.backend.clock.now()):
        text = "storage is (re)initializing"
        headers = {"Retry-After": "1"}
        raise Failure(429, "TooManyRequests", text, {"retryAfterSeconds": 1}, headers=headers)


def _key(call: Call, obj: Obj) -> str:
    namespace, name = key_of(obj)
    return name if call.route.namespace is not None or not namespace else f"{namespace}/{name}"


def _snapshot(call: Call, request: PageRequest) -> list[Obj]:
    storage, kind, namespace = call.storage, the_kind(call), call.route.namespace
    if request.version is None or request.version == storage.resource_version:
        return storage.list(kind, namespace)
    if request.version < storage.oldest_version:
        if request.is_continued:
            raise expired_continue(request.start or "")
        raise expired("The resourceVersion for the provided list is too old.")
    return storage.list_at(kind, namespace, request.version)
