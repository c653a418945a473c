"""Mended manifests: what a cluster accepts and compose means, where the original has neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.kompose.kompose_run import Outcome, run_kompose


def _mended(directory: Path, text: str, *flags: str) -> list[dict[str, Any]]:
    outcome = _run(directory, text, "--mend", *flags)
    assert outcome.exit_code == 0, outcome.stderr
    return [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]


def _run(directory: Path, text: str, *flags: str) -> Outcome:
    (directory / "compose.yaml").write_text(text)
    line = ["convert", "--stdout", "--with-kompose-annotation=false", *flags]
    return run_kompose(line, directory=directory, environment={})


def _only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [found] = [each for each in objects if each["kind"] == kind]
    return found


def _container(objects: list[dict[str, Any]], kind: str = "Deployment") -> dict[str, Any]:
    container: dict[str, Any] = _only(objects, kind)["spec"]["template"]["spec"]["containers"][0]
    return container


def test_a_name_with_an_underscore_is_valid_everywhere_and_the_same(tmp_path: Path) -> None:
    objects = _mended(
        tmp_path,
        'services: {my_web.x: {image: x, ports: ["80"], labels: {kompose.service.expose: a.com}}}',
    )

    assert {each["metadata"]["name"] for each in objects} == {"my-web-x"}
    assert _container(objects)["name"] == "my-web-x"


def test_a_health_check_of_the_shell_runs_in_a_shell(tmp_path: Path) -> None:
    objects = _mended(tmp_path, "services: {a: {image: x, healthcheck: {test: curl -f x}}}")

    probe = _container(objects)["livenessProbe"]

    assert probe["exec"]["command"] == ["/bin/sh", "-c", "curl -f x"]


def test_a_health_check_that_is_none_is_no_probe(tmp_path: Path) -> None:
    objects = _mended(tmp_path, 'services: {a: {image: x, healthcheck: {test: ["NONE"]}}}')

    assert "livenessProbe" not in _container(objects)


def test_dollars_reach_the_container_as_compose_means_them(tmp_path: Path) -> None:
    text = 'services: {a: {image: x, command: ["sh", "-c", "echo $$FOO_BAR $$(date)"]}}'

    assert _container(_mended(tmp_path, text))["args"] == ["sh", "-c", "echo $FOO_BAR $$(date)"]


def test_environment_wins_over_an_env_file(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=file\nB=file\nwith-dash=1\n")
    text = "services: {a: {image: x, env_file: a.env, environment: {A: own, C: own}}}"

    container = _container(_mended(tmp_path, text))

    assert {each["name"]: each.get("value") for each in container["env"]} == {
        "A": "own",
        "C": "own",
    }
    assert container["envFrom"] == [{"configMapRef": {"name": "a-env"}}]


def test_a_secret_that_is_there_already_is_mounted_by_its_own_name(tmp_path: Path) -> None:
    objects = _mended(
        tmp_path,
        "services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {external: true, name: vault}}",
    )

    [volume] = _only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert volume["secret"] == {"secretName": "vault", "items": [{"key": "s", "path": "s"}]}
    assert [each["kind"] for each in objects if each["kind"] == "Secret"] == []


def test_several_secrets_have_a_path_each(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("x")
    text = "services: {a: {image: x, secrets: [s, t]}}\nsecrets: {s: {file: s}, t: {file: s}}"

    mounts = _container(_mended(tmp_path, text))["volumeMounts"]

    assert [mount["mountPath"] for mount in mounts] == ["/run/secrets/s", "/run/secrets/t"]


def test_a_volume_mounted_twice_is_one_volume_of_the_pod(tmp_path: Path) -> None:
    text = 'services: {a: {image: x, volumes: ["My_D:/a", "My_D:/b"]}}\nvolumes: {My_D: {}}'

    outcome = _run(tmp_path, text, "--mend")
    objects = [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]

    pod = _only(objects, "Deployment")["spec"]["template"]["spec"]
    claim = _only(objects, "PersistentVolumeClaim")["metadata"]["name"]
    assert pod["volumes"] == [{"name": "my-d", "persistentVolumeClaim": {"claimName": claim}}]
    assert "File don't exist" not in outcome.stderr


def test_one_odd_volume_leaves_the_others_in_place(tmp_path: Path) -> None:
    text = 'services: {a: {image: x, volumes: ["d1:d", "e1:/e"]}}\nvolumes: {d1: {}, e1: {}}'

    outcome = _run(tmp_path, text, "--mend")

    assert "mountPath: /e" in outcome.stdout
    assert "WARN The volume at 'd' of service a is left out" in outcome.stderr


def test_an_env_file_that_need_not_be_there_is_not_missed(tmp_path: Path) -> None:
    text = "services: {a: {image: x, env_file: [{path: no.env, required: false}]}}"

    assert "envFrom" not in _container(_mended(tmp_path, text))


def test_a_service_without_ports_is_found_by_its_name(tmp_path: Path) -> None:
    outcome = _run(tmp_path, "services: {db: {image: y}}", "--mend")

    service = _only(list(yaml.safe_load_all(outcome.stdout)), "Service")
    assert service["metadata"]["name"] == "db"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"]
    assert "WARN" not in outcome.stderr


def test_a_health_check_says_also_when_a_container_is_ready(tmp_path: Path) -> None:
    text = (
        'services: {a: {image: x, healthcheck: {test: ["CMD", "up"], start_period: 9s, '
        "interval: 2s}}}"
    )

    container = _container(_mended(tmp_path, text))

    assert container["livenessProbe"]["initialDelaySeconds"] == 9
    assert container["readinessProbe"] == {"exec": {"command": ["up"]}, "periodSeconds": 2}


def test_pods_are_other_pods_when_a_config_that_they_read_is_another(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: x, env_file: a.env}, b: {image: x, secrets: [s], "
        'restart: "no"}, c: {image: x}}\nsecrets: {s: {file: s}}'
    )
    (tmp_path / "a.env").write_text("A=1\n")
    (tmp_path / "s").write_text("hunter2")
    before = _digests(_mended(tmp_path, text))
    (tmp_path / "a.env").write_text("A=2\n")
    after = _digests(_mended(tmp_path, text))

    assert set(before) == {"a", "b"}
    assert before["a"] != after["a"]
    assert before["b"] == after["b"]


def _digests(objects: list[dict[str, Any]]) -> dict[str, str]:
    """The digests in the annotations of pods and pod templates, by the object's name."""
    found = {}
    for each in objects:
        pod = each if each["kind"] == "Pod" else (each.get("spec") or {}).get("template") or {}
        annotations = (pod.get("metadata") or {}).get("annotations") or {}
        found[each["metadata"]["name"]] = annotations.get("kompose.config-digest")
    return {name: digest for name, digest in found.items() if digest}


def test_content_that_no_config_map_holds_is_left_out_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * (1 << 20) + b"x")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "a b").write_text("x")
    text = 'services: {a: {image: x, volumes: ["./big:/big", "./odd:/odd"]}}'

    outcome = _run(tmp_path, text, "--mend")

    assert "kind: ConfigMap" not in outcome.stdout
    assert f"WARN {tmp_path}/big holds more than 1 MiB" in outcome.stderr
    assert f"WARN {tmp_path}/odd has a file named 'a b'" in outcome.stderr


def test_a_load_balancer_keeps_its_name_for_all_protocols(tmp_path: Path) -> None:
    text = (
        'services: {web: {image: x, ports: ["53:53", "53:53/udp"], '
        "labels: {kompose.service.type: loadbalancer}}}"
    )

    service = _only(_mended(tmp_path, text), "Service")

    assert service["metadata"]["name"] == "web"
    assert [port.get("protocol", "TCP") for port in service["spec"]["ports"]] == ["TCP", "UDP"]


def test_a_stateful_set_has_its_volumes_and_each_claim_once(tmp_path: Path) -> None:
    text = 'services: {a: {image: x, volumes: ["d1:/d"], tmpfs: /t}}\nvolumes: {d1: {}}'

    objects = _mended(tmp_path, text, "--controller", "statefulset")

    spec = _only(objects, "StatefulSet")["spec"]
    assert [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]] == ["d1"]
    assert [volume["name"] for volume in spec["template"]["spec"]["volumes"]] == ["a-tmpfs0"]
    assert [each for each in objects if each["kind"] == "PersistentVolumeClaim"] == []


def test_no_copies_and_a_volume_with_updates_are_what_they_say(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: x, volumes: [/d], deploy: {replicas: 0, "
        "update_config: {order: start-first, parallelism: 2}}}}"
    )

    spec = _only(_mended(tmp_path, text), "Deployment")["spec"]

    assert spec["replicas"] == 0
    assert spec["strategy"] == {"type": "Recreate"}


def test_a_pull_policy_counts(tmp_path: Path) -> None:
    objects = _mended(tmp_path, "services: {a: {image: x, pull_policy: missing}}")

    assert _container(objects)["imagePullPolicy"] == "IfNotPresent"


def test_an_ordinary_file_is_the_same_with_and_without(tmp_path: Path) -> None:
    text = (
        'services: {web: {image: nginx, ports: ["80:80"], environment: {A: b}, '
        'volumes: ["data:/d"]}}\n'
        "volumes: {data: {}}"
    )

    assert _run(tmp_path, text, "--mend").stdout == _run(tmp_path, text).stdout


def test_a_name_that_begins_with_a_digit_gets_a_letter(tmp_path: Path) -> None:
    objects = _mended(tmp_path, 'services: {1st: {image: x, ports: ["80"]}}')

    assert {each["metadata"]["name"] for each in objects} == {"s-1st"}


def test_a_port_that_is_published_twice_stands_once(tmp_path: Path) -> None:
    outcome = _run(tmp_path, 'services: {a: {image: x, ports: ["80:1", "80:2", "80:1"]}}', "--mend")

    service, _ = yaml.safe_load_all(outcome.stdout)

    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, 1)]
    assert "WARN Port 80 of service a leads to 1: 2 is left out" in outcome.stderr


def test_a_memory_volume_without_a_place_is_none(tmp_path: Path) -> None:
    objects = _mended(tmp_path, 'services: {a: {image: x, tmpfs: [""]}}')

    assert "volumeMounts" not in _container(objects)


def test_the_name_of_a_group_is_valid(tmp_path: Path) -> None:
    text = "services: {a: {image: x, labels: {kompose.service.group: My_Group}}}"

    objects = _mended(tmp_path, text, "--service-group-mode", "label")

    assert _only(objects, "Deployment")["metadata"]["name"] == "my-group"


def test_copies_are_those_that_scale_says(tmp_path: Path) -> None:
    services = "services: {no: {image: x, scale: 0}, three: {image: x, scale: 3}}"

    outcome = _run(tmp_path, services, "--mend", "-v")

    assert outcome.stdout.index("replicas: 0\n") < outcome.stdout.index("replicas: 3\n")
    assert "scale is not converted" not in outcome.stderr


def test_a_volume_a_secret_and_a_config_of_one_name_are_three_volumes(tmp_path: Path) -> None:
    text = """
services: {a: {image: x, volumes: ["data:/v"], secrets: [data], configs: [data]}}
volumes: {data: {}}
secrets: {data: {file: compose.yaml}}
configs: {data: {file: compose.yaml}}
"""

    objects = _mended(tmp_path, text)

    pod = _only(objects, "Deployment")["spec"]["template"]["spec"]
    kinds = {each["name"]: next(kind for kind in each if kind != "name") for each in pod["volumes"]}
    assert {
        each["mountPath"]: kinds[each["name"]] for each in _container(objects)["volumeMounts"]
    } == {
        "/v": "persistentVolumeClaim",
        "/run/secrets/data": "secret",
        "/data": "configMap",
    }


def test_a_secret_at_two_places_is_at_both(tmp_path: Path) -> None:
    text = """
services: {a: {image: x, secrets: [key, {source: key, target: /etc/Key.pem}]}}
secrets: {key: {file: compose.yaml}}
"""

    objects = _mended(tmp_path, text)

    pod = _only(objects, "Deployment")["spec"]["template"]["spec"]
    files = {each["name"]: each["secret"]["items"][0]["path"] for each in pod["volumes"]}
    mounts = _container(objects)["volumeMounts"]
    assert {each["mountPath"]: (each["subPath"], files[each["name"]]) for each in mounts} == {
        "/run/secrets/key": ("key", "key"),
        "/etc/Key.pem": ("Key.pem", "Key.pem"),
    }


def test_one_thing_is_mounted_at_each_place(tmp_path: Path) -> None:
    text = """
services: {a: {image: x, configs: [{source: c, target: /z}], volumes: ["data:/z"]}}
configs: {c: {file: compose.yaml}}
volumes: {data: {}}
"""

    outcome = _run(tmp_path, text, "--mend")

    objects = [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]
    assert [each["mountPath"] for each in _container(objects)["volumeMounts"]] == ["/z"]
    assert "WARN data is not mounted at /z of service a: c is there" in outcome.stderr
