"""Quotas and limit ranges hold for what controllers make too, and say what is used or missing."""

from __future__ import annotations

from typing import Any

import pytest

from demo_cluster.admission.limit_ranges import apply_limit_ranges, hold_claim
from demo_cluster.admission.quota import check_quotas
from demo_cluster.defaults.objects import fill_defaults
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from tests.demo_cluster.conftest import SteppedWorld, pod_spec, workload

FOREVER = "sleep 100000"
LABELS = {"app": "web"}
QUOTAS = kind_of("resourcequotas")


class Shelf:
    """Objects of a namespace, by the plural of their kind."""

    def __init__(self, **objects: list[Obj]) -> None:
        self._objects = objects

    def list(self, kind: Any, namespace: str | None = None) -> list[Obj]:
        return self._objects.get(kind.plural, [])


def quota(**spec: Any) -> Obj:
    return {"metadata": {"name": "q", "namespace": "default"}, "spec": spec}


def pod(name: str, resources: Obj | None = None, **spec: Any) -> Obj:
    container = {"name": "main", "resources": resources or {}}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container], **spec},
    }


def refusal(shelf: Shelf, plural: str, new: Obj, old: Obj | None = None) -> str:
    with pytest.raises(Failure) as caught:
        check_quotas(shelf, kind_of(plural), new, old)
    return caught.value.message


def limit(world: SteppedWorld, **hard: str) -> None:
    meta = {"name": "q", "namespace": "default"}
    world.storage.create(QUOTAS, {"metadata": meta, "spec": {"hard": hard}})


def used(world: SteppedWorld) -> Obj:
    found: Obj = world.get("resourcequotas", "q")["status"]["used"]
    return found


async def test_a_set_makes_no_more_pods_than_its_namespace_may_have(world: SteppedWorld) -> None:
    limit(world, pods="1")
    world.create("deployments", "web", workload(FOREVER, LABELS, replicas=2), "apps")
    world.advance(5)

    [made] = world.pods("web-")
    deployment = world.get("deployments", "web", "apps")
    condition = next(
        each for each in deployment["status"]["conditions"] if each["type"] == "ReplicaFailure"
    )

    assert condition["reason"] == "FailedCreate"
    mark = made["metadata"]["name"].rpartition("-")[0]
    assert condition["message"].startswith(f'pods "{mark}-')
    assert condition["message"].endswith(
        '" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    )
    assert used(world) == {"pods": "1"}
    events = world.storage.list(kind_of("events"), "default")
    refused = [each for each in events if each["reason"] == "FailedCreate"]
    assert refused
    assert refused[0]["message"].startswith("Error creating: pods ")


async def test_the_missing_pods_are_made_when_there_is_room(world: SteppedWorld) -> None:
    limit(world, pods="1")
    world.create("deployments", "web", workload(FOREVER, LABELS, replicas=2), "apps")
    world.advance(5)

    world.storage.remove(QUOTAS, "default", "q")
    world.advance(30)

    deployment = world.get("deployments", "web", "apps")
    assert len(world.pods("web-")) == 2
    types = [each["type"] for each in deployment["status"]["conditions"]]
    assert "ReplicaFailure" not in types


@pytest.mark.parametrize(
    ("plural", "group", "spec", "made"),
    [
        ("statefulsets", "apps", {**workload(FOREVER, LABELS, replicas=2)}, "create Pod own-0"),
        ("daemonsets", "apps", workload(FOREVER, LABELS), "Error creating: pods"),
        (
            "jobs",
            "batch",
            {"template": {"spec": {**pod_spec(FOREVER), "restartPolicy": "Never"}}},
            "Error creating: pods",
        ),
    ],
)
async def test_other_controllers_say_that_they_were_refused(
    world: SteppedWorld, plural: str, group: str, spec: Obj, made: str
) -> None:
    spec = {
        name: value for name, value in spec.items() if (plural, name) != ("daemonsets", "replicas")
    }
    limit(world, pods="0")

    world.create(plural, "own", spec, group)
    world.advance(2)

    events = world.storage.list(kind_of("events"), "default")
    texts = [each["message"] for each in events if each["reason"] == "FailedCreate"]
    assert world.pods("own-") == []
    assert texts
    assert texts[0].startswith(made)


async def test_a_quota_counts_again_when_something_goes(world: SteppedWorld) -> None:
    limit(world, pods="5", configmaps="5", **{"requests.cpu": "2", "count/deployments.apps": "3"})
    spec = workload(FOREVER, LABELS, replicas=2)
    resources = {"requests": {"cpu": "300m"}}
    spec["template"]["spec"]["containers"][0]["resources"] = resources
    world.create("deployments", "web", spec, "apps")
    world.advance(5)
    before = used(world)

    world.storage.request_delete(kind_of("deployments", "apps"), "default", "web")
    world.advance(60)

    maps = before["configmaps"]
    full = {"pods": "2", "requests.cpu": "600m", "count/deployments.apps": "1", "configmaps": maps}
    assert before == full
    none = {"pods": "0", "requests.cpu": "0", "count/deployments.apps": "0", "configmaps": maps}
    assert used(world) == none


def test_a_pod_that_does_not_say_what_it_needs_is_refused() -> None:
    shelf = Shelf(resourcequotas=[quota(hard={"limits.cpu": "1", "requests.memory": "1Gi"})])

    text = refusal(shelf, "pods", pod("p", {"requests": {"memory": "1Mi"}}))

    assert text == 'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: main'


def test_every_resource_without_room_is_named() -> None:
    needs = {"requests": {"cpu": "600m", "memory": "1Gi"}}
    hard = {"requests.cpu": "1", "requests.memory": "1536Mi", "pods": "5"}
    shelf = Shelf(resourcequotas=[quota(hard=hard)], pods=[pod("other", needs)])

    text = refusal(shelf, "pods", pod("p", needs))

    assert text == (
        'pods "p" is forbidden: exceeded quota: q, '
        "requested: requests.cpu=600m,requests.memory=1Gi, "
        "used: requests.cpu=600m,requests.memory=1Gi, "
        "limited: requests.cpu=1,requests.memory=1536Mi"
    )


def test_a_service_that_gets_node_ports_needs_room_for_them() -> None:
    shelf = Shelf(resourcequotas=[quota(hard={"services": "1", "services.nodeports": "1"})])
    meta = {"name": "s", "namespace": "default"}
    old = {"metadata": meta, "spec": {"type": "ClusterIP", "ports": [{"port": 1}, {"port": 2}]}}
    new = {"metadata": meta, "spec": {**old["spec"], "type": "NodePort"}}

    text = refusal(shelf, "services", new, old)

    assert text == (
        'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, '
        "used: services.nodeports=0, limited: services.nodeports=1"
    )


def test_a_quota_with_a_scope_leaves_other_pods_alone() -> None:
    shelf = Shelf(resourcequotas=[quota(hard={"pods": "0"}, scopes=["Terminating"])])

    check_quotas(shelf, kind_of("pods"), pod("p"))

    text = refusal(shelf, "pods", pod("p", activeDeadlineSeconds=5))
    assert "exceeded quota: q, requested: pods=1" in text


def limits(**item: Obj) -> list[Obj]:
    """A LimitRange as it is stored."""
    made = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", **item}]}}
    fill_defaults(kind_of("limitranges"), made)
    return [made]


def test_a_limit_range_fills_in_what_a_container_does_not_state() -> None:
    made = pod("p", {"requests": {"cpu": "50m"}, "limits": {"cpu": "1"}})
    shelf = Shelf(limitranges=limits(default={"memory": "64Mi"}, defaultRequest={"cpu": "10m"}))

    apply_limit_ranges(shelf, made)

    resources = made["spec"]["containers"][0]["resources"]
    assert resources == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "1", "memory": "64Mi"},
    }
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: memory request for container main; memory limit for container main"
    )


def test_a_container_beyond_a_limit_range_is_refused() -> None:
    shelf = Shelf(limitranges=limits(max={"cpu": "1"}))

    with pytest.raises(Failure) as caught:
        apply_limit_ranges(shelf, pod("p", {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}))

    text = 'pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
    assert caught.value.message == text


async def test_pods_of_controllers_get_the_defaults_of_their_namespace(world: SteppedWorld) -> None:
    item = {"type": "Container", "default": {"cpu": "100m", "memory": "64Mi"}}
    meta = {"name": "l", "namespace": "default"}
    world.storage.create(kind_of("limitranges"), {"metadata": meta, "spec": {"limits": [item]}})
    world.create("deployments", "web", workload(FOREVER, LABELS), "apps")
    world.advance(5)

    [made] = world.pods("web-")

    assert made["spec"]["containers"][0]["resources"]["limits"] == item["default"]
    assert made["status"]["qosClass"] == "Guaranteed"


@pytest.mark.parametrize(
    ("item", "resources", "said"),
    [
        (
            {"type": "Container", "min": {"cpu": "100m"}},
            {},
            "minimum cpu usage per Container is 100m.  No request is specified",
        ),
        (
            {"type": "Pod", "max": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}},
            "maximum memory usage per Pod is 1Gi, but limit is 2Gi",
        ),
        (
            {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
        (
            {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            {"limits": {"cpu": "3"}},
            (
                "cpu max limit to request ratio per Container is 2, but no request is specified or "
                "request is 0"
            ),
        ),
    ],
)
def test_a_limit_range_says_which_bound_is_broken(item: Obj, resources: Obj, said: str) -> None:
    shelf = Shelf(limitranges=[{"metadata": {"name": "r"}, "spec": {"limits": [item]}}])

    with pytest.raises(Failure) as caught:
        apply_limit_ranges(shelf, pod("p", resources))

    assert caught.value.message == f'pods "p" is forbidden: {said}'


def test_a_claim_asks_for_as_much_as_its_namespace_lets_it() -> None:
    item = {"type": "PersistentVolumeClaim", "min": {"storage": "2Gi"}, "max": {"storage": "4Gi"}}
    shelf = Shelf(limitranges=[{"metadata": {"name": "r"}, "spec": {"limits": [item]}}])
    meta = {"name": "data", "namespace": "default"}

    def said(storage: str) -> str:
        claim = {"metadata": meta, "spec": {"resources": {"requests": {"storage": storage}}}}
        with pytest.raises(Failure) as caught:
            hold_claim(shelf, claim)
        return caught.value.message.partition(" is forbidden: ")[2]

    least = "minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi"
    most = "maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 8Gi"
    assert [said("1Gi"), said("8Gi")] == [least, most]
