"""What the recorder's scripts made before they recorded the first exchange of a file."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.manifests import config_map, deployment, pod
from tests.conformance.setups import Setups
from tests.conformance.stage import PATIENCE_SECONDS, Stage

_PODS = (
    "pods in rec-list: p-web-1 (app=web,tier=front,track=stable), "
    "p-web-2 (app=web,tier=front,track=canary), p-db-1 (app=db,tier=back), "
    "p-bare (no labels), p-done (app=once, Succeeded), p-pending (app=stuck, unschedulable)"
)


def _list_objects(stage: Stage) -> None:
    Setups(stage).build(_PODS, "rec-list")
    for index in range(7):
        labels = {"grp": "a" if index < 4 else "b", "n": str(index)}
        stage.need_namespace("rec-list")
        body = config_map(f"cm-{index}", {"n": str(index)}, labels)
        stage.post("/api/v1/namespaces/rec-list/configmaps", body)


def _table_objects(stage: Stage) -> None:
    _list_objects(stage)
    base = "/api/v1/namespaces/rec-list"
    stage.post(f"{base}/configmaps", config_map("cm-1b", {"n": "1b"}))
    for name in ("cm-5", "cm-6"):
        stage.delete(f"{base}/configmaps/{name}")
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "m", "port": 9000}]
    web = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}
    external = {"type": "ExternalName", "externalName": "db.example.com"}
    stage.post(f"{base}/services", web)
    stage.post(f"{base}/services", {"metadata": {"name": "ext"}, "spec": external})
    stage.post("/apis/apps/v1/namespaces/rec-list/deployments", deployment("dep"))
    stage.advance(PATIENCE_SECONDS)


def _shop(stage: Stage) -> None:
    stage.need_namespace("shop")
    stage.post("/apis/apps/v1/namespaces/shop/deployments", deployment("web", 2))
    stage.advance(PATIENCE_SECONDS)


def _one_pod(stage: Stage) -> None:
    stage.need_namespace("rec-authz-a")
    stage.post("/api/v1/namespaces/rec-authz-a/pods", pod("p"))
    stage.advance(PATIENCE_SECONDS)


BEGINNINGS: dict[str, Callable[[Stage], None]] = {
    "02": _list_objects,
    "02b": _table_objects,
    "03": _shop,
    "10": _one_pod,
}
"""The number of a file, and what makes its beginning."""
