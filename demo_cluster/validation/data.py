"""Config maps and secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import IMMUTABLE, forbidden, invalid, invalid_for, required
from demo_cluster.wire.decoding import JsonError, parse_json

_MAX_DATA = 1024 * 1024
_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"


def data_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a config map or a secret, or with a change of it."""
    for field, other in (("data", "binaryData"), ("binaryData", "data")):
        for key in sorted(new.get(field) or {}):
            yield from invalid_for(f"{field}[{key}]", key, formats.config_key(key))
            if key in (new.get(other) or {}):
                yield invalid(f"{field}[{key}]", key, f"duplicate of key present in {other}")
    if old is not None and new.get("type") != old.get("type"):
        yield invalid("type", new.get("type"), IMMUTABLE)
    size = sum(len(str(value)) for value in (new.get("data") or {}).values())
    size += sum(len(str(value)) * 3 // 4 for value in (new.get("binaryData") or {}).values())
    if size > _MAX_DATA:
        text = f"Too long: may not be more than {_MAX_DATA} bytes"
        yield Cause("FieldValueTooLong", text, "[]" if new.get("kind") == "ConfigMap" else "data")
    if new.get("kind") != "ConfigMap" and (check := _TYPES.get(new.get("type", ""))):
        yield from check(new)
    if old is not None and old.get("immutable"):
        why = "field is immutable when `immutable` is set"
        for field in ("immutable", "data", "binaryData"):
            if new.get(field) != old.get(field):
                yield forbidden(field, why)


def _account_token(secret: Obj) -> Iterator[Cause]:
    if not (secret["metadata"].get("annotations") or {}).get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")


def _json_in(key: str) -> Callable[[Obj], Iterator[Cause]]:
    def check(secret: Obj) -> Iterator[Cause]:
        data = secret.get("data") or {}
        if key not in data:
            yield required(f"data[{key}]")
            return
        try:
            parse_json(base64.b64decode(str(data[key])))
        except JsonError as error:
            yield invalid(f"data[{key}]", _REDACTED, str(error))
        except binascii.Error:
            return

    return check


def _basic(secret: Obj) -> Iterator[Cause]:
    data = secret.get("data") or {}
    if "username" not in data and "password" not in data:
        yield required("data[username]")
        yield required("data[password]")


def _needs(*keys: str) -> Callable[[Obj], Iterator[Cause]]:
    def check(secret: Obj) -> Iterator[Cause]:
        for key in keys:
            if key not in (secret.get("data") or {}):
                yield required(f"data[{key}]")

    return check


_TYPES: dict[str, Callable[[Obj], Iterator[Cause]]] = {
    "kubernetes.io/service-account-token": _account_token,
    "kubernetes.io/dockercfg": _json_in(".dockercfg"),
    "kubernetes.io/dockerconfigjson": _json_in(".dockerconfigjson"),
    "kubernetes.io/basic-auth": _basic,
    "kubernetes.io/ssh-auth": _needs("ssh-privatekey"),
    "kubernetes.io/tls": _needs("tls.crt", "tls.key"),
}
"""What a secret of a type must hold."""
