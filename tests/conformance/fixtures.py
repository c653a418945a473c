"""The states that recordings start from, built by requests to the demo cluster's own API."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from demo_cluster.threaded import RunningCluster
from tests.conformance.wire import Answer, Wire

_MISSING = frozenset({"no-such-ns", "Bad_NS", "rec-new", "rec-none", "rec-fin", ""})
_WAIT_SECONDS = 12.0
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS: dict[str, Any] = {}
"""The definition of widgets as the recording creates it."""


def pod(name: str, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod of one busybox container, as the recorder made them."""
    container = {
        "name": "main",
        "image": "busybox",
        "imagePullPolicy": "Never",
        "command": spec.pop("command", ["sh", "-c", "sleep 100000"]),
    }
    if "resources" in spec:
        container["resources"] = spec.pop("resources")
    meta: dict[str, Any] = {"name": name}
    if labels:
        meta["labels"] = labels
    full = {"containers": [container], "terminationGracePeriodSeconds": 1, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": full}


def deployment(
    name: str, replicas: int = 1, *more: dict[str, Any], grace: int = 1
) -> dict[str, Any]:
    """A deployment of busybox pods."""
    labels = {"app": name}
    template = pod("x", terminationGracePeriodSeconds=grace)["spec"]
    template["containers"] += more
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    }


class Fixtures:
    """Builds what a setup sentence says, once for each file."""

    def __init__(self, wire: Wire, running: RunningCluster) -> None:
        self._wire = wire
        self._running = running
        self._built: set[str] = set()
        self._namespace = "default"

    # -- before the first exchange ---------------------------------------------------------

    def prepare(self, topic: str, exchanges: list[dict[str, Any]]) -> None:
        """The namespaces of the file, and what its recorder made at the beginning."""
        paths = [entry.get("request", {}).get("path", "") for entry in exchanges]
        spaces = {match[1] for path in paths if (match := re.search(r"/namespaces/([^/]*)/", path))}
        for name in sorted((spaces | {"shop"}) - _MISSING):
            self._post("/api/v1/namespaces", {"metadata": {"name": name}})
            self._config_map(name, "openshift-service-ca.crt", {"service-ca.crt": "x"})
            self._wait(f"/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt", lambda _: True)
            self._wait(f"/api/v1/namespaces/{name}/serviceaccounts/default", lambda _: True)
        self._put_node()
        begin = _BEGINNINGS.get(topic.partition("-")[0])
        if begin is not None:
            begin(self)

    def _put_node(self) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
        self._post("/api/v1/nodes", node)
        self._wire.send("DELETE", "/api/v1/nodes/node-2")

    def path(self, path: str) -> str:
        """The path to ask for; namespaces keep their recorded names."""
        return path

    def unkept_body(self, text: str) -> Any:
        """A body that was too large to be recorded."""
        size = int(re.search(r"(\d+) byte", text)[1])  # type: ignore[index]  # the text is ours
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "big"},
            "data": {"blob": "x" * size},
        }

    # -- before each exchange --------------------------------------------------------------

    def before(self, exchange: dict[str, Any], translation: Any) -> None:
        """Whatever the exchange's setup says and is not there yet."""
        del translation
        about = f"{exchange.get('title', '')} {exchange.get('notes', '')}"
        if later := re.search(r"(\d+(?:\.\d+)?) s (?:later|after)", about):
            time.sleep(float(later[1]))
        match = re.search(r"/namespaces/([^/]*)/", exchange["request"]["path"])
        self._namespace = match[1] if match else "default"
        for sentence in exchange.get("setup", []):
            if sentence in self._built:
                continue
            self._built.add(sentence)
            for start, build in _SETUPS.items():
                if sentence.startswith(start):
                    build(self)
        if exchange["id"] == "crd.create":
            WIDGETS.update(exchange["request"]["body"])
        if build_for := _FOR_EXCHANGE.get(exchange["id"]):
            build_for(self)

    @contextlib.contextmanager
    def meanwhile(self, exchange: dict[str, Any]) -> Iterator[None]:
        """What the setup says happens while the exchange runs."""
        from tests.conformance.plain import in_background

        if any(text.startswith("while it runs: new") for text in exchange.get("setup", [])):
            with in_background(self._change_new):
                yield
            return
        if exchange["id"] == "crd.watch-crd-deleted":
            with in_background(self._delete_widgets):
                yield
            return
        yield

    def _delete_widgets(self) -> None:
        time.sleep(0.5)
        self._wire.send("DELETE", f"{_DEFINITIONS}/widgets.demo.rec.example.com")

    def _change_new(self) -> None:
        time.sleep(0.5)
        base = f"/api/v1/namespaces/{self._namespace}/configmaps"
        steps: list[Callable[[], Answer]] = [
            lambda: self._config_map(self._namespace, "new", {"n": "x"}, {"grp": "a"}),
            lambda: self._merge(f"{base}/new", {"data": {"n": "y"}}),
            lambda: self._merge(f"{base}/new", {"metadata": {"labels": {"grp": "b"}}}),
            lambda: self._merge(f"{base}/new", {"data": {"n": "z"}}),
            lambda: self._merge(f"{base}/new", {"metadata": {"labels": {"grp": "a"}}}),
            lambda: self._merge(f"{base}/new", {"data": {"n": "z"}}),
            lambda: self._wire.send("DELETE", f"{base}/new"),
        ]
        for step in steps:
            step()
            time.sleep(0.1)

    # -- the pieces ------------------------------------------------------------------------

    def _post(self, path: str, body: Any) -> Answer:
        return self._wire.send("POST", path, body=body)

    def _merge(self, path: str, body: Any) -> Answer:
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._wire.send("PATCH", path, body=body, headers=headers)

    def _config_map(
        self,
        namespace: str,
        name: str,
        data: dict[str, str],
        labels: dict[str, str] | None = None,
    ) -> Answer:
        meta: dict[str, Any] = {"name": name}
        if labels:
            meta["labels"] = labels
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
        return self._post(f"/api/v1/namespaces/{namespace}/configmaps", body)

    def _wait(self, path: str, is_ready: Callable[[Any], bool]) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            answer = self._wire.send("GET", path)
            if answer.status == 200 and is_ready(answer.value):
                return
            time.sleep(0.02)

    def _wait_phase(self, name: str, phase: str) -> None:
        path = f"/api/v1/namespaces/{self._namespace}/pods/{name}"
        self._wait(path, lambda obj: obj.get("status", {}).get("phase") == phase)

    def _pod(self, body: dict[str, Any], phase: str = "Running") -> None:
        self._post(f"/api/v1/namespaces/{self._namespace}/pods", body)
        self._wait_phase(body["metadata"]["name"], phase)

    def _deployment(self, body: dict[str, Any]) -> None:
        base = f"/apis/apps/v1/namespaces/{self._namespace}/deployments"
        self._post(base, body)
        wanted = body["spec"]["replicas"]
        name = body["metadata"]["name"]
        self._wait(
            f"{base}/{name}", lambda obj: obj.get("status", {}).get("readyReplicas", 0) == wanted
        )

    # -- beginnings and setups -------------------------------------------------------------

    def list_config_maps(self) -> None:
        """cm-0..cm-6 of the list topic."""
        for index in range(7):
            labels = {"grp": "a" if index < 4 else "b", "n": str(index)}
            self._config_map("rec-list", f"cm-{index}", {"n": str(index)}, labels)

    def list_pods(self) -> None:
        """The pods of the list topic."""
        self._namespace = "rec-list"
        front = {"app": "web", "tier": "front"}
        self._pod(pod("p-web-1", {**front, "track": "stable"}))
        self._pod(pod("p-web-2", {**front, "track": "canary"}))
        self._pod(pod("p-db-1", {"app": "db", "tier": "back"}))
        self._pod(pod("p-bare"))
        once = pod("p-done", {"app": "once"}, command=["sh", "-c", "true"], restartPolicy="Never")
        self._pod(once, "Succeeded")
        stuck = pod("p-pending", {"app": "stuck"}, nodeSelector={"no": "such"})
        self._pod(stuck, "Pending")

    def change_between_pages(self) -> None:
        """One more configmap and one less."""
        self._config_map("rec-list", "cm-1b", {"n": "1b"})
        self._wire.send("DELETE", "/api/v1/namespaces/rec-list/configmaps/cm-6")

    def big_config_map(self) -> None:
        """A configmap that is worth compressing."""
        self._config_map("rec-list", "zz-big", {"blob": "x" * 200_000})

    def without_big(self) -> None:
        """The large configmap goes."""
        self._wire.send("DELETE", "/api/v1/namespaces/rec-list/configmaps/zz-big")

    def table_objects(self) -> None:
        """Configmaps, pods, a deployment and services of the Table topic."""
        self.list_config_maps()
        self.change_between_pages()
        self._wire.send("DELETE", "/api/v1/namespaces/rec-list/configmaps/cm-5")
        self.list_pods()
        self._namespace = "rec-list"
        ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "m", "port": 9000}]
        web = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}
        self._post("/api/v1/namespaces/rec-list/services", web)
        external = {"type": "ExternalName", "externalName": "db.example.com"}
        body = {"metadata": {"name": "ext"}, "spec": external}
        self._post("/api/v1/namespaces/rec-list/services", body)
        self._deployment(deployment("dep"))

    def watch_config_maps(self) -> None:
        """cm-0..cm-2 of the watch topic."""
        for index in range(3):
            self._config_map("rec-watch", f"cm-{index}", {"n": str(index)}, {"grp": "a"})
        self._namespace = "shop"
        self._deployment(deployment("web"))

    def patch_config_map(self) -> None:
        """Configmap c as the first recorded exchange finds it."""
        self._config_map("rec-patch", "c", {"a": "1", "b": "2"}, {"x": "y"})

    def patch_deployment(self) -> None:
        """Deployment d with two containers."""
        side = {
            "name": "side",
            "image": "busybox",
            "imagePullPolicy": "Never",
            "command": ["sh", "-c", "sleep 100000"],
            "env": [{"name": "A", "value": "1"}],
        }
        self._deployment(deployment("d", 1, side))

    def patch_pod(self) -> None:
        """Pod p with requests and limits."""
        resources = {
            "requests": {"cpu": "100m", "memory": "32Mi"},
            "limits": {"cpu": "200m", "memory": "64Mi"},
        }
        self._pod(pod("p", {"app": "p"}, resources=resources))

    def budget(self) -> None:
        """A budget that allows nothing."""
        self._pod(pod("ev1", {"app": "ev"}))
        base = f"/apis/policy/v1/namespaces/{self._namespace}/poddisruptionbudgets"
        spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "ev"}}}
        self._post(base, {"metadata": {"name": "pdb"}, "spec": spec})
        self._wait(f"{base}/pdb", lambda obj: obj.get("status", {}).get("currentHealthy") == 1)

    def evictable(self) -> None:
        """A pod without a budget."""
        self._pod(pod("ev2"))

    def unscheduled(self) -> None:
        """A pod that no scheduler takes."""
        self._pod(pod("b1", schedulerName="nobody"), "Pending")

    def running(self, name: str, **spec: Any) -> None:
        """A pod of this name that runs."""
        self._pod(pod(name, spec.pop("labels", None), **spec))

    def stubborn(self, name: str) -> None:
        """A pod that takes its time to end."""
        command = ["sh", "-c", "trap 'sleep 1; exit 3' TERM; while true; do sleep .1; done"]
        self._pod(pod(name, command=command, terminationGracePeriodSeconds=5))

    def apply_as(self, manager: str, data: dict[str, str]) -> None:
        """Configmap ssa as this manager applies it."""
        self._wire.send(
            "PATCH",
            f"/api/v1/namespaces/{self._namespace}/configmaps/ssa",
            query={"fieldManager": manager},
            headers={"Content-Type": "application/apply-patch+yaml"},
            body={
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "ssa"},
                "data": data,
            },
        )

    def yaml_applied(self) -> None:
        """Bob applies other text."""
        self.apply_as("bob", {"a": "yaml"})

    def add_label(self, name: str, label: str, value: str) -> None:
        """One more label on a configmap, and what else was done to it before."""
        path = f"/api/v1/namespaces/{self._namespace}/configmaps/{name}"
        self._merge(path, {"metadata": {"labels": {label: value}}, "data": {"b": None}})

    def plain_config_map(self, name: str) -> None:
        """A configmap with nothing special."""
        self._config_map(self._namespace, name, {"k": "v"})

    def held_config_map(self) -> None:
        """Configmap fin, deleted, held by a finalizer."""
        meta = {"name": "fin", "finalizers": ["example.com/hold"]}
        base = f"/api/v1/namespaces/{self._namespace}/configmaps"
        self._post(base, {"metadata": meta, "data": {"k": "v"}})
        self._wire.send("DELETE", f"{base}/fin")

    def release_held(self) -> None:
        """Configmap fin loses its finalizer."""
        path = f"/api/v1/namespaces/{self._namespace}/configmaps/fin"
        self._merge(path, {"metadata": {"finalizers": None}})

    def namespace(self, name: str) -> None:
        """One more namespace."""
        self._post("/api/v1/namespaces", {"metadata": {"name": name}})

    def owned_config_maps(self) -> None:
        """Configmap own and its dependent."""
        base = f"/api/v1/namespaces/{self._namespace}/configmaps"
        owner = self._config_map(self._namespace, "own", {"k": "v"}).value
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "own",
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        self._post(base, {"metadata": {"name": "dep", "ownerReferences": [reference]}})

    def custom_objects(self) -> None:
        """Widgets w2 and w3."""
        base = "/apis/demo.rec.example.com/v1/namespaces/rec-crd/widgets"
        two = {"size": "S", "replicas": 2}
        whole = {"apiVersion": "demo.rec.example.com/v1", "kind": "Widget"}
        self._post(base, {**whole, "metadata": {"name": "w2"}, "spec": two})
        self._wire.send(
            "PATCH",
            f"{base}/w3",
            query={"fieldManager": "alice"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            body={**whole, "metadata": {"name": "w3"}, "spec": {"size": "L", "replicas": 3}},
        )
        self._merge(f"{base}/w1", {"spec": {"size": "S"}})

    def custom_status(self) -> None:
        """The status of widget w1."""
        status = {"ready": True, "replicas": 1, "selector": "app=w1"}
        base = "/apis/demo.rec.example.com/v1/namespaces/rec-crd/widgets"
        self._merge(f"{base}/w1/status", {"status": status})

    def custom_resized(self) -> None:
        """Nothing more: the scale was patched by the recording itself."""

    def recreate_definition(self) -> None:
        """The definition of widgets, once more."""
        self._post(_DEFINITIONS, WIDGETS)

    def held_custom(self) -> None:
        """Widget held, with a finalizer."""
        meta = {"name": "held", "finalizers": ["example.com/hold"]}
        body = {"metadata": meta, "spec": {"size": "S"}}
        self._post("/apis/demo.rec.example.com/v1/namespaces/rec-crd/widgets", body)

    def free_definition(self) -> None:
        """The definition of gizmos, which take all."""
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
        }
        spec = {
            "group": "more.rec.example.com",
            "scope": "Namespaced",
            "names": {"plural": "gizmos", "singular": "gizmo", "kind": "Gizmo"},
            "versions": [version],
        }
        self._post(
            _DEFINITIONS, {"metadata": {"name": "gizmos.more.rec.example.com"}, "spec": spec}
        )

    def change_a(self) -> None:
        """Configmap a is not what it was."""
        self._merge("/api/v1/namespaces/rec-crud/configmaps/a", {"data": {"k": "v3"}})

    def quota(self) -> None:
        """A quota of one pod."""
        body = {"metadata": {"name": "rq"}, "spec": {"hard": {"pods": "1"}}}
        self._post("/api/v1/namespaces/rec-crud/resourcequotas", body)

    def deployment_of_one(self, name: str) -> None:
        """A deployment with one pod."""
        self._deployment(deployment(name, grace=2))

    def job(self) -> None:
        """Job j with one running pod."""
        spec = pod("x", restartPolicy="Never")["spec"]
        spec["containers"][0]["name"] = "m"
        base = f"/apis/batch/v1/namespaces/{self._namespace}/jobs"
        self._post(base, {"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}})
        self._wait(f"{base}/j", lambda obj: obj.get("status", {}).get("ready") == 1)

    def namespace_that_resists(self) -> None:
        """rec-del-ns with a pod that needs time and a configmap with a finalizer."""
        self.namespace("rec-del-ns")
        self._namespace = "rec-del-ns"
        self._wait("/api/v1/namespaces/rec-del-ns/serviceaccounts/default", lambda _: True)
        self._pod(pod("slow", terminationGracePeriodSeconds=4))
        meta = {"name": "held", "finalizers": ["example.com/hold"]}
        self._post("/api/v1/namespaces/rec-del-ns/configmaps", {"metadata": meta})

    def immutable_deployment(self) -> None:
        """Deployment d of the crud topic."""
        self._deployment(deployment("d"))

    def groups_of_config_maps(self) -> None:
        """x0..x3."""
        for index in range(4):
            group = {"grp": "a" if index < 2 else "b"}
            self._config_map(self._namespace, f"x{index}", {"k": "v"}, group)

    def authz_pods(self) -> None:
        """A pod in namespace a."""
        self._namespace = "rec-authz-a"
        self._pod(pod("p"))
        body = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
        answer = self._post("/api/v1/namespaces/rec-authz-a/serviceaccounts/default/token", body)
        if answer.status == 201:
            self._wire.add_user("sa", answer.value["status"]["token"])


_BEGINNINGS: dict[str, Callable[[Fixtures], None]] = {
    "02": Fixtures.list_config_maps,
    "02b": Fixtures.table_objects,
    "03": Fixtures.watch_config_maps,
    "10": Fixtures.authz_pods,
}
_SETUPS: dict[str, Callable[[Fixtures], None]] = {
    "pods in rec-list": lambda fixtures: fixtures.list_pods(),
    "cm-1b created": Fixtures.change_between_pages,
    "configmap c,": Fixtures.patch_config_map,
    "deployment d with containers": Fixtures.patch_deployment,
    "pod p runs": Fixtures.patch_pod,
    "PDB minAvailable": Fixtures.budget,
    "pod b1 with schedulerName": Fixtures.unscheduled,
    "a changed meanwhile": Fixtures.change_a,
    "pod imm runs": lambda fixtures: fixtures.running("imm"),
    "ResourceQuota rq": Fixtures.quota,
    "pod g-default runs": lambda fixtures: fixtures.stubborn("g-default"),
    "pod g-one runs": lambda fixtures: fixtures.stubborn("g-one"),
    "pod g-twice runs": lambda fixtures: fixtures.stubborn("g-twice"),
    "job j with one running": Fixtures.job,
    "namespace with a pod that needs": Fixtures.namespace_that_resists,
    "deployment d-background": lambda fixtures: fixtures.deployment_of_one("d-background"),
    "deployment d-foreground": lambda fixtures: fixtures.deployment_of_one("d-foreground"),
    "deployment d-orphan": lambda fixtures: fixtures.deployment_of_one("d-orphan"),
    "x0,x1 grp=a": Fixtures.groups_of_config_maps,
}


def _without_data(fixtures: Fixtures) -> None:
    fixtures.apply_as("alice", {"a": "1"})


def _pods_of_group(fixtures: Fixtures) -> None:
    for name in ("pc0", "pc1"):
        fixtures.running(name, labels={"grp": "p"})


_FOR_EXCHANGE: dict[str, Callable[[Fixtures], None]] = {
    "patch.merge": lambda fixtures: fixtures.add_label("c", "n/m", "z"),
    "patch.apply-other": _without_data,
    "patch.apply-noname": lambda fixtures: fixtures.yaml_applied(),
    "del.pod-zero-get": lambda fixtures: None,
    "del.cm": lambda fixtures: fixtures.plain_config_map("a"),
    "del.cm-uid-mismatch": lambda fixtures: fixtures.plain_config_map("b"),
    "del.fin-get": lambda fixtures: fixtures.held_config_map(),
    "del.fin-gone": lambda fixtures: fixtures.release_held(),
    "del.ns-finalize": lambda fixtures: fixtures.namespace("rec-fin"),
    "del.ns-finalized-delete": lambda fixtures: None,
    "del.fg": lambda fixtures: fixtures.owned_config_maps(),
    "del.kubectl-body": lambda fixtures: fixtures.plain_config_map("ppb"),
    "del.coll-pods": _pods_of_group,
    "crd.cr-apply-conflict": lambda fixtures: fixtures.custom_objects(),
    "crd.scale-patch": lambda fixtures: fixtures.custom_status(),
    "crd.list": lambda fixtures: fixtures.custom_resized(),
    "crd.recreated": lambda fixtures: fixtures.recreate_definition(),
    "crd.delete": lambda fixtures: fixtures.held_custom(),
    "crd.birth-0": lambda fixtures: fixtures.free_definition(),
    "list.gzip-big": Fixtures.big_config_map,
    "patch.evict-ok": Fixtures.evictable,
    "crud.immutable-selector": Fixtures.immutable_deployment,
}
