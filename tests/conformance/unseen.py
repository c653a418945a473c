"""What must have been there before a recorded exchange, read from the exchange itself.

Recordings are played with some of their exchanges missing. What a missing one made, changed or
removed is made up for here, by requests: an object that an answer shows and that is not here is
created as the answer shows it; one that an answer says is missing is removed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable

from tests.conformance.definitions import Definitions, hold_and_delete
from tests.conformance.drift import Drift, before_patch
from tests.conformance.fieldsets import owned_by, owners_of, rebuild, set_otherwise
from tests.conformance.lists import Lists
from tests.conformance.making import make
from tests.conformance.manifests import Obj, deployment, for_create, pod
from tests.conformance.place import Place, place_of
from tests.conformance.plain_objects import plain
from tests.conformance.result import Exchange
from tests.conformance.shown import Snapshots, body_of, object_of
from tests.conformance.stage import Stage

_NAMESPACE_SECONDS = 20.0


class Unseen:
    """Makes up for the exchanges that are not in the file."""

    def __init__(
        self, stage: Stage, exchanges: list[Exchange], is_known: Callable[[str], bool]
    ) -> None:
        """`is_known` says whether a recorded resourceVersion was seen in the play."""
        self._stage = stage
        self._exchanges = exchanges
        self._drift = Drift(stage)
        self._snapshots = Snapshots(exchanges)
        self._definitions = Definitions(stage, exchanges)
        self._lists = Lists(stage, self._snapshots, self._definitions, self._drift, is_known)

    def prepare(self, index: int) -> None:
        """Whatever the exchange at this place needs and nothing has made."""
        exchange = self._exchanges[index]
        request, response = exchange["request"], exchange["response"]
        place = place_of(request)
        if place is None:
            self._definitions.need_group(exchange)
            return
        status = response.get("status", 200)
        self._stage.need_namespace(place.namespace)
        if status == 401 or (status == 403 and request.get("user") != "admin"):
            return
        if place.is_custom:
            self._definitions.need_kind(place, exchange)
        if status in (405, 406, 415):
            return
        if place.name:
            self._prepare_object(place, exchange, index)
        else:
            self._prepare_collection(place, exchange, index)

    def learn(self, exchange: Exchange) -> None:
        """Remember which form of an object the recording has shown last."""
        body = object_of(exchange)
        if body is not None:
            self._drift.learn(body)

    # -- one object ------------------------------------------------------------------------

    def _prepare_object(self, place: Place, exchange: Exchange, index: int) -> None:
        method = exchange["request"]["method"]
        status = exchange["response"].get("status", 200)
        if status == 404:
            self._need_absent(place, exchange)
        elif method in ("PATCH", "PUT") and status == 201:
            self._stage.remove_for_good(place.path)
        elif method == "HEAD" or (status >= 400 and status not in (400, 403, 409, 422, 429, 500)):
            return
        elif method == "POST":
            if status in (200, 201, 409, 429) and place.part:
                self._need_parent(place, index)
        else:
            self._need_present(place, exchange, index)
            if method == "DELETE" and re.search("second|third|again", str(exchange.get("title"))):
                found = self._stage.get(place.path)
                if found is not None and "deletionTimestamp" not in found["metadata"]:
                    self._stage.delete(place.path)

    def _need_present(self, place: Place, exchange: Exchange, index: int) -> None:
        shown = object_of(exchange)
        if shown is not None and shown.get("kind") == "Scale":
            self._need_parent(place, index)
            if place.is_custom:
                self._custom_scale(place, shown, index)
            self._drift.rescale(place, shown, exchange)
            return
        current = self._stage.get(place.path)
        if shown is None:
            known = self._snapshots.of(place, index) or self._guess(place, exchange)
            if str((body_of(exchange["response"]) or {}).get("message", "")).startswith(
                "Apply fail"
            ):
                self._need_owners_in_conflict(place, exchange, known)
            elif current is None:
                self._create(place, known)
                self._need_deletion(place, exchange)
            else:
                self._need_ephemeral(place, exchange, current, known)
                self._need_deletion(place, exchange)
            return
        before = _before(
            exchange, shown, current or self._snapshots.of(place, index, only_before=True)
        )
        if current is None:
            writes = self._drift.own_writes(place, exchange, before.get("metadata") or {})
            self._create(place, before, writes)
        elif _is_apply(exchange) and owners_of(shown):
            if not rebuild(self._stage, place, exchange, shown, current):
                self._drift.reconcile(place, exchange, before, current)
        else:
            self._drift.reconcile(place, exchange, before, current)

    def _need_ephemeral(
        self, place: Place, exchange: Exchange, current: Obj, known: Obj | None
    ) -> None:
        """The ephemeral container that may not be changed is there."""
        message = str((body_of(exchange["response"]) or {}).get("message", ""))
        match = re.search(r'existing ephemeral containers "([^"]+)"', message)
        if match is None or f"'{match[1]}'" in str(current["spec"].get("ephemeralContainers")):
            return
        listed = (known or {}).get("spec", {}).get("ephemeralContainers") or ()
        plain_one = {
            "name": match[1],
            "image": "busybox",
            "command": ["sh", "-c", "sleep 2; exit 4"],
        }
        body = next((each for each in listed if each["name"] == match[1]), plain_one)
        self._stage.wire.send(
            "PATCH",
            f"{place.path}/ephemeralcontainers",
            headers={"Content-Type": "application/strategic-merge-patch+json"},
            body={"spec": {"ephemeralContainers": [body]}},
        )

    def _need_deletion(self, place: Place, exchange: Exchange) -> None:
        """The object is being deleted, held by finalizers, where a refusal says so."""
        message = str((body_of(exchange["response"]) or {}).get("message", ""))
        found = re.search(r"being deleted, found new finalizers \[\]string\{(.*?)\}", message)
        current = self._stage.get(place.path)
        if found is None or current is None or "deletionTimestamp" in current["metadata"]:
            return
        body = exchange["request"].get("body") or {}
        asked = (body.get("metadata") or {}).get("finalizers") if isinstance(body, dict) else ()
        kept = [name for name in asked or () if f'"{name}"' not in found[1]]
        finalizers = kept or ["example.com/hold"]
        self._stage.merge(place.path, {"metadata": {"finalizers": finalizers}})
        self._stage.delete(place.path)

    def _need_parent(self, place: Place, index: int) -> None:
        if self._stage.get(place.path) is None:
            known = self._snapshots.of(place, index) or self._definitions.smallest(place)
            self._create(place, known or plain(place))

    def _custom_scale(self, place: Place, shown: Obj, index: int) -> None:
        """The status that an answer's scale comes from; only users write it."""
        snapshot = self._snapshots.of(place, index) or {}
        current = self._stage.get(place.path) or {}
        if current.get("status") or not snapshot.get("status"):
            status = {**(current.get("status") or {}), **(shown.get("status") or {})}
        else:
            status = snapshot["status"]
        if status != current.get("status"):
            self._stage.merge(f"{place.path}/status", {"status": status})

    def _need_absent(self, place: Place, exchange: Exchange) -> None:
        body = exchange["response"].get("body")
        details = body.get("details") or {} if isinstance(body, dict) else {}
        if details.get("kind") == "namespaces" and place.plural != "namespaces":
            return
        found = self._stage.get(place.path)
        if not details.get("name") or found is None:
            return
        meta = found["metadata"]
        if place.plural == "namespaces":
            self._release_namespace(meta["name"])
            self._stage.until(lambda: self._stage.get(place.path) is None, _NAMESPACE_SECONDS)
            return
        held = [name for name in meta.get("finalizers") or () if "/" in name]
        if "deletionTimestamp" in meta and held:
            self._stage.merge(place.path, {"metadata": {"finalizers": None}})
        elif "deletionTimestamp" not in meta and not meta.get("ownerReferences"):
            self._stage.remove_for_good(place.path)

    def _release_namespace(self, name: str) -> None:
        """What a user does to let a namespace go: no finalizers of others inside."""
        for plural in ("configmaps", "pods"):
            base = f"/api/v1/namespaces/{name}/{plural}"
            for item in (self._stage.get(base) or {}).get("items") or ():
                if item["metadata"].get("finalizers"):
                    path = f"{base}/{item['metadata']['name']}"
                    self._stage.merge(path, {"metadata": {"finalizers": None}})

    def _need_owners_in_conflict(self, place: Place, exchange: Exchange, known: Obj | None) -> None:
        """A conflict of server-side apply: the fields belong to who the answer says."""
        body = body_of(exchange["response"])
        owner = re.search(r'conflicts? with "([^"]+)"', str(body.get("message", "")))
        current = self._stage.get(place.path)
        if owner is None or owned_by(current, owner[1]):
            return
        made = _without_server_meta(current or known or exchange["request"]["body"])
        made["metadata"]["name"] = place.name
        for cause in (body.get("details") or {}).get("causes") or ():
            set_otherwise(made, exchange["request"]["body"], str(cause.get("field", "")))
        self._stage.remove_for_good(place.path)
        self._stage.apply(place.path, made, owner[1])

    # -- collections -----------------------------------------------------------------------

    def _prepare_collection(self, place: Place, exchange: Exchange, index: int) -> None:
        method = exchange["request"]["method"]
        status = exchange["response"].get("status", 200)
        if method == "POST":
            self._prepare_create(place, exchange, status)
        elif status == 200 and method in ("GET", "DELETE"):
            self._lists.prepare(place, exchange, index)

    def _prepare_create(self, place: Place, exchange: Exchange, status: int) -> None:
        body = exchange["request"].get("body")
        meta = body.get("metadata") or {} if isinstance(body, dict) else {}
        name = meta.get("name")
        answer = exchange["response"].get("body")
        message = str(answer.get("message", "")) if isinstance(answer, dict) else ""
        if status == 201 and name and place.plural != "bindings":
            if place.plural == "namespaces":
                self._remove_namespace(name)
            elif self._stage.get(place.named(name).path) is not None:
                self._stage.remove_for_good(place.named(name).path)
        elif status == 409 and "already exists" in message and name:
            here = place.named(name)
            if self._stage.get(here.path) is None:
                self._create(here, body)
            if message.startswith("object is being deleted"):
                hold_and_delete(self._stage, here.path)
        elif status == 409 and place.plural == "bindings" and name:
            self._bind(place.namespace, name)
        elif "provided port is already allocated" in message:
            self._take_port(place, body)
        elif match := _QUOTA.search(message):
            self._exceed(place, match)

    def _bind(self, namespace: str, name: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        if self._stage.get(path) is None:
            body = pod(name, schedulerName="nobody")
            self._stage.post(f"/api/v1/namespaces/{namespace}/pods", body)
        target = {"apiVersion": "v1", "kind": "Node", "name": "node-1"}
        self._stage.post(f"{path}/binding", {"metadata": {"name": name}, "target": target})

    def _take_port(self, place: Place, body: Obj) -> None:
        other = {"metadata": {"name": "np"}, "spec": copy.deepcopy(body["spec"])}
        self._stage.post(place.collection, other)

    def _exceed(self, place: Place, match: re.Match[str]) -> None:
        """A quota that is used up as the refusal says."""
        base = f"/api/v1/namespaces/{place.namespace}"
        if self._stage.get(f"{base}/resourcequotas/{match['quota']}") is None:
            hard = {match["what"]: match["limited"]}
            quota = {"metadata": {"name": match["quota"]}, "spec": {"hard": hard}}
            self._stage.post(f"{base}/resourcequotas", quota)
        if match["what"] != "pods":
            return
        present = (self._stage.get(f"{base}/pods") or {}).get("items") or []
        names = [item["metadata"]["name"] for item in present]
        wanted = int(match["used"])
        self._stage.delete(f"{base}/resourcequotas/{match['quota']}")
        for name in names[wanted:]:
            self._stage.remove_for_good(f"{base}/pods/{name}")
        for number in range(wanted - len(names)):
            self._stage.post(f"{base}/pods", pod(f"other-{number}"))
        hard = {match["what"]: match["limited"]}
        quota = {"metadata": {"name": match["quota"]}, "spec": {"hard": hard}}
        self._stage.post(f"{base}/resourcequotas", quota)

    # -- making ----------------------------------------------------------------------------

    def _create(self, place: Place, recorded: Obj | None, own_writes: int = 0) -> None:
        if recorded is not None:
            make(self._stage, place, recorded, own_writes)

    def _remove_namespace(self, name: str) -> None:
        path = f"/api/v1/namespaces/{name}"
        if self._stage.get(path) is not None:
            self._stage.delete(path)
            self._release_namespace(name)
            self._stage.until(lambda: self._stage.get(path) is None, _NAMESPACE_SECONDS)

    def _guess(self, place: Place, exchange: Exchange) -> Obj | None:
        """What a refused request was about, as far as it says."""
        body = exchange["request"].get("body")
        method = exchange["request"]["method"]
        status = exchange["response"].get("status", 200)
        if place.plural == "pods":
            return pod(place.name)
        if place.plural == "deployments":
            return deployment(place.name)
        if place.plural == "namespaces" and status == 200:
            state = {"phase": "Terminating"} if "Terminating" in str(exchange["response"]) else {}
            return {"metadata": {"name": place.name}, "status": state}
        if isinstance(body, dict) and body.get("kind") and method == "PUT" and status == 409:
            return {**body, "metadata": {**(body.get("metadata") or {}), "name": place.name}}
        if place.is_custom and status >= 400:
            return self._definitions.smallest(place)
        if (method == "DELETE" and status == 200) or status in (409, 422, 400, 500, 429):
            return plain(place)
        return None


_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: [^,]+, "
    r"used: (?P<what>[^=]+)=(?P<used>[^,]+), limited: [^=]+=(?P<limited>\S+)"
)


def _is_apply(exchange: Exchange) -> bool:
    headers = exchange["request"].get("headers") or {}
    return "apply-patch" in str(headers.get("Content-Type"))


_OF_DELETION = (
    "foregroundDeletion",
    "orphan",
    "customresourcecleanup.apiextensions.k8s.io",
)


def _undeleted(shown: Obj) -> Obj:
    """The object without what its deletion has added."""
    meta = dict(shown["metadata"])
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        meta.pop(name, None)
    kept = [name for name in meta.pop("finalizers", None) or () if name not in _OF_DELETION]
    return {**shown, "metadata": {**meta, "finalizers": kept} if kept else meta}


def _before(exchange: Exchange, shown: Obj, current: Obj | None) -> Obj:
    """The object as it was before the request that the answer is about."""
    method = exchange["request"]["method"]
    if method == "DELETE" and not re.search("second|third|again", str(exchange.get("title"))):
        return _undeleted(shown)
    if method != "PATCH":
        return shown
    return before_patch(exchange["request"], shown, current)


def _without_server_meta(obj: Obj) -> Obj:
    made = for_create(obj)
    made.pop("status", None)
    return made
