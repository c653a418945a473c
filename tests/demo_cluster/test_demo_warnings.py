"""What the server takes, and warns of."""

from __future__ import annotations

from typing import Any

import pytest

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.validation.warnings import warnings_about

C: Obj = {"name": "c", "image": "busybox"}


def about_pod(spec: Obj, name: str = "p", **annotations: str) -> list[str]:
    pod = {"metadata": {"name": name, "annotations": annotations}, "spec": spec}
    return warnings_about(kind_of("pods"), pod)


def deployment(name: str = "d", **spec: Any) -> Obj:
    template = {"spec": {"containers": [C], **spec}}
    return {"metadata": {"name": name}, "spec": {"template": template}}


@pytest.mark.parametrize(
    ("container", "warning"),
    [
        (
            {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]},
            "ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ),
        (
            {"ports": [{"containerPort": 80}, {"containerPort": 80, "hostPort": 8080}]},
            "ports[1]: overlapping port definition with spec.containers[0].ports[0]",
        ),
        (
            {"resources": {"requests": {"memory": "100m"}}},
            (
                'resources.requests[memory]: fractional byte value "100m" is invalid, must be '
                "an integer"
            ),
        ),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
            'env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
    ],
)
def test_what_a_container_states_twice_or_oddly_is_warned_of(container: Obj, warning: str) -> None:
    assert about_pod({"containers": [{**C, **container}]}) == [f"spec.containers[0].{warning}"]


def test_a_variable_that_builds_on_itself_hides_nothing() -> None:
    path = [{"name": "PATH", "value": "/bin"}, {"name": "PATH", "value": "$(PATH):/usr/bin"}]

    assert about_pod({"containers": [{**C, "env": path}]}) == []


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            (
                "nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "
                '"kubernetes.io/os" instead'
            ),
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": "zone"}]},
            (
                "topologySpreadConstraints[0].labelSelector: a null labelSelector results in "
                "matching no pod"
            ),
        ),
        ({"volumes": [{"name": "v", "gitRepo": {}}]}, "volumes[0].gitRepo: deprecated in v1.11"),
        (
            {"imagePullSecrets": [{"name": "s"}, {"name": "s"}]},
            'imagePullSecrets[1].name: duplicate name "s"',
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            (
                "terminationGracePeriodSeconds: must be >= 0; negative values are invalid and "
                "will be treated as 1"
            ),
        ),
    ],
)
def test_a_template_is_warned_of_at_its_place(spec: Obj, warning: str) -> None:
    found = warnings_about(kind_of("deployments", "apps"), deployment(**spec))

    assert found == [f"spec.template.spec.{warning}"]


def test_a_name_that_is_no_label_makes_odd_host_names() -> None:
    odd = "which can result in surprising behavior; a DNS label is recommended"

    assert about_pod({"containers": [C]}, "a.b") == [
        f"metadata.name: this is used in the Pod's hostname, {odd}: [must not contain dots]"
    ]
    assert warnings_about(kind_of("deployments", "apps"), deployment("a.b")) == [
        f"metadata.name: this is used in Pod names and hostnames, {odd}: [must not contain dots]"
    ]


def test_only_a_new_template_is_warned_of_and_no_changed_pod() -> None:
    old = deployment(terminationGracePeriodSeconds=-1)
    pod = {"metadata": {"name": "p"}, "spec": {"terminationGracePeriodSeconds": -1}}

    assert warnings_about(kind_of("deployments", "apps"), old, old) == []
    assert warnings_about(kind_of("pods"), pod, {**pod, "status": {}}) == []


def test_what_a_headless_service_cannot_have_is_ignored_aloud() -> None:
    spec = {"clusterIP": "None", "sessionAffinity": "ClientIP"}
    service = {"metadata": {"name": "s"}, "spec": spec}

    assert warnings_about(kind_of("services"), service) == [
        "spec.SessionAffinity is ignored for headless services"
    ]


def test_an_ingress_names_its_class_in_its_spec() -> None:
    meta = {"name": "i", "annotations": {"kubernetes.io/ingress.class": "nginx"}}
    ingresses = kind_of("ingresses", "networking.k8s.io")

    assert warnings_about(ingresses, {"metadata": meta, "spec": {}}) == [
        (
            'annotation "kubernetes.io/ingress.class" is deprecated, '
            "please use 'spec.ingressClassName' instead"
        )
    ]
