"""delete of one and of many."""

from __future__ import annotations

from typing import Any

from demo_cluster.conversion import converted
from demo_cluster.decoding import decoded_body
from demo_cluster.deletion import DeleteOptions, plan_deletion
from demo_cluster.handlers.objects import existing, matcher_of, the_kind
from demo_cluster.kinds import Kind, Obj
from demo_cluster.paging import invalid_options
from demo_cluster.presentation import list_reply, object_reply
from demo_cluster.reply import Call, Reply
from demo_cluster.status import Cause, bad_request

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
    last = delete_one(call, kind, old, options)
    stays = call.storage.get(kind, call.route.namespace or "", call.route.name) is not None
    if kind.storage_key in _RETURNED_WHOLE or (stays and call.param("dryRun") != "All"):
        return object_reply(call, kind, last)
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


def delete_one(call: Call, kind: Kind, obj: Obj, options: DeleteOptions) -> Obj:
    """Delete as the call wants it, or only say what would be (dryRun)."""
    meta = obj["metadata"]
    if call.param("dryRun") == "All":
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


async def delete_collection(call: Call) -> Reply:
    """DELETE of many: the list of what they were."""
    kind = the_kind(call)
    matches = matcher_of(call)
    options = delete_options(call)
    found = [
        obj
        for obj in call.storage.list(kind, call.route.namespace)
        if matches is None or matches(obj)
    ]
    items = [delete_one(call, kind, obj, options) for obj in found]
    meta = {"resourceVersion": str(call.storage.resource_version)}
    return list_reply(call, kind, [converted(kind, obj) for obj in items], meta)


def delete_options(call: Call) -> DeleteOptions:
    """DeleteOptions from the body, and from the query when the body has none.

    Raises:
        Failure: 400 or 422, they make no sense.
    """
    given: Any = (
        decoded_body(call, the_kind(call), "DeleteOptions").value if call.body.strip() else {}
    )
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
    return delete_options_of({**from_query, **given})


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
        grace, propagation, preconditions.get("uid"), preconditions.get("resourceVersion")
    )


def _check_options(given: Obj, propagation: Any, orphan: Any) -> None:
    causes = []
    if propagation is not None and propagation not in _PROPAGATIONS:
        supported = '"Background", "Foreground", "Orphan", "nil"'
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
