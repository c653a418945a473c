"""create of any kind, and what every write goes through."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from demo_cluster.access.rbac_escalation import confirm_rights
from demo_cluster.access.signing_requests import SIGNING_REQUESTS, name_requester
from demo_cluster.admission.admission import admit
from demo_cluster.changes import managed_fields
from demo_cluster.changes.internal_writers import before_admission
from demo_cluster.changes.managed_fields import Writer
from demo_cluster.custom.causes import schema_causes
from demo_cluster.custom.kinds import DEFINITIONS
from demo_cluster.custom.schema import fill_schema_defaults, prune
from demo_cluster.handlers.objects import the_kind
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.schema.conversion import to_stored
from demo_cluster.schema.types import definition_of_kind
from demo_cluster.status import Cause, Failure, bad_request, forbidden, invalid, not_found
from demo_cluster.timestamps import timestamp
from demo_cluster.validation.objects import validate
from demo_cluster.validation.warnings import warnings_about
from demo_cluster.wire.decoding import (
    Decoded,
    cannot_handle,
    check_types,
    decoded_body,
)
from demo_cluster.wire.paging import invalid_options
from demo_cluster.wire.presentation import object_reply
from demo_cluster.wire.reply import Call, Reply


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a write is to be done, from the query."""

    manager: str
    is_dry_run: bool = False
    validation: str = "Warn"
    is_forced: bool = False


def write_options(call: Call, kind_of_options: str) -> WriteOptions:
    """The query's options.

    Raises:
        Failure: 422, one of them cannot be.
    """
    causes = []
    dry_run = call.query.get("dryRun", [])
    if dry_run and dry_run != ["All"]:
        shown = "[" + ",".join(f'"{value}"' for value in dry_run) + "]"
        text = f'Unsupported value: {shown}: supported values: "All"'
        causes.append(Cause("FieldValueNotSupported", text, "dryRun"))
    validation = call.param("fieldValidation", "Warn") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        text = f'Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"'
        causes.append(Cause("FieldValueNotSupported", text, "fieldValidation"))
    manager = call.param("fieldManager")
    if len(manager) > 128:
        causes.append(
            Cause("FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager")
        )
    elif not manager.isprintable():
        text = f"Invalid value: {json.dumps(manager)}: should only contain printable characters"
        causes.append(Cause("FieldValueInvalid", text, "fieldManager"))
    if causes:
        raise invalid_options(kind_of_options, causes)
    agent = call.headers.get("user-agent", "").partition("/")[0]
    return WriteOptions(
        manager or agent or "unknown", bool(dry_run), validation, call.flag("force")
    )


def writer_of(call: Call, options: WriteOptions, operation: str = "Update") -> Writer:
    """Who writes, for managedFields."""
    subresource = call.route.subresource.name if call.route.subresource else ""
    return Writer(options.manager, operation, the_kind(call).api_version, subresource)


async def create_object(call: Call) -> Reply:
    """POST of one object.

    Raises:
        Failure: 400, 404, 409 or 422, as the object deserves.
    """
    kind = the_kind(call)
    options = write_options(call, "CreateOptions")
    decoded = decoded_body(call, kind)
    obj = checked_object(call, kind, decoded, options)
    if obj["metadata"].get("resourceVersion"):
        raise Failure(500, "", "resourceVersion should not be set on objects to be created")
    stored = create_checked(call, kind, obj, options)
    return object_reply(call, kind, stored, 201, warning_headers(decoded, options, stored, kind))


def create_checked(
    call: Call, kind: Kind, obj: Obj, options: WriteOptions, managers: list[Obj] | None = None
) -> Obj:
    """Admit, validate and store a new object, or only say what would be stored."""
    meta = obj["metadata"]
    if kind.namespaced:
        require_namespace(call, kind, meta["namespace"], meta.get("name", ""))
    _require_definition(call, kind, meta.get("name", ""))
    if not meta.get("name") and not meta.get("generateName"):
        text = "Required value: name or generateName is required"
        raise invalid(kind, "", [Cause("FieldValueRequired", text, "metadata.name")])
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "selfLink"):
        meta.pop(name, None)
    meta.pop("deletionGracePeriodSeconds", None)
    if kind.subresource("status") is not None and kind.storage_key not in _STATUS_KEPT:
        obj.pop("status", None)
    meta.pop("managedFields", None)
    if kind.storage_key == SIGNING_REQUESTS.storage_key:
        name_requester(obj, call.user)
    new = call.storage.prepare(kind, to_stored(kind, obj))
    confirm_rights(call.storage, call.user, kind, new, None)
    if form := call.backend.registry.form(kind):
        fill_schema_defaults(form.schema, new)
    given = before_admission(kind, new, obj)
    admit(call.backend, kind, new, None)
    causes = validate(kind, new, None, call.storage)
    raise_if(kind, new, [*causes, *prepare_custom(call, kind, new)])
    if managers is None:
        now = timestamp(call.backend.clock.now())
        definition = type_of(call, kind)
        managed_fields.track_update(
            definition, None, given, writer_of(call, options), now, reset_fields(kind)
        )
        managers = given["metadata"].get("managedFields")
    if managers:
        new["metadata"]["managedFields"] = managers
    if options.is_dry_run:
        call.storage.check_free(kind, new)
        return new
    return call.storage.insert(kind, new)


def reset_fields(kind: Kind) -> frozenset[str]:
    """What a plain write of this kind cannot change."""
    return frozenset({"f:status"} if kind.subresource("status") else ())


_STATUS_KEPT = frozenset({("", "nodes"), ("apiregistration.k8s.io", "apiservices")})


def prepare_custom(call: Call, kind: Kind, obj: Obj, old: Obj | None = None) -> list[Cause]:
    """Defaults and faults of a custom object by its schema, the defaults filled in place."""
    form = call.backend.registry.form(kind)
    if form is None:
        return []
    fill_schema_defaults(form.schema, obj)
    return schema_causes(form.schema, obj, old)


def type_of(call: Call, kind: Kind) -> str:
    """The name of the type that the kind's objects have."""
    form = call.backend.registry.form(kind)
    return definition_of_kind(kind) if form is None else form.definition


def part_of(call: Call) -> str:
    """The subresource that is written, "" for the object itself."""
    return call.route.subresource.name if call.route.subresource else ""


def raise_if(kind: Kind, obj: Obj, causes: list[Cause]) -> None:
    """Refuse the object when anything is wrong with it.

    Raises:
        Failure: 422.
    """
    if causes:
        raise invalid(kind, obj["metadata"].get("name", ""), causes)


def checked_object(call: Call, kind: Kind, decoded: Decoded, options: WriteOptions) -> Obj:
    """A body's object that fits the path: its kind, name, namespace and field types.

    Raises:
        Failure: 400 (422 for custom kinds), it does not fit.
    """
    obj: Obj = decoded.value
    if kind.is_custom:
        _check_named(call, kind, obj)
    _check_kind(kind, obj)
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    check_types(kind, decoded)
    prune_unknown(call, kind, decoded)
    if options.validation == "Strict" and decoded.problems:
        problems = ", ".join(decoded.problems)
        raise bad_request(_strict_text(kind, problems))
    meta = obj["metadata"]
    if kind.namespaced:
        namespace = call.route.namespace or "default"
        if meta.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
    else:
        meta.pop("namespace", None)
    return obj


def prune_unknown(call: Call, kind: Kind, decoded: Decoded) -> None:
    """Drop and note what a custom kind's schema does not know."""
    form = call.backend.registry.form(kind)
    if form is not None:
        removed = prune(form.schema, decoded.value)
        decoded.problems += [f'unknown field "{path}"' for path in removed]


def _strict_text(kind: Kind, problems: str) -> str:
    return cannot_handle(kind, f"strict decoding error: {problems}")


def _check_named(call: Call, kind: Kind, obj: Obj) -> None:
    """A custom object names its own kind and version."""
    if not obj.get("kind"):
        shown = call.body.decode(errors="replace")
        raise bad_request(cannot_handle(kind, f"Object 'Kind' is missing in '{shown}'"))
    if not obj.get("apiVersion"):
        raise bad_request(
            "the API version in the data () does not match the expected API version "
            f"({kind.api_version})"
        )


def _check_kind(kind: Kind, obj: Obj) -> None:
    version = obj.setdefault("apiVersion", kind.api_version) or kind.api_version
    name = obj.setdefault("kind", kind.kind) or kind.kind
    obj["apiVersion"], obj["kind"] = version, name
    if name != kind.kind:
        if kind.is_custom:
            text = f'Invalid value: "{name}": must be {kind.kind}'
            own_name = (obj.get("metadata") or {}).get("name", "")
            cause = Cause("FieldValueInvalid", text, "kind")
            raise invalid(replace(kind, kind=name), own_name, [cause])
        raise bad_request(
            f'{name} in version "{version.rpartition("/")[2]}" cannot be handled as a {kind.kind}: '
            f'no kind "{name}" is registered for version "{version}" in scheme '
            f'"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:31"'
        )
    if version != kind.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({kind.api_version})"
        )


def warning_headers(
    decoded: Decoded, options: WriteOptions, obj: Obj, kind: Kind, old: Obj | None = None
) -> dict[str, str]:
    """Warning headers, joined by newlines for the listener to send one by one."""
    texts = list(decoded.problems) if options.validation == "Warn" else []
    texts += warnings_about(kind, obj, old)
    if not texts:
        return {}
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return {"Warning": "\n".join(f'299 - "{text}"' for text in quoted)}


def require_namespace(call: Call, kind: Kind, namespace: str, name: str) -> None:
    """The namespace that a new object goes into is there and stays.

    Raises:
        Failure: 404, it is not there; 403, it is going.
    """
    spaces = kind_of("namespaces")
    found = call.storage.get(spaces, "", namespace)
    if found is None:
        raise not_found(spaces, namespace)
    if "deletionTimestamp" in found["metadata"]:
        details = {"name": name} if name else {}
        if kind.group:
            details["group"] = kind.group
        details["kind"] = kind.plural
        causes = [
            {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
        ]
        about = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        failure = forbidden(
            f'{about} "{name}" is forbidden: unable to create new content in namespace '
            f"{namespace} because it is being terminated",
            {**details, "causes": causes},
        )
        failure.headers = {}
        raise failure


def _require_definition(call: Call, kind: Kind, name: str) -> None:
    """A custom kind whose definition goes takes no new objects."""
    if not kind.is_custom:
        return
    definition = call.storage.get(DEFINITIONS, "", f"{kind.plural}.{kind.group}")
    if definition is not None and "deletionTimestamp" in definition["metadata"]:
        details = {"name": name, "group": kind.group, "kind": kind.plural}
        failure = forbidden(
            f'{kind.plural}.{kind.group} "{name}" is forbidden: '
            "create not allowed while custom resource definition is terminating",
            details,
        )
        failure.headers = {}
        raise failure
