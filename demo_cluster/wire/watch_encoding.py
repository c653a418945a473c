"""Storage events as the lines of a watch: whole objects, Tables or metadata."""

from __future__ import annotations

import msgspec

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.conversion import presented
from demo_cluster.store.storage import StorageEvent
from demo_cluster.wire.negotiation import Form
from demo_cluster.wire.presentation import partial, table_body
from demo_cluster.wire.reply import Call

INITIAL_END = {"k8s.io/initial-events-end": "true"}


class WatchEncoder:
    """Makes the lines of one watch; lines that do not depend on the watcher are made once."""

    def __init__(self, call: Call, kind: Kind, form: Form) -> None:
        self._call = call
        self._kind = kind
        self._form = form
        self._is_first_row = True

    def event(self, type_: str, event: StorageEvent, obj: Obj) -> bytes:
        """The line of a storage event, as this type and with this form of the object."""
        if self._form.shape == "table":
            return self.line(type_, obj)
        key = (type_, self._form.shape, self._form.version, self._kind.api_version)
        line = event.encodings.get(key)
        if line is None:
            line = self.line(type_, obj)
            if event.is_fresh:
                event.encodings[key] = line
        return line

    def line(self, type_: str, obj: Obj) -> bytes:
        """One line for one object."""
        return encoded_line(type_, self._body(obj))

    def _body(self, obj: Obj) -> Obj:
        if self._form.shape == "partial":
            return partial(obj, self._form)
        if self._form.shape == "table":
            return self._table(obj)
        return presented(self._kind, obj)

    def _table(self, obj: Obj) -> Obj:
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        body = table_body(self._call, self._kind, [obj], self._form, meta)
        if not self._is_first_row:
            body["columnDefinitions"] = None
        self._is_first_row = False
        return body

    def bookmark(self, version: int, *, is_initial_end: bool = False) -> bytes:
        """A line that only says how far the watch has come."""
        meta: Obj = {"resourceVersion": str(version)}
        if is_initial_end:
            meta["annotations"] = INITIAL_END
        if self._form.shape == "table":
            return self._table_bookmark(meta)
        body: Obj = {
            "kind": self._kind.kind,
            "apiVersion": self._kind.api_version,
            "metadata": meta,
        }
        if self._form.shape == "partial":
            body = partial({"metadata": meta}, self._form)
        return encoded_line("BOOKMARK", body)

    def _table_bookmark(self, meta: Obj) -> bytes:
        """Follows the real server, which prints an empty object."""
        empty: Obj = {"kind": self._kind.kind, "metadata": {"name": ""}, "spec": {}, "status": {}}
        body = table_body(self._call, self._kind, [empty], self._form, {})
        body["metadata"] = {"resourceVersion": meta["resourceVersion"]}
        body["rows"][0]["object"] = partial({"metadata": meta}, self._form)
        if not self._is_first_row:
            body["columnDefinitions"] = None
        self._is_first_row = False
        return encoded_line("BOOKMARK", body)


def encoded_line(type_: str, body: Obj) -> bytes:
    """`{"type":...,"object":...}` and a newline."""
    return msgspec.json.encode({"type": type_, "object": body}) + b"\n"
