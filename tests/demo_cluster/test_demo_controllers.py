"""What the controllers say while they work: conditions, reasons and events, in their order."""

from __future__ import annotations

from typing import Any

import pytest

from demo_cluster.kinds import Obj, kind_of
from tests.demo_cluster.conftest import SteppedWorld, pod_spec, workload

FOREVER = "sleep 100000"
LABELS = {"app": "web"}


def change(world: SteppedWorld, plural: str, name: str, group: str, **spec: Any) -> None:
    """Change an object's spec as a person would."""

    def write(obj: Obj) -> None:
        obj["spec"].update(spec)

    world.storage.modify(kind_of(plural, group), "default", name, write)


def progress(world: SteppedWorld) -> tuple[str, str]:
    """Status and reason of the deployment's progress."""
    conditions = world.get("deployments", "web", "apps")["status"]["conditions"]
    found = next(each for each in conditions if each["type"] == "Progressing")
    return found["status"], found["reason"]


def job_conditions(world: SteppedWorld) -> list[tuple[str, str, str]]:
    """Type, status and reason of the job's conditions."""
    conditions = world.get("jobs", "work", "batch")["status"].get("conditions") or ()
    return [(each["type"], each["status"], each["reason"]) for each in conditions]


def template(script: str, **more: Any) -> Obj:
    return {"spec": {**pod_spec(script), "restartPolicy": "Never", **more}}


async def test_a_paused_deployment_says_so_and_goes_on_when_it_is_resumed(
    world: SteppedWorld,
) -> None:
    world.create("deployments", "web", workload(FOREVER, LABELS, replicas=1), "apps")
    world.advance(5)

    change(world, "deployments", "web", "apps", paused=True)
    world.advance(1)
    paused = progress(world)
    change(world, "deployments", "web", "apps", template=workload("sleep 9", LABELS)["template"])
    world.advance(3)
    sets = len(world.storage.list(kind_of("replicasets", "apps"), "default"))
    change(world, "deployments", "web", "apps", paused=False)
    world.advance(5)

    assert paused == ("Unknown", "DeploymentPaused")
    assert sets == 1
    assert progress(world) == ("True", "NewReplicaSetAvailable")


async def test_a_rollback_takes_the_old_set_and_remembers_its_revision(
    world: SteppedWorld,
) -> None:
    first = workload(FOREVER, LABELS, replicas=1)
    world.create("deployments", "web", first, "apps")
    world.advance(5)
    [old] = world.storage.list(kind_of("replicasets", "apps"), "default")

    change(world, "deployments", "web", "apps", template=workload("sleep 9", LABELS)["template"])
    world.advance(5)
    change(world, "deployments", "web", "apps", template=first["template"])
    world.advance(5)

    annotations = world.get("replicasets", old["metadata"]["name"], "apps")["metadata"][
        "annotations"
    ]
    assert annotations["deployment.kubernetes.io/revision"] == "3"
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"


async def test_recreate_makes_the_new_set_only_when_the_old_pods_are_gone(
    world: SteppedWorld,
) -> None:
    spec = {**workload(FOREVER, LABELS, replicas=2), "strategy": {"type": "Recreate"}}
    world.create("deployments", "web", spec, "apps")
    world.advance(5)

    change(world, "deployments", "web", "apps", template=workload("sleep 9", LABELS)["template"])
    world.advance(1)
    during = len(world.storage.list(kind_of("replicasets", "apps"), "default"))
    world.advance(40)

    assert during == 1
    assert progress(world) == ("True", "NewReplicaSetAvailable")


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(world: SteppedWorld) -> None:
    world.create("jobs", "work", {"template": template("exit 0"), "suspend": True}, "batch")
    world.advance(2)
    before = job_conditions(world), world.pods("work-")

    change(world, "jobs", "work", "batch", suspend=False)
    world.advance(6)

    assert before == ([("Suspended", "True", "JobSuspended")], [])
    assert job_conditions(world)[0] == ("Suspended", "False", "JobResumed")
    assert job_conditions(world)[-1] == ("Complete", "True", "CompletionsReached")
    assert world.reasons("work") == ["Suspended", "SuccessfulCreate", "Resumed", "Completed"]


async def test_an_indexed_job_counts_the_indexes_that_are_done(world: SteppedWorld) -> None:
    spec = {
        "template": template("echo $JOB_COMPLETION_INDEX"),
        "completions": 3,
        "parallelism": 3,
        "completionMode": "Indexed",
    }
    world.create("jobs", "work", spec, "batch")

    world.advance(6)

    assert world.get("jobs", "work", "batch")["status"]["completedIndexes"] == "0-2"
    logs = sorted(world.log(pod["metadata"]["name"]) for pod in world.pods("work-"))
    assert logs == ["0\n", "1\n", "2\n"]


async def test_a_job_past_its_deadline_fails_when_its_pods_have_ended(world: SteppedWorld) -> None:
    stubborn = template(FOREVER, terminationGracePeriodSeconds=3)
    world.create("jobs", "work", {"template": stubborn, "activeDeadlineSeconds": 3}, "batch")

    world.advance(5)
    during = job_conditions(world)
    world.advance(6)

    assert during == [("FailureTarget", "True", "DeadlineExceeded")]
    assert job_conditions(world)[-1] == ("Failed", "True", "DeadlineExceeded")


async def test_an_autoscaler_brings_its_target_up_to_the_minimum(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, LABELS, replicas=1), "apps")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 4}
    world.create("horizontalpodautoscalers", "web", spec, "autoscaling")

    world.advance(5)

    scaled = world.get("deployments", "web", "apps")
    assert scaled["spec"]["replicas"] == 2
    assert managers(scaled)["kube-controller-manager/scale"] == {"f:spec": {"f:replicas": {}}}
    message = "New size: 2; reason: Current number of replicas below Spec.MinReplicas"
    events = world.storage.list(kind_of("events"), "default")
    assert message in [event["message"] for event in events]


def managers(obj: Obj) -> dict[str, Obj]:
    """The fields of each manager, by its name and the subresource it writes through."""
    return {
        f"{each['manager']}/{each.get('subresource', '')}": each["fieldsV1"]
        for each in obj["metadata"].get("managedFields") or ()
    }


async def test_a_pod_shows_what_its_controller_and_its_kubelet_own(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, LABELS), "apps")
    world.advance(5)

    found = managers(world.pods("web-")[0])

    assert set(found) == {"kube-controller-manager/", "kubelet/status"}
    assert set(found["kube-controller-manager/"]) == {"f:metadata", "f:spec"}
    status = found["kubelet/status"]["f:status"]
    assert "f:phase" in status
    assert "f:qosClass" not in status
    scheduled = status["f:conditions"]['k:{"type":"PodScheduled"}']
    assert scheduled == {"f:observedGeneration": {}}


async def test_a_deployment_shows_that_its_controller_owns_the_status(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, LABELS), "apps")
    world.advance(5)

    found = managers(world.get("deployments", "web", "apps"))

    fields = found["kube-controller-manager/status"]
    assert "f:readyReplicas" in fields["f:status"]
    revision = {"f:deployment.kubernetes.io/revision": {}}
    assert fields["f:metadata"]["f:annotations"] == {".": {}, **revision}


@pytest.mark.parametrize("node", [{}, {"nodeSelector": {"no": "such-node"}}])
async def test_a_namespace_goes_with_a_job_whose_pod_is_pending_or_runs(
    world: SteppedWorld, node: Obj
) -> None:
    spaces = kind_of("namespaces")
    world.storage.create(spaces, {"metadata": {"name": "shop"}})
    world.create("jobs", "work", {"template": template(FOREVER, **node)}, "batch", namespace="shop")
    world.advance(3)

    world.storage.request_delete(spaces, "", "shop")
    world.advance(60)

    assert world.storage.get(spaces, "", "shop") is None
    assert world.storage.list(kind_of("pods"), "shop") == []


def taint(world: SteppedWorld, *taints: Obj) -> None:
    """Give the first node these taints, and no others."""

    def write(obj: Obj) -> None:
        obj["spec"]["taints"] = list(taints)

    world.storage.modify(kind_of("nodes"), "", "node-1", write)


async def test_a_taint_drives_pods_away_when_their_patience_is_over(world: SteppedWorld) -> None:
    bears: Obj = {"key": "bad", "operator": "Exists", "effect": "NoExecute"}
    patient = [{**bears, "tolerationSeconds": 30}]
    for name, tolerations in (("stays", [bears]), ("waits", patient), ("goes", [])):
        spec = {"nodeName": "node-1", "tolerations": tolerations}
        world.pod(name, "trap 'exit 0' TERM; sleep 1000 & wait", **spec)
    world.advance(3)

    taint(world, {"key": "bad", "value": "1", "effect": "NoExecute"})
    world.advance(10)
    soon = [pod["metadata"]["name"] for pod in world.pods()]
    world.advance(30)

    assert soon == ["stays", "waits"]
    assert [pod["metadata"]["name"] for pod in world.pods()] == ["stays"]
    assert "TaintManagerEviction" in world.reasons("goes")


async def test_a_taint_that_is_taken_away_in_time_drives_nobody_away(world: SteppedWorld) -> None:
    tolerations = [{"key": "bad", "operator": "Exists", "tolerationSeconds": 30}]
    world.pod("waits", FOREVER, nodeName="node-1", tolerations=tolerations)
    world.advance(3)

    taint(world, {"key": "bad", "effect": "NoExecute"})
    world.advance(20)
    taint(world)
    world.advance(60)

    assert [pod["metadata"]["name"] for pod in world.pods()] == ["waits"]


async def test_a_cordoned_node_is_tainted_until_it_is_uncordoned(world: SteppedWorld) -> None:
    def cordon(obj: Obj) -> None:
        obj["spec"]["unschedulable"] = True

    def uncordon(obj: Obj) -> None:
        del obj["spec"]["unschedulable"]

    nodes, taints = kind_of("nodes"), []
    for change_ in (cordon, uncordon):
        world.storage.modify(nodes, "", "node-1", change_)
        world.advance(1)
        spec = (world.storage.get(nodes, "", "node-1") or {})["spec"]
        taints.append([each["key"] for each in spec.get("taints") or ()])

    assert taints == [["node.kubernetes.io/unschedulable"], []]
