"""Stored objects as clients see them: whole, as a Table, or metadata only; JSON or YAML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from demo_cluster.conversion import converted
from demo_cluster.kinds import Kind, Obj
from demo_cluster.negotiation import WHOLE, Form, negotiated
from demo_cluster.reply import Call, Reply, StreamReply
from demo_cluster.status import Failure, bad_request
from demo_cluster.tables.table import column_definitions, rows

LONG_LIST = 2000
LIST_PIECE = 250
PATIENCE_SECONDS = 60.0
"""How long a client may take for each piece."""


def presented(kind: Kind, obj: Obj) -> Obj:
    """One object as this group and version show it."""
    shown = converted(kind, obj)
    if shown.get("apiVersion") == kind.api_version and shown.get("kind") == kind.kind:
        return shown
    return {**shown, "kind": kind.kind, "apiVersion": kind.api_version}


def list_item(kind: Kind, obj: Obj) -> Obj:
    """An object inside a list: built-in kinds do not repeat their kind there."""
    if kind.is_custom:
        return presented(kind, obj)
    shown = converted(kind, obj)
    return {name: value for name, value in shown.items() if name not in ("kind", "apiVersion")}


def object_reply(
    call: Call, kind: Kind, obj: Obj, status: int = 200, headers: dict[str, str] | None = None
) -> Reply:
    """One object in the form that the client asked for."""
    form = negotiated(call.headers.get("accept", ""))
    if form.is_list_wanted:
        raise Failure(406, "NotAcceptable", _not_a_list(kind))
    body = one_body(call, kind, obj, form)
    return _reply(call, body, form, status, headers)


def _not_a_list(kind: Kind) -> str:
    name = (
        f"*core.{kind.kind}" if not kind.group else f"*{kind.group.partition('.')[0]}.{kind.kind}"
    )
    return (
        f"you requested PartialObjectMetadataList, but the requested object is not a list ({name})"
    )


def one_body(call: Call, kind: Kind, obj: Obj, form: Form) -> Obj:
    """The body for one object."""
    if form.shape == "table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table_body(call, kind, [obj], form, meta)
    if form.shape == "partial":
        return partial(obj, form)
    return presented(kind, obj)


def partial(obj: Obj, form: Form) -> Obj:
    """The object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": obj["metadata"],
    }


def list_reply(call: Call, kind: Kind, objects: Sequence[Obj], meta: Obj) -> Reply | StreamReply:
    """A list in the form that the client asked for; a long one comes in pieces."""
    form = negotiated(call.headers.get("accept", ""))
    if len(objects) > LONG_LIST and form == WHOLE and not is_pretty(call):
        headers = {"Content-Type": form.content_type}
        pieces = _list_in_pieces(kind, objects, meta)
        return StreamReply(pieces, 200, headers, PATIENCE_SECONDS, is_document=True)
    if form.shape == "table":
        return _reply(call, table_body(call, kind, objects, form, meta), form)
    if form.shape == "partial":
        if not form.is_list_wanted:
            text = (
                "you requested PartialObjectMetadata, but the requested object is a list "
                f"({_go_list(kind)})"
            )
            raise Failure(406, "NotAcceptable", text)
        body: Obj = {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"meta.k8s.io/{form.version}",
            "metadata": meta,
            "items": [partial(obj, form) for obj in objects] or None,
        }
        return _reply(call, body, form)
    if kind.is_custom:
        meta = {"continue": "", **meta}
    body = {
        "kind": kind.list_kind,
        "apiVersion": kind.api_version,
        "metadata": meta,
        "items": [list_item(kind, obj) for obj in objects],
    }
    return _reply(call, body, form)


async def _list_in_pieces(kind: Kind, objects: Sequence[Obj], meta: Obj) -> AsyncIterator[bytes]:
    """The bytes of a list, some objects at a time, so that others have their turn in between."""
    if kind.is_custom:
        meta = {"continue": "", **meta}
    head = {"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta}
    before = msgspec.json.encode(head)[:-1] + b',"items":['
    for start in range(0, len(objects), LIST_PIECE):
        items = [list_item(kind, obj) for obj in objects[start : start + LIST_PIECE]]
        yield before + msgspec.json.encode(items)[1:-1]
        before = b","
        await asyncio.sleep(0)
    yield b"]}\n"


def _go_list(kind: Kind) -> str:
    package = kind.group.partition(".")[0] or "core"
    return f"*{package}.{kind.list_kind}"


def table_body(call: Call, kind: Kind, objects: Sequence[Obj], form: Form, meta: Obj) -> Obj:
    """The Table of these objects.

    Raises:
        Failure: 400, includeObject is none that we know.
    """
    include = call.param("includeObject") or "Metadata"
    if include not in ("Metadata", "Object", "None"):
        raise bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    form_of_kind = call.backend.registry.form(kind)
    columns = form_of_kind.printer_columns if form_of_kind else None
    now = call.backend.clock.now()
    shown = [presented(kind, obj) for obj in objects]
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": meta,
        "columnDefinitions": column_definitions(kind, columns),
        "rows": rows(kind, shown, now, include, form.version, columns),
    }


def _reply(
    call: Call, body: Obj, form: Form, status: int = 200, headers: dict[str, str] | None = None
) -> Reply:
    encoded = encoded_body(body, is_yaml=form.is_yaml, is_pretty=is_pretty(call))
    return Reply(status, encoded, {"Content-Type": form.content_type, **(headers or {})})


def is_pretty(call: Call) -> bool:
    """Whether the client wants indented JSON."""
    if "pretty" in call.query:
        return call.flag("pretty")
    agent = call.headers.get("user-agent", "")
    return agent.startswith(("curl", "Wget", "Mozilla/5.0"))


def encoded_body(body: Any, *, is_yaml: bool = False, is_pretty: bool = False) -> bytes:
    """JSON in one line with a newline, indented JSON without one, or YAML."""
    if is_yaml:
        import yaml

        text: str = yaml.safe_dump(body, default_flow_style=False, sort_keys=True)
        return text.encode()
    encoded = msgspec.json.encode(body)
    if is_pretty:
        return msgspec.json.format(encoded, indent=2)
    return encoded + b"\n"
