"""The paths of an OpenAPI v3 document: what may be asked of each kind, and what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.types import META

REF = "#/components/schemas/"
STATUS, PATCH, OPTIONS = f"{META}.Status", f"{META}.Patch", f"{META}.DeleteOptions"
RESOURCES = f"{META}.APIResourceList"
_JSON, _YAML, _PROTOBUF = (
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
)
_PATCHES = ("apply-patch+yaml", "json-patch+json", "merge-patch+json")
_LISTING = (
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
)
_WRITING = (("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"))
_DELETING = (
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
)
_PARAMETERS = {
    "list": _LISTING,
    "post": _WRITING,
    "deletecollection": (*_LISTING[1:-1], *_DELETING),
    "get": (),
    "put": _WRITING,
    "patch": (*_WRITING, ("force", "boolean")),
    "delete": _DELETING,
}
_ON_COLLECTION = {"get": "list", "post": "post", "delete": "deletecollection"}
_ON_ONE = {"get": "get", "put": "put", "patch": "patch", "delete": "delete"}
_VERBS = {"post": "create", "put": "update"}
_WORDS = {
    "list": ("list", "list or watch objects of kind {kind}"),
    "post": ("create", "create a {kind}"),
    "deletecollection": ("delete", "delete collection of {kind}"),
    "get": ("read", "read {part}the specified {kind}"),
    "put": ("replace", "replace {part}the specified {kind}"),
    "patch": ("patch", "partially update {part}the specified {kind}"),
    "delete": ("delete", "delete a {kind}"),
}
_CODES = {
    "post": (200, 201, 202),
    "put": (200, 201),
    "patch": (200, 201),
    "delete": (200, 202),
}
_MEANINGS = {200: "OK", 201: "Created", 202: "Accepted"}


def root_of(group: str, version: str) -> str:
    """`/api/v1`, or `/apis/apps/v1`."""
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def announcement(group: str, version: str) -> Obj:
    """The path that lists the resources of a group and version."""
    content = _content(RESOURCES, (_JSON, _PROTOBUF, _YAML))
    return {
        "get": {
            "tags": [_tag(group, version)],
            "description": "get available resources",
            "operationId": f"get{_camel(group, version)}APIResources",
            "responses": {
                "200": {"description": "OK", "content": content},
                "401": {"description": "Unauthorized"},
            },
        }
    }


def paths_of(kind: Kind, schema: str) -> Iterator[tuple[str, Obj]]:
    """Every path of a kind whose objects have this schema, "" for one without any."""
    root = root_of(kind.group, kind.version)
    space = "/namespaces/{namespace}" if kind.namespaced else ""
    whole = f"{root}{space}/{kind.plural}"
    for path, actions, part in (
        (whole, _ON_COLLECTION, ""),
        (f"{whole}/{{name}}", _ON_ONE, ""),
        *((f"{whole}/{{name}}/status", _ON_ONE, "status") for _ in _status_parts(kind)),
    ):
        operations = {
            method: _operation(kind, schema, action, part)
            for method, action in actions.items()
            if _VERBS.get(action, action) in kind.verbs and (part, action) != ("status", "delete")
        }
        if operations:
            yield path, {**operations, "parameters": _of_path(path)}
    if kind.namespaced and "list" in kind.verbs:
        operation = _operation(kind, schema, "list", "")
        name = f"list{_camel(kind.group, kind.version)}{kind.kind}ForAllNamespaces"
        everywhere = {**operation, "operationId": name}
        path = f"{root}/{kind.plural}"
        yield path, {"get": everywhere, "parameters": _of_path(path)}


def _status_parts(kind: Kind) -> tuple[str, ...]:
    return ("status",) if kind.subresource("status") is not None else ()


def _operation(kind: Kind, schema: str, action: str, part: str) -> Obj:
    word, text = _WORDS[action]
    scope = "Namespaced" if kind.namespaced else ""
    many = "Collection" if action == "deletecollection" else ""
    group = _camel(kind.group, kind.version)
    operation: Obj = {
        "tags": [_tag(kind.group, kind.version)],
        "description": text.format(kind=kind.kind, part=f"{part} of " if part else ""),
        "operationId": f"{word}{group}{many}{scope}{kind.kind}{part.title()}",
        "parameters": [_parameter(name, type_) for name, type_ in _PARAMETERS[action]],
    }
    body = _body(kind, schema, action)
    if body:
        operation["requestBody"] = body
    operation["responses"] = _responses(kind, schema, action)
    operation["x-kubernetes-action"] = action
    operation["x-kubernetes-group-version-kind"] = {
        "group": kind.group,
        "kind": kind.kind,
        "version": kind.version,
    }
    return operation


def _body(kind: Kind, schema: str, action: str) -> Obj:
    if action == "patch":
        names = _PATCHES if kind.is_custom else (*_PATCHES, "strategic-merge-patch+json")
        content = _content(PATCH, tuple(f"application/{name}" for name in names))
        return {"content": content, "required": True}
    if action in ("delete", "deletecollection"):
        return {"content": _content(OPTIONS, ("*/*",))}
    if action in ("post", "put") and schema:
        return {"content": _content(schema, ("*/*",)), "required": True}
    return {}


def _responses(kind: Kind, schema: str, action: str) -> Obj:
    types: tuple[str, ...] = (_JSON, _YAML) if kind.is_custom else (_JSON, _PROTOBUF, _YAML)
    answered = schema
    if action == "list":
        answered = f"{schema}List" if schema else ""
        types = (*types, *(f"{each};stream=watch" for each in types if each != _YAML))
    elif action in ("delete", "deletecollection"):
        answered = STATUS
    content = {"content": _content(answered, types)} if answered else {}
    codes = _CODES.get(action, (200,))
    found: Obj = {str(code): {"description": _MEANINGS[code], **content} for code in codes}
    return {**found, "401": {"description": "Unauthorized"}}


def _content(schema: str, types: tuple[str, ...]) -> Obj:
    return {each: {"schema": {"$ref": REF + schema}} for each in types}


def _parameter(name: str, type_: str) -> Obj:
    return {"name": name, "in": "query", "schema": {"type": type_, "uniqueItems": True}}


def _of_path(path: str) -> list[Obj]:
    inside = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "uniqueItems": True},
        }
        for name in ("name", "namespace")
        if f"{{{name}}}" in path
    ]
    return [*inside, _parameter("pretty", "string")]


def _words(group: str) -> list[str]:
    return re.split(r"[.-]", group.removesuffix(".k8s.io")) if group else ["core"]


def _camel(group: str, version: str) -> str:
    return "".join(each[:1].upper() + each[1:] for each in [*_words(group), version])


def _tag(group: str, version: str) -> str:
    first, *rest = _words(group)
    return f"{first}{''.join(each[:1].upper() + each[1:] for each in rest)}_{version}"
