"""Rules of the back end by value: what one part of a service becomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kompose.compose.service import Service
from kompose.manifests.component import Component, EnvFileContent, Scope, components
from kompose.manifests.container import container_ports, security_context
from kompose.manifests.controllers import workload_kinds
from kompose.manifests.ingress import ingress
from kompose.manifests.labels import (
    ProbeLabels,
    ServiceLabels,
    lenient_int,
    read_labels,
    readiness_labels,
)
from kompose.manifests.names import env_file_name, key_name, network_name
from kompose.manifests.placement import affinity, placed, spread_constraints
from kompose.manifests.resources import container_resources
from kompose.manifests.secrets import secret_volumes
from kompose.manifests.service import services
from kompose.options import ConvertOptions
from kompose.project import Project, project_from_model
from kompose.report import ConvertError, Level, Report
from tests.kompose.kompose_run import run_kompose

_PLAIN = ConvertOptions()


class Heard:
    """A report's listener that remembers what it heard."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, level: Level, text: str) -> None:
        self.lines.append(f"{level.value} {text}")


def _project(tree: Mapping[str, Any], **top: Any) -> Project:
    model = {"name": "case", "services": {"web": {"image": "nginx", **tree}}, **top}
    return project_from_model(model, "/case", {})


def _service(**tree: Any) -> Service:
    return _project(tree).services["web"]


def _component(options: ConvertOptions = _PLAIN, **tree: Any) -> tuple[Component, Scope, Heard]:
    heard = Heard()
    scope = Scope(_project(tree), options, Report(heard), _no_env_file)
    [component] = components(scope)
    return component, scope, heard


def _no_env_file(path: str, environment: Mapping[str, str | None]) -> EnvFileContent:
    raise AssertionError(f"{path} is not asked for with {environment}")


@pytest.mark.parametrize(
    ("text", "number"),
    [("80", 80), ("80.0", 80), ("0x50", 80), ("010", 8), ("030080", 0), ("abc", 0), ("", 0)],
)
def test_numbers_in_labels_are_read_forgivingly(text: str, number: int) -> None:
    assert lenient_int(text) == number


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".env", "env"),
        ("./sub/b_x.env", "sub-b-x-env"),
        ("../common.env", "common-env"),
        ("_x.env", "web-x-env"),
        ("Foo.env", "Foo-env"),
        ("a" * 80, "a" * 63),
    ],
)
def test_an_env_file_names_its_config_map(path: str, name: str) -> None:
    assert env_file_name(path, "web") == name


def test_names_become_what_kubernetes_allows() -> None:
    assert key_name("My_Web.x") == "my-web-x"
    assert network_name("My.Net_X!") == "my.net-x"


def test_memory_is_written_exactly_and_cpus_are_cut_to_thousandths() -> None:
    limits = {"cpus": 0.29, "memory": "52428800"}
    service = _service(deploy={"resources": {"limits": limits, "reservations": {"cpus": 1.0}}})

    assert container_resources(service) == {
        "limits": {"cpu": "290m", "memory": "52428800"},
        "requests": {"cpu": "1"},
    }


def test_a_memory_limit_counts_only_without_limits_in_deploy() -> None:
    assert container_resources(_service(mem_limit="64")) == {"limits": {"memory": "64"}}
    both = _service(mem_limit="64", deploy={"resources": {"limits": {"cpus": 1.0}}})
    assert container_resources(both) == {"limits": {"cpu": "1"}}


def test_placement_is_affinity_and_what_cannot_be_said_is_reported() -> None:
    heard = Heard()
    placement = {
        "constraints": ["node.hostname == n1", "node.labels.disk != hdd", "node.role==x", "a == b"],
        "preferences": [{"spread": "node.labels.zone"}, {"spread": "engine.labels.x"}],
    }

    place = placed(_service(deploy={"placement": placement}), Report(heard))

    terms = affinity(place)["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert terms["nodeSelectorTerms"] == [
        {
            "matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]},
                {"key": "disk", "operator": "NotIn", "values": ["hdd"]},
            ]
        }
    ]
    [spread] = spread_constraints(place, "web")
    assert (spread["topologyKey"], spread["maxSkew"]) == ("zone", 1)
    assert len(heard.lines) == 3


@pytest.mark.parametrize(
    ("user", "context", "warnings"),
    [
        ("1000:2000", {"runAsUser": 1000, "runAsGroup": 2000}, 0),
        ("0", {"runAsUser": 0}, 0),
        ("root", {}, 1),
        ("root:wheel", {}, 2),
        ("1:2:3", {}, 1),
    ],
)
def test_a_user_is_a_number_or_a_warning(user: str, context: dict[str, int], warnings: int) -> None:
    component, _, heard = _component(user=user)

    assert security_context(component, Report(heard), with_read_only=True) == context
    assert len(heard.lines) == warnings


def test_a_port_is_opened_once_and_published_where_the_file_says() -> None:
    component, scope, _ = _component(
        ports=[{"target": 80, "published": "8080", "protocol": "tcp"}], expose=["80", "81/udp"]
    )

    assert container_ports(component) == [
        {"containerPort": 80, "protocol": "TCP"},
        {"containerPort": 81, "protocol": "UDP"},
    ]
    [service] = services(component, scope)
    assert [port["port"] for port in service["spec"]["ports"]] == [8080, 80, 81]


def test_a_load_balancer_is_one_service_for_each_protocol() -> None:
    component, scope, heard = _component(
        ports=[{"target": 53, "protocol": "tcp"}, {"target": 53, "protocol": "udp"}],
        labels={"kompose.service.type": "LoadBalancer"},
    )

    names = [service["metadata"]["name"] for service in services(component, scope)]

    assert names == ["web-tcp", "web-udp"]
    assert "WARN Create multiple service" in heard.lines[0]


def test_an_ingress_has_a_rule_for_each_host_of_the_label() -> None:
    component, _, _ = _component(
        ports=[{"target": 80}],
        labels={
            "kompose.service.expose": "a.com/x, true",
            "kompose.service.expose.tls-secret": "cert",
        },
    )

    spec = ingress(component, 80)["spec"]

    assert [rule.get("host") for rule in spec["rules"]] == ["a.com", None]
    assert [rule["http"]["paths"][0]["path"] for rule in spec["rules"]] == ["/x", "/"]
    assert spec["tls"] == [{"hosts": ["a.com", ""], "secretName": "cert"}]


@pytest.mark.parametrize(
    ("target", "directory", "file"),
    [
        ("/run/secrets/my_Sec", "/run/secrets", "my-sec"),
        ("server.cert", "/run/secrets/my-sec", "server.cert"),
        ("sub/server.cert", "/run/secrets/sub", "server.cert"),
        ("/etc/x/server.cert", "/etc/x", "server.cert"),
    ],
)
def test_a_secret_is_mounted_where_its_target_says(target: str, directory: str, file: str) -> None:
    component, scope, _ = _component(secrets=[{"source": "my_Sec", "target": target}])

    [mount], [volume] = secret_volumes(component, scope, component.key)

    assert (mount["mountPath"], mount["subPath"]) == (directory, file)
    assert volume["secret"]["items"] == [{"key": "my-sec", "path": file}]


@pytest.mark.parametrize(
    ("options", "tree", "kinds"),
    [
        (ConvertOptions(), {}, ["deployment"]),
        (ConvertOptions(), {"restart": "no"}, ["pod"]),
        (ConvertOptions(), {"deploy": {"mode": "global"}}, ["daemonset"]),
        (ConvertOptions(controller="foo", has_controller_flag=True), {}, []),
        (
            ConvertOptions(controller="daemonset", has_controller_flag=True),
            {"restart": "no"},
            ["daemonset"],
        ),
        (ConvertOptions(is_openshift=True), {}, ["deploymentconfig"]),
        (
            ConvertOptions(),
            {"labels": {"kompose.controller.type": "statefulset"}},
            ["statefulset"],
        ),
        (
            ConvertOptions(),
            {"restart": "on-failure", "labels": {"kompose.cronjob.schedule": "* * * * *"}},
            ["cronjob"],
        ),
    ],
)
def test_what_runs_a_service_follows_from_flags_labels_and_restart(
    options: ConvertOptions, tree: dict[str, Any], kinds: list[str]
) -> None:
    component, scope, _ = _component(options, **tree)

    assert workload_kinds(component, scope) == kinds


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"kompose.service.type": "Foo"}, "handleServiceType failed: Unknown value Foo"),
        ({"kompose.service.nodeport.port": "30000"}, "must be nodeport when assign"),
        ({"kompose.service.expose.tls-secret": "s"}, "without kompose.service.expose"),
        ({"kompose.cronjob.backoff_limit": "x"}, "invalid cronjob backoff limit: x"),
        (
            {"kompose.service.healthcheck.readiness.interval": "10"},
            'missing unit in duration "10"',
        ),
    ],
)
def test_a_label_that_means_nothing_is_refused(labels: dict[str, str], text: str) -> None:
    with pytest.raises(ConvertError, match=text):
        read_labels(_service(labels=labels), 1, readiness_labels(labels))


def test_a_service_without_our_labels_costs_nothing() -> None:
    assert read_labels(_service(labels={"team": "shop"}), 1, ProbeLabels()) == ServiceLabels()


def test_a_service_without_networks_counts_as_in_the_default_one(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "name: p\nservices: {a: {image: x}, b: {image: y, network_mode: host}}\n"
    )
    line = ["convert", "--stdout", "--generate-network-policies"]

    outcome = run_kompose(line, directory=tmp_path, environment={})

    assert outcome.stdout.count('io.kompose.network/p-default: "true"') == 4


def test_a_secret_with_a_file_is_written_whether_external_or_not(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("shh")
    (tmp_path / "compose.yaml").write_text(
        "services: {a: {image: x}}\nsecrets: {s: {file: s, external: {}}, t: {external: true}}\n"
    )

    outcome = run_kompose(["convert", "--stdout"], directory=tmp_path, environment={})

    assert "s: c2ho" in outcome.stdout
    assert "External secrets t is not currently supported - ignoring" in outcome.stderr
    assert "External secrets s" not in outcome.stderr
