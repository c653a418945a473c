"""Projects brought up and taken down on a demo cluster, through the library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from demo_cluster.cluster import ClusterOptions
from demo_cluster.faults import FaultPlan, parse_fault
from demo_cluster.threaded import RunningCluster, running_cluster
from kompose.cluster.apply import Outcome
from kompose.cluster.change import restart, scale, with_copies
from kompose.cluster.diff import diff
from kompose.cluster.down import DownOptions, DownPlan, DownResult, down
from kompose.cluster.errors import ClusterError
from kompose.cluster.health import Phase
from kompose.cluster.inventory import owned_objects, owned_workloads
from kompose.cluster.persistence import Patience, PersistentTransport
from kompose.cluster.ps import service_rows
from kompose.cluster.reach import reaches
from kompose.cluster.up import Progress, UpOptions, UpResult, up
from kompose.cluster.watching import ProjectWatch
from kompose.invocation import Invocation
from kompose.live.session import Loaded, load_project
from kompose.report import Report
from kube_client.client import Client
from kube_client.connect import (
    ConnectOptions,
    client_over,
    cluster_access,
    connect,
    transport_to,
)
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.resource import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SERVICES,
    ResourceType,
)
from tests.kompose.demo_storage import cluster_with_storage

_NAMES = count(1)
RESOURCE_QUOTAS = ResourceType("", "v1", "resourcequotas", "ResourceQuota", namespaced=True)

SHOP = """
name: shop
services:
  web:
    image: busybox
    command: ["sleep", "1000"]
    ports: ["8080:80"]
    stop_grace_period: 1s
    depends_on:
      db: {condition: service_healthy}
  db:
    image: busybox
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    volumes: ["data:/data"]
volumes: {data: {}}
"""
ONE = """
name: shop
services:
  web:
    image: busybox
    command: ["sleep", "1000"]
    stop_grace_period: 1s
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    """An empty cluster with volumes for all, whose time runs ten times as fast."""
    with cluster_with_storage(speed=10) as running:
        yield running


@pytest.fixture
async def client(cluster: RunningCluster) -> AsyncIterator[Client]:
    """A client whose namespace is this test's own, and not there yet."""
    options = ConnectOptions(kubeconfig=str(cluster.kubeconfig), namespace=f"up-{next(_NAMES)}")
    async with connect(options) as connected:
        yield connected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def project(folder: Path, text: str) -> Loaded:
    file = folder / "compose.yaml"
    file.write_text(text)
    silent = Report(lambda _level, _text: None)
    return load_project(Invocation((str(file),), silent))


async def brought_up(
    client: Client, loaded: Loaded, news: list[Progress] | None = None, **options: Any
) -> UpResult:
    heard = [] if news is None else news
    options.setdefault("timeout", 30.0)
    return await up(
        client, loaded.objects, loaded.view, UpOptions(client.namespace, **options), heard.append
    )


def outcomes(result: UpResult) -> dict[str, Outcome]:
    return {one.title: one.outcome for one in result.applied}


async def taken_down(client: Client, **options: Any) -> DownResult:
    async def yes(_plan: DownPlan) -> bool:
        return True

    return await down(
        client, "shop", DownOptions(client.namespace, **options), yes, lambda _line: None
    )


async def test_up_ends_with_everything_ready_in_the_order_of_needs(
    client: Client, folder: Path
) -> None:
    news: list[Progress] = []

    result = await brought_up(client, project(folder, SHOP), news)

    assert {name: health.phase for name, health in result.health.items()} == {
        "web": Phase.READY,
        "db": Phase.READY,
    }
    assert result.made_namespace
    steps = [one.applied.title if one.applied else (one.service, one.health.phase)
             for one in news if one.applied or one.health]  # fmt: skip
    assert steps.index(("db", Phase.READY)) > steps.index("deployment/db")
    made_web = steps.index("deployment/web")
    waited = [step for step in steps[:made_web] if step == ("web", Phase.WAITING)]
    assert waited
    row = await service_rows(client, "shop", client.namespace)
    assert [one.service for one in row] == ["db", "web"]


async def test_the_second_time_nothing_changes(client: Client, folder: Path) -> None:
    await brought_up(client, project(folder, SHOP))

    again = await brought_up(client, project(folder, SHOP))

    assert again.is_unchanged
    assert {one.outcome for one in again.applied} == {Outcome.UNCHANGED}


async def test_a_run_stopped_in_the_middle_is_finished_by_the_next(
    client: Client, folder: Path
) -> None:
    first_object = asyncio.Event()
    task = asyncio.create_task(
        up(
            client,
            project(folder, SHOP).objects,
            project(folder, SHOP).view,
            UpOptions(client.namespace),
            lambda _news: first_object.set(),
        )
    )
    await first_object.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    result = await brought_up(client, project(folder, SHOP))

    assert result.unready == {}


async def test_down_removes_what_up_made_and_keeps_the_data(client: Client, folder: Path) -> None:
    await brought_up(client, project(folder, SHOP))
    mine = {"metadata": {"name": "mine"}, "data": {"a": "b"}}
    await client.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", **mine})

    result = await taken_down(client)

    assert result.kept_volumes == ("data",)
    assert [obj["kind"] for obj in await owned_objects(client, "shop", client.namespace)] == [
        "PersistentVolumeClaim"
    ]
    assert (await client.list(PODS, namespace=client.namespace)).items == []
    assert (await client.get(CONFIG_MAPS, "mine"))["data"] == {"a": "b"}


async def test_down_with_volumes_leaves_nothing_not_even_the_namespace_it_made(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, SHOP))

    result = await taken_down(client, volumes=True)

    assert f"namespace/{client.namespace}" in result.removed
    with pytest.raises(NotFoundError):
        await client.get(NAMESPACES, client.namespace)


async def test_a_namespace_that_holds_more_is_kept_and_said(client: Client, folder: Path) -> None:
    await brought_up(client, project(folder, ONE))
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
    await client.create(CONFIG_MAPS, mine)

    result = await taken_down(client)

    assert result.kept_namespace == client.namespace
    assert (await client.get(CONFIG_MAPS, "mine"))["metadata"]["name"] == "mine"


async def test_down_asks_first_and_no_means_no(client: Client, folder: Path) -> None:
    await brought_up(client, project(folder, ONE))
    asked: list[DownPlan] = []

    async def no(plan: DownPlan) -> bool:
        asked.append(plan)
        return False

    result = await down(client, "shop", DownOptions(client.namespace), no, pytest.fail)

    assert result.is_declined
    assert [obj["kind"] for obj in asked[0].removed] == ["Service", "Deployment"]
    assert (await service_rows(client, "shop", client.namespace))[0].health.is_good


async def test_a_crash_is_told_with_its_last_words_and_time_runs_out(
    client: Client, folder: Path
) -> None:
    broken = ONE.replace('["sleep", "1000"]', '["sh", "-c", "echo no disk; exit 3"]')
    news: list[Progress] = []

    result = await brought_up(client, project(folder, broken), news, timeout=3.0)

    assert result.unready["web"].phase is Phase.TROUBLE
    assert "crashed" in result.unready["web"].why or "exit code 3" in result.unready["web"].why
    assert any("no disk" in one.lines for one in news)


async def test_a_service_that_needs_a_completed_one_waits_for_its_end(
    client: Client, folder: Path
) -> None:
    text = """
name: shop
services:
  web:
    image: busybox
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    depends_on:
      setup: {condition: service_completed_successfully}
  setup:
    image: busybox
    restart: "no"
    command: ["sh", "-c", "echo done"]
"""
    result = await brought_up(client, project(folder, text))

    assert result.health["setup"].phase is Phase.COMPLETED
    assert result.health["web"].phase is Phase.READY
    web = (await client.get(DEPLOYMENTS, "web"))["metadata"]["creationTimestamp"]
    setup = await client.get(PODS, "setup")
    [status] = setup["status"]["containerStatuses"]
    assert web >= status["state"]["terminated"]["finishedAt"]


async def test_a_need_that_failed_stops_the_waiting(client: Client, folder: Path) -> None:
    text = """
name: shop
services:
  web:
    image: busybox
    depends_on:
      setup: {condition: service_completed_successfully}
  setup:
    image: busybox
    restart: "no"
    command: ["sh", "-c", "exit 4"]
"""
    result = await brought_up(client, project(folder, text))

    assert result.health["setup"].phase is Phase.FAILED
    assert result.health["web"].phase is Phase.WAITING
    with pytest.raises(NotFoundError):
        await client.get(DEPLOYMENTS, "web")


async def test_a_namespace_on_its_way_out_is_waited_for_and_made_anew(
    client: Client, folder: Path
) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "slow", "finalizers": ["example.com/slow"]},
    }
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": client.namespace}}
    await client.create(NAMESPACES, space)
    await client.create(CONFIG_MAPS, config)
    await client.delete(NAMESPACES, client.namespace)
    loaded = project(folder, ONE)
    news: list[Progress] = []

    with pytest.raises(ClusterError, match=r"did not end in 0\.1 s.*kubectl describe namespaces"):
        await brought_up(client, loaded, news, timeout=0.1)
    task = asyncio.create_task(brought_up(client, loaded))
    await client.patch(CONFIG_MAPS, "slow", {"metadata": {"finalizers": None}})

    assert (await task).made_namespace
    assert news[0].notice.endswith("is being deleted; waiting until it is gone ...")


async def test_what_somebody_removes_meanwhile_is_not_waited_for(
    client: Client, folder: Path
) -> None:
    never_ready = ONE.replace("image: busybox", "image: registry.invalid/none")
    loaded = project(folder, never_ready)
    is_waiting = asyncio.Event()

    def hear(news: Progress) -> None:
        if news.health is not None and news.health.phase is Phase.TROUBLE:
            is_waiting.set()

    wanted = UpOptions(client.namespace, timeout=60.0)
    task = asyncio.create_task(up(client, loaded.objects, loaded.view, wanted, hear))
    await is_waiting.wait()
    await client.delete(DEPLOYMENTS, "web", propagation="Background")

    health = (await task).health["web"]
    assert (health.phase, health.why) == (Phase.FAILED, "somebody has removed it meanwhile")


async def test_what_gave_up_before_may_still_come_back(client: Client, folder: Path) -> None:
    loaded = project(folder, ONE.replace("image: busybox", "image: registry.invalid/none"))
    await brought_up(client, loaded, timeout=0.5)
    await client.patch(DEPLOYMENTS, "web", {"spec": {"progressDeadlineSeconds": 1}})
    async with ProjectWatch(client, client.namespace, {"web": loaded.objects[1:]}) as watch:
        while watch.health("web").phase is not Phase.FAILED:
            await watch.changed(5.0)

    result = await brought_up(client, loaded, timeout=0.5)

    assert result.is_unchanged
    assert result.health["web"].phase is Phase.TROUBLE


async def test_what_failed_for_good_is_tried_anew(client: Client, folder: Path) -> None:
    text = ONE.replace("sleep", "false").replace("    image", '    restart: "no"\n    image')
    await brought_up(client, project(folder, text))
    before = (await client.get(PODS, "web"))["metadata"]["uid"]

    again = await brought_up(client, project(folder, text))

    assert outcomes(again)["pod/web"] is Outcome.REPLACED
    assert (await client.get(PODS, "web"))["metadata"]["uid"] != before


async def test_fields_of_somebody_else_are_one_sentence_and_force_takes_them(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, ONE))
    theirs = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3},
    }
    await client.apply(DEPLOYMENTS, theirs, field_manager="their-operator", force=True)

    with pytest.raises(ClusterError, match=r"their-operator manages: \.spec\.replicas.*--force"):
        await brought_up(client, project(folder, ONE))
    told: list[str] = []
    objects = project(folder, ONE).objects
    lines = await diff(client, objects, "shop", client.namespace, on_conflict=told.append)
    rehearsed = await brought_up(client, project(folder, ONE), force=True, dry_run=True)
    await brought_up(client, project(folder, ONE), force=True)

    assert "-  replicas: 3" in lines
    assert "their-operator" in told[0]
    assert outcomes(rehearsed)["deployment/web"] is Outcome.CHANGED
    assert (await client.get(DEPLOYMENTS, "web"))["spec"]["replicas"] == 1


async def test_a_service_gets_and_loses_its_address_with_its_ports(
    client: Client, folder: Path
) -> None:
    with_ports = ONE + '    ports: ["8080:80"]\n'
    await brought_up(client, project(folder, ONE))

    gained = await brought_up(client, project(folder, with_ports))
    after = (await client.get(SERVICES, "web"))["spec"]
    lost = await brought_up(client, project(folder, ONE))

    assert outcomes(gained)["service/web"] is Outcome.REPLACED
    assert after["clusterIP"] != "None"
    assert outcomes(lost)["service/web"] is Outcome.REPLACED
    assert (await client.get(SERVICES, "web"))["spec"]["clusterIP"] == "None"


async def test_pods_are_replaced_when_an_env_file_changes(client: Client, folder: Path) -> None:
    text = ONE + "    env_file: [web.env]\n"
    (folder / "web.env").write_text("A=1\n")
    await brought_up(client, project(folder, text))
    (folder / "web.env").write_text("A=2\n")

    result = await brought_up(client, project(folder, text))

    changed = {title for title, outcome in outcomes(result).items() if outcome is Outcome.CHANGED}
    assert changed == {"configmap/web-env", "deployment/web"}


async def test_scaling_is_ours_and_the_next_up_takes_it_back(client: Client, folder: Path) -> None:
    await brought_up(client, project(folder, ONE))
    workloads = await owned_workloads(client, "shop", client.namespace)

    scaled = await scale(client, workloads, client.namespace, 2)
    result = await brought_up(client, project(folder, ONE))

    assert scaled["spec"]["replicas"] == 2
    assert outcomes(result)["deployment/web"] is Outcome.CHANGED
    assert (await client.get(DEPLOYMENTS, "web"))["spec"]["replicas"] == 1


async def test_a_restart_makes_new_pods_and_up_finds_nothing_to_change(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, ONE))
    [before] = await owned_workloads(client, "shop", client.namespace)

    after = await restart(client, before, client.namespace)
    result = await brought_up(client, project(folder, ONE))

    assert after is not None
    assert after["metadata"]["generation"] > before["metadata"]["generation"]
    assert result.is_unchanged


async def test_a_project_does_not_touch_what_another_made(client: Client, folder: Path) -> None:
    await brought_up(client, project(folder, ONE))

    with pytest.raises(ClusterError, match="belongs to the project 'shop'"):
        await brought_up(client, project(folder, ONE.replace("name: shop", "name: other")))


async def test_what_the_file_no_longer_has_is_named_and_prune_removes_it(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, SHOP))
    smaller = project(folder, ONE)

    named = await brought_up(client, smaller)
    pruned = await brought_up(client, smaller, prune=True)

    assert "deployment/db" in named.orphans
    assert {"deployment/db", "service/db"} <= set(pruned.pruned)
    assert pruned.orphans == ("persistentvolumeclaim/data",)
    assert (await client.get(PERSISTENT_VOLUME_CLAIMS, "data"))["metadata"]["name"] == "data"


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    client: Client, folder: Path
) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": client.namespace}}
    await client.create(NAMESPACES, namespace)

    result = await brought_up(client, project(folder, SHOP), dry_run=True)

    assert {one.outcome for one in result.applied} == {Outcome.CREATED}
    assert await owned_objects(client, "shop", client.namespace) == []


async def test_named_services_run_alone_with_their_needs(client: Client, folder: Path) -> None:
    result = await brought_up(client, project(folder, SHOP), services=("db",))

    assert set(result.health) == {"db"}
    with pytest.raises(NotFoundError):
        await client.get(DEPLOYMENTS, "web")


async def test_diff_shows_what_up_would_change_and_nothing_after_it(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, ONE))

    alike = await diff(client, project(folder, ONE).objects, "shop", client.namespace)
    changed = project(folder, ONE.replace("image: busybox", "image: busybox:2"))
    lines = await diff(client, changed.objects, "shop", client.namespace)

    assert alike == []
    changes = [line for line in lines if line[0] in "+-" and "image:" in line]
    assert [change.replace(" ", "") for change in changes] == [
        "-image:busybox",
        "+image:busybox:2",
    ]


async def test_diff_says_that_what_has_failed_is_made_anew(client: Client, folder: Path) -> None:
    text = ONE.replace("sleep", "false").replace("    image", '    restart: "no"\n    image')
    await brought_up(client, project(folder, text))
    pod = [line for line in await diffed(client, project(folder, text)) if "pod/web" in line]
    same = await diffed(client, project(folder, text))
    other = await diffed(client, project(folder, text.replace("1000", "2000")))

    assert len(pod) == 2
    assert same[-1] == "@@ it is made anew @@"
    assert [line.split()[-1] for line in other if line[:2] in ("- ", "+ ")] == ['"1000"', '"2000"']


async def diffed(client: Client, loaded: Loaded) -> list[str]:
    return await diff(client, loaded.objects, "shop", client.namespace)


async def test_diff_never_shows_the_values_of_secrets(client: Client, folder: Path) -> None:
    (folder / "password.txt").write_text("hunter2")
    text = ONE + "    secrets: [password]\nsecrets:\n  password: {file: ./password.txt}\n"
    await brought_up(client, project(folder, text))
    (folder / "password.txt").write_text("hunter3")

    lines = await diff(client, project(folder, text).objects, "shop", client.namespace)

    shown = "\n".join(lines)
    assert "*** (before)" in shown
    assert "*** (after)" in shown
    assert "aHVudGVy" not in shown
    assert "hunter" not in shown


async def test_a_server_that_fails_for_a_while_is_waited_for_and_told_once(folder: Path) -> None:
    plan = FaultPlan()
    with running_cluster(ClusterOptions(scenario="empty", faults=plan)) as own:
        access = cluster_access(ConnectOptions(kubeconfig=str(own.kubeconfig)))
        told: list[str] = []

        def tell(words: str) -> None:
            told.append(words)
            plan.change([])

        def hear(news: Progress) -> None:
            if news.applied is not None and not told:
                plan.change([parse_fault("503@100%")])

        patience = Patience(outage=0.0)
        transport = PersistentTransport(transport_to(access), access.server, tell, patience)
        async with client_over(transport, access) as client:
            loaded = project(folder, ONE)
            options = UpOptions("default", timeout=60.0)
            result = await up(client, loaded.objects, loaded.view, options, hear)

    assert result.unready == {}
    assert told == [
        f"{access.server} has trouble (503: apiserver is shutting down). Trying again ...",
        f"{access.server} answers again.",
    ]


async def test_copies_of_the_command_line_win_over_the_file(client: Client, folder: Path) -> None:
    loaded = project(folder, ONE)
    sized = loaded._replace(objects=with_copies(loaded.objects, {"web": 2}))

    result = await brought_up(client, sized)

    assert result.health["web"].ready == 2


async def test_one_service_alone_does_not_wait_for_what_it_needs(
    client: Client, folder: Path
) -> None:
    result = await brought_up(client, project(folder, SHOP), services=("web",), alone=True)

    assert set(result.health) == {"web"}
    assert result.health["web"].is_good


async def test_pods_are_replaced_though_nothing_changed_where_that_is_asked_for(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, ONE))
    [before] = (await client.list(PODS, namespace=client.namespace)).items

    await brought_up(client, project(folder, ONE), recreates=True)

    pods = (await client.list(PODS, namespace=client.namespace)).items
    alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    assert before["metadata"]["uid"] not in [pod["metadata"]["uid"] for pod in alive]


async def test_two_projects_of_one_namespace_leave_each_other_alone(
    client: Client, folder: Path
) -> None:
    other = ONE.replace("name: shop", "name: office").replace("web:", "desk:")
    await brought_up(client, project(folder, ONE))
    await brought_up(client, project(folder, other), prune=True)

    await taken_down(client)

    assert await service_rows(client, "shop", client.namespace) == []
    [row] = await service_rows(client, "office", client.namespace)
    assert (row.service, row.health.phase) == ("desk", Phase.READY)


async def test_a_server_without_a_quota_left_says_so_and_the_next_run_goes_on(
    client: Client, folder: Path
) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": client.namespace}}
    await client.create(NAMESPACES, namespace)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "0"}},
    }
    await client.create(RESOURCE_QUOTAS, quota)
    once = ONE.replace("    image", '    restart: "no"\n    image').replace("sleep", "true")

    with pytest.raises(ForbiddenError, match=r"^The quota does not allow to apply pods/web"):
        await brought_up(client, project(folder, once))
    await client.delete(RESOURCE_QUOTAS, "few")
    result = await brought_up(client, project(folder, once))

    assert result.unready == {}


async def test_containers_get_no_longer_to_stop_than_is_said(client: Client, folder: Path) -> None:
    stubborn = ONE.replace(
        '["sleep", "1000"]', '["sh", "-c", "trap true TERM; while true; do sleep 1; done"]'
    ).replace("stop_grace_period: 1s", "stop_grace_period: 600s")
    await brought_up(client, project(folder, stubborn))

    result = await taken_down(client, grace_seconds=1, timeout=20.0)

    assert "deployment/web" in result.removed
    assert (await client.list(PODS, namespace=client.namespace)).items == []


async def test_pods_are_hurried_though_their_replica_set_went_while_we_waited_for_an_answer(
    folder: Path,
) -> None:
    stubborn = ONE.replace(
        '["sleep", "1000"]', '["sh", "-c", "trap true TERM; while true; do sleep 1; done"]'
    ).replace("stop_grace_period: 1s", "stop_grace_period: 600s")
    plan = FaultPlan()
    with running_cluster(ClusterOptions(scenario="empty", faults=plan)) as own:
        options = ConnectOptions(kubeconfig=str(own.kubeconfig), namespace="default")
        async with connect(options) as client:
            await brought_up(client, project(folder, stubborn))
            plan.change([parse_fault("stall:0.3@100%")])

            await taken_down(client, grace_seconds=1, timeout=20.0)

            assert (await client.list(PODS, namespace=client.namespace)).items == []


async def test_a_service_of_another_name_on_the_cluster_is_known_by_the_files_name(
    client: Client, folder: Path
) -> None:
    text = SHOP.replace("  db:\n", "  db:\n    labels: {kompose.service.name_override: Store_1}\n")
    news: list[Progress] = []

    result = await brought_up(client, project(folder, text), news)

    assert set(result.health) == {"web", "db"}
    steps = [one.applied.title if one.applied else (one.service, one.health.phase)
             for one in news if one.applied or one.health]  # fmt: skip
    waited = steps.index(("web", Phase.WAITING))
    assert steps.index("deployment/store-1") < waited < steps.index("deployment/web")


@pytest.mark.parametrize(
    "fault", ["500@20%", "503@20%", "drop@20%", "truncated@20%", "cut:0.2@50%", "gone@50%"]
)
async def test_a_server_that_fails_now_and_then_gets_every_object_in_one_run(
    folder: Path, fault: str
) -> None:
    plan = FaultPlan()
    with running_cluster(ClusterOptions(scenario="empty", faults=plan)) as own:
        access = cluster_access(ConnectOptions(kubeconfig=str(own.kubeconfig), namespace="x"))
        transport = PersistentTransport(transport_to(access), access.server)
        async with client_over(transport, access) as client:
            await client.version()
            plan.change([parse_fault(fault)])
            loaded = project(folder, ONE)

            result = await brought_up(client, loaded)
            plan.change([])

            assert result.unready == {}
            assert (await brought_up(client, loaded)).is_unchanged


async def test_a_port_behind_an_ingress_is_reached_at_its_host(
    client: Client, folder: Path
) -> None:
    text = (
        ONE
        + """
    ports: ["8080:80", "9090:90"]
    labels: {kompose.service.expose: shop.example.com/app, kompose.service.expose.tls-secret: t}
"""
    )
    found = await reaches(client, project(folder, text).objects, client.namespace)

    assert [(reach.port, reach.outside) for reach in found["web"]] == [
        (8080, "https://shop.example.com/app"),
        (9090, ""),
    ]


async def test_a_pod_that_only_looks_like_ours_is_neither_removed_nor_waited_for(
    client: Client, folder: Path
) -> None:
    await brought_up(client, project(folder, ONE))
    alike = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "alike", "labels": {"io.kompose.service": "web"}},
        "spec": {"containers": [{"name": "web", "image": "busybox", "command": ["sleep", "1000"]}]},
    }
    await client.create(PODS, alike)

    await taken_down(client, grace_seconds=0, timeout=20.0)

    [left] = (await client.list(PODS, namespace=client.namespace)).items
    assert left["metadata"]["name"] == "alike"
    assert "deletionTimestamp" not in left["metadata"]
