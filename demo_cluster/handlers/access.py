"""Access reviews: may I, may they, what may I, who am I."""

from __future__ import annotations

from typing import Any

from demo_cluster.decoding import check_types, decoded_body
from demo_cluster.handlers.objects import the_kind
from demo_cluster.handlers.writes import require_namespace
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.rbac import Attributes, Authorizer
from demo_cluster.reply import Call, Reply
from demo_cluster.status import Failure, bad_request, not_found
from demo_cluster.timestamps import timestamp
from demo_cluster.users import User


async def self_access(call: Call) -> Reply:
    """POST selfsubjectaccessreviews: may I do this?"""
    return _review(call, _body(call), call.user)


async def subject_access(call: Call) -> Reply:
    """POST subjectaccessreviews and localsubjectaccessreviews: may they do this?"""
    body = _body(call)
    spec = body.get("spec") or {}
    user = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
    group = the_kind(call).group
    if not user.name and not user.groups:
        text = 'Invalid value: "": at least one of user or group must be specified'
        raise _refused(group, "spec.user", text)
    if call.route.namespace:
        wanted = (spec.get("resourceAttributes") or {}).get("namespace", "")
        if spec.get("resourceAttributes") and wanted != call.route.namespace:
            text = f'Invalid value: "{wanted}": must match metadata.namespace'
            raise _refused(group, "spec.resourceAttributes.namespace", text)
        require_namespace(call, the_kind(call), call.route.namespace, "")
    return _review(call, body, user)


def _review(call: Call, body: Obj, user: User) -> Reply:
    spec: Obj = body.get("spec") or {}
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (other is None):
        raise _one_of_two(the_kind(call).group)
    decision = Authorizer(call.storage).decide(user, _attributes(resource, other))
    status: dict[str, Any] = {"allowed": decision.is_allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return _answer(call, {"metadata": {}, "spec": spec, "status": status})


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


def _one_of_two(group: str) -> Failure:
    text = (
        "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be "
        "specified"
    )
    return _refused(group, "spec.resourceAttributes", text)


def _refused(group: str, field: str, text: str, kind: str = "") -> Failure:
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
    body = _body(call)
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
    return _answer(call, {"metadata": {}, "spec": {}, "status": status})


def _resource_rule(rule: Obj) -> Obj:
    names = ("verbs", "apiGroups", "resources", "resourceNames")
    return {name: rule[name] for name in names if rule.get(name)}


async def who_am_i(call: Call) -> Reply:
    """POST selfsubjectreviews: who does the server take me for?"""
    user = call.user
    about: Obj = {"username": user.name}
    if user.uid:
        about["uid"] = user.uid
    about["groups"] = list(user.groups)
    if user.extra:
        about["extra"] = {name: list(values) for name, values in user.extra.items()}
    meta = {"creationTimestamp": timestamp(call.backend.clock.now())}
    return _answer(call, {"metadata": meta, "status": {"userInfo": about}})


async def review_token(call: Call) -> Reply:
    """POST tokenreviews: whose token is this?"""
    body = _body(call)
    token = (body.get("spec") or {}).get("token", "")
    user = call.backend.tokens.owner(token)
    status: Obj = {"user": {}, "error": "invalid bearer token"}
    if user is not None:
        about = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
        status = {"authenticated": True, "user": about}
    return _answer(call, {"metadata": {}, "spec": body.get("spec") or {}, "status": status})


_SHORTEST_TOKEN, _LONGEST_TOKEN = 600, 1 << 32
"""Seconds that a token may be asked to live."""


async def request_token(call: Call) -> Reply:
    """POST serviceaccounts/NAME/token: a token for a service account.

    Raises:
        Failure: 404, there is no such account.
    """
    accounts = kind_of("serviceaccounts")
    namespace, name = call.route.namespace or "", call.route.name
    account = call.storage.get(accounts, namespace, name)
    if account is None:
        raise not_found(accounts, name)
    body = decoded_body(call, accounts, "TokenRequest").value
    seconds = (body.get("spec") or {}).get("expirationSeconds") or 3600
    if not _SHORTEST_TOKEN <= seconds <= _LONGEST_TOKEN:
        limit = "less than 10 minutes" if seconds < _SHORTEST_TOKEN else "larger than 2^32 seconds"
        text = f"Invalid value: {seconds}: may not specify a duration {limit}"
        raise _refused("authentication.k8s.io", "spec.expirationSeconds", text, "TokenRequest")
    token, expires = call.backend.tokens.issue_for_account(
        namespace, name, account["metadata"]["uid"], seconds, call.backend.clock.now()
    )
    now = timestamp(call.backend.clock.now())
    return Reply(
        201,
        {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": now},
            "spec": {**(body.get("spec") or {}), "expirationSeconds": seconds},
            "status": {"token": token, "expirationTimestamp": timestamp(expires)},
        },
    )


def _body(call: Call) -> Obj:
    decoded = decoded_body(call, the_kind(call))
    decoded.value.setdefault("metadata", {})
    check_types(the_kind(call), decoded)
    body: Obj = decoded.value
    return body


def _answer(call: Call, body: Obj) -> Reply:
    kind = the_kind(call)
    return Reply(201, {"kind": kind.kind, "apiVersion": kind.api_version, **body})
