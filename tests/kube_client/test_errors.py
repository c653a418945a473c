import json
from pathlib import Path

import pytest

from kube_client.errors import (
    AlreadyExistsError,
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
    error_from_response,
    request_target,
)

POD = "/api/v1/namespaces/shop/pods/web"


def refused(
    status: int,
    reason: str = "",
    message: str = "",
    *,
    verb: str = "get",
    path: str = POD,
    headers: dict[str, str] | None = None,
    details: object = None,
) -> ApiError:
    body = {"kind": "Status", "code": status, "reason": reason, "message": message}
    return error_from_response(
        status,
        headers or {},
        json.dumps(body | {"details": details}).encode(),
        verb=verb,
        path=path,
    )


@pytest.mark.parametrize(
    ("status", "reason", "error_class"),
    [
        (400, "BadRequest", BadRequestError),
        (401, "Unauthorized", UnauthorizedError),
        (403, "Forbidden", ForbiddenError),
        (404, "NotFound", NotFoundError),
        (405, "MethodNotAllowed", MethodNotAllowedError),
        (409, "Conflict", ConflictError),
        (409, "AlreadyExists", AlreadyExistsError),
        (410, "Expired", GoneError),
        (415, "UnsupportedMediaType", UnsupportedMediaTypeError),
        (422, "Invalid", InvalidError),
        (429, "TooManyRequests", TooManyRequestsError),
        (500, "InternalError", ServerError),
        (503, "ServiceUnavailable", ServerError),
        (418, "", ApiError),
    ],
)
def test_each_refusal_has_its_class_and_keeps_what_the_server_said(
    status: int, reason: str, error_class: type[ApiError]
) -> None:
    error = refused(status, reason, "because", details={"name": "web"})

    assert type(error) is error_class
    assert (error.status, error.reason, error.server_message) == (status, reason, "because")
    assert error.details == {"name": "web"}


def test_every_recorded_refusal_becomes_one_line_with_the_servers_words(shared_data: Path) -> None:
    recorded = json.loads((shared_data / "api-transcripts" / "04-crud.json").read_text())
    seen = 0
    for exchange in recorded if isinstance(recorded, list) else recorded["exchanges"]:
        response, request = exchange.get("response"), exchange.get("request")
        if not response or not request or response.get("status", 0) < 400:
            continue
        body = response.get("body")
        content = body if isinstance(body, str) else json.dumps(body)
        error = error_from_response(
            response["status"], {}, content.encode(), verb="get", path=request["path"]
        )
        assert "\n" not in str(error)
        assert len(str(error)) > 20
        if isinstance(body, dict) and body.get("kind") == "Status":
            assert error.server_message == body.get("message", "")
        seen += 1

    assert seen > 30


def test_a_403_says_what_where_and_how_to_find_out_more() -> None:
    error = refused(403, "Forbidden", 'User "ann" cannot delete', verb="delete")

    assert str(error) == (
        "You may not delete pods/web in namespace 'shop': User \"ann\" cannot delete. "
        "See what you may do: kubectl auth can-i --list -n shop"
    )


def test_a_missing_object_and_a_missing_kind_are_told_apart() -> None:
    missing = refused(404, "NotFound", 'pods "web" not found')
    unknown = refused(404, "NotFound", "the server could not find the requested resource")

    assert str(missing) == (
        "pods \"web\" not found in namespace 'shop'; check the name and the namespace."
    )
    assert "does not serve pods/web" in str(unknown)
    assert "kubectl api-resources" in str(unknown)


def test_a_conflict_of_an_apply_says_what_can_be_done() -> None:
    message = 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.a'

    assert str(refused(409, "Conflict", message, verb="apply")) == (
        f"{message}. Another manager owns these fields: leave them, or force the apply."
    )


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"retry-after": "7"}, None, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({"retry-after": "soon"}, {"retryAfterSeconds": 3}, 3.0),
        ({"retry-after": "0"}, None, None),
        ({}, None, None),
    ],
)
def test_the_time_to_wait_is_the_servers(
    headers: dict[str, str], details: object, seconds: float | None
) -> None:
    error = refused(429, "TooManyRequests", "busy", headers=headers, details=details)

    assert error.retry_after == seconds
    assert str(error).endswith(f"Try again in {seconds:g} s" if seconds else "in a moment")


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (b"<html>Sign in</html>", {"content-type": "text/html"}, "a web page, not Kubernetes'"),
        (b"upstream\r\nrequest timeout", {}, "upstream request timeout"),
        (b"\x1b[31mred\x1b[0m", {}, "[31mred [0m"),
        (b"\xff\xfe", {}, "\ufffd"),
        (b"", {}, "502"),
        (b'{"error": "x"}', {}, '{"error": "x"}'),
    ],
)
def test_an_answer_that_is_not_kubernetes_is_quoted_harmlessly(
    body: bytes, headers: dict[str, str], words: str
) -> None:
    error = error_from_response(502, headers, body, verb="list", path="/api/v1/pods")

    assert words in str(error)
    assert str(error).isprintable()


def test_a_login_page_is_named() -> None:
    headers = {"location": "https://login.test/?next=/api"}

    error = error_from_response(302, headers, b"<a>", verb="list", path="/api/v1/pods")

    assert "302" in str(error)
    assert "it points to https://login.test/" in str(error)


def test_https_spoken_to_with_http_is_recognised() -> None:
    body = b"Client sent an HTTP request to an HTTPS server.\n"

    error = error_from_response(400, {}, body, verb="list", path="/api/v1/pods")

    assert "write https:// in its address" in str(error)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/pods", ("pods", "", "", "")),
        ("/api/v1/namespaces/shop/pods/web/log", ("pods", "shop", "web", "log")),
        ("/api/v1/namespaces", ("namespaces", "", "", "")),
        ("/api/v1/namespaces/shop", ("namespaces", "", "shop", "")),
        ("/api/v1/namespaces/shop/status", ("namespaces", "", "shop", "status")),
        ("/apis/apps/v1/namespaces/shop/deployments/a%20b", ("deployments", "shop", "a b", "")),
        ("/apis/apps/v1", ("", "", "", "")),
        ("/version", ("", "", "", "")),
    ],
)
def test_a_path_says_what_it_is_about(path: str, target: tuple[str, ...]) -> None:
    assert tuple(request_target(path)) == target
