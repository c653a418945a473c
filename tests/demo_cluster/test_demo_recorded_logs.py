"""Logs, byte for byte as a real kubelet gave them: the recorded requests, asked again here."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from demo_cluster.api import Api, RawRequest
from demo_cluster.kinds import kind_of
from demo_cluster.reply import Reply, StreamReply
from tests.demo_cluster.conftest import SteppedWorld, pod_spec

STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
TEN_LINES = (
    "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep .2; done; echo err >&2; sleep 1000"
)
LONG = "".join(
    f"head -c {count} /dev/zero | tr '\\0' {letter}; echo; "
    for letter, count in (("a", 40000), ("b", 16383), ("c", 16384), ("d", 16385))
)
SKIPPED = {
    "log.ephemeral-setup": "a patch, not a log",
    "log.ephemeral": "follows that patch",
    "log.crash-current": "what it wrote holds its time",
    "log.crash-previous": "what it wrote holds its time",
    "log.crash-follow": "what it wrote holds its time",
    "log.since-both": "its time is the recording's",
    "log.limit-timestamps": "cuts a stamp in two",
}


def recorded_logs(folder: Path) -> dict[str, dict[str, Any]]:
    """The exchanges about pods that do not change meanwhile, by id."""
    exchanges = json.loads((folder / "api-transcripts" / "07-logs.json").read_text())
    start = "/api/v1/namespaces/rec-log/pods/"
    return {
        each["id"]: each
        for each in exchanges
        if each["request"]["path"].startswith(start)
        and not each["request"]["path"].startswith(start + "f")
        and each["id"] not in SKIPPED
    }


def expected_bytes(response: dict[str, Any]) -> bytes:
    """All chunks of a recorded stream."""
    return b"".join(_piece(entry) for entry in response.get("stream", []))


def _piece(entry: dict[str, Any]) -> bytes:
    if "b64" in entry:
        return base64.b64decode(entry["b64"])
    text = entry["text"]
    if isinstance(text, str):
        return text.encode()
    return "".join(
        part if isinstance(part, str) else part["repeat"] * part["times"]
        for part in text["segments"]
    ).encode()


def printf(data: bytes) -> str:
    """A script that writes exactly these bytes."""
    return "printf '" + "".join(f"\\{byte:03o}" for byte in data) + "'"


def make_pods(world: SteppedWorld, odd: bytes) -> None:
    """The pods that the recording's setups describe."""
    namespaces = kind_of("namespaces")
    world.storage.create(namespaces, {"metadata": {"name": "rec-log"}})
    ended = {"restartPolicy": "Never"}
    two = pod_spec("echo from-a; sleep 1000")
    two["containers"][0]["name"] = "a"
    two["containers"] += pod_spec("echo from-b; sleep 1000", name="b")["containers"]
    init = pod_spec("echo main; sleep 1000")
    init["initContainers"] = [
        *pod_spec("echo init says hi", name="setup")["containers"],
        *pod_spec("echo sidecar; sleep 1000", name="side", restartPolicy="Always")["containers"],
    ]
    missing = {"secretKeyRef": {"name": "nope", "key": "k"}}
    crlf = odd.replace(b"crlf\n", b"crlf\r\n", 1)
    pods = {
        "two": two,
        "plain": pod_spec(TEN_LINES),
        "done": {**pod_spec("echo one; echo two >&2; printf 'no newline at end'"), **ended},
        "empty": {**pod_spec("true"), **ended},
        "odd": {**pod_spec(printf(crlf)), **ended},
        "long": {**pod_spec(LONG + "echo short"), **ended},
        "halves": pod_spec(
            "printf 'first half '; sleep 1; echo second half; printf 'again '; sleep 1; echo done;"
            " sleep 1000"
        ),
        "init": init,
        "noimage": pod_spec("true", image="no/such:image", imagePullPolicy="Never"),
        "pullfail": pod_spec("true", image="registry.invalid/x:1", imagePullPolicy="Always"),
        "cfgerr": pod_spec("true", env=[{"name": "X", "valueFrom": missing}]),
        "badcmd": {**pod_spec("", command=["/no/such/command"]), **ended},
        "unsched": {**pod_spec("true"), "nodeSelector": {"no": "such"}},
    }
    for name, spec in pods.items():
        world.create("pods", name, spec, namespace="rec-log")
    world.advance(11)


async def ask(world: SteppedWorld, request: dict[str, Any]) -> tuple[int, bytes]:
    """Status and whole body of the answer."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    headers["authorization"] = f"Bearer {world.cluster.token()}"
    query = urlencode(request.get("query") or {}, doseq=True)
    api = Api(world.cluster.backend)
    reply = await api.answer(RawRequest(request["method"], request["path"], query, headers, b""))
    if isinstance(reply, StreamReply):
        return reply.status, b"".join([chunk async for chunk in reply.chunks])
    assert isinstance(reply, Reply)
    return reply.status, json.dumps(reply.body).encode() if reply.body else b""


async def test_recorded_requests_for_logs_get_the_recorded_bytes(
    world: SteppedWorld, shared_data: Path
) -> None:
    exchanges = recorded_logs(shared_data)
    make_pods(world, expected_bytes(exchanges["log.odd"]["response"]))
    wrong = {}

    for name, exchange in exchanges.items():
        if exchange["request"].get("query", {}).get("follow") and name == "log.follow-bad":
            continue
        status, body = await ask(world, exchange["request"])
        response = exchange["response"]
        if "stream" in response:
            wanted, found = expected_bytes(response), body
        else:
            wanted = json.dumps(response["body"]).encode() if response.get("body") else b""
            found = body
            if wanted.startswith(b"{"):
                wanted, found = (
                    json.dumps(json.loads(text or b"{}"), sort_keys=True).encode()
                    for text in (wanted, found)
                )
        if status != response["status"] or STAMP.sub(b"T ", found) != STAMP.sub(b"T ", wanted):
            wrong[name] = (status, found[:300], response["status"], wanted[:300])

    assert len(exchanges) > 40
    assert wrong == {}


@pytest.mark.parametrize("follow", ["true", "false"])
async def test_a_crash_loop_shows_the_last_run_with_and_without_previous(
    world: SteppedWorld, follow: str
) -> None:
    world.pod("crash", "date +%s; echo oops >&2; exit 3")
    world.advance(8)
    path = "/api/v1/namespaces/default/pods/crash/log"
    asked = {"method": "GET", "path": path, "headers": {}, "query": {"follow": follow}}

    current = await ask(world, asked)
    previous = await ask(world, {**asked, "query": {"previous": "true"}})

    assert current == previous
    assert current[1].endswith(b"\noops\n")
