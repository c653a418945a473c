"""The error tree of the client: each message is one sentence that says what to do next.

Everything here is a value; nothing does I/O. The library errors of sockets, TLS and HTTP become
these classes once, in the module that imports the library.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_MESSAGE_LIMIT = 2000


class KubeError(Exception):
    """Anything that can go wrong between this program and a cluster."""


class ConfigError(KubeError):
    """The kubeconfig is missing, malformed, or does not say which cluster to use."""


class NoClusterError(ConfigError):
    """No kubeconfig names a cluster and this process does not run inside one."""


class CredentialsError(KubeError):
    """The user's credentials could not be had: a plugin failed, a token file is unreadable."""


class UnreachableError(KubeError):
    """No answer came, or it was cut short; safe to try again."""


class NotConnectedError(UnreachableError):
    """No connection came about, so nothing was asked."""


class UntrustedServerError(UnreachableError):
    """The server's certificate could not be verified."""


class ProtocolError(KubeError):
    """An answer came that no Kubernetes API server would give."""


class ApiError(KubeError):
    """The API server refused; the base of one class for each kind of refusal.

    `details` is the `details` object of the server's Status, or empty.
    `retry_after` is in seconds, when the server named a time.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        server_message: str = "",
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.server_message = server_message
        self.details: dict[str, Any] = details or {}
        self.retry_after = retry_after


class BadRequestError(ApiError):
    """The server could not make sense of the request (400)."""


class UnauthorizedError(ApiError):
    """The server does not know the user (401)."""


class ForbiddenError(ApiError):
    """The user may not do this (403)."""


class NotFoundError(ApiError):
    """The object, or the whole resource, does not exist (404)."""


class MethodNotAllowedError(ApiError):
    """The resource does not offer this verb (405)."""


class ConflictError(ApiError):
    """The object changed meanwhile, or another manager owns the field (409)."""


class AlreadyExistsError(ConflictError):
    """An object of this name exists (409)."""


class GoneError(ApiError):
    """The resource version or page is too old to go on from (410)."""


class UnsupportedMediaTypeError(ApiError):
    """The resource does not take this kind of body (415)."""


class InvalidError(ApiError):
    """The object was understood but is not valid (422)."""


class TooManyRequestsError(ApiError):
    """The server asks to slow down, or a disruption budget forbids an eviction (429)."""


class ServerError(ApiError):
    """The server itself failed (5xx)."""


class RequestTarget(NamedTuple):
    """What a request path names: empty strings where it names nothing."""

    resource: str
    namespace: str
    name: str
    subresource: str


def request_target(path: str) -> RequestTarget:
    """The resource, namespace, name and subresource that an API path names."""
    parts = [unquote(part) for part in path.partition("?")[0].split("/") if part]
    if parts[:1] == ["api"]:
        rest = parts[2:]
    elif parts[:1] == ["apis"]:
        rest = parts[3:]
    else:
        return RequestTarget("", "", "", "")
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource, name, subresource = (*rest, "", "", "")[:3]
    return RequestTarget(resource, namespace, name, subresource)


def one_line(text: str) -> str:
    """The text with line breaks and control characters as single spaces, bounded in length."""
    line = _UNPRINTABLE.sub(" ", text).strip()
    return line if len(line) <= _MESSAGE_LIMIT else line[:_MESSAGE_LIMIT] + "…"


class _Refusal(NamedTuple):
    """What the sentences below are made from."""

    verb: str
    path: str
    status: int
    reason: str
    text: str
    target: RequestTarget
    retry_after: float | None

    @property
    def thing(self) -> str:
        resource, namespace, name, subresource = self.target
        words = resource or self.path
        if name:
            words += f"/{name}"
        if subresource:
            words += f" ({subresource})"
        return f"{words} in namespace {namespace!r}" if namespace else words

    @property
    def said(self) -> str:
        """The server's own words as the tail of a sentence."""
        return f": {self.text.rstrip('.')}." if self.text else "."


def _bad_request(refusal: _Refusal) -> str:
    if "HTTP request to an HTTPS server" in refusal.text:
        return "The server wants TLS: write https:// in its address in the kubeconfig."
    return (
        f"The server could not understand the request to {refusal.verb} "
        f"{refusal.thing}{refusal.said}"
    )


def _unauthorized(_: _Refusal) -> str:
    return (
        "The server does not accept your credentials (401 Unauthorized). "
        "Log in again, or check the user of this context in your kubeconfig."
    )


def _forbidden(refusal: _Refusal) -> str:
    namespace = refusal.target.namespace
    flag = f" -n {namespace}" if namespace else ""
    if "because it is being terminated" in refusal.text:
        return (
            f"The namespace {namespace!r} is being deleted. Wait until it is gone, or choose "
            f"another: kubectl get namespace {namespace} --watch"
        )
    if "exceeded quota" in refusal.text:
        return (
            f"The quota does not allow to {refusal.verb} {refusal.thing}{refusal.said} "
            f"Remove something, or have it raised: kubectl describe quota{flag}"
        )
    if "admission webhook" in refusal.text or "violates PodSecurity" in refusal.text:
        return f"A rule of the cluster forbids to {refusal.verb} {refusal.thing}{refusal.said}"
    return (
        f"You may not {refusal.verb} {refusal.thing}{refusal.said} "
        f"See what you may do: kubectl auth can-i --list{flag}"
    )


def _not_found(refusal: _Refusal) -> str:
    if refusal.reason != "NotFound" or "could not find the requested resource" in refusal.text:
        return (
            f"The server does not serve {refusal.thing}{refusal.said} "
            "Check the server's address, and the kinds it knows: kubectl api-resources"
        )
    said = refusal.text.rstrip(".") or f"{refusal.thing} not found"
    namespace = refusal.target.namespace
    where = f" in namespace {namespace!r}" if namespace and namespace not in said else ""
    return f"{said}{where}; check the name and the namespace."


def _method_not_allowed(refusal: _Refusal) -> str:
    return f"The server does not allow to {refusal.verb} {refusal.thing}{refusal.said}"


def _conflict(refusal: _Refusal) -> str:
    if refusal.text.startswith("Apply failed"):
        return f"{refusal.text}. Another manager owns these fields: leave them, or force the apply."
    return f"Could not {refusal.verb} {refusal.thing}{refusal.said} Fetch it again and repeat."


def _already_exists(refusal: _Refusal) -> str:
    return f"{refusal.text.rstrip('.') or refusal.thing}; choose another name, or change that one."


def _gone(refusal: _Refusal) -> str:
    return f"The version asked for is too old to {refusal.verb} from{refusal.said} List again."


def _unsupported_media_type(refusal: _Refusal) -> str:
    return f"The server does not take this kind of body for {refusal.thing}{refusal.said}"


def _invalid(refusal: _Refusal) -> str:
    return f"The server finds it not valid{refusal.said} Correct it and {refusal.verb} again."


def _too_many_requests(refusal: _Refusal) -> str:
    wait = f" in {refusal.retry_after:g} s" if refusal.retry_after else " in a moment"
    return f"The server refuses to {refusal.verb} {refusal.thing} now{refusal.said} Try again{wait}"


def _server_error(refusal: _Refusal) -> str:
    return (
        f"The server failed to {refusal.verb} {refusal.thing} "
        f"({refusal.status} {refusal.reason}){refusal.said} Try again in a moment"
    )


def _other(refusal: _Refusal) -> str:
    return (
        f"The server answered {refusal.status} to the request to {refusal.verb} "
        f"{refusal.thing}{refusal.said}"
    )


_BY_STATUS: dict[int, tuple[type[ApiError], Callable[[_Refusal], str]]] = {
    400: (BadRequestError, _bad_request),
    401: (UnauthorizedError, _unauthorized),
    403: (ForbiddenError, _forbidden),
    404: (NotFoundError, _not_found),
    405: (MethodNotAllowedError, _method_not_allowed),
    409: (ConflictError, _conflict),
    410: (GoneError, _gone),
    415: (UnsupportedMediaTypeError, _unsupported_media_type),
    422: (InvalidError, _invalid),
    429: (TooManyRequestsError, _too_many_requests),
}


def error_from_response(
    status: int, headers: Mapping[str, str], body: bytes, *, verb: str, path: str
) -> ApiError:
    """The error for a refused request: its class by status, its sentence from the Status body.

    A body that is no Status (a proxy's page, plain text) is quoted in part.
    """
    content = _status_body(body)
    text = str(content.get("message") or "") if content else _foreign_text(headers, body)
    return error_from_status(
        {**content, "code": status, "message": text},
        verb=verb,
        path=path,
        retry_after=_retry_after(headers, content),
    )


def error_from_status(
    content: Mapping[str, Any], *, verb: str, path: str, retry_after: float | None = None
) -> ApiError:
    """The error that a Status object means, for example one inside a watch."""
    code = content.get("code")
    status = code if isinstance(code, int) else 500
    reason = str(content.get("reason") or "")
    details = content.get("details")
    server_message = str(content.get("message") or "")
    error_class, sentence = _BY_STATUS.get(
        status, (ServerError, _server_error) if status >= 500 else (ApiError, _other)
    )
    if reason == "AlreadyExists":
        error_class, sentence = AlreadyExistsError, _already_exists
    refusal = _Refusal(
        verb, path, status, reason, one_line(server_message), request_target(path), retry_after
    )
    return error_class(
        sentence(refusal),
        status=status,
        reason=reason,
        server_message=server_message,
        details=details if isinstance(details, dict) else {},
        retry_after=retry_after,
    )


def _status_body(body: bytes) -> dict[str, Any]:
    if not body.lstrip().startswith(b"{"):
        return {}
    import json

    try:
        content = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(content, dict) or content.get("kind") != "Status":
        return {}
    return content


def _foreign_text(headers: Mapping[str, str], body: bytes) -> str:
    if "location" in headers:
        return one_line(f"it points to {headers['location']}")
    if "html" in headers.get("content-type", "") or body.lstrip()[:1] == b"<":
        return "the answer is a web page, not Kubernetes'"
    return one_line(body[:400].decode("utf-8", "replace"))


def _retry_after(headers: Mapping[str, str], content: Mapping[str, Any]) -> float | None:
    details = content.get("details")
    from_body = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    for value in (headers.get("retry-after"), from_body):
        try:
            seconds = float(value) if value is not None else 0.0
        except (TypeError, ValueError):
            continue
        if seconds > 0:
            return seconds
    return None
