"""Objects that a recorded list shows, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.conformance.definitions import Definitions
from tests.conformance.drift import Drift
from tests.conformance.making import make, wait_for_deployment
from tests.conformance.manifests import Obj, config_map, deployment, for_create, pod
from tests.conformance.place import Place
from tests.conformance.plain_objects import plain
from tests.conformance.result import Exchange
from tests.conformance.shown import Snapshots, body_of, is_whole, key_of, listed_in, version_of
from tests.conformance.stage import Stage

_CONTROLLED = frozenset({"events", "endpoints", "endpointslices", "leases", "controllerrevisions"})
_FURNITURE = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "default", "kubernetes"})
_NEVER_REMOVED = frozenset({"namespaces", "nodes", "apiservices", "priorityclasses"})
_SELECTORS = ("labelSelector", "fieldSelector")


class Lists:
    """Brings collections to where a recorded list has them."""

    def __init__(
        self,
        stage: Stage,
        snapshots: Snapshots,
        definitions: Definitions,
        drift: Drift,
        is_known: Callable[[str], bool],
    ) -> None:
        """`is_known` says whether a recorded resourceVersion was seen in the play."""
        self._stage = stage
        self._snapshots = snapshots
        self._definitions = definitions
        self._drift = drift
        self._is_known = is_known

    def prepare(self, place: Place, exchange: Exchange, index: int) -> None:
        """What the list at this place of the file shows is here."""
        request, response = exchange["request"], exchange["response"]
        query = {k: v for k, v in (request.get("query") or {}).items() if k in _SELECTORS}
        shown = listed_in(response)
        if shown is None or place.plural in _CONTROLLED:
            return
        here = (self._stage.get(place.collection, query) or {}).get("items") or []
        names = {key_of(item["metadata"]) for item in here}
        is_of_the_past = self._is_known(version_of(request))
        self._reconcile_items(place, exchange, shown, here)
        for item in shown if not is_of_the_past else ():
            meta = item.get("metadata") or {}
            if key_of(meta) in names or not meta.get("name") or meta["name"] in _FURNITURE:
                continue
            space = meta.get("namespace", "")
            self._stage.need_namespace(space)
            if meta.get("ownerReferences") or _deployment_of(place, meta):
                self._create_owner(place, item)
                continue
            here_place = place.named(meta["name"])
            if space and not place.namespace:
                root, _, plural = place.collection.rpartition("/")
                base = f"{root}/namespaces/{space}/{plural}"
                here_place = Place(base, place.group, space, place.plural, meta["name"])
            made = item if is_whole(item) else self._partly(here_place, item, index)
            if made is not None:
                make(self._stage, here_place, made)
        self._match_count(place, exchange, shown, here)

    def _partly(self, place: Place, item: Obj, index: int) -> Obj | None:
        """An object of which an answer shows only the metadata (and a Table's cells)."""
        meta = item["metadata"]
        known = self._snapshots.of(place, index) or self._definitions.smallest(
            place, item.get("row")
        )
        if known is None:
            return plain(place, meta)
        own = {key: meta[key] for key in ("labels", "annotations", "generation") if key in meta}
        return {**known, "metadata": {**known["metadata"], **own}}

    def _reconcile_items(
        self, place: Place, exchange: Exchange, shown: list[Obj], here: list[Obj]
    ) -> None:
        """Items that are here, as the answer shows them."""
        if self._is_known(version_of(exchange["request"])) or not place.namespace:
            return
        present = {key_of(item["metadata"]): item for item in here}
        head = (
            {"apiVersion": shown[0].get("apiVersion"), "kind": shown[0].get("kind")}
            if shown
            else {}
        )
        for item in shown:
            current = present.get(key_of(item["metadata"]))
            is_users = not item["metadata"].get("ownerReferences")
            if current is not None and is_users and is_whole(item):
                one = place.named(current["metadata"]["name"])
                self._drift.reconcile(one, exchange, item, {**head, **current})
                self._drift.learn(item)

    def _create_owner(self, place: Place, item: Obj) -> None:
        """The deployment that a pod or a set came from; it goes when they do."""
        meta = item["metadata"]
        name = _deployment_of(place, meta)
        if not name:
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
        if item.get("spec") and place.plural == "pods":
            made["spec"]["template"]["spec"] = for_create(item)["spec"]
        elif item.get("spec"):
            made["spec"]["template"]["spec"] = item["spec"]["template"]["spec"]
            made["spec"]["replicas"] = _desired(item)
        if self._stage.get(f"{base}/{name}") is None:
            self._stage.post(base, made)
        is_orphan = place.plural == "replicasets" and not meta.get("ownerReferences")
        if "deletionTimestamp" in meta or is_orphan:
            policy = "Orphan" if is_orphan else "Foreground"
            wait_for_deployment(self._stage, f"{base}/{name}")
            self._stage.delete(f"{base}/{name}", propagationPolicy=policy)
            self._stage.changed_at = self._stage.now

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
        wanted = {key_of(item.get("metadata") or {}) for item in shown}
        if is_whole:
            for item in here if place.namespace and not place.is_custom else ():
                own = item["metadata"]
                is_extra = key_of(own) not in wanted and own["name"] not in _FURNITURE
                if is_extra and not own.get("ownerReferences"):
                    self._stage.remove_for_good(place.named(own["name"]).path)
        kept = re.search(r"trimmed items: (\d+) ->", notes)
        count = int(kept[1]) if kept else len(shown)
        if meta.get("continue") and not self._is_known(version_of(request)):
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


def _deployment_of(place: Place, meta: Obj) -> str:
    """The deployment that made a pod or a set, as its name and hash tell it; "" for others."""
    label = (meta.get("labels") or {}).get("pod-template-hash")
    cut = {"pods": f"-{label}-", "replicasets": f"-{label}"}.get(place.plural)
    name = str(meta["name"])
    if not label or cut is None or cut not in name:
        return ""
    return name.partition(cut)[0]


def _desired(item: Obj) -> int:
    annotations = item["metadata"].get("annotations") or {}
    return int(annotations.get("deployment.kubernetes.io/desired-replicas", 1))
