"""From a method and a path to what is asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from demo_cluster.access.rbac import Attributes
from demo_cluster.kinds import Kind, KindRegistry, Subresource
from demo_cluster.status import (
    Failure,
    PageNotFound,
    bad_request,
    method_not_allowed,
    no_such_resource,
    not_found,
)


@dataclass(frozen=True, slots=True)
class Route:
    """What a request is about. `kind` is None for paths outside the resources.

    `verb` is the API's word (get, list, watch, create, update, patch, delete, deletecollection),
    for other paths the method in lower case.
    """

    verb: str
    path: str
    kind: Kind | None = None
    namespace: str | None = None
    name: str = ""
    subresource: Subresource | None = None
    rest: str = ""
    """What follows the subresource: `/stats/summary` in `nodes/n/proxy/stats/summary`."""


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """The parts of a resource's path, before anybody knows whether it exists."""

    group: str
    version: str
    namespace: str | None
    plural: str
    name: str
    subresource: str
    rest: str


_METHOD_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


def split_resource_path(path: str) -> ResourcePath | None:
    """The parts of `/api/v1/...` or `/apis/GROUP/VERSION/...`; None for any other path."""
    parts = path[1:].split("/")
    if parts[-1] == "":
        parts.pop()
    if len(parts) > 2 and parts[0] in ("api", "apis"):
        place = 2 if parts[0] == "api" else 3
        parts = [*parts[:place], *parts[place + (parts[place : place + 1] == ["watch"]) :]]
    if len(parts) > 2 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) > 3 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1] or None, rest[2:]
    plural, name, subresource, *tail = (*rest, "", "", "")[: max(len(rest), 3)]
    return ResourcePath(group, version, namespace, plural, name, subresource, "/".join(["", *tail]))


def attributes_of(
    method: str, path: str, is_watch: bool, field_name: str, registry: KindRegistry
) -> Attributes:
    """What the authorizer is asked about; `field_name` is a name from the field selector."""
    parts = split_resource_path(path)
    if parts is None:
        return Attributes(_plain_verb(method), path=path)
    verb = verb_of(method, parts.name, is_watch)
    kind = registry.find(parts.group, parts.version, parts.plural)
    namespace, name = parts.namespace or "", parts.name or field_name
    if parts.plural == "namespaces" and kind is not None:
        namespace = parts.name
    return Attributes(verb, parts.group, parts.plural, parts.subresource, namespace, name)


def _plain_verb(method: str) -> str:
    return {"GET": "get", "HEAD": "head", "POST": "post", "PUT": "put"}.get(method, method.lower())


def find_route(method: str, path: str, is_watch: bool, registry: KindRegistry) -> Route:
    """What is asked for.

    Raises:
        Failure: 404, no such resource or subresource; 405, it does not do that.
    """
    parts = split_resource_path(path)
    if parts is None:
        return Route(method.lower(), path)
    if not registry.serves(parts.group, parts.version):
        if parts.group in registry.groups() and not registry.is_custom_group(parts.group):
            raise no_such_resource()
        return Route(method.lower(), path)
    kind = registry.find(parts.group, parts.version, parts.plural)
    if kind is None or (parts.namespace is not None and not kind.namespaced):
        raise _nothing_there(registry.is_custom_group(parts.group))
    verb = verb_of(method, parts.name, is_watch and not parts.subresource)
    if kind.namespaced and not parts.namespace and verb not in ("list", "watch"):
        is_listed = not parts.name and not kind.is_custom and "list" in kind.verbs
        raise method_not_allowed() if is_listed else _nothing_there(kind.is_custom)
    if kind.is_custom and verb.endswith(" a collection"):
        raise bad_request("name must be provided")
    subresource = _part_of(kind, parts)
    allowed = subresource.verbs if subresource else kind.verbs
    if verb == "create" and parts.name and subresource is None:
        raise method_not_allowed()
    if method == "HEAD" or (verb not in allowed and not (verb == "watch" and "list" in allowed)):
        raise method_not_allowed()
    return Route(verb, path, kind, parts.namespace, parts.name, subresource, parts.rest)


def _nothing_there(is_custom: bool) -> Failure:
    """What the server says of a path that no resource has; behind the custom kinds is nobody."""
    return PageNotFound() if is_custom else no_such_resource()


def _part_of(kind: Kind, parts: ResourcePath) -> Subresource | None:
    if not parts.subresource:
        return None
    found = kind.subresource(parts.subresource)
    if found is None:
        raise not_found(kind, parts.name) if kind.is_custom else no_such_resource()
    return found


def verb_of(method: str, name: str, is_watch: bool) -> str:
    """The API's word for a method on an object or a collection."""
    if method in ("GET", "HEAD"):
        if is_watch and not name:
            return "watch"
        return "get" if name else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    verb = _METHOD_VERBS.get(method, method.lower())
    if verb in ("update", "patch") and not name:
        return f"{verb} a collection"
    return verb
