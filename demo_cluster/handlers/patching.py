"""The four patches of any kind, server-side apply among them."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from typing import Any

from demo_cluster.changes import managed_fields
from demo_cluster.changes.patches import PatchError, PatchFormatError, json_patch, merge_patch
from demo_cluster.changes.strategic import go_text, strategic_merge_patch
from demo_cluster.changes.typed_patch import typed_problems
from demo_cluster.handlers.objects import existing, the_kind
from demo_cluster.handlers.updates import (
    Shape,
    check_change,
    keep_status,
    shape_for,
    update_checked,
    wrong_uid,
)
from demo_cluster.handlers.writes import (
    WriteOptions,
    checked_object,
    create_checked,
    prune_unknown,
    type_of,
    warning_headers,
    write_options,
    writer_of,
)
from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.conversion import converted, to_stored
from demo_cluster.schema.types import definition_of_kind
from demo_cluster.status import Cause, Failure, bad_request, conflict, not_found, stale_write
from demo_cluster.timestamps import timestamp
from demo_cluster.wire.decoding import Decoded, JsonError, check_types, go_name, parse_json
from demo_cluster.wire.paging import invalid_options
from demo_cluster.wire.presentation import object_reply
from demo_cluster.wire.reply import Call, Reply
from demo_cluster.wire.yaml_body import YamlError, first_document

_APPLY = "application/apply-patch+yaml"
_MOST_OPERATIONS = 10000
_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"
_JSON = "application/json-patch+json"


async def patch_object(call: Call) -> Reply:
    """PATCH of one object, server-side apply included.

    Raises:
        Failure: 400, 404, 409, 415 or 422, as the patch deserves.
    """
    return await patch_with(call, keep_status)


async def patch_with(call: Call, shape: Shape) -> Reply:
    """PATCH of what `shape` lets through."""
    kind = the_kind(call)
    media = call.headers.get("content-type", "").partition(";")[0].strip()
    options = write_options(call, "PatchOptions")
    _check_patch_type(call, kind, media)
    if media == _APPLY:
        return _apply(call, kind, options, shape)
    old = existing(call)
    decoded = _patch_body(call, media)
    new, problems = _patched(call, kind, media, old, decoded)
    if options.validation == "Strict" and problems:
        raise _strict_patch(decoded.value, problems)
    _check_patched(call, kind, old, new)
    stored = update_checked(call, kind, old, new, options, shape)
    headers = warning_headers(Decoded(None, problems), options, stored, kind, old)
    return object_reply(call, kind, stored, 200, headers)


def _check_patch_type(call: Call, kind: Kind, media: str) -> None:
    accepted = [_JSON, _MERGE, _STRATEGIC, _APPLY]
    if kind.is_custom:
        accepted = [_JSON, _MERGE, _APPLY]
    if media not in accepted:
        if media in (_STRATEGIC, "application/apply-patch+cbor"):
            text = (
                "the body of the request was in an unknown format - "
                f"accepted media types include: {', '.join(accepted)}"
            )
            raise Failure(415, "UnsupportedMediaType", text)
        raise Failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    if media != _APPLY and "force" in call.query:
        text = "Forbidden: may not be specified for non-apply patch"
        raise invalid_options("PatchOptions", [Cause("FieldValueForbidden", text, "force")])
    if media == _APPLY and not call.param("fieldManager"):
        text = "Required value: is required for apply patch"
        raise invalid_options("PatchOptions", [Cause("FieldValueRequired", text, "fieldManager")])


def _patch_body(call: Call, media: str) -> Decoded:
    try:
        decoded = parse_json(call.body)
    except JsonError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if decoded.value is None:
        decoded.value = [] if media == _JSON else {}
    if media == _JSON and not isinstance(decoded.value, list):
        name = go_name(decoded.value)
        text = f"json: cannot unmarshal {name} into Go value of type []handlers.jsonPatchOp"
        raise bad_request(f"error decoding patch: {text}")
    if media == _JSON and len(decoded.value) > _MOST_OPERATIONS:
        text = (
            f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, "
            f"got {len(decoded.value)}"
        )
        raise Failure(413, "RequestEntityTooLarge", f"Request entity too large: {text}")
    if media != _JSON and not isinstance(decoded.value, dict):
        name = go_name(decoded.value)
        text = f"json: cannot unmarshal {name} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding patch: {text}")
    if media == _JSON and len(decoded.value) > _MOST_OPERATIONS:
        text = (
            f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, "
            f"got {len(decoded.value)}"
        )
        raise Failure(413, "RequestEntityTooLarge", f"Request entity too large: {text}")
    return decoded


_MOST_OPERATIONS = 10_000


def _patched(
    call: Call, kind: Kind, media: str, old: Obj, decoded: Decoded
) -> tuple[Obj, list[str]]:
    """The object after the patch, and what strict decoding says about it."""
    shown = copy.deepcopy(converted(kind, old))
    try:
        if media == _JSON:
            new = json_patch(shown, decoded.value)
        elif media == _STRATEGIC:
            new = strategic_merge_patch(definition_of_kind(kind), shown, decoded.value)
        else:
            new = merge_patch(shown, decoded.value)
    except PatchFormatError as error:
        raise bad_request(str(error)) from error
    except PatchError as error:
        if media == _STRATEGIC:
            raise Failure(500, "", str(error)) from error
        text = "the server rejected our request due to an error in our request"
        raise Failure(422, "Invalid", text, {}) from error
    if not isinstance(new, dict) or not isinstance(new.get("metadata"), dict):
        raise bad_request("the patch leaves no object")
    checked = Decoded(copy.deepcopy(new), list(decoded.problems))
    try:
        check_types(kind, checked)
    except Failure as failure:
        raise _mistyped_patch(failure, media, new, decoded.value) from failure
    prune_unknown(call, kind, checked)
    return to_stored(kind, checked.value), checked.problems


def _mistyped_patch(failure: Failure, media: str, new: Obj, patch: Any) -> Failure:
    """A patched object that does not decode: each kind of patch is decoded in its own way."""
    problem = failure.message.partition(": ")[2]
    if media != _STRATEGIC:
        plain = json.dumps(new, separators=(",", ":"), sort_keys=True)
        return _invalid_patch(json.dumps(plain), problem)
    mistyped = _MISTYPED.fullmatch(problem)
    if mistyped is not None:
        given, wanted = mistyped[1], mistyped[2]
        problem = f"unrecognized type: {wanted}"
        if given == "number" and wanted == "string":
            problem = "cannot convert int64 to string"
        elif wanted.startswith("map["):
            problem = f"cannot restore map from {given}"
        elif wanted.startswith("[]"):
            problem = f"cannot restore slice from {'map' if given == 'object' else given}"
    return _invalid_patch(f'"{go_text(patch)}"', problem)


_MISTYPED = re.compile(r"json: cannot unmarshal (\w+) into Go struct field \S+ of type (\S+)")


def _strict_patch(patch: Any, problems: list[str]) -> Failure:
    return _invalid_patch(f'"{go_text(patch)}"', f"strict decoding error: {', '.join(problems)}")


def _invalid_patch(shown: str, problem: str) -> Failure:
    text = f"Invalid value: {shown}: {problem}"
    cause = {"reason": "FieldValueInvalid", "message": text, "field": "patch"}
    return Failure(422, "Invalid", f' "" is invalid: patch: {text}', {"causes": [cause]})


def _check_patched(call: Call, kind: Kind, old: Obj, new: Obj) -> None:
    meta = new["metadata"]
    if meta.get("name") != call.route.name:
        raise bad_request(
            f"the name of the object ({meta.get('name', '')}) does not match the name on the URL "
            f"({call.route.name})"
        )
    if kind.namespaced and meta.get("namespace") != old["metadata"].get("namespace"):
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if meta.get("uid") != old["metadata"]["uid"]:
        raise wrong_uid(kind, old, str(meta.get("uid", "")))


def _apply(call: Call, kind: Kind, options: WriteOptions, shape: Shape) -> Reply:
    config, decoded = _apply_config(call, kind, options)
    writer = writer_of(call, options, "Apply")
    definition = type_of(call, kind)
    now = timestamp(call.backend.clock.now())
    live = call.storage.get(kind, call.route.namespace or "", call.route.name)
    if live is None:
        if call.route.subresource is not None:
            raise not_found(kind, call.route.name)
        if uid := config["metadata"].get("uid"):
            why = (
                f"uid mismatch: the provided object specified uid {uid}, "
                "and no existing object was found"
            )
            raise conflict(kind, call.route.name, why)
        bare: Obj = {"metadata": {"name": call.route.name}}
        new = managed_fields.apply(definition, bare, config, writer, is_forced=True, now=now)
        managers = new["metadata"].pop("managedFields", [])
        stored = create_checked(call, kind, new, options, managers)
        headers = warning_headers(decoded, options, stored, kind)
        return object_reply(call, kind, stored, 201, headers)
    if config["metadata"].get("uid") not in (None, live["metadata"]["uid"]):
        raise wrong_uid(kind, live, config["metadata"]["uid"])
    version = config["metadata"].pop("resourceVersion", None)
    if version not in (None, "", live["metadata"]["resourceVersion"]):
        raise stale_write(kind, call.route.name)
    merged = managed_fields.apply(
        definition, live, config, writer, is_forced=options.is_forced, now=now
    )
    stored = _store_applied(call, kind, live, merged, options, shape)
    headers = warning_headers(decoded, options, stored, kind, live)
    return object_reply(call, kind, stored, 200, headers)


def _store_applied(
    call: Call, kind: Kind, live: Obj, merged: Obj, options: WriteOptions, shape: Shape
) -> Obj:
    shape_for(kind, shape)(merged, live)
    merged["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    prepared = call.storage.prepare_update(kind, merged)
    if prepared is live:
        return live
    check_change(call, kind, live, prepared)
    if options.is_dry_run:
        return prepared
    return call.storage.replace(kind, prepared)


def _check_declared(call: Call, kind: Kind, problems: list[str]) -> None:
    """An applied object has only what its schema declares.

    Raises:
        Failure: 500, it has more, or something else.
    """
    if not problems:
        return
    listed = problems[0] if len(problems) == 1 else "\n  ".join(["errors:", *problems])
    place = f"{call.route.namespace or ''}/{call.route.name}"
    version = f"{kind.group}/{kind.version}"
    text = f"failed to create typed patch object ({place}; {version}, Kind={kind.kind}): {listed}"
    raise Failure(500, "", text)


def _apply_config(call: Call, kind: Kind, options: WriteOptions) -> tuple[Obj, Decoded]:
    try:
        value = first_document(call.body)
    except YamlError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(value, dict):
        raise bad_request(f"error decoding YAML: {kind.kind} must be an object")
    version = str(value.get("apiVersion") or "")
    if version != kind.api_version:
        raise bad_request(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{version}, expected: {kind.api_version}"
        )
    if not value.get("kind"):
        place = f"{call.route.namespace or ''}/{call.route.name}"
        what = f"{kind.group}/{kind.version}, Kind="
        text = f"failed to create typed patch object ({place}; {what}): "
        raise Failure(500, "", f"{text}no corresponding type for {what}")
    _check_declared(call, kind, typed_problems(type_of(call, kind), value))
    decoded = Decoded(value)
    obj = checked_object(call, kind, decoded, replace(options, validation="Ignore"))
    meta = obj["metadata"]
    if meta.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if meta.setdefault("name", call.route.name) != call.route.name:
        raise bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL "
            f"({call.route.name})"
        )
    return to_stored(kind, obj), decoded
