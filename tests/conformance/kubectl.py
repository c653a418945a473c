"""Plays recorded commands with the real kubectl against a demo cluster on the machine's clock.

What must be there before a command, and what must not, is read from the recorded requests: an
object that was found has to be there, one that was missing or created must not.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from demo_cluster.access.users import ADMIN, VIEWER
from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from demo_cluster.timestamps import parse_timestamp
from tests.conformance.kubectl_alike import NAMESPACE, Outcome, outcome_difference
from tests.conformance.kubectl_objects import (
    IS_READY,
    files,
    is_rolled_out,
    name_in,
    recorded_object,
)
from tests.conformance.result import UNPLAYABLE, Exchange, Result, not_played
from tests.conformance.wire import Answer, Wire

NO_KUBECTL = "no kubectl"
_SPEED = 4.0
"""The cluster's time is so much faster, to wait less for pods."""
_COMMAND_SECONDS = 60.0
_INTERRUPTED_AFTER = 1.0
_WAIT_SECONDS = 30.0
_REST_SECONDS = 20.0
"""How long a crashing pod must still wait, in the cluster's time, where a command waits for it."""
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
    options = ClusterOptions(
        scenario="empty", has_metrics=False, binds_first_users=False, clock=_clock()
    )
    with running_cluster(options) as running, tempfile.TemporaryDirectory() as home:
        player = _Player(running, Path(home))
        return [Result(topic, each["id"], player.difference(each)) for each in exchanges]


def _clock() -> RealClock:
    """Fast, and behind the machine's clock all the while: kubectl reckons ages by that one."""
    return RealClock(_SPEED, datetime.now(UTC) - timedelta(hours=1))


class _Player:
    def __init__(self, running: RunningCluster, home: Path) -> None:
        authority = running.call(lambda: running.cluster._certificates.authority)
        tokens = {"admin": running.cluster.token(ADMIN), "viewer": running.cluster.token(VIEWER)}
        self._wire = Wire(running.server, authority, tokens)
        self._home = home
        self._clock = running.cluster.clock
        self._environment = _environment(running, home)
        self._names = _Names()
        self._wire.send("POST", "/api/v1/nodes", body={"metadata": {"name": "node-1"}})
        self._wire.send("DELETE", "/api/v1/nodes/node-2")

    def difference(self, exchange: Exchange) -> str:
        try:
            self._prepare(exchange)
            return outcome_difference(exchange, self._run(exchange))
        except UNPLAYABLE as error:
            return f"could not be played: {error!r}"

    # -- what has to be there

    def _prepare(self, exchange: Exchange) -> None:
        self._namespace()
        for name, text in files(exchange).items():
            (self._home / name).write_text(text, encoding="utf-8")
        wanted = dict.fromkeys(_BASE, True) | _presence(exchange)
        if "delete" in exchange["command"] or exchange["exit"]:
            wanted = _presence(exchange) | {}
        patches = [e for e in exchange["exchanges"] if e["request"]["method"] == "PATCH"]
        if len(patches) == 1 and "--server-side" in exchange["command"]:
            self._apply_on_the_server()
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
        elif not found and is_there and (body := recorded_object(plural, name)):
            manager = {"fieldManager": "kubectl-client-side-apply"}
            self._wire.send("POST", _collection(plural), body=body, query=manager)
            self._until(path, IS_READY.get(plural, lambda _: True))

    def _apply_on_the_server(self) -> None:
        """Configmap `app` as one who never applied it in another way has it."""
        meta = {"name": "app", "namespace": NAMESPACE}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "1"}}
        path = f"{_collection('configmaps')}/app"
        if self._get(path).status == 404:
            headers = {"Content-Type": "application/apply-patch+yaml"}
            query = {"fieldManager": "kubectl"}
            self._wire.send("PATCH", path, query=query, headers=headers, body=body)

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
        if said := re.search(
            r"timed out waiting for the condition on pods/(\w+)", exchange["stderr"]
        ):
            self._until_it_rests(f"{_collection('pods')}/{said[1]}")
        if said := re.search(r"Expected replicas to be \d+, was (\d+)", exchange["stderr"]):
            self._merge(f"{_collection('deployments')}/web", {"spec": {"replicas": int(said[1])}})

    def _until_it_rests(self, path: str) -> None:
        """Return when a pod that crashes again and again is not going to run for a while."""

        def rests(pod: Any) -> bool:
            status = pod["status"]["containerStatuses"][0]
            ended = (status.get("lastState") or {}).get("terminated")
            if "waiting" not in status["state"] or not ended:
                return False
            back_off = min(10 * 2 ** (status["restartCount"] - 1), 300)
            until = parse_timestamp(ended["finishedAt"]) + timedelta(seconds=back_off)
            return until - self._clock.now() > timedelta(seconds=_REST_SECONDS)

        self._until(path, rests)

    def _with_two_revisions(self, path: str) -> None:
        sets = self._get(_collection("replicasets")).value["items"]
        if len([each for each in sets if each["metadata"]["name"].startswith("web-")]) < 2:
            self._roll(path, {})
            self._until(path, is_rolled_out)

    def _roll(self, path: str, changed: dict[str, Any]) -> None:
        """Begin a rollout from a settled deployment of the right size."""
        if changed:
            self._merge(path, {"spec": changed})
        self._until(path, is_rolled_out)
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
        name = match["name"] or name_in(request.get("body"))
        if not name or re.search(r"-[a-z0-9]{8,10}-[a-z0-9]{5}$", name):
            continue
        is_there = status != 404
        if request["method"] == "POST":
            is_there = status == 409
        if request["method"] == "PATCH":
            is_there = status not in (201, 404)
        found.setdefault((match["plural"], name), is_there)
    return found
