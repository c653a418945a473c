"""Normalise what varies, and say where two answers differ. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

_VARIES = frozenset(
    {
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "continue",
        "controller-uid",
        "batch.kubernetes.io/controller-uid",
        "pod-template-hash",
        "controller-revision-hash",
        "podIP",
        "hostIP",
        "clusterIP",
        "nodePort",
        "containerID",
        "imageID",
        "serverAddress",
        "token",
        "lastTransitionTime",
        "lastProbeTime",
        "startTime",
        "startedAt",
        "finishedAt",
        "time",
        "renewTime",
        "acquireTime",
        "firstTimestamp",
        "lastTimestamp",
        "eventTime",
        "count",
        "ETag",
        "lastUpdateTime",
        "completionTime",
        "lastScheduleTime",
        "lastSuccessfulTime",
        "storageVersionHash",
        "expirationTimestamp",
    }
)
_LISTS_THAT_VARY = frozenset({"podIPs", "hostIPs", "clusterIPs", "images"})
_VERSION = frozenset(
    {"gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "kubeletVersion"}
)
_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
_GENERATED = re.compile(rf"(?<=-){_LETTERS}{{5}}(?![a-z0-9])")
_HASHED = re.compile(r"(?<=-)(?=[a-z0-9]*\d)[a-z0-9]{8,10}(?=[-\",\\s]|$)")
_TEMPLATE_HASH = re.compile(rf"(?<=-){_LETTERS}{{8,10}}(?![a-z0-9])")
_HASH_IN_SELECTOR = re.compile(r"(pod-template-hash|controller-revision-hash)=[a-z0-9-]+")
_KERNEL = re.compile(r"^\d+\.\d+\.\d+(-[\w.-]+)? \((\w+)\)$")
_EVENT = re.compile(r"\.[0-9a-f]{16}$")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_HOST = re.compile(r"\b(default-scheduler|kube-controller-manager)-[a-z-]+$")
_AGE = re.compile(r"^(\d+[smhdy])+( ago)?$|^<invalid>$")
_RV_TEXT = re.compile(
    r"(resource version: \d+, current: |resource version: \d+ \(|in record \()\d+"
)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_ADDRESS = re.compile(r"\b(10\.(244|9[6-9]|10\d|11[01])|192\.0\.2|127\.0\.0)\.\d+(\.\d+)?(:\d+)?\b")
_RUNTIME = re.compile(r"containerd://\d+\.\d+\.\d+")
_IDENTITY = re.compile(r"\bapiserver-[a-z2-7]{26}(?![a-z2-7])")
_QUIRK = {"memory": "9007199254740988Ki"}
"""Limits that the recorded node showed for pods without any."""
_CHECKS_OF_STOCK = ("/readyz/etcd", "/readyz/etcd-readiness")
"""Health checks that a stock server has and the recorded build did not."""
_HASH_IN_URL = re.compile(r"\?hash=[0-9A-F]{128}")
_HUNK = re.compile(r"@@ -\d+(,\d+)? \+\d+(,\d+)? @@")
"""Where in a diff a hunk stands: the recorded pods have one more volume source."""
_STOCK_LINES = re.compile(r"\[\+\]etcd(-readiness)? ok\n")
_IGNORED_CONFIG = "openshift-service-ca.crt"


def normal(value: Any, *, keeps_managers: bool = False) -> Any:
    """The value with everything that varies replaced by a placeholder."""
    return _normal(value, "", keeps_managers)


def _normal(value: Any, key: str, keeps_managers: bool) -> Any:
    if isinstance(value, dict):
        made = str(value.get("generateName", ""))
        if made and str(value.get("name", "")).startswith(made):
            value = {**value, "name": f"{made}<name>"}
        return {
            _text(name) if name.startswith("k:") else name: _normal(inner, name, keeps_managers)
            for name, inner in value.items()
            if not (name == "managedFields" and not keeps_managers)
            and inner not in (_QUIRK, _QUIRK["memory"])
        }
    if isinstance(value, list):
        if key in _LISTS_THAT_VARY:
            return ["<varies>"]
        if key == "cells":
            return [_cell(cell) for cell in value]
        kept = [item for item in value if not _is_ignored(item)]
        return [_normal(item, "", keeps_managers) for item in kept]
    if value is None:
        return None
    if key in _VARIES or key in _VERSION:
        return "<varies>"
    return _text(value) if isinstance(value, str) else value


def _cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return "<age>" if _AGE.match(cell) else re.sub(r"\((\S+) ago\)", "(<age> ago)", _text(cell))
    return cell


def _text(text: str) -> str:
    text = _HASH_IN_URL.sub("?hash=<hash>", text)
    text = _HUNK.sub("@@ <place> @@", text)
    text = _STOCK_LINES.sub("", text)
    text = _PEM.sub("<certificate>", text).replace("<certificate>\n<certificate>", "<certificate>")
    text = text.replace("v0.0.0-master+$Format:%H$", "v1.36.2")
    text = _UUID.sub("<uid>", text)
    text = _RUNTIME.sub("containerd://<version>", text)
    text = _IDENTITY.sub("apiserver-<identity>", text)
    text = _TIME.sub("<time>", text)
    text = _RV_TEXT.sub(r"\1<rv>", text)
    text = _ADDRESS.sub("<address>", text)
    text = _EVENT.sub(".<event>", text)
    text = _GENERATED.sub("<name>", text)
    text = text.replace("library/busybox:latest", "library/busybox:1.36")
    text = _HOST.sub(r"\1-<host>", text)
    text = _RUNTIME.sub("containerd://<version>", text)
    text = _TEMPLATE_HASH.sub("<hash>", text)
    text = _HASH_IN_SELECTOR.sub(r"\1=<hash>", text)
    text = _KERNEL.sub(r"<kernel> (\2)", text)
    return _HASHED.sub("<hash>", text)


def _is_ignored(item: Any) -> bool:
    if not isinstance(item, dict):
        return item in _CHECKS_OF_STOCK
    if item.get("configMap", {}) and isinstance(item["configMap"], dict):
        return bool(item["configMap"].get("name") == _IGNORED_CONFIG)
    meta = item.get("metadata")
    return isinstance(meta, dict) and meta.get("name") == _IGNORED_CONFIG


def difference(expected: Any, found: Any, path: str = "") -> str:
    """Where the two first differ, in one line; "" when they are alike."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return _object_difference(expected, found, path)
    if isinstance(expected, list) and isinstance(found, list):
        return _list_difference(expected, found, path)
    if expected != found or isinstance(expected, bool) != isinstance(found, bool):
        return f"{path}: {_short(found)}, expected {_short(expected)}"
    return ""


def _object_difference(expected: dict[str, Any], found: dict[str, Any], path: str) -> str:
    for name, value in expected.items():
        if name not in found:
            return f"{path}.{name} is missing (expected {_short(value)})"
    for name, value in found.items():
        if name not in expected:
            return f"{path}.{name} is too much ({_short(value)})"
    problems = (
        difference(value, found[name], f"{path}.{name}") for name, value in expected.items()
    )
    return next(filter(None, problems), "")


def _list_difference(expected: list[Any], found: list[Any], path: str) -> str:
    pairs = enumerate(zip(expected, found, strict=False))
    problems = (difference(one, other, f"{path}[{index}]") for index, (one, other) in pairs)
    problem = next(filter(None, problems), "")
    if not problem and len(expected) != len(found):
        return f"{path} has {len(found)} items, expected {len(expected)}"
    return problem


def _short(value: Any, limit: int = 400) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…"
