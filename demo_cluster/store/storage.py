"""The objects, their versions and their recent history: what etcd is to a real cluster."""

from __future__ import annotations

import random
import uuid
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from demo_cluster.changes.internal_writers import note_change, note_creation
from demo_cluster.clock import Clock
from demo_cluster.defaults.objects import fill_defaults
from demo_cluster.defaults.workloads import count_template
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import already_exists, not_found, stale_write
from demo_cluster.store.deletion import DeleteOptions, Propagation, is_finished, plan_deletion
from demo_cluster.timestamps import timestamp

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
HISTORY_LIMIT = 20_000
_FRESH = 500
"""So many of the latest events keep their wire forms; by then all watchers have had them."""


@dataclass(slots=True, eq=False)
class StorageEvent:
    """One write: what was there before and what is there now (for DELETED: the last form)."""

    type: EventType
    kind: Kind
    obj: Obj
    old: Obj | None
    resource_version: int
    encodings: dict[object, bytes] = field(default_factory=dict)
    """Wire forms already made of this event, shared by all watchers while it is fresh."""
    is_fresh: bool = True

    def forget_encodings(self) -> None:
        """Let the wire forms go: few will ask for them again."""
        self.is_fresh = False
        self.encodings.clear()


Subscriber = Callable[[StorageEvent], None]
Objects: TypeAlias = list[Obj]
Owned: TypeAlias = list[tuple[Kind, Obj]]
Events: TypeAlias = list[StorageEvent]
Key = tuple[str, str]


@dataclass(slots=True)
class _Shelf:
    """The objects of one resource, by namespace and name."""

    kind: Kind
    by_namespace: dict[str, dict[str, Obj]] = field(default_factory=dict)
    _names: dict[str, list[str]] = field(default_factory=dict)
    """The names of a namespace in order; missing = to be sorted."""

    def get(self, namespace: str, name: str) -> Obj | None:
        return self.by_namespace.get(namespace, {}).get(name)

    def put(self, obj: Obj) -> None:
        namespace, name = key_of(obj)
        inside = self.by_namespace.setdefault(namespace, {})
        if name not in inside:
            self._names.pop(namespace, None)
        inside[name] = obj

    def drop(self, obj: Obj) -> None:
        namespace, name = key_of(obj)
        del self.by_namespace[namespace][name]
        self._names.pop(namespace, None)

    def sorted(self, namespace: str | None) -> list[Obj]:
        if namespace is not None:
            return self._inside(namespace)
        spaces = sorted(self.by_namespace, key=lambda name: name + "/")
        return [obj for space in spaces for obj in self._inside(space)]

    def _inside(self, namespace: str) -> list[Obj]:
        inside = self.by_namespace.get(namespace)
        if not inside:
            return []
        names = self._names.get(namespace)
        if names is None:
            names = self._names[namespace] = sorted(inside)
        return [inside[name] for name in names]


class Storage:
    """Objects by kind, namespace and name; every write is an event with a version of its own.

    Objects are shared, never copied on the way out: copy before you change one, or use `modify`.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._shelves: dict[tuple[str, str], _Shelf] = {}
        self._version = 0
        self._history: deque[StorageEvent] = deque(maxlen=HISTORY_LIMIT)
        self._forgotten_until = 0
        self._subscribers: dict[int, Subscriber] = {}
        self._next_subscriber = 0
        self._pending: deque[StorageEvent] = deque()
        self._is_announcing = False
        self._owned: dict[str, dict[str, tuple[Kind, str, str]]] = {}
        self._on_node: dict[str, dict[Key, None]] = {}
        self._unowned: dict[str, dict[str, None]] = {}
        self.admission: Callable[[Kind, Obj], None] = lambda _kind, _new: None
        """Fills in, or refuses, what kubelets and controllers create."""

    @property
    def resource_version(self) -> int:
        """The version of the latest write."""
        return self._version

    @property
    def oldest_version(self) -> int:
        """Watches and lists can go back to this version, no further."""
        return self._forgotten_until

    # -- reading ---------------------------------------------------------------------------

    def get(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        shelf = self._shelves.get(kind.storage_key)
        return shelf.get(namespace, name) if shelf else None

    def list(self, kind: Kind, namespace: str | None = None) -> Objects:
        """All objects of a kind sorted by namespace and name; None = every namespace."""
        shelf = self._shelves.get(kind.storage_key)
        return shelf.sorted(namespace) if shelf else []

    def list_at(self, kind: Kind, namespace: str | None, version: int) -> Objects:
        """The same list as it was at an older version that history still covers."""
        objects = {key_of(obj): obj for obj in self.list(kind, namespace)}
        for event in reversed(self.events_since(version)):
            key = key_of(event.obj)
            if event.kind.storage_key != kind.storage_key or namespace not in (None, key[0]):
                continue
            if event.old is None:
                objects.pop(key, None)
            else:
                objects[key] = event.old
        return [objects[key] for key in sorted(objects, key="/".join)]

    def events_since(self, version: int) -> Events:
        """Every write after this version, oldest first."""
        start = bisect_right(self._history, version, key=lambda event: event.resource_version)
        return [self._history[index] for index in range(start, len(self._history))]

    def by_owner(self, uid: str) -> Owned:
        """The objects that name this uid among their owners."""
        owned = self._owned.get(uid, {})
        found = ((kind, self.get(kind, space, name)) for kind, space, name in owned.values())
        return [(kind, obj) for kind, obj in found if obj is not None]

    def pods_on_node(self, name: str) -> Objects:
        """The pods that are bound to this node."""
        shelf = self._shelves.get(("", "pods"))
        if shelf is None:
            return []
        found = (shelf.get(*key) for key in self._on_node.get(name, ()))
        return [pod for pod in found if pod is not None]

    def pods_without_owner(self, namespace: str) -> Objects:
        """The pods of a namespace that name no owner at all, sorted by name."""
        shelf = self._shelves.get(("", "pods"))
        if shelf is None:
            return []
        found = (shelf.get(namespace, name) for name in sorted(self._unowned.get(namespace, ())))
        return [pod for pod in found if pod is not None]

    # -- writing ---------------------------------------------------------------------------

    def prepare(self, kind: Kind, obj: Obj) -> Obj:
        """The object as `create` would store it, without storing it."""
        given = json_copy(obj)
        new: Obj = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": {}}
        new.update(given, kind=kind.kind, apiVersion=kind.api_version)
        meta = new["metadata"]
        if not kind.namespaced:
            meta.pop("namespace", None)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"][:58] + self._suffix()
        meta["uid"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        meta.setdefault("creationTimestamp", timestamp(self._clock.now()))
        if has_generation(kind):
            meta["generation"] = 1
        fill_defaults(kind, new)
        return new

    def create(self, kind: Kind, obj: Obj, *, by: str = "") -> Obj:
        """Store a new object and return it as stored.

        Fills uid, resourceVersion, creationTimestamp (a given one is kept), generation, the
        suffix of generateName, the kind's defaults, and managedFields when `by` names a manager.

        Raises:
            Failure: 409, the name is taken; 403, admission refuses what the manager makes.
        """
        new = self.prepare(kind, obj)
        if by:
            note_creation(kind, new, obj, by, timestamp(self._clock.now()))
            self.admission(kind, new)
        return self.insert(kind, new)

    def insert(self, kind: Kind, new: Obj) -> Obj:
        """Store an object that `prepare` made.

        Raises:
            Failure: 409, the name is taken.
        """
        self.check_free(kind, new)
        shelf = self._shelves.setdefault(kind.storage_key, _Shelf(kind))
        self._stamp(new)
        shelf.put(new)
        self._write("ADDED", shelf.kind, new, None)
        return new

    def check_free(self, kind: Kind, obj: Obj) -> None:
        """Nobody has this name yet.

        Raises:
            Failure: 409, the name is taken.
        """
        namespace, name = key_of(obj)
        present = self.get(kind, namespace, name)
        if present is not None:
            failure = already_exists(kind, name)
            if "deletionTimestamp" in present["metadata"]:
                failure.message = f"object is being deleted: {failure.message}"
            raise failure

    def prepare_update(self, kind: Kind, obj: Obj) -> Obj:
        """The object as `update` would store it, without storing it; the stored one when equal.

        Raises:
            Failure: 404, there is no such object; 409, it has changed in the meantime.
        """
        namespace, name = key_of(obj)
        old = self.get(kind, namespace, name)
        if old is None:
            raise not_found(kind, name)
        given = obj["metadata"].get("resourceVersion")
        if given and given != old["metadata"]["resourceVersion"]:
            raise stale_write(kind, name)
        new = _copied(obj)
        new["apiVersion"], new["kind"] = old["apiVersion"], old["kind"]
        meta, before = new["metadata"], old["metadata"]
        for name_of_field in _KEPT_META:
            _keep(meta, before, name_of_field)
        meta["resourceVersion"] = before["resourceVersion"]
        fill_defaults(kind, new)
        count_template(new, old)
        if before.get("generation") and _desired(kind, new) != _desired(kind, old):
            meta["generation"] = before["generation"] + 1
        return old if new == old else new

    def update(self, kind: Kind, obj: Obj) -> Obj:
        """Store a changed object and return it as stored.

        With a resourceVersion in it the write is refused when the object has changed since. A
        write that changes nothing makes no event. When the last finalizer of a deleted object is
        gone, so is the object.

        Raises:
            Failure: 404, there is no such object; 409, it has changed in the meantime.
        """
        return self.replace(kind, self.prepare_update(kind, obj))

    def replace(self, kind: Kind, new: Obj) -> Obj:
        """Store an object that `prepare_update` made; the same one again makes no event."""
        old = self.get(kind, *key_of(new))
        if old is None or new is old:
            return new
        shelf = self._shelves[kind.storage_key]
        if is_finished(shelf.kind, new):
            last = self._remove(shelf, old, json_copy(old))
            new["metadata"]["resourceVersion"] = last["metadata"]["resourceVersion"]
            return new
        self._stamp(new)
        shelf.put(new)
        self._write("MODIFIED", shelf.kind, new, old)
        return new

    def modify(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        change: Callable[[Obj], None],
        *,
        by: str = "",
        through: str = "",
    ) -> Obj | None:
        """Change a deep copy of the object and store it; None when it is gone.

        The fields that change belong to the manager that `by` names; `through` is the subresource
        that it wrote to, where that is not the status.
        """
        old = self.get(kind, namespace, name)
        if old is None:
            return None
        copied = _copied(old)
        change(copied)
        new = self.prepare_update(kind, copied)
        if by and new is not old:
            note_change(kind, old, new, by, timestamp(self._clock.now()), through)
        return self.replace(kind, new)

    def remove(self, kind: Kind, namespace: str, name: str) -> None:
        """Remove the object for good, whatever holds it. Nothing happens when it is gone."""
        shelf = self._shelves.get(kind.storage_key)
        old = shelf.get(namespace, name) if shelf else None
        if shelf is not None and old is not None:
            self._remove(shelf, old, json_copy(old))

    def request_delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: Propagation | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> Obj:
        """Delete as the API does: mark the object, and remove it when nothing waits for it.

        Returns the object's last, or new, form. A pod on a node stays, marked, until its kubelet
        removes it; a namespace until its controller does.

        Raises:
            Failure: 404, there is no such object; 409, a precondition does not hold.
        """
        shelf = self._shelves.get(kind.storage_key)
        old = shelf.get(namespace, name) if shelf else None
        if shelf is None or old is None:
            raise not_found(kind, name)
        options = DeleteOptions(grace_seconds, propagation, uid, resource_version)
        deletion = plan_deletion(shelf.kind, old, options, self._clock.now())
        if deletion.is_removed:
            if deletion.obj["metadata"].get("deletionGracePeriodSeconds") == 0:
                return self._remove_marked(shelf, old, deletion.obj)
            return self._remove(shelf, old, deletion.obj)
        if not deletion.is_changed:
            return old
        self._stamp(deletion.obj)
        shelf.put(deletion.obj)
        self._write("MODIFIED", shelf.kind, deletion.obj, old)
        return deletion.obj

    # -- keeping ---------------------------------------------------------------------------

    def everything(self) -> Owned:
        """Every object with its kind."""
        return [(shelf.kind, obj) for shelf in self._shelves.values() for obj in shelf.sorted(None)]

    def restore(self, objects: Owned, version: int) -> None:
        """Store objects as they once were, uid, version and all, and count on from this version.

        All are there before any is announced; what was before is forgotten.
        """
        self._version = max(self._version, version)
        for kind, obj in objects:
            shelf = self._shelves.setdefault(kind.storage_key, _Shelf(kind))
            self._reindex(kind, shelf.get(*key_of(obj)), obj)
            shelf.put(obj)
        for kind, obj in objects:
            own = int(obj["metadata"]["resourceVersion"])
            self._pending.append(StorageEvent("ADDED", kind, obj, None, own))
        self.compact()
        self._announce_all()

    # -- telling ---------------------------------------------------------------------------

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call back after every write, in order; returns what ends it.

        A write made inside a callback is announced after the present one, to everybody.
        """
        number = self._next_subscriber
        self._next_subscriber += 1
        self._subscribers[number] = callback
        return lambda: self._subscribers.pop(number, None) and None

    def compact(self) -> None:
        """Forget the history: whoever resumes from an older version gets a 410."""
        self._history.clear()
        self._forgotten_until = self._version

    def _stamp(self, obj: Obj) -> None:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)

    def _remove(self, shelf: _Shelf, old: Obj, last: Obj) -> Obj:
        self._stamp(last)
        shelf.drop(old)
        self._write("DELETED", shelf.kind, last, old)
        return last

    def _remove_marked(self, shelf: _Shelf, old: Obj, marked: Obj) -> Obj:
        """Kinds that know grace are written once more, without any left, before they go."""
        self._stamp(marked)
        self._record("MODIFIED", shelf.kind, marked, old)
        return self._remove(shelf, marked, json_copy(marked))

    def _write(self, type_: EventType, kind: Kind, obj: Obj, old: Obj | None) -> None:
        self._record(type_, kind, obj, old)
        self._announce_all()

    def _announce_all(self) -> None:
        if self._is_announcing:
            return
        self._is_announcing = True
        try:
            while self._pending:
                self._announce(self._pending.popleft())
        finally:
            self._is_announcing = False

    def _record(self, type_: EventType, kind: Kind, obj: Obj, old: Obj | None) -> None:
        self._reindex(kind, old, None if type_ == "DELETED" else obj)
        event = StorageEvent(type_, kind, obj, old, self._version)
        if len(self._history) == HISTORY_LIMIT:
            self._forgotten_until = self._history[0].resource_version
        self._history.append(event)
        if len(self._history) > _FRESH:
            self._history[-_FRESH].forget_encodings()
        self._pending.append(event)

    def _announce(self, event: StorageEvent) -> None:
        for callback in list(self._subscribers.values()):
            callback(event)

    def _reindex(self, kind: Kind, old: Obj | None, new: Obj | None) -> None:
        for uid, own in _owners(old):
            self._owned.get(uid, {}).pop(own, None)
        for uid, own in _owners(new):
            space, name = key_of(new or {})
            self._owned.setdefault(uid, {})[own] = (kind, space, name)
        if kind.storage_key != ("", "pods"):
            return
        if old is not None and (new is None or new["metadata"].get("ownerReferences")):
            self._unowned.get(key_of(old)[0], {}).pop(key_of(old)[1], None)
        if new is not None and not new["metadata"].get("ownerReferences"):
            self._unowned.setdefault(key_of(new)[0], {})[key_of(new)[1]] = None
        before, after = _node_of(old), _node_of(new)
        if before != after:
            if old is not None and before:
                self._on_node.get(before, {}).pop(key_of(old), None)
            if new is not None and after:
                self._on_node.setdefault(after, {})[key_of(new)] = None

    def _suffix(self) -> str:
        return "".join(self._rng.choice(NAME_LETTERS) for _ in range(5))


_KEPT_META = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)
_NO_GENERATION = frozenset(
    {
        ("", "configmaps"),
        ("", "secrets"),
        ("", "events"),
        ("", "endpoints"),
        ("", "namespaces"),
        ("", "nodes"),
        ("", "serviceaccounts"),
        ("", "services"),
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("", "limitranges"),
        ("", "resourcequotas"),
        ("coordination.k8s.io", "leases"),
        ("rbac.authorization.k8s.io", "roles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("apps", "controllerrevisions"),
        ("storage.k8s.io", "storageclasses"),
        ("storage.k8s.io", "csinodes"),
        ("apiregistration.k8s.io", "apiservices"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("certificates.k8s.io", "certificatesigningrequests"),
        ("networking.k8s.io", "ipaddresses"),
        ("networking.k8s.io", "servicecidrs"),
        ("node.k8s.io", "runtimeclasses"),
        ("resource.k8s.io", "resourceclaims"),
        ("resource.k8s.io", "resourceclaimtemplates"),
        ("storage.k8s.io", "csidrivers"),
        ("storage.k8s.io", "csistoragecapacities"),
        ("storage.k8s.io", "volumeattachments"),
        ("storage.k8s.io", "volumeattributesclasses"),
    }
)


def key_of(obj: Obj) -> Key:
    """Namespace ("" = cluster-wide) and name."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def has_generation(kind: Kind) -> bool:
    """Whether the real server counts generations of this kind."""
    return kind.storage_key not in _NO_GENERATION


def _desired(kind: Kind, obj: Obj) -> Obj:
    """What a change of counts as a new generation: all but metadata and status."""
    ignored = {"metadata", "apiVersion", "kind"}
    if kind.subresource("status") is not None or not kind.is_custom:
        ignored.add("status")
    desired = {key: value for key, value in obj.items() if key not in ignored}
    if kind.storage_key == ("", "pods"):
        spec = desired.get("spec") or {}
        desired["spec"] = {name: value for name, value in spec.items() if name != "nodeName"}
    return desired


def _copied(obj: Obj) -> Obj:
    """A copy of the object that shares its managedFields: those are replaced, never changed."""
    meta = obj["metadata"]
    managers = meta.get("managedFields")
    if managers is None:
        return json_copy(obj)
    bare = {name: value for name, value in meta.items() if name != "managedFields"}
    new = json_copy({**obj, "metadata": bare})
    new["metadata"]["managedFields"] = managers
    return new


def _keep(meta: Obj, before: Obj, name: str) -> None:
    if name in before:
        meta[name] = before[name]
    else:
        meta.pop(name, None)


def _owners(obj: Obj | None) -> list[tuple[str, str]]:
    if obj is None:
        return []
    meta = obj["metadata"]
    return [(owner["uid"], meta["uid"]) for owner in meta.get("ownerReferences", ())]


def _node_of(pod: Obj | None) -> str:
    return "" if pod is None else pod.get("spec", {}).get("nodeName", "")
