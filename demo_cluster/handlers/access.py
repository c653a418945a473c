"""Access reviews: may I, may they, what may I, who am I."""

from __future__ import annotations

import json
from typing import Any

from demo_cluster.access.rbac import Attributes, Authorizer
from demo_cluster.access.users import User
from demo_cluster.handlers.objects import the_kind
from demo_cluster.handlers.writes import require_namespace
from demo_cluster.kinds import Obj
from demo_cluster.status import Failure, bad_request
from demo_cluster.timestamps import timestamp
from demo_cluster.wire.decoding import check_types, decoded_body
from demo_cluster.wire.reply import Call, Reply


async def self_access(call: Call) -> Reply:
    """POST selfsubjectaccessreviews: may I do this?"""
    return _review(call, review_body(call), call.user)


async def subject_access(call: Call) -> Reply:
    """POST subjectaccessreviews and localsubjectaccessreviews: may they do this?"""
    body = review_body(call)
    spec = body.get("spec") or {}
    user = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
    group = the_kind(call).group
    if not user.name and not user.groups:
        text = 'Invalid value: "": at least one of user or group must be specified'
        raise refused(group, "spec.user", text)
    if call.route.namespace:
        wanted = (spec.get("resourceAttributes") or {}).get("namespace", "")
        if spec.get("resourceAttributes") and wanted != call.route.namespace:
            text = f'Invalid value: "{wanted}": must match metadata.namespace'
            raise refused(group, "spec.resourceAttributes.namespace", text)
        require_namespace(call, the_kind(call), call.route.namespace, "")
    return _review(call, body, user)


def _review(call: Call, body: Obj, user: User) -> Reply:
    spec: Obj = body.get("spec") or {}
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    _check_one_of_two(the_kind(call).group, resource, other)
    decision = Authorizer(call.storage).decide(user, _attributes(resource, other))
    status: dict[str, Any] = {"allowed": decision.is_allowed}
    if decision.reason:
        status["reason"] = decision.reason
    meta = dict(body["metadata"])
    if call.route.namespace:
        meta["namespace"] = call.route.namespace
    return answer(call, {"metadata": meta, "spec": spec, "status": status})


def _attributes(resource: Obj | None, other: Obj | None) -> Attributes:
    if other is not None:
        return Attributes(other.get("verb", ""), path=other.get("path", "/"))
    given = resource or {}
    return Attributes(
        given.get("verb", ""),
        given.get("group", ""),
        given.get("resource", ""),
        given.get("subresource", ""),
        given.get("namespace", ""),
        given.get("name", ""),
    )


def _check_one_of_two(group: str, resource: Obj | None, other: Obj | None) -> None:
    if resource is not None and other is not None:
        shown = json.dumps(
            {"Path": other.get("path", ""), "Verb": other.get("verb", "")}, separators=(",", ":")
        )
        why = "cannot be specified in combination with resourceAttributes"
        raise refused(group, "spec.nonResourceAttributes", f"Invalid value: {shown}: {why}")
    if resource is None and other is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise refused(group, "spec.resourceAttributes", f"Invalid value: null: {why}")


def refused(group: str, field: str, text: str, kind: str = "") -> Failure:
    """422; reviews are validated before anybody has noted their kind."""
    details: Obj = {
        "group": group,
        "causes": [{"reason": "FieldValueInvalid", "message": text, "field": field}],
    }
    if kind:
        details = {"group": group, "kind": kind, "causes": details["causes"]}
    return Failure(422, "Invalid", f'{kind}.{group} "" is invalid: {field}: {text}', details)


async def self_rules(call: Call) -> Reply:
    """POST selfsubjectrulesreviews: what may I do in this namespace?"""
    body = review_body(call)
    namespace = (body.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    rules = Authorizer(call.storage).rules(call.user, namespace)
    status = {
        "resourceRules": [_resource_rule(rule) for rule in rules if "resources" in rule],
        "nonResourceRules": [
            {"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]}
            for rule in rules
            if "nonResourceURLs" in rule
        ],
        "incomplete": False,
    }
    return answer(call, {"metadata": {}, "spec": {}, "status": status})


def _resource_rule(rule: Obj) -> Obj:
    names = ("verbs", "apiGroups", "resources", "resourceNames")
    return {name: rule[name] for name in names if rule.get(name)}


async def who_am_i(call: Call) -> Reply:
    """POST selfsubjectreviews: who does the server take me for?"""
    meta = {"creationTimestamp": timestamp(call.backend.clock.now())}
    return answer(call, {"metadata": meta, "status": {"userInfo": about_user(call.user)}})


def about_user(user: User) -> Obj:
    """A user as reviews show them."""
    about: Obj = {"username": user.name}
    if user.uid:
        about["uid"] = user.uid
    about["groups"] = list(user.groups)
    if user.extra:
        about["extra"] = {name: list(values) for name, values in user.extra.items()}
    return about


def review_body(call: Call) -> Obj:
    """The review that is asked for, with fields of the right types."""
    decoded = decoded_body(call, the_kind(call))
    decoded.value.setdefault("metadata", {})
    check_types(the_kind(call), decoded)
    body: Obj = decoded.value
    return body


def answer(call: Call, body: Obj) -> Reply:
    """A review that is done."""
    kind = the_kind(call)
    return Reply(201, {"kind": kind.kind, "apiVersion": kind.api_version, **body})
