"""Plays recorded commands with the real kubectl against a demo cluster on the machine's clock.

What must be there before a command, and what must not, is read from the recorded requests: an
object that was found has to be there, one that was missing or created must not.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from demo_cluster.users import ADMIN, VIEWER
from tests.conformance.result import UNPLAYABLE, Exchange, Result, not_played
from tests.conformance.wire import Answer, Wire

NAMESPACE = "rec-kubectl"
NO_KUBECTL = "no kubectl"
_SPEED = 4.0
"""The cluster's time is so much faster, to wait less for pods."""
_COMMAND_SECONDS = 60.0
_INTERRUPTED_AFTER = 1.0
_WAIT_SECONDS = 30.0
_OBJECT = re.compile(
    rf"^/(?:api|apis/[^/]+)/v[^/]+/namespaces/{NAMESPACE}/(?P<plural>\w+)(?:/(?P<name>[^/]+))?$"
)
_APIS = {
    "deployments": "/apis/apps/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v1",
    "replicasets": "/apis/apps/v1",
}
_BASE = (("deployments", "web"), ("services", "web"), ("pods", "two"), ("pods", "crash"))


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """The commands of one file, in their order, on one cluster."""
    if shutil.which("kubectl") is None:
        return [not_played(topic, exchange, NO_KUBECTL) for exchange in exchanges]
    options = ClusterOptions(scenario="empty", has_metrics=False, clock=_clock())
    with running_cluster(options) as running, tempfile.TemporaryDirectory() as home:
        player = _Player(running, Path(home))
        return [Result(topic, each["id"], player.difference(each)) for each in exchanges]


def _clock() -> RealClock:
    """Fast, and behind the machine's clock all the while: kubectl reckons ages by that one."""
    return RealClock(_SPEED, datetime.now(UTC) - timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended; `code` is None when it had to be interrupted."""

    stdout: str
    stderr: str
    code: int | None


class _Player:
    def __init__(self, running: RunningCluster, home: Path) -> None:
        authority = running.call(lambda: running.cluster._certificates.authority)
        tokens = {"admin": running.cluster.token(ADMIN), "viewer": running.cluster.token(VIEWER)}
        self._wire = Wire(running.server, authority, tokens)
        self._home = home
        self._environment = _environment(running, home)
        self._names = _Names()
        self._wire.send("POST", "/api/v1/nodes", body={"metadata": {"name": "node-1"}})
        self._wire.send("DELETE", "/api/v1/nodes/node-2")

    def difference(self, exchange: Exchange) -> str:
        try:
            self._prepare(exchange)
            return _difference(exchange, self._run(exchange))
        except UNPLAYABLE as error:
            return f"could not be played: {error!r}"

    # -- what has to be there

    def _prepare(self, exchange: Exchange) -> None:
        self._namespace()
        for name, text in _files(exchange).items():
            (self._home / name).write_text(text, encoding="utf-8")
        wanted = dict.fromkeys(_BASE, True) | _presence(exchange)
        if "delete" in exchange["command"] or exchange["exit"]:
            wanted = _presence(exchange) | {}
        for (plural, name), is_there in wanted.items():
            self._bring(plural, self._names.here(name), is_there=is_there)
        self._as_said(exchange)

    def _namespace(self) -> None:
        if self._get("/api/v1/namespaces/" + NAMESPACE).status == 200:
            return
        self._wire.send("POST", "/api/v1/namespaces", body={"metadata": {"name": NAMESPACE}})
        self._until(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default", lambda _: True)
        for plural, name in _BASE:
            self._bring(plural, name, is_there=True)
            _until_the_next_second()

    def _bring(self, plural: str, name: str, *, is_there: bool) -> None:
        path = f"{_collection(plural)}/{name}"
        found = self._get(path).status == 200
        if found and not is_there:
            self._wire.send("DELETE", path, query={"gracePeriodSeconds": 0})
            self._until(path, lambda _: False, status=404)
        elif not found and is_there and (body := _object(plural, name)):
            manager = {"fieldManager": "kubectl-client-side-apply"}
            self._wire.send("POST", _collection(plural), body=body, query=manager)
            self._until(path, _IS_READY.get(plural, lambda _: True))

    def _as_said(self, exchange: Exchange) -> None:
        """States that only the recorded answer tells."""
        web, out = f"{_collection('deployments')}/web", exchange["stdout"]
        if out.endswith(" unlabeled\n"):
            label = exchange["command"].split()[-1].rstrip("-")
            self._merge(f"{_collection('pods')}/two", {"metadata": {"labels": {label: "y"}}})
        if out.endswith((" paused\n", " resumed\n")):
            self._merge(web, {"spec": {"paused": out.endswith(" resumed\n")}})
        if out.endswith(" rolled back\n"):
            self._with_two_revisions(web)
        if said := re.match(r"Waiting for deployment .* 1 out of (\d+) new replicas", out):
            self._roll(web, {"replicas": int(said[1])})
        if said := re.search(r"'(\w+)' already has a value \((\w+)\)", exchange["stderr"]):
            labels = {"metadata": {"labels": {said[1]: said[2]}}}
            self._merge(f"{_collection('pods')}/two", labels)
        if said := re.search(r"Expected replicas to be \d+, was (\d+)", exchange["stderr"]):
            self._merge(f"{_collection('deployments')}/web", {"spec": {"replicas": int(said[1])}})

    def _with_two_revisions(self, path: str) -> None:
        sets = self._get(_collection("replicasets")).value["items"]
        if len([each for each in sets if each["metadata"]["name"].startswith("web-")]) < 2:
            self._roll(path, {})
            self._until(path, _is_rolled_out)

    def _roll(self, path: str, changed: dict[str, Any]) -> None:
        """Begin a rollout from a settled deployment of the right size."""
        if changed:
            self._merge(path, {"spec": changed})
        self._until(path, _is_rolled_out)
        note = {"metadata": {"annotations": {"rolled-at": str(time.monotonic_ns())}}}
        self._merge(path, {"spec": {"template": note}})

    def _merge(self, path: str, body: Any) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        self._wire.send("PATCH", path, body=body, headers=headers)

    def _get(self, path: str) -> Answer:
        return self._wire.send("GET", path)

    def _until(self, path: str, is_so: Callable[[Any], bool], status: int = 200) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            answer = self._get(path)
            if answer.status == status and (status != 200 or is_so(answer.value)):
                return
            time.sleep(0.02)

    # -- the command

    def _run(self, exchange: Exchange) -> Outcome:
        words = shlex.split(self._names.translated(exchange["command"], self._listed()))
        words.insert(1, "-v=6")
        patience = "interrupted" in (exchange.get("notes") or "")
        process = subprocess.Popen(
            words,
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            limit = _INTERRUPTED_AFTER if patience else _COMMAND_SECONDS
            out, err = process.communicate(exchange.get("stdin") or "", timeout=limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            return Outcome(*_last_words(process), None)
        return Outcome(out, err, process.returncode)

    def _listed(self) -> list[str]:
        items = self._get(_collection("pods")).value.get("items", [])
        return [item["metadata"]["name"] for item in items]


def _last_words(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What an interrupted command says; where interrupts are ignored it is ended for good."""
    try:
        return process.communicate(timeout=_COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def _until_the_next_second() -> None:
    """What is made from now on is younger, also by moments that are cut to seconds."""
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.02)


@dataclass
class _Names:
    """Recorded generated names, and what they are here."""

    _known: dict[str, str] = field(default_factory=dict)

    def here(self, name: str) -> str:
        """The name here."""
        return self._known.get(name, name)

    def translated(self, text: str, pods: list[str]) -> str:
        """A command with the names of pods that are here."""
        for name in re.findall(r"\bweb-[a-z0-9]{8,10}-[a-z0-9]{5}\b", text):
            if self._known.get(name) not in pods:
                free = [pod for pod in pods if pod.startswith("web-")]
                self._known[name] = next(iter(free), name)
            text = text.replace(name, self._known[name])
        return text


def _environment(running: RunningCluster, home: Path) -> dict[str, str]:
    config = yaml.safe_load(running.kubeconfig.read_text(encoding="utf-8"))
    for context in config["contexts"]:
        context["context"]["namespace"] = NAMESPACE
    path = home / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": str(path),
        "TMPDIR": str(home),
        "TZ": "UTC",
    }


def _collection(plural: str) -> str:
    return f"{_APIS.get(plural, '/api/v1')}/namespaces/{NAMESPACE}/{plural}"


def _presence(exchange: Exchange) -> dict[tuple[str, str], bool]:
    """Which objects the recorded command found, missed, or made."""
    known = re.findall(r'(\w+)(?:\.[\w.]+)? "([\w-]+)" already exists', exchange["stderr"])
    found: dict[tuple[str, str], bool] = dict.fromkeys(known, True)
    for each in exchange["exchanges"]:
        request, status = each["request"], each["response"]["status"]
        match = _OBJECT.match(request["path"])
        if match is None or request["method"] not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            continue
        name = match["name"] or _name_in(request.get("body"))
        if not name or re.search(r"-[a-z0-9]{8,10}-[a-z0-9]{5}$", name):
            continue
        is_there = status != 404
        if request["method"] == "POST":
            is_there = status == 409
        if request["method"] == "PATCH" and "/apply" in str(request["headers"]):
            continue
        found.setdefault((match["plural"], name), is_there)
    return found


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_APPLIED = json.dumps(
    {
        "apiVersion": "v1",
        "data": {"a": "1"},
        "kind": "ConfigMap",
        "metadata": {"annotations": {}, "name": "app", "namespace": NAMESPACE},
    },
    separators=(",", ":"),
)


def _name_in(body: Any) -> str:
    """The name of the object that a request makes."""
    text = body if isinstance(body, str) else json.dumps(body)
    found = re.search(r'"name": ?"([^"]+)"', text or "")
    return found[1] if found else ""


def _object(plural: str, name: str) -> dict[str, Any] | None:
    meta = {"name": name}
    if (plural, name) == ("configmaps", "app"):
        return {"metadata": {**meta, "annotations": {_LAST_APPLIED: _APPLIED}}, "data": {"a": "1"}}
    if plural == "configmaps":
        return {"metadata": meta, "data": {"a": "1"}}
    if plural == "services":
        ports = [{"port": 80, "targetPort": 8080}]
        return {"metadata": meta, "spec": {"selector": {"app": "web"}, "ports": ports}}
    if plural == "pods":
        return _pod(name)
    if plural == "deployments":
        labels = {"app": name}
        script = 'i=0; while true; do i=$((i+1)); echo "req $i"; sleep 1; done'
        spec = {"containers": [_container("main", script)], "terminationGracePeriodSeconds": 1}
        template = {"metadata": {"labels": labels}, "spec": spec}
        whole = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        return {"metadata": {**meta, "labels": labels}, "spec": whole}
    return None


def _pod(name: str) -> dict[str, Any]:
    if name == "two":
        web = "mkdir /tmp/w; echo hello > /tmp/w/index.html; httpd -f -p 8080 -h /tmp/w"
        containers = [_container("a", "echo from a; sleep 100000"), _container("b", web)]
        meta: dict[str, Any] = {"name": name, "labels": {"app": name}}
    else:
        script = "echo boom; exit 3" if name == "crash" else "sleep 100000"
        containers, meta = [_container("main", script)], {"name": name}
    return {
        "metadata": meta,
        "spec": {"containers": containers, "terminationGracePeriodSeconds": 1},
    }


def _container(name: str, script: str) -> dict[str, Any]:
    command = ["sh", "-c", script]
    return {"name": name, "image": "busybox", "imagePullPolicy": "Never", "command": command}


def _is_pod_up(pod: Mapping[str, Any]) -> bool:
    states = pod.get("status", {}).get("containerStatuses", ())
    if pod["metadata"]["name"] == "crash":
        return any(each["restartCount"] for each in states)
    return bool(states) and all(each["ready"] for each in states)


_IS_READY: dict[str, Callable[[Any], bool]] = {
    "pods": _is_pod_up,
    "deployments": lambda obj: (
        obj.get("status", {}).get("readyReplicas", 0) == obj["spec"]["replicas"]
    ),
}


def _is_rolled_out(deployment: Mapping[str, Any]) -> bool:
    status, size = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = {status.get(name) for name in ("replicas", "updatedReplicas", "readyReplicas")}
    seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return seen and counts == {size}


_FILES = {
    "cm.yaml": {"a": "1"},
    "cm2.yaml": {"a": "2"},
}
_MULTI = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: m1
---
apiVersion: v1
kind: Widget
metadata:
  name: m2
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: m3
spec: {}
"""


def _files(exchange: Exchange) -> dict[str, str]:
    """The files that the command names: as the recorded requests show them, or the usual ones."""
    found = {"f.txt": "some text\n"}
    for name in re.findall(r"\S+\.yaml\b", exchange["command"]):
        if name == "multi.yaml":
            found[name] = _MULTI
            continue
        data = _FILES.get(name, {"a": "1"})
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": data}
        found[name] = yaml.safe_dump(made)
    return found


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


def _difference(exchange: Exchange, outcome: Outcome) -> str:
    if outcome.code != exchange["exit"]:
        told = (outcome.stderr or outcome.stdout)[-300:]
        return f"exit {outcome.code}, expected {exchange['exit']} ({told!r})"
    if wrong := _requests_difference(exchange, outcome.stderr):
        return wrong
    if exchange["exit"] is None:
        return ""
    stderr = _LOG_LINE.sub("", outcome.stderr)
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
