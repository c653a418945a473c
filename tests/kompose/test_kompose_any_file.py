"""Any compose file that is one: mended, all that comes out is what an API server takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from tests.kompose.accepted import refusal
from tests.kompose.kompose_run import run_kompose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from demo_cluster.threaded import RunningCluster

_SERVICE_NAMES = ("web", "my_app", "1st", "A.b-C", "db-" + "x" * 70, "api")
_TEXTS = ("", "a", "two words", "Ünï", "$$X", "$$(Y)", "line\nbreak", " lead", "'q'", "0x1F")
_PLACES = ("/data", "/data/", "/etc/app.conf", "/", "relative", "/a b")
_SOURCES = ("data", "Data_2", "./app.conf", "./conf", "./gone", "./odd name", "./empty")
_DURATIONS = ("10s", "1m30s", "500ms", "0s", "2h")
_SIZES = ("64M", "1g", "0", "1.5g", "9k")


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    """A value that a cluster takes, and now and then one that it does not."""
    return st.integers(0, 9).map(lambda number: others[number] if number < len(others) else usual)


def _few(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=3, unique_by=str)


_PORTS = st.one_of(
    _some(
        "80", "80:8080", "53:53/udp", "127.0.0.1:81:80", "80:80/sctp", "9000-9002:9000-9002", 443
    ),
    st.fixed_dictionaries(
        {"target": st.integers(1, 65535)},
        optional={
            "published": _some("80", "8080", "9000-9003"),
            "protocol": _some("tcp", "udp"),
            "mode": _some("host", "ingress"),
        },
    ),
)
_VOLUMES = st.one_of(
    st.builds("{}:{}{}".format, _some(*_SOURCES), _some(*_PLACES), _some("", ":ro")),
    _some(*_PLACES[:3]),
    st.fixed_dictionaries(
        {
            "type": _some("volume", "bind", "tmpfs"),
            "target": _some(*_PLACES),
            "source": _some("data", "Data_2"),
        },
        optional={"read_only": st.booleans()},
    ),
)
_FILES = st.one_of(
    _some("plain", "Odd_Name"),
    st.fixed_dictionaries(
        {"source": _some("plain", "Odd_Name")},
        optional={"target": _some("/etc/x", "sub/y", "z"), "mode": _some(0o440, 0, 644)},
    ),
)
_RESOURCES = st.fixed_dictionaries(
    {}, optional={"cpus": _some("0.5", "2", "0.0004"), "memory": _some(*_SIZES)}
)
_DEPLOY = st.fixed_dictionaries(
    {},
    optional={
        "mode": _some("global", "replicated"),
        "replicas": st.integers(0, 3),
        "endpoint_mode": _some("vip", "dnsrr"),
        "labels": st.dictionaries(
            _some("tier", "a/b", "Odd Key", "io.kompose.service"), _some(*_TEXTS)
        ),
        "resources": st.fixed_dictionaries(
            {}, optional={"limits": _RESOURCES, "reservations": _RESOURCES}
        ),
        "restart_policy": st.fixed_dictionaries(
            {}, optional={"condition": _some("any", "none", "on-failure")}
        ),
        "update_config": st.fixed_dictionaries(
            {"order": _some("start-first", "stop-first")},
            optional={"parallelism": st.integers(0, 3)},
        ),
        "placement": st.fixed_dictionaries(
            {},
            optional={
                "constraints": _few(
                    _some("node.hostname == n", "node.labels.zone != a b", "node.labels.Ü == x")
                ),
                "preferences": _few(
                    st.fixed_dictionaries(
                        {"spread": _some("node.labels.zone", "node.hostname", "odd")}
                    )
                ),
            },
        ),
    },
)
_LABELS = {
    "kompose.service.type": _some("nodeport", "clusterip", "loadbalancer", "headless"),
    "kompose.service.expose": _mostly("true", "Odd_Host,b.org"),
    "kompose.service.expose.tls-secret": _mostly("cert", "Odd Name"),
    "kompose.service.group": _some("pair", "Odd_Group"),
    "kompose.service.name_override": _some("other", "Odd Name", "9"),
    "kompose.controller.type": _some("deployment", "daemonset", "statefulset"),
    "kompose.controller.port.expose": _some("true"),
    "kompose.image-pull-secret": _mostly("registry", "Odd Name"),
    "kompose.image-pull-policy": _some("Always", "Never"),
    "kompose.volume.size": _mostly("1Gi", "0"),
    "kompose.volume.storage-class-name": _mostly("fast", "Odd Name"),
    "kompose.volume.subpath": _mostly("sub", "../up"),
    "kompose.volume.type": _some("emptyDir", "hostPath", "configMap", "persistentVolumeClaim"),
    "kompose.cronjob.schedule": _mostly("*/5 * * * *", "now and then"),
    "kompose.cronjob.concurrency_policy": _some("Allow", "Forbid"),
    "kompose.cronjob.backoff_limit": _mostly("3", "-1"),
    "kompose.hpa.cpu": _some("50", "101"),
    "kompose.hpa.replicas.min": _mostly("2", "0"),
    "kompose.init.containers.name": _some("setup", "Odd Name"),
    "kompose.init.containers.image": _some("busybox"),
    "kompose.security-context.fsgroup": _mostly("1000", "-1"),
    "kompose.serviceaccount-name": _mostly("default", "Odd Name"),
    "kompose.service.healthcheck.readiness.tcp_port": _mostly("8080", "99999"),
    "kompose.service.healthcheck.readiness.interval": _mostly("10s", "-1s"),
    "odd key / here": _some(*_TEXTS),
}
_SERVICE = st.fixed_dictionaries(
    {"image": _some("nginx", "reg:5000/a/b@sha256:" + "0" * 64)},
    optional={
        "command": st.one_of(_some("run --now", "sh -c 'a b'"), _few(_some(*_TEXTS))),
        "entrypoint": _few(_some(*_TEXTS)),
        "environment": st.dictionaries(
            _some("A", "b.c", "1x", "with space", "Ü", "-d"), _some(*_TEXTS, None, 1, True)
        ),
        "env_file": _few(_some("some.env", "sub/Other_One.env")),
        "ports": _few(_PORTS),
        "expose": _few(_some("80", "3000-3002", "53/udp", 9)),
        "volumes": _few(_VOLUMES),
        "tmpfs": _few(_some("/run", "/tmp:size=1m", "rel", "")),
        "secrets": _few(_FILES),
        "configs": _few(_FILES),
        "deploy": _DEPLOY,
        "healthcheck": st.fixed_dictionaries(
            {"test": _some("curl x", ["CMD", "a"], ["CMD-SHELL", "a | b"], ["NONE"])},
            optional={
                "interval": _some(*_DURATIONS),
                "timeout": _some(*_DURATIONS),
                "start_period": _some(*_DURATIONS),
                "retries": st.integers(0, 5),
            },
        ),
        "labels": st.fixed_dictionaries({}, optional=_LABELS),
        "restart": _some("always", "no", "on-failure", "on-failure:3", "unless-stopped"),
        "user": _some("1000", "1000:1000", "root", "0:staff", "-1"),
        "group_add": _few(_some("0", "44", 5)),
        "cap_add": _few(_some("NET_ADMIN", "odd one")),
        "hostname": _some("web", "Odd_Host", "a.b"),
        "domainname": _some("example.org", "Odd_Domain"),
        "working_dir": _some("/app", "rel"),
        "stop_grace_period": _some(*_DURATIONS, "-5s"),
        "networks": _few(_some("front", "Back_Net")),
        "container_name": _some("box", "Odd_Box.9"),
        "read_only": st.booleans(),
        "privileged": st.booleans(),
        "pull_policy": _some("always", "missing", "build"),
    },
)
_PROJECT = st.dictionaries(_some(*_SERVICE_NAMES), _SERVICE, min_size=1, max_size=3)
_FLAGS = _some(
    (),
    ("--controller", "statefulset"),
    ("--controller", "daemonset"),
    ("--volumes", "hostPath"),
    ("--volumes", "configMap"),
    ("--service-group-mode", "label"),
    ("--service-group-mode", "volume"),
    ("--generate-network-policies",),
    ("--secrets-as-files",),
    ("--namespace", "default"),
    ("--replicas", "2"),
)


@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_PROJECT, _FLAGS)
def test_what_is_mended_is_accepted(
    shared_demo: RunningCluster,
    tmp_path: Path,
    services: dict[str, dict[str, Any]],
    flags: tuple[str, ...],
) -> None:
    _lay_out(tmp_path, services)

    outcome = run_kompose(
        ["convert", "--stdout", "--mend", *flags], directory=tmp_path, environment={}
    )

    assert "went wrong inside" not in outcome.stderr
    if outcome.exit_code:
        assert outcome.stderr.splitlines()[-1].startswith("FATA "), outcome.stderr
        return
    objects = [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]
    assert shared_demo.run(_refusals(str(shared_demo.kubeconfig), objects)) == []


def _lay_out(directory: Path, services: dict[str, dict[str, Any]]) -> None:
    for folder in ("conf", "empty", "sub"):
        (directory / folder).mkdir(exist_ok=True)
    for name in ("app.conf", "conf/a.ini", "odd name", "some.env", "sub/Other_One.env"):
        (directory / name).write_text("KEY=value\n")
    sources = {"plain": {"file": "./app.conf"}, "Odd_Name": {"file": "./conf/a.ini"}}
    project = {
        "services": services,
        "volumes": {"data": {}, "Data_2": {}},
        "networks": {"front": {}, "Back_Net": {}},
        "secrets": sources,
        "configs": sources,
    }
    (directory / "compose.yaml").write_text(json.dumps(project))


async def _refusals(kubeconfig: str, objects: Iterable[dict[str, Any]]) -> list[str]:
    async with connect(ConnectOptions(kubeconfig=kubeconfig)) as client:
        return [why for each in objects if (why := await refusal(client, each))]
