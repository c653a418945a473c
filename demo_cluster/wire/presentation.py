"""Stored objects as clients see them: whole, as a Table, or metadata only; JSON or YAML."""

from __future__ import annotations

from collections.abc import Sequence

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.conversion import converted, presented
from demo_cluster.status import Failure, bad_request
from demo_cluster.tables.table import column_definitions, rows
from demo_cluster.wire.documents import ListDocument, encoded_body
from demo_cluster.wire.negotiation import Form, negotiated
from demo_cluster.wire.reply import Call, Reply, StreamReply


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
    """A list in the form that the client asked for; a long one comes in pieces.

    Raises:
        Failure: 400 or 406, there is no such form of it.
    """
    form = negotiated(call.headers.get("accept", ""))
    shapes = {"table": _table_document, "partial": _partial_document, "whole": _whole_document}
    document = shapes[form.shape](call, kind, objects, form, meta)
    return document.reply(form, is_pretty=is_pretty(call))


def _whole_document(
    call: Call, kind: Kind, objects: Sequence[Obj], form: Form, meta: Obj
) -> ListDocument:
    del call, form
    if kind.is_custom:
        meta = {"continue": "", **meta}
    head = {"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta}
    return ListDocument(head, "items", objects, lambda some: [list_item(kind, obj) for obj in some])


def _partial_document(
    call: Call, kind: Kind, objects: Sequence[Obj], form: Form, meta: Obj
) -> ListDocument:
    del call
    if not form.is_list_wanted:
        text = (
            "you requested PartialObjectMetadata, but the requested object is a list "
            f"({_go_list(kind)})"
        )
        raise Failure(406, "NotAcceptable", text)
    head = {
        "kind": "PartialObjectMetadataList",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": meta,
    }
    return ListDocument(
        head, "items", objects, lambda some: [partial(obj, form) for obj in some], nothing=None
    )


def _go_list(kind: Kind) -> str:
    package = kind.group.partition(".")[0] or "core"
    return f"*{package}.{kind.list_kind}"


def table_body(call: Call, kind: Kind, objects: Sequence[Obj], form: Form, meta: Obj) -> Obj:
    """The Table of these objects.

    Raises:
        Failure: 400, includeObject is none that we know.
    """
    document = _table_document(call, kind, objects, form, meta)
    return {**document.head, "rows": document.entries_of(objects)}


def _table_document(
    call: Call, kind: Kind, objects: Sequence[Obj], form: Form, meta: Obj
) -> ListDocument:
    include = call.param("includeObject") or "Metadata"
    if include not in ("Metadata", "Object", "None"):
        raise bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    form_of_kind = call.backend.registry.form(kind)
    columns = form_of_kind.printer_columns if form_of_kind else None
    now = call.backend.clock.now()
    head = {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": meta,
        "columnDefinitions": column_definitions(kind, columns),
    }

    def rows_of(some: Sequence[Obj]) -> list[Obj]:
        return rows(kind, some, now, include, form.version, columns)

    return ListDocument(head, "rows", objects, rows_of)


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
