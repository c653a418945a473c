"""How a command ended, beside the recording: exit code, requests, and what it printed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.conformance.result import Exchange

NAMESPACE = "rec-kubectl"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended; `code` is None when it had to be interrupted."""

    stdout: str
    stderr: str
    code: int | None


_SAME = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000|Z)"), "<time>"),
    (re.compile(r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"), "<time>"),
    (re.compile(r"\bweb-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), "web-<hash>-<name>"),
    (re.compile(r"\bweb-[a-z0-9]{8,10}\b"), "web-<hash>"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-<name>"),
    (re.compile(r"https?://127\.0\.0\.1:\d+"), "<server>"),
    (re.compile(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"), "<address>"),
    (re.compile(r"(?<=resourceVersion: )\"\d+\"|(?<=\"resourceVersion\": )\"\d+\""), "<version>"),
    (re.compile(r"pod-template-hash[=:] ?[a-z0-9]{8,10}"), "pod-template-hash=<hash>"),
    (re.compile(r"\breq \d+"), "req <n>"),
    (re.compile(r"/\S*/(LIVE|MERGED)-\d+/"), r"<folder>/\1/"),
    (re.compile(r"v0\.0\.0-master\+\$Format:%H\$"), "v1.36.2"),
    (re.compile(r"containerd://1\.\d+\.\d+"), "containerd://<version>"),
    (re.compile(r"(?<![\w.-])(\d+[dhms])+(?![\w.-])"), "<age>"),
    (re.compile(r"<age> \(x\d+ over <age>\)"), "<age>"),
    (
        re.compile(r"\b(crash +)[01]/1 +(Error|CrashLoopBackOff|Running) +\d+ \(<age> ago\)"),
        r"\1<crashes again and again>",
    ),
    # Between two runs of `crash` its last run is there, after the second the one before is not.
    (
        re.compile(
            r"^(boom|unable to retrieve container logs for containerd://<id>)$", re.MULTILINE
        ),
        "<the run before>",
    ),
)
_BLANKS = re.compile(r"[ \t]{2,}|\t")


def _normal(text: str) -> list[str]:
    """The lines without what varies; equal lines in a row are one, columns one blank apart."""
    for pattern, placeholder in _SAME:
        text = pattern.sub(placeholder, text)
    lines: list[str] = []
    for line in text.splitlines():
        same = _BLANKS.sub("  ", line).rstrip()
        if not lines or same != lines[-1]:
            lines.append(same)
    return lines


_UNORDERED = ("kubectl events", "kubectl get events")
"""Commands whose lines come by moments that are equal."""


def _in_namespace(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(("NAMESPACE ", NAMESPACE))]


_LOGGED = re.compile(
    r"^I\d{4} .* round_trippers\.go:\d+\] (?P<method>[A-Z]+) https://[^/]+(?P<target>\S*) "
    r"(?P<status>\d{3}) .* in \d+ milliseconds$",
    re.MULTILINE,
)
_LOG_LINE = re.compile(r"^I\d{4} .*?(\[\{\n(.|\n)*?^\}\])?\n", re.MULTILINE)
_EARLY = re.compile(
    r"^E\d{4} .* websocket\.go:\d+\] Unknown stream id \d, discarding message\n", re.MULTILINE
)
"""A slow kubectl says so of the server's first, empty message when its streams are not made yet."""
_SETTLED = ("resourceVersion", "timeoutSeconds", "continue", "sinceSeconds")
"""Parameters whose values vary from time to time."""
_CACHED = (
    "/api",
    "/apis",
    "/api/v1",
    "/version",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
)
"""What kubectl asks to know the kinds, when its cache is old."""


def _asked(method: str, path: str, query: Mapping[str, Any], status: int) -> str:
    """One request in one line, without what varies."""
    pairs = [
        f"{name}={'<varies>' if name in _SETTLED else _selection(name, str(each))}"
        for name, value in sorted(query.items())
        for each in (value if isinstance(value, list) else [value])
    ]
    return f"{method} {path} {' '.join(pairs)} {status}"


def _selection(name: str, value: str) -> str:
    """Selectors with their parts in one order."""
    return ",".join(sorted(value.split(","))) if name.endswith("Selector") else value


def _requests_difference(exchange: Exchange, stderr: str) -> str:
    """Where the requests for objects differ from the recorded ones, in their order."""
    wanted = [
        _asked(
            each["request"]["method"],
            each["request"]["path"],
            each["request"].get("query") or {},
            each["response"]["status"],
        )
        for each in exchange["exchanges"]
    ]
    found = []
    for match in _LOGGED.finditer(stderr):
        split = urlsplit(match["target"])
        query = parse_qs(split.query, keep_blank_values=True)
        found.append(_asked(match["method"], unquote(split.path), query, int(match["status"])))
    if exchange["command"].startswith("kubectl delete"):  # how it waits is a matter of moments
        wanted, found = (
            [line for line in lines if not line.startswith("GET")] for lines in (wanted, found)
        )
    one, other = (_normal("\n".join(_of_objects(lines))) for lines in (wanted, found))
    for index, (expected, got) in enumerate(zip(one, other, strict=False)):
        if expected != got:
            return f"request {index + 1}: {got!r}, expected {expected!r}"
    if len(one) != len(other):
        rest = (one[len(other) :] or other[len(one) :])[0]
        return f"{len(other)} requests, expected {len(one)}; the first odd: {rest!r}"
    return ""


def _of_objects(lines: list[str]) -> list[str]:
    """Without what fills kubectl's cache."""
    kept = []
    for line in lines:
        path = line.split(" ")[1]
        if path not in _CACHED and not path.startswith("/openapi/"):
            kept.append(line)
    return kept


def outcome_difference(exchange: Exchange, outcome: Outcome) -> str:
    if outcome.code != exchange["exit"]:
        told = (outcome.stderr or outcome.stdout)[-300:]
        return f"exit {outcome.code}, expected {exchange['exit']} ({told!r})"
    if wrong := _requests_difference(exchange, outcome.stderr):
        return wrong
    if exchange["exit"] is None:
        return ""
    stderr = _EARLY.sub("", _LOG_LINE.sub("", outcome.stderr))
    for name, found in (("stdout", outcome.stdout), ("stderr", stderr)):
        wanted, got = _normal(exchange[name]), _normal(found)
        is_cut = f"recorder cut {name}" in (exchange.get("notes") or "")
        wanted = wanted[:-1] if is_cut else wanted
        if " -A" in exchange["command"]:
            wanted, got = _in_namespace(wanted), _in_namespace(got)
        if exchange["command"].startswith(_UNORDERED):
            missing = sorted(set(wanted) - set(got))
            wanted, got = missing, []
        if "rollout status" in exchange["command"] and set(got) <= set(wanted):
            wanted, got = wanted[-1:], got[-1:]  # who looks later sees fewer steps
        if is_cut:
            got = got[: len(wanted)]
        for index, (one, other) in enumerate(zip(wanted, got, strict=False)):
            if one != other:
                return f"{name} line {index + 1}: {other!r}, expected {one!r}"
        if len(wanted) != len(got):
            rest = (wanted[len(got) :] or got[len(wanted) :])[0]
            return f"{name} has {len(got)} lines, expected {len(wanted)}; the first odd: {rest!r}"
    return ""
