"""delete of one and of many."""

from __future__ import annotations

import asyncio
from typing import Any

from demo_cluster.handlers.objects import existing, matcher_of, selected, the_kind
from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import Cause, Failure, bad_request
from demo_cluster.store.deletion import DeleteOptions, plan_deletion
from demo_cluster.store.storage import key_of
from demo_cluster.wire.decoding import decoded_body
from demo_cluster.wire.paging import invalid_options, page_request, write_token
from demo_cluster.wire.presentation import list_reply, object_reply
from demo_cluster.wire.reply import Call, Reply, StreamReply

_PROPAGATIONS = ("Foreground", "Background", "Orphan")
_RETURNED_WHOLE = frozenset(
    {
        ("", "pods"),
        ("", "services"),
        ("", "serviceaccounts"),
        ("", "resourcequotas"),
        ("", "podtemplates"),
        ("", "persistentvolumes"),
        ("", "persistentvolumeclaims"),
        ("", "namespaces"),
    }
)
"""Kinds whose last form is the answer to their delete; others answer with a Status."""


async def delete_object(call: Call) -> Reply:
    """DELETE of one object: its last form when it stays for a while, else a Status.

    Raises:
        Failure: 404, or 409 when a precondition does not hold.
    """
    kind = the_kind(call)
    options = delete_options(call)
    old = existing(call)
    _check_kept_namespace(kind, old)
    last = delete_one(call, kind, old, options)
    stays = call.storage.get(kind, call.route.namespace or "", call.route.name) is not None
    if kind.storage_key in _RETURNED_WHOLE or (stays and not _is_dry(call, options)):
        return object_reply(call, kind, last, 200, _delete_warning(kind, options))
    details: Obj = {"name": call.route.name}
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.plural
    details["uid"] = last["metadata"]["uid"]
    return Reply(
        body={
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }
    )


_KEPT_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})


def _check_kept_namespace(kind: Kind, obj: Obj) -> None:
    name = obj["metadata"]["name"]
    if kind.storage_key == ("", "namespaces") and name in _KEPT_NAMESPACES:
        text = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise Failure(403, "Forbidden", text, {"name": name, "kind": "namespaces"})


def _is_dry(call: Call, options: DeleteOptions) -> bool:
    return options.is_dry_run or call.param("dryRun") == "All"


def _delete_warning(kind: Kind, options: DeleteOptions) -> dict[str, str]:
    if kind.storage_key != ("batch", "jobs") or options.propagation is not None:
        return {}
    text = (
        "child pods are preserved by default when jobs are deleted; set "
        "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress "
        "this warning"
    )
    return {"Warning": f'299 - "{text}"'}


def delete_one(call: Call, kind: Kind, obj: Obj, options: DeleteOptions) -> Obj:
    """Delete as the call wants it, or only say what would be (dryRun)."""
    meta = obj["metadata"]
    if _is_dry(call, options):
        planned = plan_deletion(kind, obj, options, call.backend.clock.now())
        return obj if planned.is_removed else planned.obj
    return call.storage.request_delete(
        kind,
        meta.get("namespace", ""),
        meta["name"],
        grace_seconds=options.grace_seconds,
        propagation=options.propagation,
        uid=options.uid,
        resource_version=options.resource_version,
    )


_PIECE = 50
"""So many deletions are made between two turns of others."""


async def delete_collection(call: Call) -> Reply | StreamReply:
    """DELETE of many: the list of what they were."""
    kind = the_kind(call)
    matches = matcher_of(call)
    options = delete_options(call)
    found = await selected(call.storage.list(kind, call.route.namespace), matches)
    request = page_request(call)
    meta: Obj = {"resourceVersion": str(call.storage.resource_version)}
    if request.limit and len(found) > request.limit:
        last = found[request.limit - 1]["metadata"]["name"]
        meta["continue"] = write_token(call.storage.resource_version, last)
        if matches is None:
            meta["remainingItemCount"] = len(found) - request.limit
        found = found[: request.limit]
    for position, obj in enumerate(found, 1):
        if call.storage.get(kind, *key_of(obj)) is not None:
            delete_one(call, kind, obj, options)
        if position % _PIECE == 0:
            await asyncio.sleep(0)
    return list_reply(call, kind, found, meta)


def delete_options(call: Call) -> DeleteOptions:
    """DeleteOptions from the body, and from the query when the body has none.

    Raises:
        Failure: 400 or 422, they make no sense.
    """
    given: Any = {}
    if call.body.strip():
        try:
            given = decoded_body(call, the_kind(call), "DeleteOptions").value
        except Failure as failure:
            raise _bare(failure) from failure
        _check_types(given)
    from_query: Obj = {}
    if text := call.param("gracePeriodSeconds"):
        try:
            from_query["gracePeriodSeconds"] = int(text)
        except ValueError as error:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error
    if call.param("propagationPolicy"):
        from_query["propagationPolicy"] = call.param("propagationPolicy")
    if "orphanDependents" in call.query:
        from_query["orphanDependents"] = call.flag("orphanDependents")
    if "dryRun" in call.query:
        from_query["dryRun"] = call.query["dryRun"]
    return delete_options_of({**from_query, **given})


_TYPES: dict[str, tuple[type, str]] = {
    "gracePeriodSeconds": (int, "int64"),
    "propagationPolicy": (str, "v1.DeletionPropagation"),
    "orphanDependents": (bool, "bool"),
    "preconditions": (dict, "v1.Preconditions"),
    "dryRun": (list, "[]string"),
}
_GO_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object"}


def _check_types(given: Any) -> None:
    """The fields of DeleteOptions have the right types.

    Raises:
        Failure: 400, one has not.
    """
    for name, (wanted, go_type) in _TYPES.items() if isinstance(given, dict) else ():
        value = given.get(name)
        is_odd = isinstance(value, bool) and wanted is not bool
        if value is not None and (is_odd or not isinstance(value, wanted)):
            shown = _GO_NAMES.get(type(value), "array")
            raise bad_request(
                'DeleteOptions in version "v1" cannot be handled as a DeleteOptions: json: cannot '
                f"unmarshal {shown} into Go struct field DeleteOptions.{name} of type {go_type}"
            )


def _bare(failure: Failure) -> Failure:
    """The decoder's words without what only whole objects get around them."""
    _, found, rest = failure.message.partition("couldn't get version/kind; ")
    if failure.code != 400 or not found:
        return failure
    return bad_request(found + rest.rpartition(" (")[0])


def delete_options_of(given: Obj) -> DeleteOptions:
    """DeleteOptions as they came, checked.

    Raises:
        Failure: 422, they make no sense.
    """
    preconditions = given.get("preconditions") or {}
    grace = given.get("gracePeriodSeconds")
    propagation: Any = given.get("propagationPolicy") or None
    orphan = given.get("orphanDependents")
    _check_options(given, propagation, orphan)
    if orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    return DeleteOptions(
        grace,
        propagation,
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
        bool(given.get("dryRun")),
    )


def _check_options(given: Obj, propagation: Any, orphan: Any) -> None:
    causes = []
    if propagation is not None and propagation not in _PROPAGATIONS:
        supported = '"Foreground", "Background", "Orphan", "nil"'
        text = f'Unsupported value: "{propagation}": supported values: {supported}'
        causes.append(Cause("FieldValueNotSupported", text, "propagationPolicy"))
    if propagation is not None and orphan is not None:
        text = (
            f'Invalid value: "{propagation}": '
            "orphanDependents and deletionPropagation cannot be both set"
        )
        causes.append(Cause("FieldValueInvalid", text, "propagationPolicy"))
    dry_run = given.get("dryRun")
    if dry_run and dry_run != ["All"]:
        shown = "[" + ",".join(f'"{value}"' for value in dry_run) + "]"
        text = f'Unsupported value: {shown}: supported values: "All"'
        causes.append(Cause("FieldValueNotSupported", text, "dryRun"))
    if causes:
        raise invalid_options("DeleteOptions", causes)
