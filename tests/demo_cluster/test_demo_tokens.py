"""Tokens asked for over the API: what they are good for, and what they may be bound to."""

from __future__ import annotations

from typing import Any

import pytest

from demo_cluster.access.users import ADMIN
from demo_cluster.threaded import RunningCluster
from tests.demo_cluster.test_demo_server import ask, connect, empty

__all__ = ["empty"]

TOKENS = "/api/v1/namespaces/default/serviceaccounts/default/token"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


@pytest.fixture(scope="module", autouse=True)
def account(empty: RunningCluster) -> None:
    """The account whose tokens are asked for; a controller makes it a moment after the start."""
    connection = connect(empty)
    try:
        token = empty.cluster.token(ADMIN)
        path = f"{ACCOUNTS}?watch=true&fieldSelector=metadata.name%3Ddefault"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        assert b'"ADDED"' in connection.getresponse().readline()
    finally:
        connection.close()


def test_a_token_says_for_whom_and_how_long_it_is(empty: RunningCluster) -> None:
    status, body = ask(empty, "POST", TOKENS, {})

    assert status == 201
    assert body["spec"] == {
        "audiences": [ISSUER],
        "expirationSeconds": 3600,
        "boundObjectRef": None,
    }


def test_a_token_is_known_again_unless_it_is_for_others(empty: RunningCluster) -> None:
    own = ask(empty, "POST", TOKENS, {})[1]["status"]["token"]
    others = ask(empty, "POST", TOKENS, {"spec": {"audiences": ["vault"]}})[1]["status"]["token"]

    known = ask(empty, "POST", REVIEWS, {"spec": {"token": own}})[1]["status"]
    unknown = ask(empty, "POST", REVIEWS, {"spec": {"token": others}})[1]["status"]

    assert known["authenticated"] is True
    assert known["audiences"] == [ISSUER]
    assert known["user"]["username"] == "system:serviceaccount:default:default"
    assert unknown == {"user": {}, "error": "invalid bearer token"}


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        (
            {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "none"}}},
            404,
            'pods "none" not found',
        ),
        (
            {"spec": {"boundObjectRef": {"kind": "Job", "apiVersion": "batch/v1", "name": "j"}}},
            400,
            "cannot bind token to object of type batch/v1, Kind=Job",
        ),
        (
            {"metadata": {"name": "other"}},
            400,
            'name in URL does not match name in TokenRequest object: "default" != "other"',
        ),
    ],
)
def test_a_token_is_bound_to_what_is_there(
    empty: RunningCluster, body: Any, code: int, why: str
) -> None:
    status, answer = ask(empty, "POST", TOKENS, body)

    assert (status, answer["message"]) == (code, why)


def test_a_review_needs_a_token(empty: RunningCluster) -> None:
    status, answer = ask(empty, "POST", REVIEWS, {"spec": {}})

    assert (status, answer["message"]) == (
        400,
        "token is required for TokenReview in authentication",
    )
