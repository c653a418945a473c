"""What may be asked of each kind: paths, methods, bodies and answers, in no document's form.

Follows the API server's installer (built-in kinds) and its builder for custom resource
definitions: names and texts of operations are made by rule from the kind and the verb.
"""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Kind, Subresource
from demo_cluster.schema.operation import (
    BUILT_IN,
    JSON,
    PROTOBUF,
    STRING,
    YAML,
    Operation,
    camel,
    root_of,
    tag,
)
from demo_cluster.schema.parameters import Parameter, of_path, options, pretty
from demo_cluster.schema.types import META, definition_of, definition_of_kind

STATUS, PATCH, OPTIONS = f"{META}.Status", f"{META}.Patch", f"{META}.DeleteOptions"
WATCH_EVENT = f"{META}.WatchEvent"
ANY = ("*/*",)
_CUSTOM = (JSON, YAML)
_STREAMS = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_CUSTOM_PATCHES = tuple(each for each in _PATCHES if "strategic" not in each)
_PROXIED = ("get", "put", "post", "delete", "options", "head", "patch")
_CONNECTED = {"create": "post", "get": "get"}
_OPTIONS_OF = {
    "list": "ListOptions",
    "post": "CreateOptions",
    "put": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
}
_TELL_WHAT_THEY_DELETED = frozenset(
    {
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ResourceQuota",
        "Service",
        "ServiceAccount",
        "CSIDriver",
        "CSINode",
        "StorageClass",
        "VolumeAttachment",
        "VolumeAttributesClass",
        "DeviceClass",
        "ResourceClaim",
        "ResourceClaimTemplate",
        "ResourceSlice",
    }
)
"""Built-in kinds whose deletion answers with the object."""
_WATCH_INSTEAD = "deprecated: use the 'watch' parameter with a list operation instead"


def schema_name(kind: Kind) -> str:
    """The name of a kind's schema; a custom one's group is turned round."""
    if kind.is_custom:
        return ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])
    return definition_of_kind(kind)


def operations_of(kind: Kind) -> Iterator[tuple[str, Operation]]:
    """Every path of a kind with what may be asked there, nothing for one without a schema."""
    if not schema_name(kind):
        return
    root = root_of(kind.group, kind.version)
    space = "/namespaces/{namespace}" if kind.namespaced else ""
    whole, item = f"{root}{space}/{kind.plural}", f"{root}{space}/{kind.plural}/{{name}}"
    for path, verb, action in (
        (whole, "list", "list"),
        (whole, "create", "post"),
        (whole, "deletecollection", "deletecollection"),
        (item, "get", "get"),
        (item, "update", "put"),
        (item, "patch", "patch"),
        (item, "delete", "delete"),
    ):
        if verb in kind.verbs:
            yield path, _operation(kind, action, path)
    if kind.namespaced and "list" in kind.verbs:
        everywhere = f"{root}/{kind.plural}"
        yield everywhere, _operation(kind, "list", everywhere, everywhere=True)
    for part in kind.subresources:
        yield from _operations_of_part(kind, part, f"{item}/{part.name}")
    if "watch" in kind.verbs and not kind.is_custom:
        yield from _watches_of(kind, f"{root}/watch{space}/{kind.plural}")


def _operations_of_part(
    kind: Kind, part: Subresource, path: str
) -> Iterator[tuple[str, Operation]]:
    if part.name == "proxy":
        for place in (path, f"{path}/{{path}}"):
            yield from ((place, _connection(kind, part, method, place)) for method in _PROXIED)
    elif part.kind.endswith("Options"):
        methods = [_CONNECTED[verb] for verb in part.verbs]
        yield from ((path, _connection(kind, part, method, path)) for method in methods)
    elif part.name == "log":
        yield path, _log(kind, path)
    else:
        for verb, action in (
            ("create", "post"),
            ("get", "get"),
            ("update", "put"),
            ("patch", "patch"),
        ):
            if verb in part.verbs:
                yield path, _operation(kind, action, path, part)


_VERBS = {
    "list": "list",
    "post": "create",
    "deletecollection": "delete",
    "get": "read",
    "put": "replace",
    "patch": "patch",
    "delete": "delete",
}


def _operation(
    kind: Kind,
    action: str,
    path: str,
    part: Subresource | None = None,
    *,
    everywhere: bool = False,
) -> Operation:
    subject = _subject(kind, part)
    schema = _schema_of_part(kind, part)
    group = camel(kind.group, kind.version)
    many = "Collection" if action == "deletecollection" else ""
    scope = "Namespaced" if kind.namespaced and not everywhere else ""
    named = f"{_VERBS[action]}{group}{many}{scope}{kind.kind}{part.name.title() if part else ''}"
    consumes, body = _request(kind, action, schema)
    parameters = [*of_path(path, subject[2]), pretty(), *_options(kind, action)]
    types = _CUSTOM if kind.is_custom else BUILT_IN
    return Operation(
        "get" if action == "list" else "delete" if many else action,
        f"{named}ForAllNamespaces" if everywhere else named,
        tag(kind.group, kind.version),
        _text(kind, action, part),
        _answers(kind, action, schema),
        (*types, *_STREAMS) if action == "list" and not kind.is_custom else types,
        consumes,
        tuple(sorted(parameters, key=lambda each: each.order)),
        body,
        action not in ("delete", "deletecollection"),
        action,
        subject,
    )


def _subject(kind: Kind, part: Subresource | None) -> tuple[str, str, str]:
    if part is None or not part.kind or kind.is_custom:
        return (kind.group, kind.version, kind.kind)
    return (part.group or kind.group, part.version or kind.version, part.kind)


def _schema_of_part(kind: Kind, part: Subresource | None) -> str:
    if part is None or not part.kind:
        return schema_name(kind)
    return definition_of(part.group or kind.group, part.version or kind.version, part.kind)


def _options(kind: Kind, action: str) -> list[Parameter]:
    if kind.is_custom:
        name = {"get": "GetOptions", "deletecollection": "ListOptions"}.get(action, "")
        name = name or _OPTIONS_OF[action]
        return list(options(f"{META}.{name}"))
    if action == "deletecollection":
        found = {each.name: each for each in options(f"{META}.ListOptions")}
        found.update({each.name: each for each in options(OPTIONS)})
        return [
            each for each in found.values() if each.name not in ("watch", "allowWatchBookmarks")
        ]
    return list(options(f"{META}.{_OPTIONS_OF[action]}")) if action in _OPTIONS_OF else []


def _request(kind: Kind, action: str, schema: str) -> tuple[tuple[str, ...], str]:
    """The media types of the request's body, and its schema's name."""
    if action == "patch":
        return (_CUSTOM_PATCHES if kind.is_custom else _PATCHES), PATCH
    types = _CUSTOM if kind.is_custom else ANY
    if action == "delete" or (action == "deletecollection" and not kind.is_custom):
        return types, OPTIONS
    return types, schema if action in ("post", "put") else ""


def _answers(kind: Kind, action: str, schema: str) -> dict[int, str]:
    if action == "list":
        return {200: f"{schema.rpartition('.')[0]}.{kind.list_kind}"}
    if action in ("delete", "deletecollection"):
        tells = kind.kind in _TELL_WHAT_THEY_DELETED and not kind.is_custom
        answer = schema if tells and action == "delete" else STATUS
        return dict.fromkeys((200, 202) if action == "delete" else (200,), answer)
    codes = {"post": (200, 201, 202), "put": (200, 201), "patch": (200, 201)}.get(action, (200,))
    return dict.fromkeys((200,) if kind.is_custom and action == "patch" else codes, schema)


def _text(kind: Kind, action: str, part: Subresource | None) -> str:
    of = f" {part.name} of" if part else ""
    if action == "list":
        watches = " or watch" if "watch" in kind.verbs and not kind.is_custom else ""
        return f"list{watches} objects of kind {kind.kind}"
    if action == "deletecollection":
        return f"delete collection of {kind.kind}"
    if action in ("post", "delete"):
        return f"{_VERBS[action]}{of}{_article(kind.kind)}{kind.kind}"
    verb = "partially update" if action == "patch" else _VERBS[action]
    return f"{verb}{of} the specified {kind.kind}"


def _article(noun: str) -> str:
    """` a `, ` an `, or a space before a plural. Follows endpoints.GetArticleForNoun."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return " "
    return " an " if noun[0] in "AEIOU" else " a "


def _connection(kind: Kind, part: Subresource, method: str, path: str) -> Operation:
    scope = "Namespaced" if kind.namespaced else ""
    group = camel(kind.group, kind.version)
    further = "WithPath" if path.endswith("{path}") else ""
    definition = definition_of(kind.group, kind.version, part.kind)
    parameters = [*of_path(path, part.kind), *options(definition)]
    return Operation(
        method,
        f"connect{group}{method.title()}{scope}{kind.kind}{part.name.title()}{further}",
        tag(kind.group, kind.version),
        f"connect {method.upper()} requests to {part.name} of {kind.kind}",
        {200: STRING},
        ANY,
        ANY,
        tuple(sorted(parameters, key=lambda each: each.order)),
        action="connect",
        kind=_subject(kind, part),
    )


def _log(kind: Kind, path: str) -> Operation:
    definition = definition_of(kind.group, kind.version, f"{kind.kind}LogOptions")
    parameters = [*of_path(path, kind.kind), pretty(), *options(definition)]
    return Operation(
        "get",
        f"read{camel(kind.group, kind.version)}Namespaced{kind.kind}Log",
        tag(kind.group, kind.version),
        f"read log of the specified {kind.kind}",
        {200: STRING},
        ("text/plain", *BUILT_IN),
        ANY,
        tuple(sorted(parameters, key=lambda each: each.order)),
        action="get",
        kind=(kind.group, kind.version, kind.kind),
    )


def _watches_of(kind: Kind, path: str) -> Iterator[tuple[str, Operation]]:
    """The old paths of watches, for one object, a namespace and the whole cluster."""
    scope = "Namespaced" if kind.namespaced else ""
    if "get" in kind.verbs:
        yield f"{path}/{{name}}", _watch(kind, f"{path}/{{name}}", "watch", scope)
    yield path, _watch(kind, path, "watchlist", scope)
    if kind.namespaced:
        everywhere = path.replace("/namespaces/{namespace}", "")
        yield everywhere, _watch(kind, everywhere, "watchlist", "")


def _watch(kind: Kind, path: str, action: str, scope: str) -> Operation:
    group = camel(kind.group, kind.version)
    name, text = (
        f"watch{group}{scope}{kind.kind}",
        f"watch changes to an object of kind {kind.kind}",
    )
    instead = f"{_WATCH_INSTEAD}, filtered to a single item with the 'fieldSelector' parameter."
    if action == "watchlist":
        name = f"{name}List{'ForAllNamespaces' if kind.namespaced and not scope else ''}"
        text, instead = f"watch individual changes to a list of {kind.kind}", f"{_WATCH_INSTEAD}."
    parameters = [*of_path(path, kind.kind), pretty(), *options(f"{META}.ListOptions")]
    return Operation(
        "get",
        name,
        tag(kind.group, kind.version),
        f"{text}. {instead}",
        {200: WATCH_EVENT},
        (*BUILT_IN, *_STREAMS),
        ANY,
        tuple(sorted(parameters, key=lambda each: each.order)),
        action=action,
        kind=(kind.group, kind.version, kind.kind),
    )
