"""limit, continue and resourceVersion of a list: which snapshot, and where in it. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

import msgspec

from demo_cluster.status import Cause, Failure, bad_request
from demo_cluster.wire.decoding import JsonError, go_name, parse_json
from demo_cluster.wire.reply import Call

_TOKEN_VERSION = "meta.k8s.io/v1"  # noqa: S105 -- a format's name
LATEST = -1


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What part of a list is asked for. `version` None = the latest."""

    limit: int = 0
    version: int | None = None
    start: str | None = None
    """Only keys from here on, as `name` or `namespace/name`."""
    is_continued: bool = False


def page_request(call: Call) -> PageRequest:
    """The call's paging parameters.

    Raises:
        Failure: 400, 422 or 504: they make no sense, or name a version of the future.
    """
    limit = _limit(call.param("limit"))
    version = requested_version(call)
    match = call.param("resourceVersionMatch")
    token = call.param("continue")
    _check_match(match, call.param("resourceVersion"), token)
    seconds_of(call)
    if token:
        if version not in (None, 0):
            raise bad_request("specifying resource version is not allowed when using continue")
        read_version, start = read_token(token)
        if read_version > call.storage.resource_version:
            text = "etcdserver: mvcc: required revision is a future revision"
            raise Failure(500, "", text)
        return PageRequest(limit, None if read_version == LATEST else read_version, start, True)
    if version in (None, 0):
        return PageRequest(0 if version == 0 and match != "Exact" else limit)
    check_not_future(call, version)
    if match == "Exact" or (limit and not match):
        return PageRequest(limit, version)
    return PageRequest(limit)


def _limit(text: str) -> int:
    if not text:
        return 0
    return max(parsed_int(text), 0)


def parsed_int(text: str) -> int:
    """A whole number of 64 bits.

    Raises:
        Failure: 400, it is none, in the words of Go's strconv.
    """
    if not _INTEGER.fullmatch(text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > _MOST_DIGITS or not -(1 << 63) <= int(text) < 1 << 63:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


_INTEGER = re.compile(r"[-+]?[0-9]+")
_MOST_DIGITS = 20


def requested_version(call: Call) -> int | None:
    """The resourceVersion parameter as a number, None when there is none.

    Raises:
        Failure: 400, it is no number.
    """
    text = call.param("resourceVersion")
    if not text:
        return None
    problem = ""
    if not text.isascii() or not text.isdigit():
        problem = "invalid syntax"
    elif len(text) > _MOST_DIGITS or int(text) >= 1 << 64:
        problem = "value out of range"
    if problem:
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": {problem}'
        )
    return int(text)


def check_not_future(call: Call, version: int | None) -> None:
    """Refuse a version that no write has reached yet.

    Raises:
        Failure: 504, as a server that waited for it in vain.
    """
    current = call.storage.resource_version
    if version is None or version <= current:
        return
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    raise Failure(504, "Timeout", message, details, headers={"Retry-After": "1"})


def _check_match(match: str, version: str, token: str) -> None:
    """Follows ValidateListOptions."""
    field = "resourceVersionMatch"
    texts: list[tuple[str, str]] = []
    if match and not version:
        text = f"Forbidden: {field} is forbidden unless resourceVersion is provided"
        texts.append(("FieldValueForbidden", text))
    if match and token:
        text = f"Forbidden: {field} is forbidden when continue is provided"
        texts.append(("FieldValueForbidden", text))
    if match and match not in ("Exact", "NotOlderThan"):
        supported = '"Exact", "NotOlderThan", ""'
        text = f'Unsupported value: "{match}": supported values: {supported}'
        texts.append(("FieldValueNotSupported", text))
    if match == "Exact" and version == "0":
        text = f'Forbidden: {field} "exact" is forbidden for resourceVersion "0"'
        texts.append(("FieldValueForbidden", text))
    if texts:
        raise invalid_options("ListOptions", [Cause(reason, text, field) for reason, text in texts])


def check_no_initial_events(call: Call) -> None:
    """Refuse a list that asks for what only a watch has.

    Raises:
        Failure: 422.
    """
    if "sendInitialEvents" in call.query:
        text = "Forbidden: sendInitialEvents is forbidden for list"
        cause = Cause("FieldValueForbidden", text, "sendInitialEvents")
        raise invalid_options("ListOptions", [cause])


def seconds_of(call: Call) -> int:
    """The timeoutSeconds parameter, 0 when there is none.

    Raises:
        Failure: 400, it is no number.
    """
    text = call.param("timeoutSeconds")
    return parsed_int(text) if text else 0


def invalid_options(kind: str, causes: list[Cause]) -> Failure:
    """422: query parameters that a kind of options refuses."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    problem = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details = {
        "group": "meta.k8s.io",
        "kind": kind,
        "causes": [
            {"reason": cause.reason, "message": cause.message, "field": cause.field}
            for cause in causes
        ],
    }
    return Failure(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {problem}', details)


def write_token(version: int, start: str) -> str:
    """The token that goes on after this key."""
    text = msgspec.json.encode({"v": _TOKEN_VERSION, "rv": version, "start": f"/{start}\0"})
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def read_token(token: str) -> tuple[int, str]:
    """Version and start key of a token.

    Raises:
        Failure: 400, it is none of ours.
    """
    try:
        parts = parse_json(_unpacked(token)).value
    except JsonError as error:
        raise _bad_token(str(error)) from error
    if not isinstance(parts, dict):
        found = go_name(parts)
        raise _bad_token(f"json: cannot unmarshal {found} into Go value of type {_GO_TOKEN}")
    for name, (type_, go) in _TOKEN_FIELDS.items():
        value = parts.setdefault(name, type_())
        if not isinstance(value, type_) or isinstance(value, bool):
            field = f"Go struct field continueToken.{name} of type {go}"
            raise _bad_token(f"json: cannot unmarshal {go_name(value)} into {field}")
    form, version, start = parts["v"], parts["rv"], parts["start"]
    if form != _TOKEN_VERSION:
        raise _bad_token(f"server does not recognize this encoded version {form}")
    if ".." in start.split("/"):
        raise _bad_token(start)
    if version == 0:
        raise _bad_token(f"incorrect encoded start resourceVersion (version {_TOKEN_VERSION})")
    if not start:
        raise _bad_token(f"encoded start key empty (version {_TOKEN_VERSION})")
    return version, start.lstrip("/")


_GO_TOKEN = "storage.continueToken"  # noqa: S105 -- a type's name
_TOKEN_FIELDS: dict[str, tuple[type, str]] = {
    "v": (str, "string"),
    "rv": (int, "int64"),
    "start": (str, "string"),
}


def _unpacked(token: str) -> bytes:
    for index, letter in enumerate(token):
        if not (letter.isascii() and (letter.isalnum() or letter in "-_")):
            raise _bad_token(f"illegal base64 data at input byte {index}")
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error as error:
        raise _bad_token(f"illegal base64 data at input byte {len(token)}") from error


def _bad_token(problem: str) -> Failure:
    return bad_request(f"invalid continue token: continue key is not valid: {problem}")


def expired_continue(start: str) -> Failure:
    """410 for a token whose snapshot is gone, with one that goes on from the latest data."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter, or use the continue token in this "
        "response to retrieve the remainder of the results. Continuing with the provided token "
        "results in an inconsistent list - objects that were created, modified, or deleted "
        "between the time the first chunk was returned and now may show up in the list."
    )
    failure = Failure(410, "Expired", message)
    failure.metadata = {"continue": write_token(LATEST, start.rstrip("\0"))}
    return failure
