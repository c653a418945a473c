"""EndpointSlices (and the old Endpoints): the addresses behind every service with a selector."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import is_ready, owner_reference
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.pages import port_number
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

SERVICES = kind_of("services")
PODS = kind_of("pods")
SLICES = kind_of("endpointslices", "discovery.k8s.io")
ENDPOINTS = kind_of("endpoints")
NAME_LABEL = "kubernetes.io/service-name"
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"


class EndpointSliceController:
    """One slice for each service that selects pods."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._queue = WorkQueue(clock, self._sync, 0.03)
        self._selectors: dict[str, dict[str, dict[str, str]]] = {}
        """Selector of every service, by namespace and name."""
        self._readiness: dict[str, dict[str, str]] = {}
        """By service: since when each of its pods is ready, or not, as of the last look."""

    def on_event(self, event: StorageEvent) -> None:
        """A service changed, or a pod that one selects."""
        key = event.kind.storage_key
        if key == SERVICES.storage_key:
            self._service(event)
        elif key == PODS.storage_key and _matters(event):
            labels = event.obj["metadata"].get("labels") or {}
            before = ((event.old or {}).get("metadata") or {}).get("labels") or {}
            namespace = event.obj["metadata"]["namespace"]
            for name, selector in self._selectors.get(namespace, {}).items():
                if selector.items() <= labels.items() or selector.items() <= before.items():
                    self._queue.add((namespace, name))

    def _service(self, event: StorageEvent) -> None:
        namespace, name = key_of(event.obj)
        inside = self._selectors.setdefault(namespace, {})
        selector = event.obj["spec"].get("selector")
        if event.type == "DELETED" or not selector:
            inside.pop(name, None)
            self._readiness.pop(event.obj["metadata"]["uid"], None)
        else:
            inside[name] = selector
            self._queue.add((namespace, name))
        if event.type == "DELETED" and self._storage.get(ENDPOINTS, namespace, name):
            self._storage.remove(ENDPOINTS, namespace, name)

    def _sync(self, key: Key) -> None:
        service = self._storage.get(SERVICES, *key)
        selector = self._selectors.get(key[0], {}).get(key[1])
        if service is None or selector is None or service["metadata"].get("deletionTimestamp"):
            return
        selected = [
            pod
            for pod in self._storage.list(PODS, key[0])
            if selector.items() <= (pod["metadata"].get("labels") or {}).items()
        ]
        trigger = self._trigger(service, selected)
        pods = [pod for pod in selected if _counts(pod)]
        pods.sort(key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
        self._write_slice(service, pods, trigger)
        self._write_endpoints(service, pods, trigger)

    def _trigger(self, service: Obj, pods: list[Obj]) -> str:
        """The time of the first change since the last look; "" when no pod's readiness changed."""
        uid = service["metadata"]["uid"]
        before = self._readiness.get(uid)
        now = {pod["metadata"]["uid"]: since for pod in pods if (since := _ready_since(pod))}
        self._readiness[uid] = now
        if before is None:
            return str(service["metadata"]["creationTimestamp"])
        return min((since for own, since in now.items() if since > before.get(own, "")), default="")

    def _write_slice(self, service: Obj, pods: list[Obj], trigger: str) -> None:
        publish = bool(service["spec"].get("publishNotReadyAddresses"))
        endpoints = [_endpoint(pod, publish=publish) for pod in pods]
        ports = _ports(service, pods) if pods else []
        existing = next(
            (
                obj
                for kind, obj in self._storage.by_owner(service["metadata"]["uid"])
                if kind.storage_key == SLICES.storage_key
            ),
            None,
        )
        if existing is None:
            self._create_slice(service, endpoints, ports)
        elif existing.get("endpoints") != endpoints or existing.get("ports") != ports:

            def change(obj: Obj) -> None:
                obj["endpoints"], obj["ports"] = endpoints, ports
                _note_trigger(obj, trigger)

            self._storage.modify(SLICES, *key_of(existing), change, by=CONTROLLERS)

    def _create_slice(self, service: Obj, endpoints: list[Obj], ports: list[Obj]) -> None:
        meta = service["metadata"]
        labels = {
            **(meta.get("labels") or {}),
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            NAME_LABEL: meta["name"],
        }
        if service["spec"].get("clusterIP") == "None":
            labels["service.kubernetes.io/headless"] = ""
        self._storage.create(
            SLICES,
            {
                "metadata": {
                    "generateName": meta["name"] + "-",
                    "namespace": meta["namespace"],
                    "labels": labels,
                    "ownerReferences": [owner_reference(service)],
                    "annotations": {TRIGGER: timestamp(self._clock.now())},
                },
                "addressType": "IPv4",
                "endpoints": endpoints,
                "ports": ports,
            },
            by=CONTROLLERS,
        )

    def _write_endpoints(self, service: Obj, pods: list[Obj], trigger: str) -> None:
        meta = service["metadata"]
        addresses: dict[bool, list[Obj]] = {True: [], False: []}
        for pod in pods:
            if not pod["metadata"].get("deletionTimestamp"):
                entry = {
                    "ip": pod["status"]["podIP"],
                    "nodeName": pod["spec"]["nodeName"],
                    "targetRef": _reference(pod),
                }
                addresses[is_ready(pod)].append(entry)
        subset: Obj = {}
        if addresses[True]:
            subset["addresses"] = addresses[True]
        if addresses[False]:
            subset["notReadyAddresses"] = addresses[False]
        if subset:
            subset["ports"] = [
                {key: port[key] for key in ("name", "port", "protocol") if port.get(key)}
                for port in _ports(service, pods)
            ]
        subsets = [subset] if subset else []
        existing = self._storage.get(ENDPOINTS, meta["namespace"], meta["name"])
        if existing is None:
            made = {
                "metadata": {
                    "name": meta["name"],
                    "namespace": meta["namespace"],
                    "labels": {
                        **(meta.get("labels") or {}),
                        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
                    },
                    "annotations": {TRIGGER: timestamp(self._clock.now())},
                },
                **({"subsets": subsets} if subsets else {}),
            }
            _note_trigger(made, trigger)
            self._storage.create(ENDPOINTS, made, by=CONTROLLERS)
        elif (existing.get("subsets") or []) != subsets:
            now = timestamp(self._clock.now())

            def change(obj: Obj) -> None:
                obj["metadata"].setdefault("annotations", {})[TRIGGER] = now
                obj["subsets"] = subsets
                if not subsets:
                    del obj["subsets"]
                _note_trigger(obj, trigger)

            self._storage.modify(ENDPOINTS, *key_of(existing), change, by=CONTROLLERS)


def _ready_since(pod: Obj) -> str:
    """When its readiness changed last."""
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition["type"] == "Ready":
            return str(condition.get("lastTransitionTime") or "")
    return ""


def _note_trigger(obj: Obj, trigger: str) -> None:
    annotations = {**(obj["metadata"].get("annotations") or {})}
    annotations.pop(TRIGGER, None)
    if trigger:
        annotations[TRIGGER] = trigger
    obj["metadata"]["annotations"] = annotations
    if not annotations:
        del obj["metadata"]["annotations"]


def _matters(event: StorageEvent) -> bool:
    """Whether a change of a pod can change an endpoint."""
    old, new = event.old, event.obj
    if event.type != "MODIFIED" or old is None:
        return True
    return _look(old) != _look(new)


def _look(pod: Obj) -> tuple[object, ...]:
    status = pod.get("status", {})
    return (
        status.get("podIP"),
        status.get("phase"),
        is_ready(pod),
        pod["metadata"].get("deletionTimestamp") is None,
        pod["metadata"].get("labels"),
    )


def _counts(pod: Obj) -> bool:
    status = pod.get("status", {})
    return bool(status.get("podIP")) and status.get("phase") not in ("Succeeded", "Failed")


def _endpoint(pod: Obj, *, publish: bool) -> Obj:
    terminating = bool(pod["metadata"].get("deletionTimestamp"))
    serving = is_ready(pod)
    ready = publish or (serving and not terminating)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        **({"hostname": pod["spec"]["hostname"]} if pod["spec"].get("subdomain") else {}),
        "targetRef": _reference(pod),
        "nodeName": pod["spec"]["nodeName"],
    }


def _reference(pod: Obj) -> Obj:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _ports(service: Obj, pods: list[Obj]) -> list[Obj]:
    ports = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = port_number(pods[0], target) if pods else 0
        if number:
            ports.append(
                {
                    "name": port.get("name", ""),
                    "protocol": port.get("protocol", "TCP"),
                    "port": number,
                }
            )
    return ports
