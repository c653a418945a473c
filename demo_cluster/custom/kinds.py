"""CustomResourceDefinitions at work: their kinds are served while they are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from demo_cluster.clock import Clock
from demo_cluster.kinds import CustomForm, Kind, KindRegistry, Obj, Subresource, kind_of
from demo_cluster.schema.types import definition_of_schema
from demo_cluster.store.deletion import CLEANUP, set_terminating
from demo_cluster.store.storage import Storage, StorageEvent
from demo_cluster.timestamps import timestamp

DEFINITIONS = kind_of("customresourcedefinitions", "apiextensions.k8s.io")
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_STATUS = Subresource("status")
_SCALE = Subresource("scale", kind="Scale", group="autoscaling", version="v1")


ESTABLISH_SECONDS = 0.03
EMPTYING_SECONDS = 0.02


def _is_new(definition: Obj) -> bool:
    """A client made it through the API; others come with a scenario or a saved state."""
    status = definition.get("status") or {}
    return "conditions" in status and status["conditions"] is None


class CustomKinds:
    """Keeps the registry in step with the definitions that are stored."""

    def __init__(self, storage: Storage, clock: Clock, registry: KindRegistry) -> None:
        self._storage = storage
        self._clock = clock
        self._registry = registry
        self._emptying: dict[tuple[str, str], str] = {}

    def on_event(self, event: StorageEvent) -> None:
        """Follow one write."""
        if event.kind.storage_key != DEFINITIONS.storage_key:
            if event.type == "DELETED" and event.kind.storage_key in self._emptying:
                self._finish(self._emptying[event.kind.storage_key])
            return
        name = event.obj["metadata"]["name"]
        if event.type == "DELETED":
            spec = event.obj["spec"]
            self._registry.remove(spec["group"], spec["names"]["plural"])
            self._emptying.pop((spec["group"], spec["names"]["plural"]), None)
        elif "deletionTimestamp" in event.obj["metadata"]:
            if event.old is None or "deletionTimestamp" not in event.old["metadata"]:
                self._clock.call_later(EMPTYING_SECONDS, lambda: self._empty(name))
        elif event.old is None and _is_new(event.obj):
            self._clock.call_later(ESTABLISH_SECONDS, lambda: self._begin(name))
        elif event.old is None or event.old["spec"] != event.obj["spec"]:
            self._serve(event.obj)
            self._storage.modify(DEFINITIONS, "", name, self._establish)

    def _begin(self, name: str) -> None:
        """Serve what a client defined a moment ago; its storage is not warm yet."""
        definition = self._storage.get(DEFINITIONS, "", name)
        if definition is None or "deletionTimestamp" in definition["metadata"]:
            return
        self._serve(definition)
        self._registry.chill(definition["spec"]["group"], definition["spec"]["names"]["plural"])
        self._storage.modify(DEFINITIONS, "", name, self._establish)

    def _serve(self, definition: Obj) -> None:
        spec = definition["spec"]
        self._registry.remove(spec["group"], spec["names"]["plural"])
        for kind, form in kinds_of(definition):
            self._registry.add(kind, form)

    def _establish(self, definition: Obj) -> None:
        now = timestamp(self._clock.now())
        status = definition.setdefault("status", {})
        names = definition["spec"]["names"]
        status["acceptedNames"] = dict(names)
        present = {entry["type"]: entry for entry in status.get("conditions") or ()}
        status["conditions"] = [
            present.get(type_)
            or {
                "type": type_,
                "status": "True",
                "lastTransitionTime": now,
                "reason": reason,
                "message": message,
            }
            for type_, reason, message in (
                ("NamesAccepted", "NoConflicts", "no conflicts found"),
                ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            )
        ]
        storage = [
            entry["name"] for entry in definition["spec"]["versions"] if entry.get("storage")
        ]
        stored = status.get("storedVersions") or []
        status["storedVersions"] = [*stored, *(name for name in storage if name not in stored)]

    def _empty(self, name: str) -> None:
        """Delete every object of a kind that goes; the definition waits for the last one."""
        definition = self._storage.get(DEFINITIONS, "", name)
        if definition is None or "deletionTimestamp" not in definition["metadata"]:
            return
        spec = definition["spec"]
        key = (spec["group"], spec["names"]["plural"])
        if key in self._emptying:
            return
        self._emptying[key] = name
        kind = next(kinds_of(definition, only_served=False))[0]
        if self._storage.list(kind):
            reason, message = "InstanceDeletionInProgress", "CustomResource deletion is in progress"
            self._storage.modify(DEFINITIONS, "", name, self._terminating(reason, message))
        for obj in self._storage.list(kind):
            meta = obj["metadata"]
            self._storage.request_delete(kind, meta.get("namespace", ""), meta["name"])
        self._finish(name)

    def _terminating(self, reason: str, message: str) -> Callable[[Obj], None]:
        now = timestamp(self._clock.now())
        return lambda definition: set_terminating(definition, reason, message, now)

    def _finish(self, name: str) -> None:
        definition = self._storage.get(DEFINITIONS, "", name)
        if definition is None:
            return
        kind = next(kinds_of(definition, only_served=False))[0]
        if self._storage.list(kind):
            return
        self._storage.modify(DEFINITIONS, "", name, _release)


def _release(definition: Obj) -> None:
    meta = definition["metadata"]
    meta["finalizers"] = [entry for entry in meta.get("finalizers", []) if entry != CLEANUP]


def kinds_of(definition: Obj, *, only_served: bool = True) -> Iterator[tuple[Kind, CustomForm]]:
    """The kinds that a definition serves (or only stores), its storage version first."""
    spec = definition["spec"]
    names = spec["names"]
    versions = sorted(spec["versions"], key=lambda entry: not entry.get("storage"))
    for version in versions:
        if only_served and not version.get("served"):
            continue
        parts = version.get("subresources") or {}
        subresources = tuple(sub for sub in (_STATUS, _SCALE) if sub.name in parts)
        kind = Kind(
            spec["group"],
            version["name"],
            names["plural"],
            names["kind"],
            spec.get("scope") == "Namespaced",
            names.get("singular") or names["kind"].lower(),
            tuple(names.get("shortNames") or ()),
            _VERBS,
            subresources,
            tuple(names.get("categories") or ()),
            is_custom=True,
            listed_as=names.get("listKind") or "",
            selectable_fields=tuple(
                each["jsonPath"].removeprefix(".") for each in version.get("selectableFields") or ()
            ),
        )
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        columns = version.get("additionalPrinterColumns")
        form = CustomForm(schema, columns, parts.get("scale"), definition_of_schema(schema))
        yield kind, form


def fill_definition_defaults(definition: Obj) -> None:
    """The names that a definition may leave out, in place."""
    spec = definition.setdefault("spec", {})
    names = spec.setdefault("names", {})
    kind = names.get("kind", "")
    names.setdefault("singular", kind.lower())
    if kind:
        names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    versions = spec.get("versions") or ()
    storage = [entry.get("name", "") for entry in versions if entry.get("storage")]
    empty = {"plural": "", "kind": ""}
    status = {"conditions": None, "acceptedNames": empty, "storedVersions": storage}
    definition.setdefault("status", status)
