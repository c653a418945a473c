"""get, list, create, update, patch and delete of any kind."""

from __future__ import annotations

from typing import Any

import msgspec

from demo_cluster.deletion import DeleteOptions, plan_deletion
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.patches import PatchError, json_patch, merge_patch
from demo_cluster.reply import Call, Reply
from demo_cluster.selection import Matcher, field_matcher, label_matcher
from demo_cluster.status import Cause, Failure, bad_request, invalid, not_found


def the_kind(call: Call) -> Kind:
    """The kind that the path names.

    Raises:
        AssertionError: The handler was called for a path outside the resources.
    """
    assert call.route.kind is not None
    return call.route.kind


def matcher_of(call: Call) -> Matcher | None:
    """The call's selectors as one test; None when everything matches."""
    kind = the_kind(call)
    tests: list[Matcher] = []
    if labels := call.param("labelSelector"):
        tests.append(label_matcher(labels))
    if fields := call.param("fieldSelector"):
        tests.append(field_matcher(kind, fields))
    if not tests:
        return None
    return lambda obj: all(test(obj) for test in tests)


async def get_object(call: Call) -> Reply:
    """GET of one object.

    Raises:
        Failure: 404, there is none.
    """
    kind = the_kind(call)
    return Reply(body=_presented(kind, existing(call)))


def existing(call: Call) -> Obj:
    """The object that the path names.

    Raises:
        Failure: 404, there is none.
    """
    kind = the_kind(call)
    obj = call.storage.get(kind, call.route.namespace or "", call.route.name)
    if obj is None:
        raise not_found(kind, call.route.name)
    return obj


async def list_objects(call: Call) -> Reply:
    """GET of many."""
    kind = the_kind(call)
    matches = matcher_of(call)
    found = call.storage.list(kind, call.route.namespace)
    if matches is not None:
        found = [obj for obj in found if matches(obj)]
    items = [_presented(kind, obj, in_list=True) for obj in found]
    return Reply(
        body={
            "kind": kind.list_kind,
            "apiVersion": kind.api_version,
            "metadata": {"resourceVersion": str(call.storage.resource_version)},
            "items": items,
        }
    )


async def create_object(call: Call) -> Reply:
    """POST of one object.

    Raises:
        Failure: 400, not an object of this kind; 404, no such namespace; 409, the name is taken.
    """
    kind = the_kind(call)
    obj = body_object(call)
    meta = obj["metadata"]
    if kind.namespaced:
        meta["namespace"] = call.route.namespace or "default"
        require_namespace(call, meta["namespace"])
    if not meta.get("name") and not meta.get("generateName"):
        required = Cause(
            "FieldValueRequired",
            "Required value: name or generateName is required",
            "metadata.name",
        )
        raise invalid(kind, "", [required])
    meta.pop("resourceVersion", None)
    meta.pop("uid", None)
    meta.pop("creationTimestamp", None)
    stored = call.storage.create(kind, obj)
    return Reply(201, _presented(kind, stored))


async def replace_object(call: Call) -> Reply:
    """PUT of one object.

    Raises:
        Failure: 400, 404 or 409.
    """
    kind = the_kind(call)
    old = existing(call)
    obj = body_object(call)
    obj["metadata"].setdefault("name", call.route.name)
    if kind.namespaced:
        obj["metadata"]["namespace"] = call.route.namespace
    if kind.subresource("status") is not None and "status" in old:
        obj["status"] = old["status"]
    return Reply(body=_presented(kind, call.storage.update(kind, obj)))


async def patch_object(call: Call) -> Reply:
    """PATCH of one object.

    Raises:
        Failure: 404, 415, or the patch does not fit.
    """
    kind = the_kind(call)
    old = existing(call)
    new = patched(call, old)
    if kind.subresource("status") is not None and "status" in old:
        new["status"] = old["status"]
    return Reply(body=_presented(kind, call.storage.update(kind, new)))


def patched(call: Call, old: Obj) -> Obj:
    """The object after the call's patch.

    Raises:
        Failure: 415, an unknown kind of patch; 422, it does not fit.
    """
    content_type = call.headers.get("content-type", "").partition(";")[0].strip()
    try:
        match content_type:
            case "application/json-patch+json":
                new = json_patch(old, call.json())
            case "application/merge-patch+json" | "application/strategic-merge-patch+json":
                new = merge_patch(old, call.json())
            case _:
                accepted = (
                    "application/json-patch+json, application/merge-patch+json, "
                    "application/strategic-merge-patch+json, application/apply-patch+yaml"
                )
                text = (
                    "the body of the request was in an unknown format - "
                    f"accepted media types include: {accepted}"
                )
                raise Failure(415, "UnsupportedMediaType", text, {})
    except PatchError as error:
        raise Failure(
            422,
            "Invalid",
            f"the server rejected our request due to an error in our request: {error}",
            {},
        ) from error
    assert isinstance(new, dict)
    return new


async def delete_object(call: Call) -> Reply:
    """DELETE of one object: its last form when it stays for a while, else a Status.

    Raises:
        Failure: 404, or 409 when a precondition does not hold.
    """
    kind = the_kind(call)
    old = existing(call)
    options = delete_options(call)
    last = delete_one(call, kind, old, options)
    if call.storage.get(kind, call.route.namespace or "", call.route.name) is not None:
        return Reply(body=_presented(kind, last))
    if kind.storage_key == ("", "pods"):
        return Reply(body=_presented(kind, last))
    details = {"name": call.route.name, "kind": kind.plural, "uid": last["metadata"]["uid"]}
    if kind.group:
        details = {"name": call.route.name, "group": kind.group, **details}
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
        return plan_deletion(kind, obj, options, call.backend.clock.now()).obj
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
    found = call.storage.list(kind, call.route.namespace)
    items = [
        delete_one(call, kind, obj, options) for obj in found if matches is None or matches(obj)
    ]
    return Reply(
        body={
            "kind": kind.list_kind,
            "apiVersion": kind.api_version,
            "metadata": {"resourceVersion": str(call.storage.resource_version)},
            "items": [_presented(kind, obj, in_list=True) for obj in items],
        }
    )


def delete_options(call: Call) -> DeleteOptions:
    """DeleteOptions from the body, and from the query when the body has none."""
    given: Any = call.json() if call.body.strip() else {}
    if not isinstance(given, dict):
        raise bad_request("DeleteOptions must be an object")
    preconditions = given.get("preconditions") or {}
    grace = given.get("gracePeriodSeconds")
    if grace is None and call.param("gracePeriodSeconds"):
        grace = int(call.param("gracePeriodSeconds"))
    propagation: Any = given.get("propagationPolicy") or call.param("propagationPolicy") or None
    if given.get("orphanDependents") is True:
        propagation = "Orphan"
    return DeleteOptions(
        grace, propagation, preconditions.get("uid"), preconditions.get("resourceVersion")
    )


def body_object(call: Call) -> Obj:
    """The object in the body, of the kind that the path names.

    Raises:
        Failure: 400, it is not one.
    """
    kind = the_kind(call)
    obj = _decoded(call)
    if not isinstance(obj, dict):
        raise bad_request("the object provided is unrecognized (must be of type " + kind.kind + ")")
    obj.setdefault("apiVersion", kind.api_version)
    obj.setdefault("kind", kind.kind)
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    return obj


def _decoded(call: Call) -> Any:
    if "yaml" not in call.headers.get("content-type", ""):
        return call.json()
    import yaml

    try:
        return yaml.safe_load(call.body)
    except yaml.YAMLError as error:
        raise bad_request(f"the object provided is unrecognized: {error}") from error


def require_namespace(call: Call, namespace: str) -> None:
    """The namespace that a new object goes into is there and stays.

    Raises:
        Failure: 404, it is not there; 403, it is going.
    """
    kind = kind_of("namespaces")
    found = call.storage.get(kind, "", namespace)
    if found is None:
        raise not_found(kind, namespace)


def _presented(kind: Kind, obj: Obj, *, in_list: bool = False) -> Obj:
    """The object as this group and version show it; items of lists do not name their kind."""
    if in_list:
        if kind.is_custom:
            return obj
        return {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
    if obj.get("apiVersion") == kind.api_version:
        return {"kind": obj["kind"], **obj}
    return {**obj, "kind": kind.kind, "apiVersion": kind.api_version}


presented = _presented
encode = msgspec.json.encode
