"""/statusz and /flagz: what the server says of itself to a person who debugs it."""

from __future__ import annotations

from datetime import datetime

from demo_cluster.handlers.discovery import VERSION, listed_paths
from demo_cluster.kinds import kind_of
from demo_cluster.status import Failure
from demo_cluster.timestamps import parse_timestamp
from demo_cluster.wire.negotiation import first_acceptable
from demo_cluster.wire.reply import Call, Reply

_TEXT = "text/plain"
_HEAD = """
kube-apiserver {page}
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility \
guarantees and is for debugging purposes only.
"""
_OF_THE_API = frozenset({"apis", "api", "openid", "openapi", ".well-known"})
"""First parts of paths that are no help to who debugs."""


async def statusz(call: Call) -> Reply:
    """GET /statusz: since when the server runs, and what it is.

    Raises:
        Failure: 406, the client does not take plain text.
    """
    _check_accepted(call)
    started, now = _beginning(call), call.backend.clock.now()
    seconds = max(0, int((now - started).total_seconds()))
    folders = {path.split("/")[1] for path in listed_paths(call.backend.registry)} - _OF_THE_API
    lines = (
        f"Started: {started:%a %b} {started.day:2} {started:%H:%M:%S UTC %Y}",
        f"Up: {seconds // 3600} hr {seconds // 60 % 60:02} min {seconds % 60:02} sec",
        f"Go version: {VERSION['goVersion']}",
        f"Binary version: {VERSION['gitVersion'].removeprefix('v')}",
        f"Emulation version: {VERSION['emulationMajor']}.{VERSION['emulationMinor']}",
        f"Paths: {' '.join(f'/{folder}' for folder in sorted(filter(None, folders)))}",
    )
    text = "\n".join([_HEAD.format(page="statusz"), *lines, ""])
    return Reply(body=text, headers={"Content-Type": f"{_TEXT}; charset=utf-8"})


async def flagz(call: Call) -> Reply:
    """GET /flagz: the flags that the server was started with; it has none of a real one's.

    Raises:
        Failure: 406, the client does not take plain text.
    """
    _check_accepted(call)
    text = _HEAD.format(page="flagz")
    return Reply(body=text, headers={"Content-Type": f"{_TEXT}; charset=utf-8"})


def _check_accepted(call: Call) -> None:
    if not first_acceptable(call.headers.get("accept", ""), (_TEXT,)):
        served = f"application/json, application/yaml, {_TEXT}"
        text = f"only the following media types are accepted: {served}"
        raise Failure(406, "NotAcceptable", text)


def _beginning(call: Call) -> datetime:
    """When the cluster's first namespace was made."""
    first = call.storage.get(kind_of("namespaces"), "", "kube-system")
    if first is None:
        return call.backend.clock.now()
    return parse_timestamp(first["metadata"]["creationTimestamp"])
