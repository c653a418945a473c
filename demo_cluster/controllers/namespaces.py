"""Namespaces: what is in every new one, and how one goes away with all that is in it."""

from __future__ import annotations

from demo_cluster.clock import Clock
from demo_cluster.kinds import Kind, KindRegistry, Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

NAMESPACES = kind_of("namespaces")
SERVICE_ACCOUNTS = kind_of("serviceaccounts")
CONFIG_MAPS = kind_of("configmaps")
PODS = kind_of("pods")

BUNDLE_NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
    "guaranteed across distributions of Kubernetes clusters."
)
CONDITIONS = (
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)


class NamespaceController:
    """Fills new namespaces and empties those that go."""

    def __init__(
        self, storage: Storage, clock: Clock, registry: KindRegistry, authority: str
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._registry = registry
        self._authority = authority
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A namespace changed, or something in a namespace that goes was removed."""
        if event.kind.storage_key == NAMESPACES.storage_key:
            if event.type != "DELETED":
                self._queue.add(key_of(event.obj))
        elif event.type == "DELETED":
            namespace = event.obj["metadata"].get("namespace")
            found = self._storage.get(NAMESPACES, "", namespace) if namespace else None
            is_account = event.kind.storage_key == SERVICE_ACCOUNTS.storage_key
            if found and (is_account or found["metadata"].get("deletionTimestamp")):
                self._queue.add(("", found["metadata"]["name"]))

    def _sync(self, key: Key) -> None:
        namespace = self._storage.get(NAMESPACES, *key)
        if namespace is None:
            return
        if namespace["metadata"].get("deletionTimestamp"):
            self._empty(namespace)
        else:
            self._fill(namespace["metadata"]["name"])

    def _fill(self, name: str) -> None:
        if self._storage.get(SERVICE_ACCOUNTS, name, "default") is None:
            self._storage.create(
                SERVICE_ACCOUNTS, {"metadata": {"name": "default", "namespace": name}}
            )
        if self._storage.get(CONFIG_MAPS, name, "kube-root-ca.crt") is None:
            self._storage.create(
                CONFIG_MAPS,
                {
                    "metadata": {
                        "name": "kube-root-ca.crt",
                        "namespace": name,
                        "annotations": {"kubernetes.io/description": BUNDLE_NOTE},
                    },
                    "data": {"ca.crt": self._authority},
                },
            )

    def _empty(self, namespace: Obj) -> None:
        name = namespace["metadata"]["name"]
        left = 0
        blocked: dict[str, int] = {}
        for kind in self._namespaced_kinds():
            for obj in self._storage.list(kind, name):
                self._delete(kind, obj)
                if self._storage.get(kind, *key_of(obj)) is not None:
                    left += 1
                    for finalizer in obj["metadata"].get("finalizers") or ():
                        blocked[finalizer] = blocked.get(finalizer, 0) + 1
        if left:
            self._report(namespace, left, blocked)
            self._queue.add_after(key_of(namespace), 5.0)
        else:
            self._finish(namespace)

    def _namespaced_kinds(self) -> list[Kind]:
        seen: dict[tuple[str, str], Kind] = {}
        for kind in self._registry.all():
            if kind.namespaced and "delete" in kind.verbs:
                seen.setdefault(kind.storage_key, kind)
        return list(seen.values())

    def _delete(self, kind: Kind, obj: Obj) -> None:
        if obj["metadata"].get("deletionTimestamp"):
            return
        try:
            self._storage.request_delete(kind, *key_of(obj), propagation="Background")
        except Failure:
            return

    def _report(self, namespace: Obj, left: int, blocked: dict[str, int]) -> None:
        now = timestamp(self._clock.now())
        pods = len(self._storage.list(PODS, namespace["metadata"]["name"]))
        what = "pods." if pods else "resources."
        remaining = f"Some resources are remaining: {what} has {left} resource instances"
        rows = [(*row, "False") for row in CONDITIONS]
        if left:
            rows.append(("NamespaceContentRemaining", "SomeResourcesRemain", remaining, "True"))
        else:
            rows.append(
                (
                    "NamespaceContentRemaining",
                    "ContentRemoved",
                    "All content successfully removed",
                    "False",
                )
            )
        if blocked:
            parts = ", ".join(
                f"{name} in {count} resource instances" for name, count in sorted(blocked.items())
            )
            text = f"Some content in the namespace has finalizers remaining: {parts}"
            rows.append(("NamespaceFinalizersRemaining", "SomeFinalizersRemain", text, "True"))
        else:
            text = "All content-preserving finalizers finished"
            rows.append(("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", text, "False"))

        def change(stored: Obj) -> None:
            before = {c["type"]: c for c in stored.setdefault("status", {}).get("conditions") or ()}
            stored["status"]["conditions"] = [
                {
                    "type": kind,
                    "status": status,
                    "lastTransitionTime": before[kind]["lastTransitionTime"]
                    if kind in before and before[kind]["status"] == status
                    else now,
                    "reason": reason,
                    "message": message,
                }
                for kind, reason, message, status in rows
            ]

        self._storage.modify(NAMESPACES, *key_of(namespace), change)

    def _finish(self, namespace: Obj) -> None:
        def change(stored: Obj) -> None:
            stored["spec"] = {
                key: value for key, value in stored.get("spec", {}).items() if key != "finalizers"
            }

        self._storage.modify(NAMESPACES, *key_of(namespace), change)
