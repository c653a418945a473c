"""Requests for certificates."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation.causes import invalid, required

_HEAD = b"-----BEGIN CERTIFICATE REQUEST-----"
_SHORTEST = 600


def signing_request_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a new request to sign a certificate."""
    spec = new.get("spec") or {}
    if old is not None:
        return
    if not _is_signing_request(spec.get("request", "")):
        why = "PEM block type must be CERTIFICATE REQUEST"
        yield invalid("spec.request", spec.get("request"), why)
    if not spec.get("usages"):
        yield required("spec.usages")
    if not spec.get("signerName"):
        yield required("spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        why = "may not specify a duration less than 600 seconds (10 minutes)"
        yield invalid("spec.expirationSeconds", seconds, why)


def _is_signing_request(encoded: str) -> bool:
    try:
        return _HEAD in base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
