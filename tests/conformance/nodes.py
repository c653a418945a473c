"""Plays what was recorded of nodes: objects whole, figures by their shapes and names.

Pods, services and their surroundings are made at the recorded moments from what the recording
shows of them; before each request time moves to the latest moment in the recorded answer.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.alike import difference, normal
from tests.conformance.answers import head_difference
from tests.conformance.raw_http import AnswerReader
from tests.conformance.result import Exchange, Result, tried
from tests.conformance.stepped import SteppedCluster

_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_PROXIED = re.compile(r"/nodes/[^/]+/proxy(?P<path>/.*)?$")
_FAMILY = re.compile(r"^# (?:HELP|TYPE) .*$", re.MULTILINE)
_LABELS = re.compile(r"(\w+)=\"")
_FILLED_IN = ("nodeName", "serviceAccount", "serviceAccountName", "tolerations", "priority")
_START = timedelta(seconds=5)
_MORE_LOOKS, _BETWEEN_LOOKS = 60, 0.1
"""Recorded moments are cut to seconds, and the recorder asked a little later."""
_LONGEST_WAIT = 3600.0


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """The exchanges of one file, in their order, on one cluster."""
    return asyncio.run(_play(topic, exchanges))


async def _play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    objects = sorted(_objects(exchanges), key=lambda each: each[0])
    start = objects[0][0] - _START if objects else None
    async with SteppedCluster(start) as cluster:
        player = _Player(cluster)
        await player.make(objects)
        return [
            Result(topic, each["id"], await tried(player.difference(each))) for each in exchanges
        ]


class _Player:
    def __init__(self, cluster: SteppedCluster) -> None:
        self._cluster = cluster
        self._uids: dict[str, str] = {}
        self._namespaces: set[str] = set()

    async def make(self, objects: Iterable[Made]) -> None:
        """Each object at its moment."""
        for moment, path, body in objects:
            await self._until(moment)
            for name in re.findall(r"/namespaces/([^/]+)/", path):
                await self._namespace(name)
            answer = await self._cluster.ask("POST", path, body=body)
            if uid := body.get("metadata", {}).get("uid"):
                self._uids[uid] = answer.value.get("metadata", {}).get("uid", uid)

    async def difference(self, exchange: Exchange) -> str:
        await self._until(_latest(exchange["response"].get("body")))
        wrong = await self._once(exchange)
        for _ in range(_MORE_LOOKS if exchange["request"]["method"] == "GET" else 0):
            if not wrong:
                break
            await self._cluster.advance(_BETWEEN_LOOKS)
            wrong = await self._once(exchange)
        return wrong

    async def _once(self, exchange: Exchange) -> str:
        request, recorded = exchange["request"], exchange["response"]
        for name in re.findall(r"/namespaces/([^/]+)/", request["path"]):
            await self._namespace(name)
        if request["method"] == "PUT" and recorded["status"] == 200:
            await self._make_if_missing(request)
        answer = await self._cluster.ask(
            request["method"],
            request["path"],
            query=self._translated(request.get("query") or {}),
            headers=request.get("headers") or {},
            body=self._translated(request.get("body")),
            user=request.get("user", "admin"),
        )
        self._learn(recorded.get("body"), answer.value)
        wrong = head_difference(recorded, answer)
        if wrong or answer.status >= 400:
            return wrong or difference(normal(recorded["body"]), normal(answer.value), "body")
        proxied = _PROXIED.search(request["path"])
        compare = _shape_difference if proxied else _object_difference
        return compare(recorded["body"], answer, exchange.get("notes") or "")

    async def _make_if_missing(self, request: dict[str, Any]) -> None:
        """What a PUT replaces, where no exchange before has made it."""
        if (await self._cluster.ask("GET", request["path"])).status != 404:
            return
        recorded = request["body"]["metadata"]
        meta = {key: value for key, value in recorded.items() if key in ("name", "namespace")}
        body = {**request["body"], "metadata": meta}
        made = await self._cluster.ask("POST", request["path"].rpartition("/")[0], body=body)
        self._learn({"metadata": recorded}, made.value)

    async def _namespace(self, name: str) -> None:
        if name not in self._namespaces:
            self._namespaces.add(name)
            body = {"metadata": {"name": name}}
            await self._cluster.ask("POST", "/api/v1/namespaces", body=body)
            await self._cluster.advance(0.3)

    async def _until(self, moment: datetime | None) -> None:
        if moment is not None:
            wait = (moment - self._cluster.now).total_seconds()
            await self._cluster.advance(wait if 0 < wait < _LONGEST_WAIT else 0)

    def _learn(self, recorded: Any, found: Any) -> None:
        """The versions and uids of objects that a later request may name."""
        if isinstance(recorded, dict) and isinstance(found, dict):
            for one, other in ((recorded.get("metadata"), found.get("metadata")),):
                for key in ("uid", "resourceVersion"):
                    if one and other and key in one and key in other:
                        self._uids[one[key]] = other[key]

    def _translated(self, value: Any) -> Any:
        if value is None:
            return None
        text = json.dumps(value)
        for recorded, ours in self._uids.items():
            text = re.sub(rf"(?<![\w-]){re.escape(recorded)}(?![\w-])", ours, text)
        return json.loads(text)


Made = tuple[datetime, str, dict[str, Any]]
"""When an object is made, in which collection, and its body."""


def _objects(exchanges: list[Exchange]) -> Iterator[Made]:
    """What the recording shows and its requests did not make, each object from its best source."""
    bodies = [
        exchange["response"]["body"]
        for exchange in exchanges
        if exchange["request"]["method"] == "GET"
        and isinstance(exchange["response"].get("body"), dict)
    ]
    known: set[tuple[str, str]] = set()
    for source in (_shown, _behind_summary, _behind_events):
        for made in [made for body in bodies for made in source(body)]:
            name = (made[1], made[2]["metadata"]["name"])
            if name not in known:
                known.add(name)
                yield made


def _shown(body: dict[str, Any]) -> Iterator[Made]:
    for item in body.get("items") or [body]:
        kind = item.get("kind") or body.get("kind", "").removesuffix("List")
        if kind == "Pod" and not item["metadata"].get("ownerReferences"):
            yield _pod(item)
        if kind == "EndpointSlice" and item["metadata"].get("ownerReferences"):
            yield from _behind_slice(item)


def _behind_summary(body: dict[str, Any]) -> Iterator[Made]:
    """The pods that a summary measures, with limits where it says what is left of them."""
    for pod in body.get("pods", ()):
        containers = []
        for each in pod["containers"]:
            memory = each["memory"]
            left = memory.get("availableBytes")
            limit = {} if left is None else {"memory": str(left + memory["workingSetBytes"])}
            containers.append(_container(each["name"], resources={"limits": limit}))
        about = pod["podRef"]
        yield _new_pod(datetime.fromisoformat(pod["startTime"]), about, containers)


def _container(name: str, **more: Any) -> dict[str, Any]:
    made = {"name": name, "image": "busybox", "imagePullPolicy": "Never"}
    return {**made, "command": ["sh", "-c", "sleep 100000"], **more}


def _new_pod(moment: datetime, about: dict[str, Any], containers: list[dict[str, Any]]) -> Made:
    spec = {"containers": containers, "terminationGracePeriodSeconds": 1}
    meta = {"name": about["name"], "uid": about["uid"]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    return moment, f"/api/v1/namespaces/{about['namespace']}/pods", body


def _behind_events(body: dict[str, Any]) -> Iterator[Made]:
    """The pods that events tell of: their containers, and probes that fail as they say."""
    by_uid: dict[str, list[dict[str, Any]]] = {}
    for item in body["items"] if body.get("kind") == "EventList" else ():
        if item["involvedObject"]["kind"] == "Pod":
            by_uid.setdefault(item["involvedObject"]["uid"], []).append(item)
    for events in by_uid.values():
        paths = [event["involvedObject"].get("fieldPath", "") for event in events]
        names = dict.fromkeys(re.findall(r"spec\.containers\{([^}]*)\}", " ".join(paths)))
        probes = _probes(event["message"] for event in events)
        containers = [_container(name, **probes) for name in names]
        moment = min(_created(event) for event in events)
        yield _new_pod(moment, events[0]["involvedObject"], containers)


def _probes(messages: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for message in messages:
        said = re.fullmatch(r"(Readiness|Liveness) probe failed: ([^\n]*)(\n?)", message)
        if said:
            text = f"echo {said[2]}; exit 1" if said[3] else "exit 1"
            command = {"exec": {"command": ["sh", "-c", text]}, "periodSeconds": 1}
            found[f"{said[1].lower()}Probe"] = {**command, "failureThreshold": 2}
    return found


def _created(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(item["metadata"]["creationTimestamp"])


def _pod(item: dict[str, Any]) -> Made:
    """A pod as it was before the API server and the scheduler filled it in."""
    meta = item["metadata"]
    spec = {name: value for name, value in item["spec"].items() if name not in _FILLED_IN}
    spec["volumes"] = [
        volume for volume in spec.get("volumes", ()) if "kube-api-access" not in volume["name"]
    ]
    for field in ("containers", "initContainers"):
        if field in spec:
            spec[field] = [_without_token(container) for container in spec[field]]
    kept = {name: meta[name] for name in ("name", "labels", "annotations", "uid") if name in meta}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": spec}
    return _created(item), f"/api/v1/namespaces/{meta['namespace']}/pods", body


def _without_token(container: dict[str, Any]) -> dict[str, Any]:
    mounts = [
        mount
        for mount in container.get("volumeMounts", ())
        if "kube-api-access" not in mount["name"]
    ]
    return {**container, "volumeMounts": mounts}


def _behind_slice(item: dict[str, Any]) -> Iterator[Made]:
    """The service of an endpoint slice, and a deployment with as many pods as it shows."""
    meta = item["metadata"]
    name, namespace = meta["ownerReferences"][0]["name"], meta["namespace"]
    labels = {"app": name}
    container = {"name": "main", "image": "busybox", "command": ["sh", "-c", "sleep 100000"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    ready = [each for each in item.get("endpoints") or () if each["conditions"]["ready"]]
    spec = {"replicas": len(ready), "selector": {"matchLabels": labels}, "template": template}
    moment = _created(item)
    yield (
        moment,
        f"/apis/apps/v1/namespaces/{namespace}/deployments",
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec},
    )
    ports = [
        {
            **{key: port[key] for key in ("name", "protocol") if port.get(key)},
            "port": 80,
            "targetPort": port["port"],
        }
        for port in item.get("ports") or ()
    ]
    own = {
        key: value for key, value in meta.get("labels", {}).items() if "kubernetes.io" not in key
    }
    yield (
        moment,
        f"/api/v1/namespaces/{namespace}/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": own},
            "spec": {"selector": labels, "ports": ports},
        },
    )


def _latest(body: Any) -> datetime | None:
    moments = _MOMENT.findall(json.dumps(body))
    return max((datetime.fromisoformat(_micro(text)) for text in moments), default=None)


def _micro(text: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def _object_difference(wanted: Any, answer: AnswerReader, notes: str) -> str:
    del notes
    found = answer.value
    if isinstance(wanted, dict) and wanted.get("kind") == "EventList":
        wanted, found = ({**each, "items": _events(each)} for each in (wanted, found))
    return difference(normal(_on_any_machine(wanted)), normal(_on_any_machine(found)), "body")


def _on_any_machine(value: Any) -> Any:
    """Nodes without the sizes of the machine."""
    if isinstance(value, list):
        return [_on_any_machine(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _figures(name, inner) or _on_any_machine(inner) for name, inner in value.items()}


def _figures(name: str, value: Any) -> Any:
    """What stands for sizes and for counts of moments; None for everything else."""
    if name in ("capacity", "allocatable"):
        return dict.fromkeys(value, "<figure>")
    if name == "systemUUID":
        return "<varies>"
    if name == "metadata" and "endpointslice.kubernetes.io/managed-by" in value.get("labels", {}):
        return {**value, "generation": "<how often pods changed>"}
    return None


def _events(body: dict[str, Any]) -> list[Any]:
    """Events by what they say, without what the container runtime said."""
    kept = [item for item in body["items"] if "rpc error" not in item["message"]]
    return sorted(
        kept,
        key=lambda item: json.dumps(
            [item["reason"], item["message"], item["involvedObject"].get("fieldPath")]
        ),
    )


def _shape_difference(wanted: Any, answer: AnswerReader, notes: str) -> str:
    if isinstance(wanted, dict):
        wanted, found = _with_the_same_pods(wanted, answer.value)
        return difference(_shape(wanted), _shape(found), "body")
    if not wanted.startswith("# HELP"):
        return difference(wanted, answer.value, "body")
    is_cut = "trimmed" in notes
    families = _FAMILY.findall(wanted)[: -1 if is_cut else None]
    ours = answer.body.decode()
    missing = [line for line in families if line not in ours]
    if missing:
        return f"metric is missing: {missing[0]}"
    for name in {line.split(" ")[2] for line in families}:
        samples = [re.findall(rf"^{name}\{{.*\}} ", text, re.MULTILINE) for text in (wanted, ours)]
        labels = [set(_LABELS.findall(each[0])) if each else set() for each in samples]
        if samples[0] and labels[0] != labels[1]:
            return f"metric {name} has labels {sorted(labels[1])}, expected {sorted(labels[0])}"
    return ""


def _with_the_same_pods(wanted: Any, found: Any) -> tuple[Any, Any]:
    """Both summaries with only the pods that are in both, in one order."""
    if "pods" not in wanted or "pods" not in found:
        return wanted, found
    named = [{each["podRef"]["name"]: each for each in body["pods"]} for body in (wanted, found)]
    common = sorted(named[0].keys() & named[1].keys())
    one, other = (
        {**body, "pods": [pods[name] for name in common]}
        for body, pods in zip((wanted, found), named, strict=True)
    )
    return one, other


def _shape(value: Any, key: str = "") -> Any:
    """Names without figures; of lists that describe machines and pods, the common members."""
    if isinstance(value, dict):
        return {name: _shape(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        if key == "containers":
            return [_shape(item) for item in sorted(value, key=lambda item: str(item["name"]))]
        if key == "interfaces":
            return [_shape(item) for item in value[:1]]
        return [_shape(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "<figure>"
    if key.endswith(("ime", "uid")):
        return "<varies>"
    return "<name>" if key in ("name", "namespace") else value
