"""The garbage collector: what nobody owns any more goes, and foreground deletions are finished."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.deletion import FOREGROUND, ORPHAN
from demo_cluster.store.storage import Storage, StorageEvent, key_of

PACE = 0.01
RELEASE_SECONDS = 0.03
"""How long an owner stays after its dependents were released."""
ABSENT_OWNER_SECONDS = 0.5
"""How long an object stays whose owners never were."""


class GarbageCollector:
    """Follows owner references."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def on_event(self, event: StorageEvent) -> None:
        """An owner went away, or waits for its dependents."""
        uid = event.obj["metadata"]["uid"]
        if event.type == "DELETED":
            if self._storage.by_owner(uid):
                self._clock.call_later(PACE, lambda: self._orphaned(uid))
            self._owners_may_go(event.obj)
            return
        if event.type == "ADDED" and event.obj["metadata"].get("ownerReferences"):
            self._expect_owners(event.kind, event.obj)
        finalizers = event.obj["metadata"].get("finalizers") or ()
        if event.obj["metadata"].get("deletionTimestamp"):
            if FOREGROUND in finalizers:
                self._clock.call_later(PACE, lambda: self._foreground(event.kind, event.obj))
            if ORPHAN in finalizers:
                self._clock.call_later(PACE, lambda: self._orphan(event.kind, event.obj))

    def _expect_owners(self, kind: Kind, obj: Obj) -> None:
        """A new object that nobody owns after all is not kept."""
        references = obj["metadata"]["ownerReferences"]
        if any(_kind_of(each) is None or self._exists(obj, each) for each in references):
            return
        uid, key = obj["metadata"]["uid"], key_of(obj)

        def look() -> None:
            stored = self._storage.get(kind, *key)
            if stored is None or stored["metadata"]["uid"] != uid:
                return
            references = stored["metadata"].get("ownerReferences") or ()
            if references and not any(self._exists(stored, each) for each in references):
                self._delete(kind, stored)

        self._clock.call_later(ABSENT_OWNER_SECONDS, look)

    def _orphaned(self, uid: str) -> None:
        """The owner is gone: its dependents go when no other owner is left."""
        for kind, obj in self._storage.by_owner(uid):
            references = obj["metadata"].get("ownerReferences") or ()
            if any(each["uid"] != uid and self._exists(obj, each) for each in references):
                self._drop_reference(kind, obj, uid)
            elif not obj["metadata"].get("deletionTimestamp"):
                self._delete(kind, obj)

    def _exists(self, obj: Obj, reference: Obj) -> bool:
        kind = _kind_of(reference)
        if kind is None:
            return False
        namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
        found = self._storage.get(kind, namespace, reference["name"])
        return found is not None and found["metadata"]["uid"] == reference["uid"]

    def _drop_reference(self, kind: Kind, obj: Obj, uid: str) -> None:
        def change(stored: Obj) -> None:
            references = stored["metadata"].get("ownerReferences") or []
            stored["metadata"]["ownerReferences"] = [r for r in references if r["uid"] != uid]
            if not stored["metadata"]["ownerReferences"]:
                del stored["metadata"]["ownerReferences"]

        self._storage.modify(kind, *key_of(obj), change, by=CONTROLLERS)

    def _delete(self, kind: Kind, obj: Obj, *, foreground: bool = False) -> None:
        try:
            self._storage.request_delete(
                kind, *key_of(obj), propagation="Foreground" if foreground else "Background"
            )
        except Failure:
            return

    def _foreground(self, kind: Kind, owner: Obj) -> None:
        """Delete the dependents first; the owner goes when none of them blocks it."""
        stored = self._storage.get(kind, *key_of(owner))
        uid = owner["metadata"]["uid"]
        if stored is None or stored["metadata"]["uid"] != uid:
            return
        blocking = False
        for dependent_kind, obj in self._storage.by_owner(uid):
            blocking = blocking or any(
                each["uid"] == uid and each.get("blockOwnerDeletion")
                for each in obj["metadata"].get("ownerReferences") or ()
            )
            if not obj["metadata"].get("deletionTimestamp"):
                self._delete(
                    dependent_kind,
                    obj,
                    foreground=bool(self._storage.by_owner(obj["metadata"]["uid"])),
                )
        if not blocking or not self._storage.by_owner(uid):
            self._finish(kind, stored, FOREGROUND)

    def _owners_may_go(self, obj: Obj) -> None:
        """A dependent went: an owner may have waited for it."""
        for reference in obj["metadata"].get("ownerReferences") or ():
            kind = _kind_of(reference)
            if kind is None:
                continue
            namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
            owner = self._storage.get(kind, namespace, reference["name"])
            if owner and FOREGROUND in (owner["metadata"].get("finalizers") or ()):
                self._clock.call_later(PACE, lambda k=kind, o=owner: self._foreground(k, o))  # type: ignore[misc]  # a lambda with defaults

    def _orphan(self, kind: Kind, owner: Obj) -> None:
        stored = self._storage.get(kind, *key_of(owner))
        uid = owner["metadata"]["uid"]
        if stored is None or stored["metadata"]["uid"] != uid:
            return
        for dependent_kind, obj in self._storage.by_owner(uid):
            self._drop_reference(dependent_kind, obj, uid)
        self._clock.call_later(RELEASE_SECONDS, lambda: self._finish(kind, stored, ORPHAN))

    def _finish(self, kind: Kind, owner: Obj, finalizer: str) -> None:
        def change(stored: Obj) -> None:
            finalizers = stored["metadata"].get("finalizers") or []
            stored["metadata"]["finalizers"] = [name for name in finalizers if name != finalizer]
            if not stored["metadata"]["finalizers"]:
                del stored["metadata"]["finalizers"]

        self._storage.modify(kind, *key_of(owner), change, by=CONTROLLERS)


def _kind_of(reference: Obj) -> Kind | None:
    """The built-in kind that an owner reference names."""
    group = reference["apiVersion"].rpartition("/")[0]
    for plural in _plurals(reference["kind"]):
        try:
            kind = kind_of(plural, group)
        except KeyError:
            continue
        if kind.kind == reference["kind"]:
            return kind
    return None


def _plurals(kind: str) -> tuple[str, str, str]:
    lower = kind.lower()
    return (f"{lower}s", f"{lower}es", f"{lower[:-1]}ies")
