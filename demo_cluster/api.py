"""A request in, a reply out: authenticate, authorize, route, handle, shape errors. No sockets."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from demo_cluster.access.rbac import Attributes, Authorizer, refusal
from demo_cluster.access.users import ANONYMOUS, AUTHENTICATED, User
from demo_cluster.faults import Asked
from demo_cluster.handlers import (
    access,
    attach,
    component_statuses,
    deletes,
    discovery,
    exec,  # noqa: A004 - the subresource's name
    health,
    issuer,
    logs,
    metrics,
    node_proxy,
    objects,
    openapi,
    patching,
    port_forward,
    proxies,
    subresources,
    tokens,
    updates,
    watches,
    writes,
    zpages,
)
from demo_cluster.kinds import Kind
from demo_cluster.status import (
    Failure,
    PageNotFound,
    bad_request,
    forbidden,
    method_not_allowed,
    unauthorized,
)
from demo_cluster.wire.reply import AnyReply, Backend, Call, Handler, Reply
from demo_cluster.wire.route import Route, attributes_of, find_route, split_resource_path, verb_of

_COMMON_HEADERS = {"Cache-Control": "no-cache, private"}
_FALSE = frozenset({"false", "False", "FALSE", "f", "F", "0"})
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

_BY_VERB: dict[str, Handler] = {
    "get": objects.get_object,
    "list": objects.list_objects,
    "watch": watches.watch_objects,
    "create": writes.create_object,
    "update": updates.replace_object,
    "patch": patching.patch_object,
    "delete": deletes.delete_object,
    "deletecollection": deletes.delete_collection,
}
"""What answers a request for a resource."""

_BY_RESOURCE: dict[tuple[str, str], Handler] = {
    ("selfsubjectaccessreviews", "create"): access.self_access,
    ("subjectaccessreviews", "create"): access.subject_access,
    ("localsubjectaccessreviews", "create"): access.subject_access,
    ("selfsubjectrulesreviews", "create"): access.self_rules,
    ("selfsubjectreviews", "create"): access.who_am_i,
    ("tokenreviews", "create"): tokens.review_token,
    ("bindings", "create"): subresources.bind,
    ("componentstatuses", "list"): component_statuses.list_component_statuses,
    ("componentstatuses", "get"): component_statuses.get_component_status,
}
"""What answers for resources that are not kept, by plural and verb."""

_METRICS: dict[tuple[str, str], Handler] = {
    ("pods", "list"): metrics.list_pods,
    ("pods", "get"): metrics.get_pod,
    ("nodes", "list"): metrics.list_nodes,
    ("nodes", "get"): metrics.get_node,
}
"""What answers for metrics.k8s.io, by plural and verb."""

_PROXIES: dict[str, Handler] = {
    "nodes": node_proxy.proxy,
    "pods": proxies.pod_proxy,
    "services": proxies.service_proxy,
}
"""What passes requests on, by plural."""

_BY_SUBRESOURCE: dict[tuple[str, str], Handler] = {
    ("status", "get"): subresources.read,
    ("status", "update"): subresources.replace_status,
    ("status", "patch"): subresources.patch_status,
    ("scale", "get"): subresources.get_scale,
    ("scale", "update"): subresources.replace_scale,
    ("scale", "patch"): subresources.patch_scale,
    ("ephemeralcontainers", "get"): subresources.read,
    ("ephemeralcontainers", "update"): subresources.replace_ephemeral_containers,
    ("ephemeralcontainers", "patch"): subresources.patch_ephemeral_containers,
    ("resize", "get"): subresources.read,
    ("resize", "update"): subresources.replace_resize,
    ("resize", "patch"): subresources.patch_resize,
    ("approval", "get"): subresources.read,
    ("approval", "update"): subresources.replace_status,
    ("approval", "patch"): subresources.patch_status,
    ("binding", "create"): subresources.bind,
    ("eviction", "create"): subresources.evict,
    ("finalize", "update"): subresources.finalize_namespace,
    ("token", "create"): tokens.request_token,
    ("log", "get"): logs.read_log,
    ("exec", "get"): exec.execute,
    ("exec", "create"): exec.execute,
    ("attach", "get"): attach.attach,
    ("attach", "create"): attach.attach,
    ("portforward", "get"): port_forward.port_forward,
    ("portforward", "create"): port_forward.port_forward,
}
"""What answers for a part of an object, by subresource and verb."""

_BY_PATH: dict[str, Handler] = {
    "/version": discovery.version,
    "/api": discovery.core_versions,
    "/.well-known/openid-configuration": issuer.configuration,
    issuer.KEYS_PATH: issuer.keys,
}
"""What answers GET and nothing else, outside the resources; a slash may stand behind the path."""

_BY_EXACT_PATH: dict[str, Handler] = {
    "/": discovery.paths,
    "/apis": discovery.groups,
    "/apis/": discovery.groups,
    "/healthz": health.health,
    "/livez": health.health,
    "/readyz": health.health,
    "/metrics": health.metrics,
    "/metrics/slis": health.healthcheck_metrics,
    "/statusz": zpages.statusz,
    "/flagz": zpages.flagz,
    "/openapi/v2": openapi.old,
    "/openapi/v3": openapi.index,
}
"""What answers for a path outside the resources, whatever the method is."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: header names in lower case, the path decoded, the query not."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    impersonated_groups: tuple[str, ...] = ()
    peer: User | None = None
    """Who the client's certificate says it is."""


class Api:
    """Answers requests on one cluster's behalf."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._authorizer = Authorizer(backend.storage)

    def asked(self, request: RawRequest) -> Asked:
        """What a fault would have to know of a request to be aimed at it."""
        token = _token_of(request.headers)
        tokens, now = self._backend.tokens, self._backend.clock.now()
        user = tokens.owner(token, now) if token else ANONYMOUS
        query = go_query(request.query)
        parts = split_resource_path(request.path)
        verb = request.method.lower()
        if parts is not None:
            verb = verb_of(request.method, parts.name, _is_watch(request.path, query))
        return Asked(request.path, verb, user.name if user else "", tokens.age(token, now))

    def expire_token(self, request: RawRequest) -> None:
        """The token of this request is nobody's from now on."""
        self._backend.tokens.expire(_token_of(request.headers))

    async def answer(self, request: RawRequest) -> AnyReply:
        """The reply to any request; failures are replies too."""
        try:
            reply = await self._answer(request)
        except PageNotFound:
            reply = page_not_found()
        except Failure as failure:
            reply = Reply(failure.code, failure.body(), failure.headers)
        if isinstance(reply, Reply) and not reply.is_bare:
            return replace(reply, headers={**_COMMON_HEADERS, **reply.headers})
        return reply

    async def _answer(self, request: RawRequest) -> AnyReply:
        user = request.peer or self._authenticate(request.headers)
        if request.method not in _METHODS:
            raise method_not_allowed()
        query = go_query(request.query)
        _check_timeout(query)
        is_watch = _is_watch(request.path, query)
        registry = self._backend.registry
        wanted = attributes_of(
            request.method, request.path, is_watch, _selected_name(query), registry
        )
        user = self._impersonated(user, request, wanted)
        if not self._authorizer.decide(user, wanted).is_allowed:
            raise refusal(user, wanted)
        route = find_route(request.method, request.path, is_watch, registry)
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
            return page_not_found()
        reply = await handler(call)
        return _with_deprecation(route, reply)

    def _authenticate(self, headers: Mapping[str, str]) -> User:
        token = _token_of(headers)
        if not token:
            return ANONYMOUS
        user = self._backend.tokens.owner(token, self._backend.clock.now())
        if user is None:
            raise unauthorized()
        return user

    def _impersonated(self, user: User, request: RawRequest, wanted: Attributes) -> User:
        name = request.headers.get("impersonate-user")
        if not name:
            if request.impersonated_groups or request.headers.get("impersonate-uid"):
                text = "requested [] without impersonating a user"
                raise Failure(500, "InternalError", f"Internal error occurred: {text}")
            return user
        may = Attributes("impersonate", "", "users", name=name)
        if not self._authorizer.decide(user, may).is_allowed:
            raise _may_not_impersonate(user, wanted)
        groups = request.impersonated_groups or _groups_of_account(name)
        if AUTHENTICATED not in groups and name != ANONYMOUS.name:
            groups = (*groups, AUTHENTICATED)
        return User(name, groups, request.headers.get("impersonate-uid", ""))


_TOKEN_PROTOCOL = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - a protocol's name


def go_query(text: str) -> dict[str, list[str]]:
    """The parameters of a query; what Go's url.ParseQuery cannot read is left out, as it does."""
    pairs = (pair for pair in text.split("&") if ";" not in pair and not _BAD_ESCAPE.search(pair))
    return parse_qs("&".join(pairs), keep_blank_values=True)


_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _token_of(headers: Mapping[str, str]) -> str:
    """The bearer token of a request; "" when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        token = _token_among_protocols(headers)
    return token.strip()


def _is_watch(path: str, query: Mapping[str, list[str]]) -> bool:
    is_asked = "watch" in query and query["watch"][0] not in _FALSE
    return is_asked or _OLD_WATCH.match(path) is not None


def _token_among_protocols(headers: Mapping[str, str]) -> str:
    """The token that a browser sends as one of its WebSocket protocols; "" when there is none."""
    words = [word.strip() for word in headers.get("sec-websocket-protocol", "").split(",")]
    tokens = [word for word in words if word.startswith(_TOKEN_PROTOCOL)]
    if len(tokens) != 1 or len(words) < 2:
        return ""
    encoded = tokens[0].removeprefix(_TOKEN_PROTOCOL)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""


def _groups_of_account(name: str) -> tuple[str, ...]:
    """The groups of a service account that is impersonated without any."""
    match = re.fullmatch(r"system:serviceaccount:([^:]+):[^:]+", name)
    if match is None:
        return ()
    return ("system:serviceaccounts", f"system:serviceaccounts:{match[1]}")


_OLD_WATCH = re.compile(r"/(api/[^/]+|apis/[^/]+/[^/]+)/watch/")
_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+|0")


def _check_timeout(query: Mapping[str, list[str]]) -> None:
    text = (query.get("timeout") or [""])[0]
    if text and not _DURATION.fullmatch(text):
        raise bad_request(
            f'invalid timeout specified in the request URL - time: invalid duration "{text}"'
        )


def _may_not_impersonate(user: User, wanted: Attributes) -> Failure:
    denied = refusal(user, replace(wanted, verb=f"impersonate-on:user-info:{wanted.verb}"))
    return forbidden(denied.message, denied.details)


def _selected_name(query: Mapping[str, list[str]]) -> str:
    for clause in (query.get("fieldSelector") or [""])[0].split(","):
        field, _, value = clause.partition("=")
        if field == "metadata.name":
            return value.lstrip("=")
    return ""


def _handler(route: Route) -> Handler | None:
    if route.kind is not None:
        return _resource_handler(route, route.kind)
    found = _handler_of_any_method(route.path)
    if found is not None:
        return found
    path = route.path.removesuffix("/")
    parts = path[1:].split("/")
    is_version = (parts[0] == "api" and len(parts) == 2) or (parts[0] == "apis" and len(parts) == 3)
    found = discovery.resources if is_version else _BY_PATH.get(path)
    if found is not None and route.verb != "get":
        raise method_not_allowed()
    return found


def _handler_of_any_method(path: str) -> Handler | None:
    if path in _BY_EXACT_PATH:
        return _BY_EXACT_PATH[path]
    if path.startswith(("/healthz/", "/livez/", "/readyz/")):
        return health.health_check
    if path.startswith("/openapi/v3/"):
        return openapi.group_document
    parts = path.removesuffix("/").split("/")
    return discovery.group if parts[1] == "apis" and len(parts) == 3 else None


def _resource_handler(route: Route, kind: Kind) -> Handler | None:
    if route.subresource is not None and route.subresource.name == "proxy":
        return _PROXIES.get(kind.plural)
    if kind.group == "metrics.k8s.io":
        return _METRICS.get((kind.plural, route.verb))
    if route.subresource is not None:
        return _BY_SUBRESOURCE.get((route.subresource.name, route.verb))
    own = _BY_RESOURCE.get((kind.plural, route.verb))
    return own or _BY_VERB.get(route.verb)


_DEPRECATED = {
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
}


def _with_deprecation(route: Route, reply: AnyReply) -> AnyReply:
    if route.kind is None or route.kind.plural not in _DEPRECATED or not isinstance(reply, Reply):
        return reply
    warning = f'299 - "{_DEPRECATED[route.kind.plural]}"'
    return replace(reply, headers={"Warning": warning, **reply.headers})


def page_not_found() -> Reply:
    """404 with the plain text that Go's multiplexer gives."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Reply(404, "404 page not found\n", headers)
