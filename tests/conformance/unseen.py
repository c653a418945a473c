"""What must have been there before a recorded exchange, read from the exchange itself.

Recordings are played with some of their exchanges missing. What a missing one made, changed or
removed is made up for here, by requests: an object that an answer shows and that is not here is
created as the answer shows it; one that an answer says is missing is removed.
"""

from __future__ import annotations

import copy
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from tests.conformance.alike import normal
from tests.conformance.custom_objects import from_row, smallest
from tests.conformance.drift import Drift, before_patch
from tests.conformance.fieldsets import owned_by, owners_of, rebuild, set_otherwise
from tests.conformance.making import make, plain, wait_for_deployment
from tests.conformance.manifests import Obj, config_map, deployment, for_create, pod
from tests.conformance.place import Place, place_of
from tests.conformance.result import Exchange
from tests.conformance.stage import Stage

_CONTROLLED = frozenset({"events", "endpoints", "endpointslices", "leases", "controllerrevisions"})
_FURNITURE = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "default", "kubernetes"})
_NEVER_REMOVED = frozenset({"namespaces", "nodes", "apiservices", "priorityclasses"})
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NAMESPACE_SECONDS = 20.0
_SNAPSHOT_STATUSES = (200, 201, 202)


class Unseen:
    """Makes up for the exchanges that are not in the file."""

    def __init__(
        self, stage: Stage, exchanges: list[Exchange], is_known: Callable[[str], bool]
    ) -> None:
        """`is_known` says whether a recorded resourceVersion was seen in the play."""
        self._is_known = is_known
        self._stage = stage
        self._exchanges = exchanges
        self._drift = Drift(stage)
        self._made_kinds: set[tuple[str, str]] = set()

    def prepare(self, index: int) -> None:
        """Whatever the exchange at this place needs and nothing has made."""
        exchange = self._exchanges[index]
        request, response = exchange["request"], exchange["response"]
        place = place_of(request)
        if place is None:
            self._need_group(exchange)
            return
        status = response.get("status", 200)
        self._stage.need_namespace(place.namespace)
        if status in (401, 405, 406, 415) or (status == 403 and request.get("user") != "admin"):
            return
        if place.is_custom:
            self._need_kind(place, exchange)
        if place.name:
            self._prepare_object(place, exchange, index)
        else:
            self._prepare_collection(place, exchange, index)

    def learn(self, exchange: Exchange) -> None:
        """Remember which form of an object the recording has shown last."""
        body = _object_of(exchange)
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
        shown = _object_of(exchange)
        if shown is not None and shown.get("kind") == "Scale":
            self._need_parent(place, index)
            if place.is_custom:
                self._custom_scale(place, shown, index)
            self._drift.rescale(place, shown, exchange)
            return
        current = self._stage.get(place.path)
        if shown is None:
            known = self._snapshot(place, index) or self._guess(place, exchange)
            if str((body_of(exchange["response"]) or {}).get("message", "")).startswith(
                "Apply fail"
            ):
                self._need_owners_in_conflict(place, exchange, known)
            elif current is None:
                self._create(place, known)
            else:
                self._need_ephemeral(place, exchange, current, known)
            return
        before = _before(exchange, shown, current or self._snapshot(place, index, only_before=True))
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

    def _need_parent(self, place: Place, index: int) -> None:
        if self._stage.get(place.path) is None:
            self._create(place, self._snapshot(place, index) or plain(place))

    def _custom_scale(self, place: Place, shown: Obj, index: int) -> None:
        """The status that an answer's scale comes from; only users write it."""
        snapshot = self._snapshot(place, index) or {}
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
            self._prepare_list(place, exchange, index)

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
                self._hold_and_delete(here)
        elif status == 409 and place.plural == "bindings" and name:
            self._bind(place.namespace, name)
        elif "provided port is already allocated" in message:
            self._take_port(place, body)
        elif match := _QUOTA.search(message):
            self._exceed(place, match)

    def _hold_and_delete(self, place: Place) -> None:
        found = self._stage.get(place.path)
        if found and "deletionTimestamp" not in found["metadata"]:
            hold = {"metadata": {"finalizers": ["example.com/hold"]}}
            self._stage.merge(place.path, hold)
            self._stage.delete(place.path)

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

    # -- lists -----------------------------------------------------------------------------

    def _prepare_list(self, place: Place, exchange: Exchange, index: int) -> None:
        request, response = exchange["request"], exchange["response"]
        query = {k: v for k, v in (request.get("query") or {}).items() if k in _SELECTORS}
        shown = _listed(response)
        if shown is None or place.plural in _CONTROLLED:
            return
        here = (self._stage.get(place.collection, query) or {}).get("items") or []
        names = {_key(item["metadata"]) for item in here}
        is_of_the_past = self._is_known(_version_of(request))
        self._reconcile_items(place, exchange, shown, here)
        for item in shown if not is_of_the_past else ():
            meta = item.get("metadata") or {}
            if _key(meta) in names or not meta.get("name") or meta["name"] in _FURNITURE:
                continue
            space = meta.get("namespace", "")
            self._stage.need_namespace(space)
            if meta.get("ownerReferences"):
                self._create_owner(place, item)
                continue
            here_place = place.named(meta["name"])
            if space and not place.namespace:
                root, _, plural = place.collection.rpartition("/")
                base = f"{root}/namespaces/{space}/{plural}"
                here_place = Place(base, place.group, space, place.plural, meta["name"])
            self._create(
                here_place, item if _is_whole(item) else self._partly(here_place, item, index)
            )
        self._match_count(place, exchange, shown, here)

    def _partly(self, place: Place, item: Obj, index: int) -> Obj | None:
        """An object of which an answer shows only the metadata (and a Table's cells)."""
        meta = item["metadata"]
        known = self._snapshot(place, index) or self._smallest(place, item.get("row"))
        if known is None:
            return plain(place, meta)
        own = {key: meta[key] for key in ("labels", "annotations", "generation") if key in meta}
        return {**known, "metadata": {**known["metadata"], **own}}

    def _reconcile_items(
        self, place: Place, exchange: Exchange, shown: list[Obj], here: list[Obj]
    ) -> None:
        """Items that are here, as the answer shows them."""
        if self._is_known(_version_of(exchange["request"])) or not place.namespace:
            return
        present = {_key(item["metadata"]): item for item in here}
        head = (
            {"apiVersion": shown[0].get("apiVersion"), "kind": shown[0].get("kind")}
            if shown
            else {}
        )
        for item in shown:
            current = present.get(_key(item["metadata"]))
            is_users = not item["metadata"].get("ownerReferences")
            if current is not None and is_users and _is_whole(item):
                one = place.named(current["metadata"]["name"])
                self._drift.reconcile(one, exchange, item, {**head, **current})
                self._drift.learn(item)

    def _create_owner(self, place: Place, item: Obj) -> None:
        """The deployment that a pod came from; it goes when the pod does."""
        meta = item["metadata"]
        label = (meta.get("labels") or {}).get("pod-template-hash")
        name = meta["name"].partition(f"-{label}-")[0]
        if place.plural != "pods" or not label or name == meta["name"]:
            return
        base = f"/apis/apps/v1/namespaces/{meta['namespace']}/deployments"
        labels = {k: v for k, v in meta["labels"].items() if k != "pod-template-hash"}
        made = deployment(name, grace=int(meta.get("deletionGracePeriodSeconds") or 1))
        made["metadata"]["labels"] = labels
        template = made["spec"]["template"]
        made["spec"] |= {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
        }
        if item.get("spec"):
            made["spec"]["template"]["spec"] = for_create(item)["spec"]
        if self._stage.get(f"{base}/{name}") is None:
            self._stage.post(base, made)
        if "deletionTimestamp" in meta:
            wait_for_deployment(self._stage, f"{base}/{name}")
            self._stage.delete(f"{base}/{name}", propagationPolicy="Foreground")

    def _match_count(
        self, place: Place, exchange: Exchange, shown: list[Obj], here: list[Obj]
    ) -> None:
        """No more objects than the answer shows, and as many as it counts."""
        request, response = exchange["request"], exchange["response"]
        query = request.get("query") or {}
        notes = str(exchange.get("notes") or "")
        body = body_of(response)
        meta = body.get("metadata") or {} if isinstance(body, dict) else {}
        version = str(query.get("resourceVersion", "0"))
        is_limited = "continue" in query or ("limit" in query and "resourceVersion" not in query)
        is_whole = "trimmed" not in notes and not is_limited and version == "0"
        if place.plural in _NEVER_REMOVED:
            return
        wanted = {_key(item.get("metadata") or {}) for item in shown}
        if is_whole:
            for item in here if place.namespace and not place.is_custom else ():
                own = item["metadata"]
                is_extra = _key(own) not in wanted and own["name"] not in _FURNITURE
                if is_extra and not own.get("ownerReferences"):
                    self._stage.remove_for_good(place.named(own["name"]).path)
        kept = re.search(r"trimmed items: (\d+) ->", notes)
        count = int(kept[1]) if kept else len(shown)
        if meta.get("continue") and not self._is_known(_version_of(request)):
            self._fill_up(place, query, meta, shown, count)

    def _fill_up(self, place: Place, query: Obj, meta: Obj, shown: list[Obj], count: int) -> None:
        """As many more objects as the answer says that there are behind the `count` of it."""
        if place.plural not in ("configmaps", "pods"):
            return
        probe = {k: v for k, v in query.items() if k in _SELECTORS}
        items = (self._stage.get(place.collection, probe) or {}).get("items") or []
        last = str((shown[-1].get("metadata") or {}).get("name", "")) if shown else ""
        if "continue" in query:
            items = [item for item in items if item["metadata"]["name"] > last]
        else:
            items = items[count:]
        missing = int(meta.get("remainingItemCount") or 1) - len(items)
        space = place.namespace or (shown[-1]["metadata"].get("namespace") if shown else "")
        labels = dict(
            part.split("=", 1) for part in str(query.get("labelSelector", "")).split(",") if part
        )
        base = f"/api/v1/namespaces/{space}/{place.plural}"
        for number in range(missing):
            name = f"zz-more-{number}"
            made = pod(name, labels) if place.plural == "pods" else config_map(name, {}, labels)
            self._stage.post(base, made)
        if missing < 0 and "remainingItemCount" in meta:
            free = [item for item in items if not item["metadata"].get("ownerReferences")]
            names = [item["metadata"]["name"] for item in free]
            for name in [each for each in names if each not in _FURNITURE][missing:]:
                self._stage.remove_for_good(f"{base}/{name}")

    # -- kinds -----------------------------------------------------------------------------

    def _need_group(self, exchange: Exchange) -> None:
        """Discovery of a custom group: its definitions are there, or gone."""
        match = re.match(r"^/apis/([^/]+\.[^/]+)(/[^/]+)?$", exchange["request"]["path"])
        is_early = "right after" in str(exchange.get("title"))
        if match is None or match[1].endswith("k8s.io") or is_early:
            return
        status = exchange["response"].get("status", 200)
        listed = (self._stage.get(_DEFINITIONS) or {}).get("items") or []
        here = [each for each in listed if each["spec"]["group"] == match[1]]
        for definition in here if status == 404 else ():
            self._stage.remove_for_good(f"{_DEFINITIONS}/{definition['metadata']['name']}")
        for body in self._recorded_definitions() if status == 200 and not here else ():
            if body["spec"]["group"] == match[1]:
                self._stage.post(_DEFINITIONS, for_create(body))
                return

    def _need_kind(self, place: Place, exchange: Exchange) -> None:
        """The definition of a custom kind is there, or not, as the answer shows."""
        name = f"{place.plural}.{place.group}"
        path = f"{_DEFINITIONS}/{name}"
        status = exchange["response"].get("status", 200)
        found = self._stage.get(path)
        body = exchange["response"].get("body")
        if status == 404 and not isinstance(body, dict):
            version = place.collection.split("/")[3]
            served = [v["name"] for v in (found or {}).get("spec", {}).get("versions", ())]
            is_served = version in served and "Established" in str((found or {}).get("status"))
            if is_served and "right after" not in str(exchange.get("title")):
                self._stage.remove_for_good(path)
            return
        is_asked_for = status == 429 and found is not None and not place.name
        if is_asked_for and self._stage.get(place.collection) is not None:
            self._stage.remove_for_good(path)
            found = None
        if found is None:
            definition = self._definition(name) or _any_definition(place)
            self._stage.post(_DEFINITIONS, for_create(definition))
        if "terminating" in str(body) and status == 403:
            self._hold_and_delete(Place(_DEFINITIONS, "", "", "crds", name))
        self._stage.until(lambda: "Established" in str((self._stage.get(path) or {}).get("status")))
        if status != 429:
            self._stage.until(lambda: self._stage.get(place.collection) is not None, 1.0)

    def _definition(self, name: str) -> Obj | None:
        named = [b for b in self._recorded_definitions() if b["metadata"].get("name") == name]
        return named[0] if named else None

    def _recorded_definitions(self) -> Iterator[Obj]:
        for exchange in self._exchanges:
            for body in (exchange["response"].get("body"), exchange["request"].get("body")):
                if isinstance(body, dict) and body.get("kind") == "CustomResourceDefinition":
                    yield body

    def _smallest(self, place: Place, row: Obj | None = None) -> Obj | None:
        """A custom object by its definition, and by a Table's row about it."""
        definition = self._stage.get(f"{_DEFINITIONS}/{place.plural}.{place.group}")
        if definition is None or not place.is_custom:
            return None
        version = place.collection.split("/")[3]
        if row is not None:
            return from_row(definition, place.name, version, row)
        return smallest(definition, place.name, version)

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

    def _snapshot(self, place: Place, index: int, *, only_before: bool = False) -> Obj | None:
        """The object as another exchange of the file shows it: the last one before, or the next."""
        order = [
            *range(index - 1, -1, -1),
            *([] if only_before else range(index, len(self._exchanges))),
        ]
        for number in order:
            exchange = self._exchanges[number]
            if "request" not in exchange:
                continue
            other = place_of(exchange["request"])
            if other is None or other.collection != place.collection:
                continue
            body = _object_of(exchange)
            listed = _listed(exchange["response"]) or []
            shown = [body] if body is not None else [each for each in listed if _is_whole(each)]
            for each in shown:
                if each.get("kind") != "Scale" and each["metadata"].get("name") == place.name:
                    return each
        return None

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
            return self._smallest(place)
        if (method == "DELETE" and status == 200) or status in (409, 422, 400, 500, 429):
            return plain(place)
        return None


_SELECTORS = ("labelSelector", "fieldSelector")
_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: [^,]+, "
    r"used: (?P<what>[^=]+)=(?P<used>[^,]+), limited: [^=]+=(?P<limited>\S+)"
)


def _is_apply(exchange: Exchange) -> bool:
    headers = exchange["request"].get("headers") or {}
    return "apply-patch" in str(headers.get("Content-Type"))


def _before(exchange: Exchange, shown: Obj, current: Obj | None) -> Obj:
    """The object as it was before the request that the answer is about."""
    if exchange["request"]["method"] != "PATCH":
        return shown
    return before_patch(exchange["request"], shown, current)


def _object_of(exchange: Exchange) -> Obj | None:
    """The one whole object that an answer shows."""
    response = exchange.get("response") or {}
    body = response.get("body")
    if response.get("status") not in _SNAPSHOT_STATUSES or not isinstance(body, dict):
        return None
    request = exchange.get("request") or {}
    if "dryRun" in str(request.get("query")) and request.get("method") == "POST":
        return None
    meta = body.get("metadata")
    if not isinstance(meta, dict) or not meta.get("uid") or not meta.get("name"):
        return None
    if body.get("kind") in ("PartialObjectMetadata", "Table"):
        return None
    return body


def body_of(response: Obj) -> Any:
    """The body of an answer as a value, also where it was kept as text."""
    body = response.get("body")
    if not isinstance(body, str):
        return body
    try:
        return yaml.safe_load(body)
    except yaml.YAMLError:
        return body


def _listed(response: Obj) -> list[Obj] | None:
    """The objects (or their metadata) that a list, a Table or a watch's beginning shows."""
    body = body_of(response)
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        kind = str(body.get("kind", "")).removesuffix("List")
        version = body.get("apiVersion")
        if kind == "PartialObjectMetadata":
            return [{"metadata": item.get("metadata") or {}} for item in body["items"]]
        return [{"kind": kind, "apiVersion": version, **item} for item in body["items"]]
    if isinstance(body, dict) and isinstance(body.get("rows"), list):
        listed = [row.get("object") or {} for row in body["rows"]]
        if all(each.get("metadata") for each in listed):
            pairs = zip(body["rows"], listed, strict=True)
            return [{"metadata": each["metadata"], "row": row} for row, each in pairs]
        return None if listed else []
    return None


def _version_of(request: Obj) -> str:
    """The recorded version of the past that a list asks for, "" for the present."""
    query = request.get("query") or {}
    token = str(query.get("continue", ""))
    if token:
        try:
            parts = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError:
            return ""
        return str(parts.get("rv", ""))
    return str(query.get("resourceVersion", ""))


def _is_whole(item: Obj) -> bool:
    return set(item) - {"metadata", "row"} != set()


def _key(meta: Obj) -> tuple[str, str]:
    """Namespace and name; generated parts of a name do not count."""
    return str(meta.get("namespace", "")), str(normal(meta.get("name", "")))


def _without_server_meta(obj: Obj) -> Obj:
    made = for_create(obj)
    made.pop("status", None)
    return made


def _any_definition(place: Place) -> Obj:
    """A definition that takes every object."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    singular = place.plural.removesuffix("s")
    version = place.collection.split("/")[3]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{place.plural}.{place.group}"},
        "spec": {
            "group": place.group,
            "scope": "Namespaced" if place.namespace else "Cluster",
            "names": {"plural": place.plural, "singular": singular, "kind": singular.title()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
