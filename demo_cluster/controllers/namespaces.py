"""Namespaces: what is in every new one, and how one goes away with all that is in it."""

from __future__ import annotations

from collections import Counter

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.kinds import Kind, KindRegistry, Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import parse_timestamp, timestamp
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


FIRST_LOOK_SECONDS, FINALIZER_SECONDS, AGAIN_SECONDS = 5.0, 15.0, 0.5


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
        """A namespace changed, or its service account was removed."""
        if event.kind.storage_key == NAMESPACES.storage_key:
            if event.obj["metadata"].get("deletionTimestamp"):
                if event.type == "MODIFIED" and event.old and not _is_going(event.old):
                    self._queue.add_after(key_of(event.obj), FIRST_LOOK_SECONDS)
            elif event.type != "DELETED":
                self._queue.add(key_of(event.obj))
        elif event.type == "DELETED" and event.kind.storage_key == SERVICE_ACCOUNTS.storage_key:
            found = self._storage.get(NAMESPACES, "", event.obj["metadata"]["namespace"])
            if found and not _is_going(found):
                self._queue.add(key_of(found))

    def _sync(self, key: Key) -> None:
        namespace = self._storage.get(NAMESPACES, *key)
        if namespace is None:
            return
        if _is_going(namespace):
            self._empty(namespace)
        else:
            self._fill(namespace["metadata"]["name"])

    def _fill(self, name: str) -> None:
        if self._storage.get(SERVICE_ACCOUNTS, name, "default") is None:
            self._storage.create(
                SERVICE_ACCOUNTS,
                {"metadata": {"name": "default", "namespace": name}},
                by=CONTROLLERS,
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
                by=CONTROLLERS,
            )

    def _empty(self, namespace: Obj) -> None:
        """Delete what is in it; look again when that should have gone. Follows deleteAllContent."""
        name = namespace["metadata"]["name"]
        grace = self._longest_grace(namespace)
        left: dict[str, int] = {}
        blocked: Counter[str] = Counter()
        surprises: list[str] = []
        estimate = 0.0
        for kind in self._namespaced_kinds():
            for obj in self._storage.list(kind, name):
                self._delete(kind, obj)
            rest = self._storage.list(kind, name)
            if not rest:
                continue
            held = [held for obj in rest for held in obj["metadata"].get("finalizers") or ()]
            blocked.update(held)
            if kind.storage_key == PODS.storage_key and grace > 0:
                estimate = max(estimate, grace)
                continue
            left[f"{kind.plural}.{kind.group}"] = len(rest)
            if held:
                estimate = max(estimate, FINALIZER_SECONDS)
            else:
                place = f"{kind.group}/{kind.version}, Resource={kind.plural}"
                text = f"unexpected items still remain in namespace: {name} for gvr: {place}"
                surprises.append(text)
        if estimate or surprises:
            self._report(namespace, left, blocked, surprises)
            wait = AGAIN_SECONDS if surprises else estimate // 2 + 1
            self._queue.add_after(key_of(namespace), wait)
        else:
            self._finish(namespace)

    def _longest_grace(self, namespace: Obj) -> float:
        """How long its pods may take to end, in seconds; 0 when that time has passed."""
        meta = namespace["metadata"]
        seconds = max(
            (
                float(pod["spec"].get("terminationGracePeriodSeconds") or 0)
                for pod in self._storage.list(PODS, meta["name"])
                if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
            ),
            default=0.0,
        )
        since = parse_timestamp(meta["deletionTimestamp"])
        passed = (self._clock.now() - since).total_seconds()
        return 0.0 if passed >= seconds else seconds

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

    def _report(
        self,
        namespace: Obj,
        left: dict[str, int],
        blocked: dict[str, int],
        surprises: list[str],
    ) -> None:
        now = timestamp(self._clock.now())
        rows = [(*row, "False") for row in CONDITIONS]
        if surprises:
            listed = surprises[0] if len(surprises) == 1 else f"[{', '.join(surprises)}]"
            text = f"Failed to delete all resource types, {len(surprises)} remaining: {listed}"
            rows[-1] = (rows[-1][0], "ContentDeletionFailed", text, "True")
        if left:
            parts = ", ".join(
                f"{what} has {count} resource instances" for what, count in sorted(left.items())
            )
            text = f"Some resources are remaining: {parts}"
            rows.append(("NamespaceContentRemaining", "SomeResourcesRemain", text, "True"))
        else:
            text = "All content successfully removed"
            rows.append(("NamespaceContentRemaining", "ContentRemoved", text, "False"))
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

        self._storage.modify(NAMESPACES, *key_of(namespace), change, by=CONTROLLERS)

    def _finish(self, namespace: Obj) -> None:
        def change(stored: Obj) -> None:
            stored["spec"] = {
                key: value for key, value in stored.get("spec", {}).items() if key != "finalizers"
            }

        self._storage.modify(NAMESPACES, *key_of(namespace), change, by=CONTROLLERS)


def _is_going(namespace: Obj) -> bool:
    return "deletionTimestamp" in namespace["metadata"]
