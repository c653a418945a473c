"""Objects of one kind by key, in memory: look them up, ask what changed."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from kube_client.objects import ObjectMeta
from kube_client.resource import ObjectKey


class Stored(Protocol):
    """What a store can hold; treated as immutable once it is in."""

    @property
    def key(self) -> ObjectKey:
        """The object's name within its kind."""
        ...

    @property
    def metadata(self) -> ObjectMeta:
        """The object's metadata; its resource version tells states apart."""
        ...


T = TypeVar("T", bound=Stored)


class Change(NamedTuple, Generic[T]):
    """What became of one object: added without `before`, removed without `after`."""

    key: ObjectKey
    before: T | None
    after: T | None


class Store(Generic[T]):
    """The objects, their indexes, and who wants to know of changes.

    Work is in proportion to changes: an index is kept up to date per object, and a subscription
    remembers only the keys that changed since it was last asked.
    """

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, T] = {}
        self._indexes: dict[str, _Index[T]] = {}
        self._subscriptions: list[Subscription[T]] = []

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: object) -> bool:
        return key in self._objects

    def __iter__(self) -> Iterator[ObjectKey]:
        return iter(self._objects)

    def get(self, key: ObjectKey) -> T | None:
        """The object of this name, if there is one."""
        return self._objects.get(key)

    def values(self) -> list[T]:
        """All objects, in the order in which they came."""
        return list(self._objects.values())

    def add_index(self, name: str, values_of: Callable[[T], Iterable[str]]) -> None:
        """Keep the objects findable by these values of theirs, from now on and for those here."""
        index = _Index(values_of)
        for key, item in self._objects.items():
            index.change(key, None, item)
        self._indexes[name] = index

    def by_index(self, name: str, value: str) -> list[T]:
        """The objects that have this value in that index."""
        return [self._objects[key] for key in self._indexes[name].keys_of(value)]

    def subscribe(self) -> "Subscription[T]":
        """News of this store; close it when nobody takes them any more."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def put(self, item: T) -> None:
        """Add the object, or replace the one of its name; the same state again is no news."""
        key = item.key
        before = self._objects.get(key)
        if before is not None and _same_state(before.metadata, item.metadata):
            return
        self._objects[key] = item
        self._changed(key, before, item)

    def remove(self, key: ObjectKey) -> None:
        """Forget the object; one that is not here is no news."""
        before = self._objects.pop(key, None)
        if before is not None:
            self._changed(key, before, None)

    def keep_only(self, keys: set[ObjectKey]) -> None:
        """Forget every object but these."""
        for key in [key for key in self._objects if key not in keys]:
            self.remove(key)

    def _changed(self, key: ObjectKey, before: T | None, after: T | None) -> None:
        for index in self._indexes.values():
            index.change(key, before, after)
        for subscription in self._subscriptions:
            subscription.note(key, before)

    def _unsubscribe(self, subscription: "Subscription[T]") -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)


class Subscription(Generic[T]):
    """Changes since the last look, one for each object however often it changed."""

    def __init__(self, store: Store[T]) -> None:
        self._store = store
        self._before: dict[ObjectKey, T | None] = dict.fromkeys(store)
        self._news = asyncio.Event()
        if self._before:
            self._news.set()

    def take(self) -> list[Change[T]]:
        """What changed since the last take; at first, everything there is as added."""
        noted, self._before = self._before, {}
        self._news.clear()
        changes = [Change(key, before, self._store.get(key)) for key, before in noted.items()]
        return [change for change in changes if change.before is not change.after]

    async def wait(self) -> None:
        """Return when there is something to take, or the subscription is closed."""
        await self._news.wait()

    def close(self) -> None:
        """Hear no more; those who wait return."""
        self._store._unsubscribe(self)  # two halves of one noun
        self._before.clear()
        self._news.set()

    def note(self, key: ObjectKey, before: T | None) -> None:
        """The store's call: this object was like this until now."""
        if key not in self._before:
            self._before[key] = before
            self._news.set()


class _Index(Generic[T]):
    """Keys by a value of the objects, in the order in which they came."""

    def __init__(self, values_of: Callable[[T], Iterable[str]]) -> None:
        self._values_of = values_of
        self._keys: dict[str, dict[ObjectKey, None]] = {}

    def keys_of(self, value: str) -> Iterable[ObjectKey]:
        return self._keys.get(value, ())

    def change(self, key: ObjectKey, before: T | None, after: T | None) -> None:
        old = set(self._values_of(before)) if before is not None else set()
        new = set(self._values_of(after)) if after is not None else set()
        for value in old - new:
            keys = self._keys[value]
            del keys[key]
            if not keys:
                del self._keys[value]
        for value in new - old:
            self._keys.setdefault(value, {})[key] = None


def _same_state(one: ObjectMeta, other: ObjectMeta) -> bool:
    return bool(one.resource_version) and (
        one.resource_version == other.resource_version and one.uid == other.uid
    )
