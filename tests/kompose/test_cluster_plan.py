"""What is made first and what waits for what, by value."""

from __future__ import annotations

from typing import Any

import pytest

from kompose.cluster.errors import ClusterError
from kompose.cluster.ownership import stamped
from kompose.cluster.plan import Need, make_plan, selected_objects
from kompose.cluster.view import ProjectView, ServiceView
from kompose.compose.keys.depends_on import Dependency


def an_object(kind: str, name: str, version: str = "v1", **spec: Any) -> dict[str, Any]:
    labels = {"io.kompose.service": name}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }


def a_deployment(name: str, *containers: str) -> dict[str, Any]:
    found = [{"name": container} for container in containers or (name,)]
    return an_object("Deployment", name, "apps/v1", template={"spec": {"containers": found}})


def a_project(**needs: dict[str, str]) -> ProjectView:
    """A project by what each service needs: `web={"db": "service_healthy"}`."""
    return ProjectView(
        "shop",
        {
            name: ServiceView(name, tuple(Dependency(*need) for need in wanted.items()))
            for name, wanted in needs.items()
        },
    )


def test_what_others_need_is_made_before_what_runs() -> None:
    objects = [
        a_deployment("web"),
        an_object("HorizontalPodAutoscaler", "web", "autoscaling/v2"),
        an_object("Service", "web"),
        an_object("ConfigMap", "settings"),
        an_object("Namespace", "shop"),
        an_object("Secret", "password"),
    ]

    plan = make_plan(objects, a_project(web={}))

    kinds = [obj["kind"] for obj in plan.base]
    assert kinds == ["Namespace", "Secret", "ConfigMap", "Service", "HorizontalPodAutoscaler"]
    assert list(plan.workloads) == ["web"]


def test_services_wait_for_what_they_depend_on() -> None:
    project = a_project(web={"db": "service_healthy", "cache": ""}, db={}, cache={})

    plan = make_plan([a_deployment(name) for name in ("web", "db", "cache")], project)

    assert plan.needs["web"] == (Need("db", "service_healthy"), Need("cache", "service_started"))
    assert plan.needs["db"] == ()


def test_a_dependency_that_runs_nothing_or_shares_the_pod_is_met() -> None:
    project = a_project(web={"outside": "", "helper": ""}, outside={}, helper={})

    plan = make_plan([a_deployment("web", "web", "helper")], project)

    assert plan.needs == {"web": ()}
    assert plan.names == {"web": ("web", "helper")}


def test_services_that_wait_for_each_other_are_refused_with_the_circle() -> None:
    project = a_project(a={"b": ""}, b={"c": ""}, c={"a": ""})

    with pytest.raises(ClusterError, match="a -> b -> c -> a"):
        make_plan([a_deployment(name) for name in "abc"], project)


def test_a_kind_that_up_does_not_make_is_refused() -> None:
    with pytest.raises(ClusterError, match="DeploymentConfig"):
        make_plan([an_object("DeploymentConfig", "web", "apps.openshift.io/v1")], a_project())


def test_named_services_come_with_what_they_need_and_nothing_else_runs() -> None:
    project = a_project(web={"db": ""}, db={}, admin={})
    objects = [a_deployment(name) for name in ("web", "db", "admin")]
    objects.append(an_object("ConfigMap", "settings"))

    chosen = selected_objects(objects, project.selected(("web",)))

    assert [obj["metadata"]["name"] for obj in chosen] == ["web", "db", "settings"]


def test_what_up_makes_carries_its_project_and_pods_keep_the_labels_of_convert() -> None:
    deployment = {**a_deployment("web"), "status": {}}
    deployment["metadata"]["creationTimestamp"] = None

    made = stamped(deployment, "shop")

    assert made["metadata"] == {
        "name": "web",
        "labels": {
            "io.kompose.service": "web",
            "app.kubernetes.io/managed-by": "kompose",
            "io.kompose.project": "shop",
        },
    }
    assert made["spec"] == deployment["spec"]
    assert "status" not in made


def test_claims_that_a_set_makes_for_its_pods_are_marked_too() -> None:
    claims = [{"metadata": {"name": "data"}, "spec": {}}]
    made = stamped(an_object("StatefulSet", "db", "apps/v1", volumeClaimTemplates=claims), "shop")

    [claim] = made["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["labels"]["io.kompose.project"] == "shop"
    assert "labels" not in claims[0]["metadata"]
