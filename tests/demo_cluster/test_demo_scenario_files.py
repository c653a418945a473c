"""Scenario files: what a mistake in one says, and what each part of one makes."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions, DemoCluster
from demo_cluster.durations import seconds_of
from demo_cluster.faults import Fault
from demo_cluster.kinds import kind_of
from demo_cluster.scenarios.scenario import load_scenario
from demo_cluster.scenarios.source import SHIPPED, ScenarioError
from tests.demo_cluster.conftest import SteppedWorld
from tests.demo_cluster.test_demo_garbage import spoiled

PODS = kind_of("pods")


@asynccontextmanager
async def living(file: Path) -> AsyncIterator[SteppedWorld]:
    """A cluster of this scenario file; time stands still."""
    clock = SteppedClock()
    cluster = DemoCluster(ClusterOptions(scenario=str(file), clock=clock))
    await cluster.start()
    try:
        yield SteppedWorld(cluster, clock)
    finally:
        await cluster.stop()


def write(folder: Path, text: str) -> Path:
    """A scenario file."""
    file = folder / "mine.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_loads(name: str) -> None:
    scenario = load_scenario(name)

    assert scenario.steps == tuple(sorted(scenario.steps, key=lambda step: step.seconds))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a list", 1, "a scenario is a mapping"),
        ("workloads:\n  - {name: a\n", 3, "not YAML"),
        ("workloads:\n- image: x\n", 2, "a workload lacks the key 'name'; add it"),
        ("workloads:\n- name: a\n  image: x\n  replica: 2\n", 4, "did you mean 'replicas'?"),
        ("workloads:\n- {name: a, image: x, kind: Deploy}\n", 2, "no workload 'Deploy'; write"),
        ("workloads:\n- {name: a, image: x, kind: CronJob}\n", 2, "lacks a schedule; add"),
        ("workloads: 7\n", 1, "workloads of a scenario is 7; write a list"),
        ("workloads:\n- web\n", 1, "an entry of 'workloads' is no mapping"),
        (
            "workloads:\n- {name: a, image: x, replicas: two}\n",
            2,
            "of type int32; correct its type",
        ),
        ("workloads:\n- {name: A_b, image: x}\n", 2, "metadata.name: Invalid value"),
        ("workloads:\n- {name: a, image: x, spec: {replica: 1}}\n", 2, 'field "spec.replica"'),
        ("workload: []\n", 1, "did you mean 'workloads'?"),
        ("images:\n- name: x\n  colour: red\n", 3, "an image has no key 'colour'"),
        ("images:\n- name: x\n  crash: {code: 1}\n", 3, "crash lacks the key 'after'"),
        ("images:\n- name: x\n  memory: lots\n", 3, "lots"),
        ("images:\n- name: x\n  talk:\n  - {every: 0, say: [a]}\n", 4, "how far apart"),
        ("images:\n- name: x\n  talk: [{every: 1, say: ['{int:a-b}']}]\n", 2, "{int:1-100}"),
        ("nodes:\n- {name: n, memory: 4Xi}\n", 2, "4Xi"),
        ("objects:\n- {kind: ConfigMap}\n", 2, "lacks the key 'apiVersion'"),
        ("objects:\n- {apiVersion: v1, kind: Thing, metadata: {name: a}}\n", 2, "no kind 'Thing'"),
        ("timeline:\n- {at: 5 parsecs, delete: {kind: Pod, name: a}}\n", 2, "write 90s"),
        ("timeline:\n- {at: 5s}\n", 2, "one time and one action"),
        ("timeline:\n- {at: 5s, explode: {}}\n", 2, "a step has no key 'explode'"),
        ("timeline:\n- {at: 5s, lose_node: node-9}\n", 2, "known are node-1, node-2"),
        ("timeline:\n- {at: 5s, patch: {kind: Pod, name: a}}\n", 2, "a patch changes nothing"),
        ("timeline:\n- {at: 5s, faults: [flood]}\n", 2, "unknown fault 'flood'"),
        ("dials:\n  pods: many\n", 2, "write 0, 1, 2"),
        ("dials: [pods]\n", 1, "write {key: value}"),
        ("images:\n- name: x\n  cpu: lots\n", 3, "write 0.2 or 200m"),
        ("images:\n- name: x\n  unready: [10, 60]\n", 3, "for 35 s in every 240"),
        ("images:\n- name: x\n  is_missing: maybe\n", 3, "write true or false"),
        (
            "images:\n- name: x\n  crash:\n    after: 1s\n    code: 256\n",
            5,
            "an exit code, 0 to 255",
        ),
        ("workloads:\n- name: a\n  image: x\n  ports: 80\n", 4, "write [8080]"),
        ("workloads:\n- {name: a, image: x}\n- {name: a, image: y}\n", 3, "on line 2 already"),
        (
            "workloads:\n- {name: a, image: x, kind: CronJob, schedule: often}\n",
            2,
            'write "*/5 * * * *"',
        ),
        ("users:\n- {name: a, role: boss}\n", 2, "no ClusterRole 'boss'; write one of"),
        (
            "timeline:\n- at: 5s\n  patch: {kind: Deployment, name: web, replicas: 2}\n",
            3,
            "no Deployment 'web' in the namespace 'default'; known there are none",
        ),
        ("faults: ['503,on']\n", 1, "is not aimed with 'on'"),
        ("dials:\n  latency: soon\n", 2, "write 90s"),
        ("users:\n- {name: a, rules: [{verb: get}]}\n", 2, "did you mean 'verbs'?"),
        ("a: &a [*a]\n", 1, "an anchor contains itself"),
        ("extends: nothing.yaml\n", 1, "not a readable file"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    file = write(tmp_path, text)

    with pytest.raises(ScenarioError) as raised:
        load_scenario(str(file))

    first = raised.value.mistakes[0]
    assert first.startswith(f"{file}:{line}: ")
    assert words in first
    assert "\n" not in first


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    file = write(tmp_path, MISTAKEN)

    with pytest.raises(ScenarioError) as raised:
        load_scenario(str(file))

    assert [text.removeprefix(f"{file}:") for text in raised.value.mistakes] == [
        "3: every of a voice is 'soon'; write how far apart the lines are, as 2s.",
        "4: code of crash is 'one'; write an exit code, 0 to 255.",
        (
            "5: no kind 'Thing' in v1; correct apiVersion or kind, or add its "
            "CustomResourceDefinition to the objects."
        ),
        (
            '12: Deployment has unknown field "spec.template.spec.containers[0].livenessProbe.'
            'httpGet.prt"; remove it.'
        ),
        "13: a workload lacks the key 'image'; add it.",
        "14: no node 'node-7'; known are node-1, node-2.",
        "15: churn of dials is -1; write a number, 0 or more.",
    ]


MISTAKEN = """\
images:
- name: x
  talk: [{every: soon, say: [a]}]
  crash: {after: 1s, code: one}
objects: [{apiVersion: v1, kind: Thing, metadata: {name: a}}]
workloads:
- name: web
  image: x
  livenessProbe:
    httpGet:
      path: /
      prt: 80
- {name: api}
timeline: [{at: 1s, lose_node: node-7}]
dials: {churn: -1}
"""


def test_what_stands_in_both_files_is_as_the_file_on_top_has_it(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "workloads: [{name: a, image: one}, {name: b, image: one}]\nnodes: [{name: n, cpu: 1}]\n"
    )
    top = write(
        tmp_path,
        "extends: base.yaml\nworkloads: [{name: a, image: two}]\nnodes: [{name: n, cpu: 2}]\n",
    )

    made = [step.value for step in load_scenario(str(top)).steps]

    images = {
        obj["metadata"]["name"]: obj["spec"]["template"]["spec"]["containers"][0]["image"]
        for obj in made
        if obj["kind"] == "Deployment"
    }
    assert images == {"a": "two", "b": "one"}
    assert [o["status"]["capacity"]["cpu"] for o in made if o["kind"] == "Node"] == ["2"]


def test_a_step_needs_no_version_of_a_kind_that_everybody_knows(tmp_path: Path) -> None:
    text = "workloads: [{name: web, image: x}]\ntimeline:\n- at: 1s\n  patch: "
    file = write(tmp_path, text + "{kind: Deployment, name: web, replicas: 2}\n")

    [*_, step] = load_scenario(str(file)).steps

    assert step.value["apiVersion"] == "apps/v1"


def test_a_fault_with_seconds_is_no_number_to_base_sixty(tmp_path: Path) -> None:
    [fault] = load_scenario(str(write(tmp_path, "faults: [429:30]\n"))).faults

    assert (fault.kind, fault.amount) == ("429", 30.0)


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ScenarioError, match="shop, bad-day, big"):
        load_scenario("no-such")


def test_durations_add_their_parts() -> None:
    assert (seconds_of("1h30m"), seconds_of("1.5s"), seconds_of(7)) == (5400, 1.5, 7)


def test_dials_stand_in_the_file_and_those_that_are_given_win(tmp_path: Path) -> None:
    dials = "dials: {pods: 40, churn: 2, log-rate: 3, latency: 1.5s, clock-skew: -2m}\n"
    file = write(tmp_path, dials + "faults: [429@5%]\n")

    scenario = load_scenario(str(file), {"pods": 10})

    assert (scenario.bulk["pods"], scenario.bulk["churn"], scenario.bulk["log_rate"]) == (10, 2, 3)
    assert scenario.latency_seconds == 1.5
    assert scenario.clock_skew == timedelta(minutes=-2)
    assert scenario.faults == (Fault("429", 0.05, 1.0),)


def test_the_examples_of_the_manual_load(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "demo-cluster.md").read_text()
    examples = [part.partition("```")[0] for part in manual.split("```yaml\n")[1:]]

    assert len(examples) >= 2
    for example in examples:
        load_scenario(str(write(tmp_path, example)))


async def test_the_first_example_of_the_manual_lives_as_it_says(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "demo-cluster.md").read_text()
    file = write(tmp_path, manual.split("```yaml\n")[1].partition("```")[0])

    async with living(file) as world:
        [namespace] = [
            space
            for space in world.storage.list(kind_of("namespaces"))
            if space["metadata"]["name"] == "tea"
        ]
        world.advance(1)
        before = [pod["spec"]["containers"][0]["image"] for pod in world.storage.list(PODS, "tea")]
        world.advance(58)
        deployed = [p["spec"]["containers"][0]["image"] for p in world.storage.list(PODS, "tea")]
        crashed = max(
            status["restartCount"]
            for pod in world.storage.list(PODS, "tea")
            for status in pod["status"]["containerStatuses"]
        )
        world.advance(60)
        nodes = world.storage.list(kind_of("nodes"))
        faults = world.cluster.options.faults.faults

    assert namespace["status"]["phase"] == "Active"
    assert set(before) == {"kettle:1.0"}
    assert "kettle:2.0" in deployed
    assert crashed > 0
    states = {n["metadata"]["name"]: n["status"]["conditions"][-1]["status"] for n in nodes}
    assert states == {"node-1": "True", "node-2": "Unknown"}
    assert [fault.kind for fault in faults] == ["503"]


INTERN = """
namespaces: [shop]
users:
  - {name: intern, namespace: shop, rules: [{namespace: shop, resources: [pods], verbs: [list]}]}
"""


async def test_a_user_of_the_file_has_a_context_and_a_role(tmp_path: Path) -> None:
    async with living(write(tmp_path, INTERN)) as world:
        contexts = yaml.safe_load(world.cluster.kubeconfig())["contexts"]
        roles = world.storage.list(kind_of("roles", "rbac.authorization.k8s.io"), "shop")

    [context] = [each["context"] for each in contexts if each["name"] == "demo-intern"]
    assert context == {"cluster": "demo", "user": "demo-intern", "namespace": "shop"}
    assert [role["rules"] for role in roles] == [
        [{"resources": ["pods"], "verbs": ["list"], "apiGroups": [""]}]
    ]


BEHAVIOUR = """
images:
  - {name: leaky, memory: 20Mi, leaks_per_hour: 2400Mi}
  - {name: hanging, hangs_after: 20s, ports: [80]}
  - {name: moody, unready: [60, 20], ports: [80]}
  - {name: busy, cpu: 0.5, memory: 300Mi}
  - {name: worker, finish: {after: 5s, lines: ["{iso} done"]}}
workloads:
  - {name: leaky, image: leaky, resources: {limits: {memory: 40Mi}}}
  - name: hanging
    image: hanging
    livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2, failureThreshold: 2}
  - name: moody
    image: moody
    readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5, failureThreshold: 1}
  - {name: busy, image: busy}
  - {name: worker, image: worker, kind: Job}
"""


async def test_containers_behave_as_the_file_says(tmp_path: Path) -> None:
    async with living(write(tmp_path, BEHAVIOUR)) as world:
        readiness = set()
        for _ in range(30):
            world.advance(4)
            [moody] = world.pods("moody")
            readiness |= {status["ready"] for status in moody["status"]["containerStatuses"]}
        [leaky], [hanging], [busy] = world.pods("leaky"), world.pods("hanging"), world.pods("busy")
        [(cores, memory)] = world.cluster.backend.world.usage.containers(busy).values()
        job = world.get("jobs", "worker", "batch")

    ended = leaky["status"]["containerStatuses"][0]
    reasons = {
        state.get("terminated", {}).get("reason") for state in (ended["lastState"], ended["state"])
    }
    assert "OOMKilled" in reasons
    assert hanging["status"]["containerStatuses"][0]["restartCount"] >= 2
    assert readiness == {True, False}
    assert 0.25 < cores < 0.75
    assert 270 << 20 < memory < 330 << 20
    assert job["status"]["succeeded"] == 1


@pytest.mark.parametrize(("rate", "expected"), [(1, 30), (4, 120), (0, 0)])
async def test_the_log_rate_says_how_much_is_said(tmp_path: Path, rate: int, expected: int) -> None:
    text = "images: [{name: t, talk: [{every: 2s, say: ['{iso} {int:1-9}']}]}]\n"
    text += f"workloads: [{{name: talker, image: t}}]\ndials: {{log-rate: {rate}}}\n"

    async with living(write(tmp_path, text)) as world:
        world.advance(63)
        lines = world.log(world.pods("talker")[0]["metadata"]["name"], "talker").splitlines()

    assert abs(len(lines) - expected) <= expected * 0.1
    assert all(line.startswith("2026-01-01T12:0") for line in lines)


ANSWERING = """
images:
  - name: api
    ports: [80]
    answers: {/actuator/*: 200, /broken: 500}
workloads:
  - {name: well, image: api, readinessProbe: {httpGet: {path: /actuator/health, port: 80}}}
  - {name: ill, image: api, readinessProbe: {httpGet: {path: /broken, port: 80}}}
"""


async def test_a_container_answers_as_the_file_says_and_its_probes_see_it(tmp_path: Path) -> None:
    async with living(write(tmp_path, ANSWERING)) as world:
        world.advance(20)
        [well], [ill] = world.pods("well"), world.pods("ill")

    assert well["status"]["containerStatuses"][0]["ready"]
    assert not ill["status"]["containerStatuses"][0]["ready"]


async def test_what_was_made_long_ago_has_lived_since(tmp_path: Path) -> None:
    text = "workloads: [{name: old, image: x, ago: 3d, namespace: past}]\n"

    async with living(write(tmp_path, text)) as world:
        [pod] = world.storage.list(PODS, "past")
        [*_, namespace] = world.storage.list(kind_of("namespaces"))

    assert pod["metadata"]["creationTimestamp"] == "2025-12-29T12:00:00Z"
    assert pod["status"]["startTime"] == "2025-12-29T12:00:00Z"
    assert namespace["metadata"]["creationTimestamp"] == "2025-12-29T12:00:00Z"


async def test_a_spoiled_scenario_is_refused_with_its_place_or_lives(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "demo-cluster.md").read_text()
    whole = yaml.safe_load(manual.split("```yaml\n")[1].partition("```")[0])
    rng = random.Random(3)
    refusals: list[str] = []

    for _ in range(60):
        file = write(tmp_path, yaml.safe_dump(spoiled(whole, rng)))
        try:
            async with living(file) as world:
                world.advance(100)
        except ScenarioError as error:
            refusals.append(str(error))

    assert 20 < len(refusals) < 60
    assert all(text.startswith(f"{tmp_path / 'mine.yaml'}:") for text in refusals)
