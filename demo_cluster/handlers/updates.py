"""update of any kind: what a PUT may do, and what every change of an object goes through."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

from demo_cluster.access.rbac_escalation import confirm_rights
from demo_cluster.access.signing_requests import SIGNING_REQUESTS, keep_request
from demo_cluster.admission.admission import admit
from demo_cluster.changes import managed_fields
from demo_cluster.handlers.objects import existing, the_kind
from demo_cluster.handlers.writes import (
    WriteOptions,
    checked_object,
    create_checked,
    part_of,
    prepare_custom,
    raise_if,
    reset_fields,
    type_of,
    warning_headers,
    write_options,
    writer_of,
)
from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.conversion import to_stored
from demo_cluster.status import Cause, Failure, bad_request, conflict, invalid
from demo_cluster.store.storage import key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.validation.objects import validate
from demo_cluster.wire.decoding import decoded_body
from demo_cluster.wire.presentation import object_reply
from demo_cluster.wire.reply import Call, Reply

Shape = Callable[[Obj, Obj | None], None]
"""Keeps of a written object only what this path may write: (new, old) -> None, in place."""

_MADE_BY_PUT = frozenset(
    {
        ("", "endpoints"),
        ("", "events"),
        ("", "limitranges"),
        ("", "services"),
        ("coordination.k8s.io", "leases"),
        ("node.k8s.io", "runtimeclasses"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "roles"),
    }
)
"""What a PUT makes where there is none."""

_KNOWN_FIRST = frozenset(
    {
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("apiregistration.k8s.io", "apiservices"),
        ("coordination.k8s.io", "leases"),
        ("node.k8s.io", "runtimeclasses"),
        ("policy", "poddisruptionbudgets"),
        ("storage.k8s.io", "csidrivers"),
        ("storage.k8s.io", "csinodes"),
        ("storage.k8s.io", "volumeattachments"),
    }
)
"""What is changed only by who names the version that is changed."""


async def replace_object(call: Call) -> Reply:
    """PUT of one object.

    Raises:
        Failure: 400, 404, 409 or 422, as the object deserves.
    """
    kind = the_kind(call)
    options = write_options(call, "UpdateOptions")
    decoded = decoded_body(call, kind)
    obj = checked_object(call, kind, decoded, options)
    name = obj["metadata"].setdefault("name", call.route.name)
    if name != call.route.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL "
            f"({call.route.name})"
        )
    namespace = call.route.namespace or ""
    if kind.storage_key in _MADE_BY_PUT and call.storage.get(kind, namespace, name) is None:
        obj["metadata"].pop("resourceVersion", None)
        stored = create_checked(call, kind, obj, options)
        return object_reply(
            call, kind, stored, 201, warning_headers(decoded, options, stored, kind)
        )
    old = existing(call)
    uid = obj["metadata"].get("uid")
    if uid and uid != old["metadata"]["uid"]:
        raise wrong_uid(kind, old, uid)
    stored = update_checked(call, kind, old, to_stored(kind, obj), options, keep_status)
    headers = warning_headers(decoded, options, stored, kind, old)
    return object_reply(call, kind, stored, 200, headers)


def wrong_uid(kind: Kind, old: Obj, uid: str) -> Failure:
    """409: the body is about another object of this name."""
    namespace, name = key_of(old)
    place = f"{namespace}/{name}" if namespace else name
    group = f"{kind.group}/" if kind.group and kind.is_custom else ""
    return conflict(
        kind,
        name,
        f"StorageError: invalid object, Code: 4, Key: /registry/{group}{kind.plural}/{place}, "
        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: "
        f"{uid}, UID in object meta: {old['metadata']['uid']}",
    )


def keep_status(new: Obj, old: Obj | None) -> None:
    """A plain write cannot change the status."""
    if old is not None and "status" in old:
        new["status"] = old["status"]
    else:
        new.pop("status", None)


def status_only(new: Obj, old: Obj | None) -> None:
    """A write of the status cannot change anything else but metadata."""
    if old is None:
        return
    status = new.get("status")
    meta = new["metadata"]
    new.clear()
    new.update(old)
    new["metadata"] = {
        **old["metadata"],
        **{name: meta[name] for name in ("resourceVersion", "managedFields") if name in meta},
    }
    if status is not None:
        new["status"] = status


def shape_for(kind: Kind, shape: Shape) -> Shape:
    """`keep_status` only where the status has a path of its own."""
    if shape is keep_status and kind.subresource("status") is None:
        return lambda _new, _old: None
    return shape


def check_change(call: Call, kind: Kind, old: Obj, new: Obj) -> None:
    """Admit and validate what an object is to become, however the change was written.

    Raises:
        Failure: The user, a policy or the kind does not allow it.
    """
    confirm_rights(call.storage, call.user, kind, new, old)
    admit(call.backend, kind, new, old)
    causes = validate(kind, new, old, call.storage, part_of(call))
    raise_if(kind, new, [*causes, *prepare_custom(call, kind, new, old)])


def update_checked(
    call: Call, kind: Kind, old: Obj, new: Obj, options: WriteOptions, shape: Shape
) -> Obj:
    """Admit, validate and store a changed object, or only say what would be stored."""
    _require_version(kind, new)
    shape_for(kind, shape)(new, old)
    if kind.storage_key == SIGNING_REQUESTS.storage_key:
        keep_request(new, old, call.backend.clock.now())
    prepared = call.storage.prepare_update(kind, new)
    if prepared is old:
        return old
    check_change(call, kind, old, prepared)
    now = timestamp(call.backend.clock.now())
    prepared = copy.copy(prepared)
    prepared["metadata"] = dict(prepared["metadata"])
    managers = old["metadata"].get("managedFields")
    names_others = prepared["metadata"].get("managedFields", managers) != managers
    managed_fields.track_update(
        type_of(call, kind), old, prepared, writer_of(call, options), now, reset_fields(kind)
    )
    if not names_others and _same_but_for_managers(prepared, old):
        return old
    if options.is_dry_run:
        return prepared
    return call.storage.replace(kind, prepared)


def _require_version(kind: Kind, new: Obj) -> None:
    """Some kinds are not changed blindly.

    Raises:
        Failure: 422, the version to be changed is not named.
    """
    if new["metadata"].get("resourceVersion"):
        return
    if kind.is_custom or kind.storage_key in _KNOWN_FIRST:
        text = "Invalid value: 0: must be specified for an update"
        cause = Cause("FieldValueInvalid", text, "metadata.resourceVersion")
        raise invalid(replace(kind, kind=kind.plural), new["metadata"]["name"], [cause])


def _same_but_for_managers(new: Obj, old: Obj) -> bool:
    return _bare(new) == _bare(old)


def _bare(obj: Obj) -> Obj:
    meta = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": meta}
