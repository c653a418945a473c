"""The definitions of custom kinds that a recording needs, or needs gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conformance.custom_objects import from_row, smallest
from tests.conformance.manifests import Obj, for_create
from tests.conformance.place import Place
from tests.conformance.result import Exchange
from tests.conformance.stage import Stage

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


_SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}
"""Where objects that can be scaled nearly always keep their numbers."""


class Definitions:
    """Makes and removes CustomResourceDefinitions, as the answers show them."""

    def __init__(self, stage: Stage, exchanges: list[Exchange]) -> None:
        self._stage = stage
        self._exchanges = exchanges

    def need_group(self, exchange: Exchange) -> None:
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

    def need_kind(self, place: Place, exchange: Exchange) -> None:
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
            hold_and_delete(self._stage, path)
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

    def smallest(self, place: Place, row: Obj | None = None) -> Obj | None:
        """A custom object by its definition, and by a Table's row about it."""
        definition = self._stage.get(f"{_DEFINITIONS}/{place.plural}.{place.group}")
        if definition is None or not place.is_custom:
            return None
        version = place.collection.split("/")[3]
        if row is not None:
            return from_row(definition, place.name, version, row)
        return smallest(definition, place.name, version)


def hold_and_delete(stage: Stage, path: str) -> None:
    """Delete something that a finalizer keeps."""
    found = stage.get(path)
    if found and "deletionTimestamp" not in found["metadata"]:
        stage.merge(path, {"metadata": {"finalizers": ["example.com/hold"]}})
        stage.delete(path)


def _any_definition(place: Place) -> Obj:
    """A definition that takes every object."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    singular = place.plural.removesuffix("s")
    version = place.collection.split("/")[3]
    subresources = {"scale": _SCALE, "status": {}} if place.part == "scale" else {}
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
                    "subresources": subresources,
                }
            ],
        },
    }
