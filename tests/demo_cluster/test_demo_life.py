"""What lives on the cluster: kubelets, controllers and the scheduler, on a stepped clock."""

from __future__ import annotations

import time
from typing import Any

import pytest

from demo_cluster.kinds import Obj, kind_of
from tests.demo_cluster.conftest import SteppedWorld, pod_spec, workload

FOREVER = "sleep 100000"


def container(world: SteppedWorld, pod: str) -> dict[str, Any]:
    """The status of a pod's first container."""
    status: dict[str, Any] = world.get("pods", pod)["status"]["containerStatuses"][0]
    return status


def phases(world: SteppedWorld, prefix: str = "") -> dict[str, str]:
    """Pods and their phases."""
    return {p["metadata"]["name"]: p["status"]["phase"] for p in world.pods(prefix)}


async def test_a_pod_is_scheduled_started_and_talks(world: SteppedWorld) -> None:
    world.pod("talker", "i=0; while true; do echo line $i; i=$((i+1)); sleep 1; done")

    world.advance(4)

    assert phases(world) == {"talker": "Running"}
    assert world.log("talker").startswith("line 0\nline 1\nline 2\n")
    assert world.reasons("talker") == ["Scheduled", "Pulled", "Created", "Started"]


async def test_a_failing_container_is_restarted_with_growing_pauses(world: SteppedWorld) -> None:
    world.pod("crash", "echo oops; exit 3")

    world.advance(8)
    first = container(world, "crash")
    world.advance(25)
    second = container(world, "crash")

    assert first["restartCount"] == 1
    assert first["state"]["terminated"]["exitCode"] == 3
    assert first["lastState"]["terminated"]["exitCode"] == 3
    assert second["restartCount"] == 2
    assert second["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert second["state"]["waiting"]["message"].startswith("back-off 20s restarting failed")
    assert "BackOff" in world.reasons("crash")


async def test_restart_policies_decide_the_phase(world: SteppedWorld) -> None:
    world.pod("good", "exit 0", restartPolicy="Never")
    world.pod("bad", "exit 1", restartPolicy="Never")
    world.pod("again", "test -e /tmp/x || { touch /tmp/x; exit 1; }", restartPolicy="OnFailure")

    world.advance(5)

    assert phases(world)["good"] == "Succeeded"
    assert phases(world)["bad"] == "Failed"
    assert container(world, "again")["restartCount"] >= 1


async def test_init_containers_run_one_after_the_other_before_the_rest(world: SteppedWorld) -> None:
    spec = pod_spec("echo main; sleep 1000")
    spec["initContainers"] = [
        {"name": name, "image": "busybox", "command": ["sh", "-c", f"echo {name}; sleep 2"]}
        for name in ("one", "two")
    ]
    world.create("pods", "init", spec)

    world.advance(3)
    during = world.get("pods", "init")["status"]
    world.advance(6)

    assert during["phase"] == "Pending"
    assert [s["name"] for s in during["initContainerStatuses"] if "running" in s["state"]] == [
        "one"
    ]
    assert phases(world) == {"init": "Running"}
    assert world.log("init", "two") == "two\n"


async def test_a_deleted_pod_gets_sigterm_and_its_grace(world: SteppedWorld) -> None:
    world.pod("polite", "trap 'echo bye; exit 0' TERM; while true; do sleep .2; done")
    world.pod("deaf", FOREVER)
    world.advance(3)

    for name in ("polite", "deaf"):
        world.storage.request_delete(kind_of("pods"), "default", name)
    world.advance(1)
    after_one = set(phases(world))
    world.advance(3)

    assert after_one == {"deaf"}
    assert phases(world) == {}


async def test_a_pod_that_fits_nowhere_says_why(world: SteppedWorld) -> None:
    big = pod_spec(FOREVER, resources={"requests": {"cpu": "64"}})
    world.create("pods", "big", big)
    world.create("pods", "picky", {**pod_spec(FOREVER), "nodeSelector": {"no": "such"}})

    world.advance(1)

    message = world.get("pods", "big")["status"]["conditions"][0]["message"]
    assert message.startswith("0/2 nodes are available: 2 Insufficient cpu.")
    assert world.reasons("picky") == ["FailedScheduling"]


async def test_what_cannot_be_pulled_or_configured_waits_with_its_reason(
    world: SteppedWorld,
) -> None:
    world.create("pods", "nowhere", pod_spec(FOREVER, image="registry.invalid/x:1"))
    world.create("pods", "never", pod_spec(FOREVER, image="a/b:c", imagePullPolicy="Never"))
    reference = {"secretKeyRef": {"name": "nope", "key": "k"}}
    world.create("pods", "secret", pod_spec(FOREVER, env=[{"name": "X", "valueFrom": reference}]))

    world.advance(16)

    reasons = {name: container(world, name)["state"]["waiting"]["reason"] for name in phases(world)}
    assert reasons == {
        "nowhere": "ImagePullBackOff",
        "never": "ErrImageNeverPull",
        "secret": "CreateContainerConfigError",
    }


async def test_a_container_over_its_memory_is_killed(world: SteppedWorld) -> None:
    script = "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done"
    limits = {"limits": {"memory": "24Mi"}}
    world.create("pods", "hog", {**pod_spec(script, resources=limits), "restartPolicy": "Never"})

    world.advance(5)

    assert container(world, "hog")["state"]["terminated"]["reason"] == "OOMKilled"


async def test_a_rollout_keeps_what_is_available(world: SteppedWorld) -> None:
    labels = {"app": "web"}
    world.create("deployments", "web", workload(FOREVER, labels, replicas=4), "apps")
    world.advance(5)
    old = set(phases(world))

    def new_image(deployment: Obj) -> None:
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "busybox:1.37"

    world.storage.modify(kind_of("deployments", "apps"), "default", "web", new_image)
    least = 4
    for _ in range(60):
        world.advance(0.25)
        ready = world.get("deployments", "web", "apps")["status"].get("availableReplicas", 0)
        least = min(least, ready)

    status = world.get("deployments", "web", "apps")["status"]
    assert least >= 3
    assert status["updatedReplicas"] == status["availableReplicas"] == 4
    assert not old & set(phases(world))
    assert status["conditions"][-1]["reason"] == "NewReplicaSetAvailable"


async def test_a_lost_pod_of_a_deployment_is_replaced(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, {"app": "web"}, replicas=2), "apps")
    world.advance(4)
    victim = min(phases(world))

    world.storage.request_delete(kind_of("pods"), "default", victim)
    world.advance(6)

    assert victim not in phases(world)
    assert list(phases(world).values()) == ["Running", "Running"]


async def test_deleting_a_deployment_deletes_all_below_it(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, {"app": "web"}, replicas=2), "apps")
    world.advance(4)

    world.storage.request_delete(kind_of("deployments", "apps"), "default", "web")
    world.advance(6)

    assert phases(world) == {}
    assert world.storage.list(kind_of("replicasets", "apps"), "default") == []


async def test_a_stateful_set_grows_in_order_and_shrinks_backwards(world: SteppedWorld) -> None:
    world.create("statefulsets", "db", workload(FOREVER, {"app": "db"}, replicas=3), "apps")
    seen = []
    for _ in range(40):
        world.advance(0.25)
        names = sorted(phases(world))
        if not seen or seen[-1] != names:
            seen.append(names)

    def shrink(owner: Obj) -> None:
        owner["spec"]["replicas"] = 1

    world.storage.modify(kind_of("statefulsets", "apps"), "default", "db", shrink)
    world.advance(15)

    assert seen[-3:] == [["db-0"], ["db-0", "db-1"], ["db-0", "db-1", "db-2"]]
    assert sorted(phases(world)) == ["db-0"]


async def test_a_daemon_set_has_a_pod_on_every_node(world: SteppedWorld) -> None:
    world.create("daemonsets", "agent", workload(FOREVER, {"app": "agent"}), "apps")

    world.advance(4)

    nodes = {pod["spec"]["nodeName"] for pod in world.pods("agent")}
    assert nodes == {"node-1", "node-2"}
    assert world.get("daemonsets", "agent", "apps")["status"]["numberReady"] == 2


async def test_a_job_counts_successes_and_gives_up_after_its_limit(world: SteppedWorld) -> None:
    good = {**pod_spec("exit 0"), "restartPolicy": "Never"}
    bad = {**pod_spec("exit 1"), "restartPolicy": "Never"}
    world.create("jobs", "good", {"template": {"spec": good}, "completions": 2}, "batch")
    world.create("jobs", "bad", {"template": {"spec": bad}, "backoffLimit": 1}, "batch")

    world.advance(40)

    statuses = {name: world.get("jobs", name, "batch")["status"] for name in ("good", "bad")}
    assert statuses["good"]["succeeded"] == 2
    assert [c["type"] for c in statuses["good"]["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert statuses["bad"]["failed"] == 2
    assert statuses["bad"]["conditions"][-1]["reason"] == "BackoffLimitExceeded"


async def test_a_cron_job_starts_a_job_each_time_and_forgets_old_ones(world: SteppedWorld) -> None:
    pod = {**pod_spec("exit 0"), "restartPolicy": "Never"}
    job = {"spec": {"template": {"spec": pod}}}
    spec = {"schedule": "* * * * *", "jobTemplate": job, "successfulJobsHistoryLimit": 1}
    world.create("cronjobs", "tick", spec, "batch")

    world.advance(200)

    jobs = world.storage.list(kind_of("jobs", "batch"), "default")
    assert len(jobs) == 1
    assert world.reasons("tick").count("SuccessfulCreate") >= 3


async def test_a_service_gets_an_address_and_the_pods_behind_it(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, {"app": "web"}, replicas=2), "apps")
    world.create("services", "web", {"selector": {"app": "web"}, "ports": [{"port": 80}]})

    world.advance(5)

    slices = world.storage.list(kind_of("endpointslices", "discovery.k8s.io"), "default")
    [endpoints] = [each for each in slices if each["metadata"]["name"].startswith("web-")]
    addresses = {pod["status"]["podIP"] for pod in world.pods("web")}
    assert {each["addresses"][0] for each in endpoints["endpoints"]} == addresses
    assert all(each["conditions"]["ready"] for each in endpoints["endpoints"])
    assert world.get("services", "web")["spec"]["clusterIP"].startswith("10.")


async def test_a_readiness_probe_decides_who_is_ready(world: SteppedWorld) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    script = "sleep 4; touch /tmp/ready; sleep 1000"
    world.create("pods", "slow", pod_spec(script, readinessProbe=probe))

    world.advance(3)
    before = container(world, "slow")["ready"]
    world.advance(4)

    assert not before
    assert container(world, "slow")["ready"]
    assert "Unhealthy" in world.reasons("slow")


def talking(image: str, command: list[str], **probe: Any) -> Obj:
    """The spec of a pod whose image talks by itself, with an exec probe of its readiness."""
    settings = {"exec": {"command": command}, "periodSeconds": 1, **probe}
    return {"containers": [{"name": "main", "image": image, "readinessProbe": settings}]}


def complaints(world: SteppedWorld, pod: str) -> set[str]:
    """What the events say of a pod's probes."""
    events = world.storage.list(kind_of("events"), "default")
    return {
        event["message"]
        for event in events
        if event["reason"] == "Unhealthy" and event["involvedObject"]["name"] == pod
    }


@pytest.mark.parametrize(
    ("image", "probe", "complaint"),
    [
        ("nginx", {"httpGet": {"path": "/", "port": 80}}, ""),
        (
            "nginx",
            {"httpGet": {"path": "/nothing", "port": 80}},
            "HTTP probe failed with statuscode: 404",
        ),
        (
            "nginx",
            {"httpGet": {"path": "/", "port": 8081}},
            'Get "http://{ip}:8081/": dial tcp {ip}:8081: connect: connection refused',
        ),
        ("redis", {"tcpSocket": {"port": 6379}}, ""),
        ("redis", {"tcpSocket": {"port": 80}}, "dial tcp {ip}:80: connect: connection refused"),
        ("nobody/knows:1", {"httpGet": {"path": "/whatever", "port": 3000}}, ""),
    ],
)
async def test_a_talking_container_is_ready_where_it_listens(
    world: SteppedWorld, image: str, probe: Obj, complaint: str
) -> None:
    settings = {**probe, "periodSeconds": 1}
    spec = {"containers": [{"name": "main", "image": image, "readinessProbe": settings}]}
    world.create("pods", "web", spec)

    world.advance(10)

    address = world.get("pods", "web")["status"]["podIP"]
    expected = {f"Readiness probe failed: {complaint.format(ip=address)}"} if complaint else set()
    assert complaints(world, "web") == expected
    assert container(world, "web")["ready"] is not bool(complaint)


async def test_nobody_listens_where_a_container_has_ended(world: SteppedWorld) -> None:
    spec = {"containers": [{"name": "main", "image": "nginx"}], "restartPolicy": "Never"}
    world.create("pods", "web", spec)
    world.advance(5)
    worker = world.cluster.backend.world.kubelet.find_worker("default", "web")
    before = list(worker.network.servers)
    run = world.run_of("web")
    assert run is not None

    run.kill()
    world.advance(1)

    assert before == [80]
    assert not worker.network.servers


async def test_a_failing_command_keeps_a_talking_container_from_being_ready(
    world: SteppedWorld,
) -> None:
    world.create("pods", "ill", talking("nginx", ["sh", "-c", "echo no cache; exit 3"]))
    world.create("pods", "mute", talking("redis", ["false"]))

    world.advance(10)

    assert not container(world, "ill")["ready"]
    assert complaints(world, "ill") == {"Readiness probe failed: no cache\n"}
    assert complaints(world, "mute") == {"Readiness probe failed: "}


async def test_what_happens_inside_a_talking_container_is_seen_by_its_probe(
    world: SteppedWorld,
) -> None:
    world.create("pods", "web", talking("nginx", ["test", "-e", "/tmp/up"]))
    world.advance(10)
    before = container(world, "web")["ready"]
    run = world.run_of("web")
    assert run is not None

    run.machine.files.write("/tmp/up", b"")
    world.advance(3)

    assert not before
    assert container(world, "web")["ready"]


async def test_a_probe_that_takes_too_long_has_failed(world: SteppedWorld) -> None:
    slow = talking("nginx", ["sh", "-c", "sleep 3"], timeoutSeconds=2, periodSeconds=5)
    world.create("pods", "slow", slow)

    world.advance(12)
    run = world.run_of("slow")
    assert run is not None

    assert complaints(world, "slow") == {
        'Readiness probe failed: command timed out: "sh -c sleep 3" timed out after 2s'
    }
    assert not any("sleep" in p.arguments for p in run.machine.table.processes.values())


async def test_a_container_that_does_not_start_in_time_is_stopped_once(world: SteppedWorld) -> None:
    probe = {"tcpSocket": {"port": 99}, "periodSeconds": 1, "failureThreshold": 2}
    world.create("pods", "late", pod_spec(FOREVER, startupProbe=probe))

    world.advance(20)

    said = [event["message"] for event in world.storage.list(kind_of("events"), "default")]
    assert said.count("Container main failed startup probe, will be restarted") == 1


async def test_a_container_whose_first_hook_fails_is_started_again(world: SteppedWorld) -> None:
    hook = {"postStart": {"exec": {"command": ["false"]}}}
    world.create("pods", "hooked", pod_spec("sleep 1000", lifecycle=hook))

    world.advance(50)

    said = {
        (event["reason"], event["message"])
        for event in world.storage.list(kind_of("events"), "default")
    }
    assert ("FailedPostStartHook", "PostStartHook failed") in said
    assert ("Killing", "FailedPostStartHook") in said
    assert container(world, "hooked")["restartCount"] > 0


async def test_a_command_that_cannot_be_run_is_no_verdict(world: SteppedWorld) -> None:
    probe = {"exec": {"command": ["nonesuch"]}, "periodSeconds": 1, "failureThreshold": 1}
    world.create("pods", "odd", pod_spec(FOREVER, livenessProbe=probe))

    world.advance(10)

    start = "Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc"
    end = 'exec: "nonesuch": executable file not found in $PATH: unknown'
    assert all(s.startswith(start) and s.endswith(end) for s in complaints(world, "odd"))
    assert complaints(world, "odd")
    assert container(world, "odd")["restartCount"] == 0


@pytest.mark.parametrize(
    ("image", "command"),
    [
        ("postgres:16", "pg_isready -U app -d app"),
        ("redis:7", "redis-cli ping | grep PONG"),
        ("mysql:8", "mysqladmin ping -h localhost --password=x"),
        ("mongo:7", "mongosh --quiet --eval \"db.adminCommand('ping')\""),
        ("rabbitmq:3", "rabbitmq-diagnostics -q ping"),
        ("nginx:1.27", "nginx -t && curl -fsS --max-time 2 http://localhost/healthz || exit 1"),
        ("nginx:1.27", "wget --no-verbose --tries=1 --spider http://localhost:80/ || exit 1"),
        ("redis:7", "nc -z localhost 6379"),
        ("shop/app:1", "node healthcheck.js"),
    ],
)
async def test_health_checks_of_well_known_images_find_them_well(
    world: SteppedWorld, image: str, command: str
) -> None:
    world.create("pods", "db", talking(image, ["sh", "-c", command]))

    world.advance(15)

    assert container(world, "db")["ready"], complaints(world, "db")


async def test_health_checks_find_what_is_not_there(world: SteppedWorld) -> None:
    checks = {
        "page": ["curl", "-f", "http://localhost/nowhere"],
        "file": ["wget", "--spider", "-q", "http://localhost/nowhere"],
        "port": ["nc", "-z", "localhost", "81"],
    }
    for name, command in checks.items():
        world.create("pods", name, talking("nginx", command))

    world.advance(10)

    assert not any(container(world, name)["ready"] for name in checks)
    said = "curl: (22) The requested URL returned error: 404\n"
    assert complaints(world, "page") == {f"Readiness probe failed: {said}"}


async def test_a_program_of_an_unknown_image_is_taken_to_be_content(world: SteppedWorld) -> None:
    world.create("pods", "own", talking("shop/app:1", ["/app/bin/check", "--deep"]))

    world.advance(8)

    assert container(world, "own")["ready"]


async def test_a_liveness_probe_restarts_what_hangs(world: SteppedWorld) -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 2}
    world.create("pods", "hung", pod_spec(FOREVER, livenessProbe=probe))

    world.advance(8)

    assert container(world, "hung")["restartCount"] >= 1
    assert "Killing" in world.reasons("hung")


async def test_a_pod_deleted_in_the_moment_its_container_ended_goes_all_the_same(
    world: SteppedWorld,
) -> None:
    world.pod("brief", "sleep 2", restartPolicy="Never")
    run = None
    while run is None or run.is_running:
        world.advance(0.05)
        run = world.run_of("brief")
    unseen = container(world, "brief")["state"]

    world.storage.request_delete(kind_of("pods"), "default", "brief")
    world.advance(4)

    assert "running" in unseen
    assert world.pods() == []


async def test_the_pods_of_a_lost_node_move_when_their_patience_ends(world: SteppedWorld) -> None:
    world.create("deployments", "web", workload(FOREVER, {"app": "web"}, replicas=2), "apps")
    world.advance(4)

    world.cluster.backend.world.nodes.lose("node-2")
    world.advance(55)
    unready = [pod for pod in world.pods() if pod["spec"]["nodeName"] == "node-2"]
    world.advance(310)

    assert unready[0]["status"]["conditions"][2]["status"] == "False"
    alive = [p for p in world.pods() if not p["metadata"].get("deletionTimestamp")]
    assert {pod["spec"]["nodeName"] for pod in alive} == {"node-1"}
    assert len(alive) == 2


async def test_a_namespace_takes_everything_with_it(world: SteppedWorld) -> None:
    namespaces, pods = kind_of("namespaces"), kind_of("pods")
    world.storage.create(namespaces, {"metadata": {"name": "tmp"}})
    world.create("pods", "slow", pod_spec(FOREVER), namespace="tmp")
    world.advance(3)

    world.storage.request_delete(namespaces, "", "tmp")
    world.advance(1)
    still = world.storage.get(namespaces, "", "tmp")
    world.advance(22)

    assert still is not None
    assert still["status"]["phase"] == "Terminating"
    assert world.storage.get(namespaces, "", "tmp") is None
    assert world.storage.list(pods, "tmp") == []


async def test_a_flood_of_log_lines_comes_slowly(world: SteppedWorld) -> None:
    world.create("pods", "loud", pod_spec("yes"))
    world.advance(3)
    began = time.process_time()

    world.advance(5)

    assert time.process_time() - began < 10
    assert world.log("loud").startswith("y\ny\n")
