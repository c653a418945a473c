"""A request in, a reply out: authenticate, route, authorize, handle, shape errors. No sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from demo_cluster.handlers import deletes, discovery, objects, watches, writes
from demo_cluster.reply import AnyReply, Backend, Call, Handler, Reply, User
from demo_cluster.route import Route, find_route
from demo_cluster.status import Failure, unauthorized
from demo_cluster.users import ANONYMOUS, Tokens

_COMMON_HEADERS = {"Cache-Control": "no-cache, private"}

_BY_VERB: dict[str, Handler] = {
    "get": objects.get_object,
    "list": objects.list_objects,
    "watch": watches.watch_objects,
    "create": writes.create_object,
    "update": writes.replace_object,
    "patch": writes.patch_object,
    "delete": deletes.delete_object,
    "deletecollection": deletes.delete_collection,
}
"""What answers a request for a resource."""

_BY_SUBRESOURCE: dict[tuple[str, str], Handler] = {}
"""What answers for a part of it, by plural and subresource."""

_BY_PATH: dict[str, Handler] = {
    "/version": discovery.version,
    "/healthz": discovery.health,
    "/livez": discovery.health,
    "/readyz": discovery.health,
    "/api": discovery.core_versions,
    "/apis": discovery.groups,
}
"""What answers for the paths outside the resources."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: header names in lower case, the path decoded, the query not."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Api:
    """Answers requests on one cluster's behalf."""

    def __init__(self, backend: Backend, tokens: Tokens) -> None:
        self._backend = backend
        self._tokens = tokens

    async def answer(self, request: RawRequest) -> AnyReply:
        """The reply to any request; failures are replies too."""
        try:
            reply = await self._answer(request)
        except discovery.PageNotFound:
            reply = _page_not_found()
        except Failure as failure:
            reply = Reply(failure.code, failure.body(), failure.headers)
        if isinstance(reply, Reply):
            return replace(reply, headers={**_COMMON_HEADERS, **reply.headers})
        return reply

    async def _answer(self, request: RawRequest) -> AnyReply:
        user = self._authenticate(request.headers)
        query = parse_qs(request.query, keep_blank_values=True)
        is_watch = (query.get("watch") or ["false"])[0] in ("true", "1", "")
        route = find_route(request.method, request.path, is_watch, self._backend.registry)
        call = Call(
            request.method,
            request.path,
            route,
            query,
            request.headers,
            request.body,
            user,
            self._backend,
        )
        handler = _handler(route)
        if handler is None:
            return _page_not_found()
        return await handler(call)

    def _authenticate(self, headers: Mapping[str, str]) -> User:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        user = self._tokens.owner(token.strip())
        if user is None:
            raise unauthorized()
        return user


def _handler(route: Route) -> Handler | None:
    if route.kind is not None and route.subresource is not None:
        return _BY_SUBRESOURCE.get((route.kind.plural, route.subresource.name))
    if route.kind is not None:
        return _BY_VERB.get(route.verb)
    path = route.path.rstrip("/") or "/"
    if path in _BY_PATH:
        return _BY_PATH[path]
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) == 2:
        return discovery.resources
    if parts[0] == "apis" and len(parts) in (2, 3):
        return discovery.group if len(parts) == 2 else discovery.resources
    return None


def _page_not_found() -> Reply:
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Reply(404, "404 page not found\n", headers)
