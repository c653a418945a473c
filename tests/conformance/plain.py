"""Plays plain requests and watches against a demo cluster, in the order of the recording.

The cluster's clock is stepped: between two requests only as much happens as the recorded answer
shows to have happened, so that a play does not depend on how fast the machine is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from demo_cluster.access.users import ADMIN, VIEWER
from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import running_cluster
from tests.conformance.alike import difference, normal
from tests.conformance.beginnings import BEGINNINGS
from tests.conformance.compare import answer_difference, uncut
from tests.conformance.drift import before_patch
from tests.conformance.manifests import config_map, recorded_node, with_own_token
from tests.conformance.place import Place, place_of
from tests.conformance.result import Exchange, Result, not_played
from tests.conformance.setups import Setups
from tests.conformance.shown import version_of
from tests.conformance.stage import PATIENCE_SECONDS, Stage
from tests.conformance.translation import Translation
from tests.conformance.unseen import Unseen
from tests.conformance.wire import Answer, Wire

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SHORTEST_WATCH = 1
"""Seconds: a watch ends of itself when all that it is about has happened."""
_MOST_PLAYS = 12
_NO_SUCH_VERSION = 10_000_000
_LATER = re.compile(r"(?<![\d.])(?<!about )(\d+(?:\.\d+)?) s (?:later|after)")


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """One file on a cluster of its own, in the order of the recording.

    What was waited for in vain moved the clock for all that came after: the file is played again
    without those waits, and the play with the most that is alike counts.
    """
    whole = [uncut(entry) for entry in exchanges]
    playable = [entry for entry in whole if _is_playable(entry)]
    hopeless: set[int] = set()
    best, vain = _play_once(topic, playable, hopeless)
    while vain - hopeless and len(hopeless) < _MOST_PLAYS:
        hopeless.add(min(vain - hopeless))
        again, vain = _play_once(topic, playable, hopeless)
        best = max(best, again, key=_alike)
    played = iter(best)
    return [
        next(played) if _is_playable(entry) else not_played(topic, entry, "it is no plain request")
        for entry in whole
    ]


def _alike(results: list[Result]) -> int:
    return sum(not result.difference for result in results)


def _play_once(
    topic: str, exchanges: list[Exchange], vain: set[int]
) -> tuple[list[Result], set[int]]:
    """The results, and the places of the exchanges that were waited for in vain."""
    with running_cluster(
        ClusterOptions(
            scenario="empty",
            clock=SteppedClock(),
            has_metrics=False,
            binds_first_users=False,
        )
    ) as running:
        authority = running.call(lambda: running.cluster._certificates.authority)
        tokens = {"admin": running.cluster.token(ADMIN), "viewer": running.cluster.token(VIEWER)}
        wire = Wire(running.server, authority, {**tokens, "bad": "no-such-token"})
        player = _Player(topic, wire, Stage(wire, running), exchanges, vain)
        player.begin()
        results = [player.play(index) for index in range(len(exchanges))]
    return results, player.vain


def _is_playable(exchange: Exchange) -> bool:
    response = exchange.get("response")
    request = exchange.get("request")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return False
    return {"method", "path"} <= set(request) and bool({"status", "statuses"} & set(response))


class _Player:
    def __init__(
        self,
        topic: str,
        wire: Wire,
        stage: Stage,
        exchanges: list[Exchange],
        hopeless: set[int],
    ) -> None:
        self._hopeless = hopeless
        self._index = 0
        self.vain: set[int] = set()
        self._topic = topic
        self._wire = wire
        self._stage = stage
        self._exchanges = exchanges
        self._setups = Setups(stage)
        self._translation = Translation()
        self._unseen = Unseen(stage, exchanges, self._translation.versions.__contains__)

    # -- before the first exchange ---------------------------------------------------------

    def begin(self) -> None:
        """The recorder's node, and what its scripts made before they recorded anything."""
        own = self._stage.get("/api/v1/nodes/node-1") or {}
        for name in ("node-1", "node-2", "node-3"):
            self._stage.delete(f"/api/v1/nodes/{name}")
        self._stage.post("/api/v1/nodes", recorded_node(self._exchanges, own))
        self._stage.advance(0.5)
        if any(entry["request"].get("user") == "sa" for entry in self._exchanges):
            self._become_service_account()
        sentences = [text for entry in self._exchanges for text in entry.get("setup") or ()]
        for sentence in dict.fromkeys(sentences):
            if re.match("(pods in|namespace) rec-", sentence):
                self._setups.build(sentence, sentence.split()[1 if sentence[0] == "n" else 2])
        if begin := BEGINNINGS.get(self._topic.partition("-")[0]):
            begin(self._stage)

    def _become_service_account(self) -> None:
        texts = [str(entry["response"].get("body")) for entry in self._exchanges]
        found = re.search(r"system:serviceaccount:([\w-]+):([\w-]+)", " ".join(texts))
        namespace, name = (found[1], found[2]) if found else ("rec-authz-a", "default")
        self._stage.need_namespace(namespace)
        body = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
        base = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        answer = self._stage.post(f"{base}/{name}/token", body)
        if answer.status == 201:
            self._wire.add_user("sa", answer.value["status"]["token"])

    # -- one exchange ----------------------------------------------------------------------

    def play(self, index: int) -> Result:
        exchange = self._exchanges[index]
        self._index = index
        remark = ""
        try:
            remark = self._set_up(exchange)
            self._unseen.prepare(index)
            problem = self._compare(exchange)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            problem = f"could not be played: {error!r}"
        return Result(self._topic, str(exchange.get("id", "?")), problem, remark)

    def _set_up(self, exchange: Exchange) -> str:
        place = place_of(exchange["request"])
        namespace = place.namespace or place.name if place else ""
        if place and place.namespace:
            self._stage.need_namespace(place.namespace)
        setups = exchange.get("setup") or []
        remarks = [self._setups.build(sentence, namespace) for sentence in setups]
        about = f"{exchange.get('title', '')} {exchange.get('notes') or ''}"
        if later := _LATER.search(about):
            self._stage.advance_to(float(later[1]))
        return "; ".join(filter(None, remarks))

    def _compare(self, exchange: Exchange) -> str:
        if "statuses" in exchange["response"]:
            return self._race(exchange)
        request = exchange["request"]
        is_stream = "stream" in exchange["response"]
        is_read = request["method"] == "GET" and not is_stream
        if not is_read:
            self._wait_for_status(exchange)
        answer = self._send(exchange, is_stream=is_stream)
        problem = answer_difference(exchange, answer)
        if is_read and problem and exchange["response"].get("status") in (200, 404):
            answer, problem = self._wait_for(exchange, answer, problem)
        self._learn(exchange, answer)
        if request["method"] != "GET" and answer.status < 300 and "dryRun" not in str(request):
            self._stage.changed_at = self._stage.now
        return problem

    def _wait_for(self, exchange: Exchange, answer: Answer, problem: str) -> tuple[Answer, str]:
        """Read again and again while things happen, until the answer is as recorded."""
        last = [(answer, problem)]

        def is_alike() -> bool:
            found = self._send(exchange, is_stream=False)
            last.append((found, answer_difference(exchange, found)))
            return not last[-1][1]

        about = re.search(r"about (\d+(?:\.\d+)?) s after", str(exchange.get("notes") or ""))
        until = self._stage.changed_at + float(about[1]) if about else self._stage.now
        self._wait_until(is_alike, until - self._stage.now + PATIENCE_SECONDS)
        return last[0] if last[-1][1] else last[-1]

    def _wait_for_status(self, exchange: Exchange) -> None:
        """Before a write: until controllers have come as far as its recorded answer shows."""
        place = place_of(exchange["request"])
        body = exchange["response"].get("body")
        if place is None or not place.name or not isinstance(body, dict):
            return
        if not isinstance(body.get("status"), dict) or "uid" not in (body.get("metadata") or {}):
            return
        if exchange["response"].get("status") == 201:
            return
        if place.part == "status":
            body = before_patch(exchange["request"], body, self._stage.get(place.path))
        path = f"{place.path}/{place.part}" if body.get("kind") == "Scale" else place.path
        wanted = _controllers_part(body)

        def is_so_far() -> bool:
            found = self._stage.get(path)
            return found is not None and not difference(wanted, _controllers_part(found))

        self._wait_until(is_so_far, PATIENCE_SECONDS)

    def _wait_until(self, holds: Callable[[], bool], seconds: float) -> None:
        if not self._stage.until(holds, 0.0 if self._index in self._hopeless else seconds):
            self.vain.add(self._index)

    def _race(self, exchange: Exchange) -> str:
        """The same write on several connections at once."""
        wanted = sorted(exchange["response"]["statuses"])
        body = self._body(exchange)
        request = exchange["request"]

        def send(number: int) -> int:
            own = json.dumps(body).replace("<i>", str(number))
            return self._wire.send(
                request["method"], request["path"], headers=request["headers"], body=own
            ).status

        with ThreadPoolExecutor(len(wanted)) as pool:
            found = sorted(pool.map(send, range(len(wanted))))
        return "" if found == wanted else f"statuses {found}, expected {wanted}"

    # -- sending ---------------------------------------------------------------------------

    def _send(self, exchange: Exchange, *, is_stream: bool) -> Answer:
        request = exchange["request"]
        query = self._query(exchange, is_stream=is_stream)
        return self._wire.send(
            request["method"],
            request["path"],
            query=query,
            headers=request.get("headers") or {},
            body=self._body(exchange),
            user=request.get("user", "admin"),
            is_stream=is_stream,
            meanwhile=self._action(exchange),
        )

    def _query(self, exchange: Exchange, *, is_stream: bool) -> dict[str, Any]:
        request = exchange["request"]
        self._learn_present(request)
        query: dict[str, Any] = self._translation.value(request.get("query") or {})
        ends = "timeoutSeconds" in query or exchange["response"].get("ended_by") == "client"
        if is_stream and ends and self._action(exchange) is None:
            query["timeoutSeconds"] = _SHORTEST_WATCH
        return query

    def _learn_present(self, request: dict[str, Any]) -> None:
        """A version, or one in a token, that was read in a missing part is the present one here."""
        given = version_of(request)
        is_real = given.isdigit() and len(given) > 1 and int(given) < _NO_SUCH_VERSION
        if not is_real or given in self._translation.versions:
            return
        if "continue" in (request.get("query") or {}) and self._translation.version(given) != given:
            return
        path = request["path"].replace("/api/v1/watch/", "/api/v1/")
        now = self._wire.send("GET", path, query={"limit": 1}).value
        self._translation.versions[given] = now["metadata"]["resourceVersion"]

    def _body(self, exchange: Exchange) -> Any:
        request = exchange["request"]
        body = request.get("body")
        if isinstance(body, str) and "(not kept)" in body:
            size = int(re.search(r"(\d+) byte", body)[1])  # type: ignore[index]  # the README's form
            return config_map("big", {"blob": "x" * size})
        if body is None or isinstance(body, str):
            return body
        place = place_of(request)
        if isinstance(body, dict) and place is not None and place.name:
            self._learn_current(place, body, exchange["response"].get("status", 200))
            if place.plural == "pods" and request["method"] == "PUT":
                body = with_own_token(body, self._stage.get(place.path))
        return self._translation.value(body)

    def _learn_current(self, place: Place, body: dict[str, Any], status: int) -> None:
        """What a body that was read before the recording, or in a missing part of it, is here."""
        meta = body.get("metadata") or {}
        wanted = (body.get("preconditions") or {}).get("uid") or meta.get("uid") or ""
        version = str(meta.get("resourceVersion") or "")
        if wanted.startswith("00000000") or not (wanted or len(version) > 1):
            return
        current = self._stage.get(place.path)
        if current is None:
            return
        own = current["metadata"]
        if wanted and wanted not in self._translation.uids:
            self._translation.uids[wanted] = own["uid"]
        if len(version) > 1:
            if status in (200, 201, 422):
                self._translation.versions[version] = own["resourceVersion"]
            elif (
                self._translation.versions.get(version) == own["resourceVersion"]
                or version not in self._translation.versions
            ):
                self._translation.versions[version] = "1"

    def _learn(self, exchange: Exchange, answer: Answer) -> None:
        expected = exchange["response"]
        if "stream" in expected:
            return
        self._translation.learn(expected.get("body"), answer.value)
        self._unseen.learn(exchange)

    # -- what happens while a watch runs ---------------------------------------------------

    def _action(self, exchange: Exchange) -> Callable[[], None] | None:
        if "stream" not in exchange["response"]:
            return None
        texts = [*(exchange.get("setup") or []), str(exchange.get("notes") or "")]
        if any(text.startswith("while it runs: new") for text in texts):
            return lambda: self._change_new(exchange)
        if any("the CRD is deleted" in text for text in texts):
            return lambda: self._delete_definition(exchange)
        return None

    def _delete_definition(self, exchange: Exchange) -> None:
        place = place_of(exchange["request"])
        if place is not None:
            self._stage.delete(f"{_DEFINITIONS}/{place.plural}.{place.group}")
            self._stage.advance(3.0)

    def _change_new(self, exchange: Exchange) -> None:
        place = place_of(exchange["request"])
        if place is None:
            return
        path = f"{place.collection}/new"
        stage = self._stage
        stage.post(place.collection, config_map("new", {"n": "x"}, {"grp": "a"}))
        for change in (
            {"data": {"n": "y"}},
            {"metadata": {"labels": {"grp": "b"}}},
            {"data": {"n": "z"}},
            {"metadata": {"labels": {"grp": "a"}}},
            {"data": {"n": "z"}},
        ):
            stage.merge(path, change)
        stage.delete(path)
        stage.settle()


def _controllers_part(obj: dict[str, Any]) -> Any:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    own = {name: text for name, text in annotations.items() if "deployment.kubernetes.io" in name}
    return normal({"status": obj.get("status"), "annotations": own})
