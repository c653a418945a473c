"""Failures and their `Status` bodies, worded as a real API server words them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demo_cluster.kinds import Kind


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong with an object, and where."""

    reason: str
    message: str
    field: str


class Failure(Exception):  # noqa: N818 -- the API calls it a Failure
    """A request that ends with a `Status` body."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers or {}
        self.metadata: dict[str, Any] = {}

    def body(self) -> dict[str, Any]:
        """The `Status` object, fields in the order of the real server."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def qualified(kind: Kind) -> str:
    """`pods`, or `deployments.apps`: how messages name a resource."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def qualified_kind(kind: Kind) -> str:
    """`Pod`, or `Deployment.apps`: how messages name a kind."""
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def resource_details(kind: Kind, name: str = "", **more: Any) -> dict[str, Any]:
    """The `details` of a failure about one resource."""
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.plural
    return {**details, **more}


def not_found(kind: Kind, name: str) -> Failure:
    """404: there is no object of this name."""
    message = f'{qualified(kind)} "{name}" not found'
    return Failure(404, "NotFound", message, resource_details(kind, name))


def already_exists(kind: Kind, name: str) -> Failure:
    """409: there is one already."""
    message = f'{qualified(kind)} "{name}" already exists'
    return Failure(409, "AlreadyExists", message, resource_details(kind, name))


def conflict(kind: Kind, name: str, why: str) -> Failure:
    """409: the write is based on something that is no longer true."""
    message = f'Operation cannot be fulfilled on {qualified(kind)} "{name}": {why}'
    return Failure(409, "Conflict", message, resource_details(kind, name))


def stale_write(kind: Kind, name: str) -> Failure:
    """409: someone else wrote in the meantime."""
    return conflict(
        kind,
        name,
        "the object has been modified; please apply your changes to the latest version "
        "and try again",
    )


def invalid(kind: Kind, name: str, causes: Sequence[Cause]) -> Failure:
    """422: the object breaks these rules."""
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    problem = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    message = f'{qualified_kind(kind)} "{name}" is invalid: {problem}'
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.kind
    details["causes"] = [
        {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
    ]
    return Failure(422, "Invalid", message, details)


def bad_request(message: str) -> Failure:
    """400: the request makes no sense."""
    return Failure(400, "BadRequest", message)


def unauthorized() -> Failure:
    """401: nobody knows this token."""
    return Failure(401, "Unauthorized", "Unauthorized")


class PageNotFound(Failure):
    """404 with the plain text that Go's multiplexer gives."""

    def __init__(self) -> None:
        super().__init__(404, "", "404 page not found")


def forbidden(message: str, details: dict[str, Any] | None = None) -> Failure:
    """403: this user may not do that."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return Failure(403, "Forbidden", message, details or {}, headers=headers)


def no_such_resource() -> Failure:
    """404: the group is served, the version or the resource is not."""
    message = "the server could not find the requested resource"
    return Failure(404, "NotFound", message, {})


def method_not_allowed() -> Failure:
    """405: this resource does not do that."""
    message = "the server does not allow this method on the requested resource"
    return Failure(405, "MethodNotAllowed", message, {})


def expired(message: str) -> Failure:
    """410: the history does not go back that far."""
    return Failure(410, "Expired", message)


def internal_error(message: str) -> Failure:
    """500: something broke on the server's side."""
    return Failure(
        500,
        "InternalError",
        f"Internal error occurred: {message}",
        {"causes": [{"message": message}]},
    )
