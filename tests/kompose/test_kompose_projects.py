"""Whole projects, made up: every one is converted to valid manifests or refused in a sentence."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from tests.kompose.accepted import refusal
from tests.kompose.api_schema import schema_faults
from tests.kompose.kompose_run import Outcome, lay_out, run_kompose

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster

Choose = Callable[[Sequence[Any]], Any]

_FILES = {"conf/a.ini": "[a]\n", "one.txt": "1\n", "web.env": "A=1\nB_C=two words\n", "key": "k"}
_NAMES = ("web", "My_Db", "a.b", "x" * 70, "cache-1")
_GOOD: dict[str, Sequence[Any]] = {
    "ports": (["80"], ["8080:80", "53:53/udp"], ["9000-9002:9000-9002"], [{"target": 80}]),
    "expose": (["7000"], [9, "9/udp"]),
    "environment": ({"A": "1", "N": None, "T": True, "E": ""}, ["B=x=y", "C"], {"L": "a\nb"}),
    "env_file": ("web.env", [{"path": "none.env", "required": False}]),
    "command": ("sh -c 'echo $$HOME'", ["run", ""], []),
    "entrypoint": ("/bin/start", ["a", "b"]),
    "volumes": (
        ["data:/data", "/anon"],
        ["./conf:/etc/conf:ro", "./one.txt:/one"],
        [{"type": "tmpfs", "target": "/t"}, {"type": "volume", "source": "data", "target": "/d"}],
        ["./none:/none", "/var/run/docker.sock:/s"],
    ),
    "tmpfs": ("/tmp", ["/run", "/cache:size=1m"]),
    "secrets": (["key_File"], [{"source": "key_File", "target": "/etc/k", "mode": "0400"}]),
    "configs": (["conf_File"], [{"source": "conf_File", "target": "/etc/c.ini"}]),
    "healthcheck": (
        {"test": ["CMD", "true"], "interval": "5s", "retries": 2},
        {"test": "curl x", "timeout": "1m"},
        {"disable": True},
    ),
    "deploy": (
        {"replicas": 2, "labels": {"tier": "x"}},
        {"mode": "global"},
        {
            "resources": {
                "limits": {"cpus": "0.5", "memory": "64M"},
                "reservations": {"cpus": "0.1"},
            }
        },
        {"update_config": {"parallelism": 1, "order": "start-first"}},
        {"placement": {"constraints": ["node.labels.a == b"]}},
        {"restart_policy": {"condition": "on-failure"}},
    ),
    "restart": ("always", "no", "on-failure", "unless-stopped"),
    "user": ("1000", "1:2", "root"),
    "labels": (
        {"kompose.service.type": "loadbalancer"},
        {"kompose.service.expose": "a.example.com/x,b.example.com", "kompose.hpa.cpu": "60"},
        {"kompose.controller.type": "statefulset", "kompose.volume.size": "2Gi"},
        {"kompose.cronjob.schedule": "* * * * *", "kompose.init.containers.image": "busybox"},
        {"kompose.service.group": "pair", "kompose.security-context.fsgroup": "7"},
    ),
    "container_name": ("the_one",),
    "hostname": ("h.example",),
    "stop_grace_period": ("1m30s",),
    "group_add": ([1, "2"],),
    "networks": (["front"], {"front": {"aliases": ["w"]}}),
    "stdin_open": (True,),
    "read_only": (True,),
    "cap_add": (["NET_ADMIN"],),
}
_ODD = (
    None,
    True,
    -1,
    1.5,
    "",
    "a b",
    "$",
    "${",
    [],
    {},
    [None],
    {"a": {"b": 1}},
    "x" * 300,
    "\x07",
)
_FLAGS = (
    (),
    ("--provider", "openshift"),
    ("--controller", "statefulset"),
    ("--controller", "daemonset"),
    ("--volumes", "hostPath"),
    ("--volumes", "emptyDir"),
    ("--service-group-mode", "label"),
    ("--service-group-mode", "volume"),
    ("--generate-network-policies", "-n", "space"),
    ("--secrets-as-files", "--replicas", "0"),
)


def _project(choose: Choose, *, is_odd: bool = False) -> str:
    """The text of a compose file; an odd one has a value somewhere that does not belong there."""
    services: dict[str, Any] = {}
    for name in dict.fromkeys(choose(_NAMES) for _ in range(choose((1, 2, 3)))):
        service: dict[str, Any] = {"image": "registry.example/app:1"}
        for _ in range(choose((1, 3, 6))):
            key = choose(tuple(_GOOD))
            service[key] = choose(_GOOD[key])
        services[name] = service
    if is_odd:
        service[choose((*_GOOD, "image", "build", "depends_on", "extends"))] = choose(_ODD)
    tree = {
        "services": services,
        "volumes": {"data": {}},
        "networks": {"front": {}},
        "secrets": {"key_File": {"file": "key"}},
        "configs": {"conf_File": {"file": "conf/a.ini"}},
    }
    return json.dumps(tree)


def _convert(directory: Path, text: str, *flags: str) -> Outcome:
    lay_out(directory, {**_FILES, "compose.yaml": text})
    return run_kompose(["convert", "--stdout", *flags], directory=directory, environment={})


def _documents(outcome: Outcome) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data(), st.booleans())
def test_a_project_becomes_valid_manifests_or_a_sentence(
    tmp_path: Path, data: st.DataObject, is_odd: bool
) -> None:
    def choose(alternatives: Sequence[Any]) -> Any:
        return data.draw(st.sampled_from(alternatives))

    text = _project(choose, is_odd=is_odd)

    outcome = _convert(tmp_path, text, *choose(_FLAGS), *choose(((), ("--mend",))))

    assert outcome.exit_code in (0, 1, 2)
    assert "went wrong inside" not in outcome.stderr
    if outcome.exit_code:
        assert "FATA " in outcome.stderr
        assert outcome.stdout == ""
    for document in _documents(outcome):
        if "openshift" not in document["apiVersion"]:
            assert list(schema_faults(document)) == []


async def test_the_mended_objects_of_many_projects_are_accepted_by_a_server(
    shared_demo: RunningCluster, tmp_path: Path
) -> None:
    chance = random.Random(7)
    refused = []
    async with connect(ConnectOptions(kubeconfig=str(shared_demo.kubeconfig))) as client:
        for number in range(25):
            text = _project(chance.choice)
            place = tmp_path / str(number)
            place.mkdir()
            refused += [
                f"{why} in {text}"
                for obj in _documents(_convert(place, text, "--mend"))
                if (why := await refusal(client, obj))
            ]

    assert refused == []


def test_the_mended_claims_of_long_names_are_lawful_and_not_shared(tmp_path: Path) -> None:
    services = {f"{'x' * 60}{end}": {"image": "y", "volumes": ["/data"]} for end in "ab"}

    outcome = _convert(tmp_path, json.dumps({"services": services}), "--mend")

    claims = [
        each["metadata"]["name"]
        for each in _documents(outcome)
        if each["kind"] == "PersistentVolumeClaim"
    ]
    assert len(set(claims)) == 2
    assert all(len(name) <= 63 and name.endswith("-claim0") for name in claims)
