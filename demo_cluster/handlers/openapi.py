"""GET /openapi/v3 and /openapi/v2: the shapes of everything that is served."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import msgspec

from demo_cluster.kinds import Kind, Obj
from demo_cluster.reply import Call, Reply
from demo_cluster.schema.openapi import BEARER, SERVED_VERSION, document
from demo_cluster.status import Failure, PageNotFound


async def index(call: Call) -> Reply:
    """GET /openapi/v3: one document for each group and version, with its hash."""
    registry = call.backend.registry
    stamps = dict.fromkeys(_SMALL, _stamp(call, "", ""))
    for name, versions in registry.groups().items():
        if name and ("." not in name or name.endswith(".k8s.io")):
            stamps[f"apis/{name}"] = _stamp(call, name, "")
        for version in versions:
            path = f"apis/{name}/{version}" if name else f"api/{version}"
            stamps[path] = _stamp(call, name, version)
    paths = {
        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={stamp}"}
        for path, stamp in sorted(stamps.items())
    }
    return Reply(body={"paths": paths}, headers={"Content-Type": "text/plain; charset=utf-8"})


_SMALL = (".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version")
"""Paths that only announce something; their documents name no types."""


def _stamp(call: Call, group: str, version: str) -> str:
    """Changes when the document does: with the server's version, or its custom kinds."""
    registry = call.backend.registry
    about = [
        f"{kind.plural}:{form.schema if (form := registry.form(kind)) else ''}"
        for kind in _kinds(call, group, version)
    ]
    return hashlib.sha512("|".join(["1.36.2", *about]).encode()).hexdigest().upper()


def _kinds(call: Call, group: str, version: str) -> list[Kind]:
    return [
        kind
        for kind in call.backend.registry.all()
        if (kind.group, kind.version) == (group, version)
    ]


async def group_document(call: Call) -> Reply:
    """GET /openapi/v3/apis/GROUP/VERSION.

    Raises:
        Failure: 404, no such group and version.
    """
    parts = call.path.strip("/").split("/")[2:]
    is_group = len(parts) == 2 and parts[0] == "apis" and parts[1] in call.backend.registry.groups()
    if "/".join(parts) in _SMALL or is_group:
        return Reply(body=document([], {}))
    group, version = ("", parts[-1]) if parts[0] == "api" else (parts[1], parts[-1])
    kinds = _kinds(call, group, version)
    if not kinds:
        raise PageNotFound
    registry = call.backend.registry
    schemas = {kind.kind: form.schema for kind in kinds if (form := registry.form(kind))}
    etag = f'"{_stamp(call, group, version)}"'
    headers = {"Content-Type": "application/json", "ETag": etag, "Vary": "Accept"}
    if call.headers.get("if-none-match") == etag:
        return Reply(304, headers=headers)
    if "hash" in call.query:
        headers["Cache-Control"] = "public, immutable"
    body = msgspec.json.encode(document(kinds, schemas)) if schemas else _built_in(tuple(kinds))
    return Reply(body=body, headers=headers)


@lru_cache(64)
def _built_in(kinds: tuple[Kind, ...]) -> bytes:
    """The document of kinds that cannot change."""
    return msgspec.json.encode(document(kinds, {}))


_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def _message(number: int, content: bytes) -> bytes:
    """A field of protobuf's length-delimited kind, shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


_EMPTY_DOCUMENT = _message(1, b"2.0") + _message(
    2, _message(1, b"Kubernetes") + _message(2, SERVED_VERSION.encode())
)


async def old_document(call: Call) -> Reply:
    """GET /openapi/v2: the same in Swagger's older form; in protobuf without its definitions.

    Clients that ask for protobuf look there for what version 3 does not have, and find nothing.

    Raises:
        Failure: 406, the client wants something else.
    """
    accept = call.headers.get("accept", "")
    if accept and "json" not in accept and "*/*" not in accept:
        if _PROTOBUF not in accept.replace("v2@v1", "v2.v1"):
            text = f"only the following media types are accepted: application/json, {_PROTOBUF}"
            raise Failure(406, "NotAcceptable", text)
        return Reply(body=_EMPTY_DOCUMENT, headers={"Content-Type": _PROTOBUF})
    kinds = tuple(kind for kind in call.backend.registry.all() if not kind.is_custom)
    encoded = _old_built_in(kinds)
    stamp = hashlib.sha512(encoded).hexdigest().upper()
    headers = {
        "Content-Type": "application/json",
        "Vary": "Accept-Encoding\nAccept",
        "ETag": f'"{stamp}"',
    }
    return Reply(body=encoded, headers=headers)


@lru_cache(4)
def _old_built_in(kinds: tuple[Kind, ...]) -> bytes:
    old: Obj = {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": SERVED_VERSION},
        "paths": {},
        "definitions": document(kinds, {})["components"]["schemas"],
        "securityDefinitions": {"BearerToken": BEARER},
        "security": [{"BearerToken": []}],
    }
    return msgspec.json.encode(old).replace(b"#/components/schemas/", b"#/definitions/")
