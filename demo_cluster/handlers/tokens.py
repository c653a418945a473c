"""Tokens: whose one is, and a new one for a service account."""

from __future__ import annotations

from demo_cluster.access.users import ISSUER
from demo_cluster.handlers.access import about_user, answer, refused, review_body
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import bad_request, conflict, not_found
from demo_cluster.timestamps import timestamp
from demo_cluster.wire.decoding import decoded_body
from demo_cluster.wire.reply import Call, Reply

_SHORTEST_TOKEN, _LONGEST_TOKEN = 600, 1 << 32
"""Seconds that a token may be asked to live."""


async def review_token(call: Call) -> Reply:
    """POST tokenreviews: whose token is this?

    Raises:
        Failure: 400, no token is shown.
    """
    spec: Obj = review_body(call).get("spec") or {}
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    user = call.backend.tokens.owner(spec["token"])
    status: Obj = {"user": {}, "error": "invalid bearer token"}
    if user is not None:
        status = {"authenticated": True, "user": about_user(user), "audiences": [ISSUER]}
    return answer(call, {"metadata": {}, "spec": spec, "status": status})


async def request_token(call: Call) -> Reply:
    """POST serviceaccounts/NAME/token: a token for a service account.

    Raises:
        Failure: 400, the token cannot be bound so; 404, there is no such account, or not what the
            token is to be bound to; 422, it would live too short or too long.
    """
    accounts = kind_of("serviceaccounts")
    namespace, name = call.route.namespace or "", call.route.name
    account = call.storage.get(accounts, namespace, name)
    if account is None:
        raise not_found(accounts, name)
    body = decoded_body(call, accounts, "TokenRequest").value
    meta, spec = body.get("metadata") or {}, body.get("spec") or {}
    for word, given, wanted in (
        ("name", meta.get("name"), name),
        ("namespace", meta.get("namespace"), namespace),
    ):
        if given and given != wanted:
            raise bad_request(
                f"{word} in URL does not match {word} in TokenRequest object: "
                f'"{wanted}" != "{given}"'
            )
    seconds = spec.get("expirationSeconds") or 3600
    if not _SHORTEST_TOKEN <= seconds <= _LONGEST_TOKEN:
        limit = "less than 10 minutes" if seconds < _SHORTEST_TOKEN else "larger than 2^32 seconds"
        text = f"Invalid value: {seconds}: may not specify a duration {limit}"
        raise refused("authentication.k8s.io", "spec.expirationSeconds", text, "TokenRequest")
    bound = spec.get("boundObjectRef")
    ties = _ties(call, bound, name) if bound else {}
    audiences = spec.get("audiences") or [ISSUER]
    token, expires = call.backend.tokens.issue_for_account(
        namespace,
        name,
        account["metadata"]["uid"],
        seconds,
        call.backend.clock.now(),
        audiences=audiences,
        ties=ties,
    )
    now = timestamp(call.backend.clock.now())
    return Reply(
        201,
        {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": now},
            "spec": {
                "audiences": audiences,
                "expirationSeconds": seconds,
                "boundObjectRef": bound,
            },
            "status": {"token": token, "expirationTimestamp": timestamp(expires)},
        },
    )


_BOUND = {"Pod": "pods", "Node": "nodes", "Secret": "secrets"}
"""What a token may be bound to: it ends with it."""


def _ties(call: Call, bound: Obj, account: str) -> Obj:
    """What the token says of the object that it is bound to."""
    group, _, version = str(bound.get("apiVersion") or "").rpartition("/")
    what = str(bound.get("kind") or "")
    if group or what not in _BOUND:
        raise bad_request(f"cannot bind token to object of type {group}/{version}, Kind={what}")
    kind, name = kind_of(_BOUND[what]), str(bound.get("name") or "")
    found = call.storage.get(kind, (call.route.namespace or "") if kind.namespaced else "", name)
    if found is None:
        raise not_found(kind, name)
    if what == "Pod" and found["spec"].get("serviceAccountName") != account:
        raise bad_request(
            f'cannot bind token for serviceaccount "{account}" to pod running with different '
            "serviceaccount name."
        )
    uid = found["metadata"]["uid"]
    if bound.get("uid") not in (None, "", uid):
        why = (
            f"the UID in the bound object reference ({bound['uid']}) does not match the UID in "
            "record. The object might have been deleted and then recreated"
        )
        raise conflict(kind, name, why)
    return {what.lower(): {"name": name, "uid": uid}}
