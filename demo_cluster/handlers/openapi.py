"""GET /openapi/v3 and /openapi/v2: what may be asked, and the shapes of all that is served.

Documents are made when somebody asks, in a thread, because the largest take a second.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from datetime import timedelta
from functools import lru_cache
from urllib.parse import quote

import msgspec

from demo_cluster.kinds import Kind, KindRegistry
from demo_cluster.schema.custom_schemas import CustomVersion
from demo_cluster.schema.openapi import (
    built_in_operations,
    custom_document,
    document,
    old_document,
)
from demo_cluster.schema.openapi_protobuf import old_document_in_protobuf
from demo_cluster.schema.small_operations import group_operation, small_operations
from demo_cluster.wire.negotiation import first_acceptable
from demo_cluster.wire.reply import Call, Reply

_JSON = "application/json"
_OLD_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_OLD_FORMS = {
    _JSON: _JSON,
    _OLD_PROTOBUF.replace("v2.v1", "v2@v1"): _OLD_PROTOBUF,
    _OLD_PROTOBUF: _OLD_PROTOBUF,
}
"""What may be asked for, and what is then sent."""
_VERSION = "1.36.2"
_BUILDING, _BUILDING_OLD = threading.Lock(), threading.Lock()
"""Held while a document is made: what many ask for at once is made once."""


async def index(call: Call) -> Reply:
    """GET /openapi/v3: one document for each group and version, with its hash."""
    registry = call.backend.registry
    paths = {
        name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={_stamp(registry, name)}"}
        for name in sorted(_names(registry))
    }
    return Reply(body={"paths": paths}, headers={"Content-Type": "text/plain; charset=utf-8"})


def _names(registry: KindRegistry) -> list[str]:
    """The documents that there are: `api/v1`, `apis/apps`, `apis/apps/v1`, `version`, ..."""
    names = [path.strip("/") for path, _ in small_operations()]
    for group, versions in registry.groups().items():
        if group and not registry.is_custom_group(group):
            names.append(f"apis/{group}")
        names += [f"apis/{group}/{version}" if group else f"api/{version}" for version in versions]
    return names


def _stamp(registry: KindRegistry, name: str) -> str:
    """Changes when the document does: with the server's version, or its custom kinds."""
    about = [f"{kind.plural}:{registry.digest(kind)}" for kind in _kinds(registry, name)]
    return hashlib.sha512("|".join([_VERSION, name, *about]).encode()).hexdigest().upper()


def _kinds(registry: KindRegistry, name: str) -> list[Kind]:
    _, _, group_version = name.partition("/")
    return [kind for kind in registry.all() if kind.api_version == group_version]


async def group_document(call: Call) -> Reply:
    """GET /openapi/v3/apis/GROUP/VERSION."""
    registry = call.backend.registry
    name = call.path.removeprefix("/openapi/v3/")
    if name not in _names(registry):
        return Reply(404)
    if not first_acceptable(call.headers.get("accept", ""), (_JSON,)):
        return Reply(406, headers={"Vary": "Accept"})
    stamp = _stamp(registry, name)
    headers = {"Content-Type": _JSON, "ETag": f'"{stamp}"', "Vary": "Accept"}
    wanted = call.param("hash")
    if wanted and wanted != stamp:
        return Reply(
            301, headers={**headers, "Location": f"/openapi/v3/{quote(name)}?hash={stamp}"}
        )
    if wanted:
        end = call.backend.clock.now() + timedelta(days=365)
        headers["Cache-Control"] = "public, immutable"
        headers["Expires"] = f"{end:%a, %d %b %Y %H:%M:%S} UTC"
    if _has_it(call, headers["ETag"]):
        return _not_modified(headers)
    return Reply(body=await asyncio.to_thread(_encoded, registry, name), headers=headers)


def _encoded(registry: KindRegistry, name: str) -> bytes:
    kinds = tuple(_kinds(registry, name))
    if any(kind.is_custom for kind in kinds):
        return msgspec.json.encode(custom_document(_custom_versions(registry, kinds)))
    with _BUILDING:
        return _built_in(kinds, name)


@lru_cache(64)
def _built_in(kinds: tuple[Kind, ...], name: str) -> bytes:
    """The document of kinds that cannot change, or of the path that it is named after."""
    if kinds:
        return msgspec.json.encode(document(built_in_operations(kinds)))
    small = [*small_operations(), group_operation(name.removeprefix("apis/"))]
    return msgspec.json.encode(document([each for each in small if each[0].strip("/") == name]))


def _custom_versions(registry: KindRegistry, kinds: tuple[Kind, ...]) -> list[CustomVersion]:
    return [
        CustomVersion(kind, form.schema)
        for kind in kinds
        if (form := registry.form(kind)) is not None
    ]


async def old(call: Call) -> Reply:
    """GET /openapi/v2: the one document of everything, in Swagger's older form."""
    wanted = first_acceptable(call.headers.get("accept", ""), tuple(_OLD_FORMS))
    if not wanted:
        return Reply(406, headers={"Vary": "Accept-Encoding\nAccept"})
    registry = call.backend.registry
    about = "|".join(_stamp(registry, name) for name in _names(registry))
    headers = {
        "Content-Type": _OLD_FORMS[wanted],
        "Vary": "Accept-Encoding\nAccept",
        "ETag": f'"{hashlib.sha512(about.encode()).hexdigest().upper()}"',
    }
    if _has_it(call, headers["ETag"]):
        return _not_modified(headers)
    kinds = tuple(registry.all())
    schemas = msgspec.json.encode(
        [each.schema for each in _custom_versions(registry, kinds)], order="deterministic"
    )
    return Reply(
        body=await asyncio.to_thread(_old_encoded, kinds, schemas, wanted != _JSON),
        headers=headers,
    )


def _old_encoded(kinds: tuple[Kind, ...], schemas: bytes, is_protobuf: bool) -> bytes:
    with _BUILDING_OLD:
        return _old_of(kinds, schemas, is_protobuf)


@lru_cache(4)
def _old_of(kinds: tuple[Kind, ...], schemas: bytes, is_protobuf: bool) -> bytes:
    """The old document of these kinds; `schemas` are those of the custom ones, in their order."""
    built_in = [kind for kind in kinds if not kind.is_custom]
    custom = [kind for kind in kinds if kind.is_custom]
    groups = dict.fromkeys(kind.group for kind in built_in if kind.group)
    decoded = msgspec.json.decode(schemas)
    versions = [CustomVersion(*each) for each in zip(custom, decoded, strict=True)]
    operations = [
        *small_operations(),
        *map(group_operation, groups),
        *built_in_operations(built_in),
    ]
    made = old_document(operations, versions)
    return old_document_in_protobuf(made) if is_protobuf else msgspec.json.encode(made)


def _has_it(call: Call, etag: str) -> bool:
    """Whether the client named this version of the document. Follows Go's ServeContent."""
    named = call.headers.get("if-none-match", "")
    given = [each.strip().removeprefix("W/") for each in named.split(",")]
    return etag in given or "*" in given


def _not_modified(headers: dict[str, str]) -> Reply:
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    return Reply(304, headers=kept)
