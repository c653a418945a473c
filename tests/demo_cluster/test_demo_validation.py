"""What is wrong with an object is said field by field, in the API server's words and order."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.cron import Schedule, ScheduleError
from demo_cluster.kinds import kind_of
from demo_cluster.store.storage import Storage
from demo_cluster.validation.objects import validate

Obj = dict[str, Any]
POD: Obj = {"containers": [{"name": "c", "image": "busybox"}]}
TEMPLATE: Obj = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
SELECTED: Obj = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
DONE: Obj = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}


def causes(plural: str, obj: Obj, group: str = "", change: Obj | None = None) -> list[str]:
    """`field: what is wrong with it`, of a new object, or of a change of its top-level fields."""
    storage, kind = Storage(SteppedClock(), random.Random(0)), kind_of(plural, group)
    meta = {"name": "x", **({"namespace": "default"} if kind.namespaced else {})}
    old = storage.prepare(kind, copy.deepcopy({"metadata": meta, **obj}))
    if change is None:
        return [f"{each.field}: {each.message}" for each in validate(kind, old, None, storage)]
    new = copy.deepcopy(old)
    for name, value in change.items():
        new[name] = {**new[name], **value}
    return [f"{each.field}: {each.message}" for each in validate(kind, new, old, storage)]


def pod(**spec: Any) -> list[str]:
    """The causes of a pod with this in its spec."""
    return causes("pods", {"spec": {**POD, **spec}})


def container(**parts: Any) -> list[str]:
    """The causes of a pod whose container has these parts, without the container's place."""
    found = pod(containers=[{"name": "c", "image": "busybox", **parts}])
    return [each.removeprefix("spec.containers[0].") for each in found]


def test_a_probe_asks_in_exactly_one_way() -> None:
    both = {"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}, "periodSeconds": -1}

    assert container(livenessProbe={}) == [
        "livenessProbe: Required value: must specify a handler type"
    ]
    assert container(readinessProbe=both) == [
        "readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
        "readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_a_port_has_a_short_lower_case_name_that_no_other_has() -> None:
    ports = [
        {"containerPort": 80, "name": "web"},
        {"containerPort": 81, "name": "web"},
        {"containerPort": 82, "name": "-Web"},
        {"containerPort": 0},
    ]

    assert container(ports=ports) == [
        'ports[1].name: Duplicate value: "web"',
        (
            'ports[2].name: Invalid value: "-Web": must contain only alpha-numeric characters '
            "(a-z, 0-9), and hyphens (-)"
        ),
        'ports[2].name: Invalid value: "-Web": must not begin or end with a hyphen',
        "ports[3].containerPort: Required value",
    ]


def test_a_mount_needs_a_sound_volume_and_a_place_of_its_own() -> None:
    mounts = [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"}]
    volumes = [{"name": "v", "configMap": {}}]

    found = pod(
        containers=[{"name": "c", "image": "busybox", "volumeMounts": mounts}], volumes=volumes
    )

    assert found == [
        "spec.volumes[0].configMap.name: Required value",
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        'spec.containers[0].volumeMounts[1].name: Not found: "v"',
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
    ]


def test_resources_are_known_and_devices_are_limited() -> None:
    resources = {"limits": {"foo": "1"}, "requests": {"x.io/gpu": "1", "foo": "1"}}

    found = container(resources=resources)

    assert found[:2] == [
        (
            'resources.limits[foo]: Invalid value: "foo": must be a standard resource type or '
            "fully qualified"
        ),
        'resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers',
    ]
    assert found[2:3] == [
        "resources.limits: Required value: Limit must be set for non overcommitable resources"
    ]


def test_an_init_container_has_no_probes_unless_it_stays() -> None:
    init = {"name": "i", "image": "busybox", "livenessProbe": {"exec": {"command": ["x"]}}}

    assert pod(initContainers=[init]) == [
        (
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers "
            "without restartPolicy=Always"
        )
    ]
    assert pod(initContainers=[{**init, "restartPolicy": "Always"}]) == []


def test_where_a_pod_may_run_is_checked_after_its_containers() -> None:
    terms: Obj = {"nodeSelectorTerms": []}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    tolerations = [{"operator": "Equal", "effect": "NoSchedule"}]

    assert [each.partition(":")[0] for each in pod(affinity=affinity, tolerations=tolerations)] == [
        (
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
            ".nodeSelectorTerms"
        ),
        "spec.tolerations[0].operator",
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            {"containers": []},
            "spec.containers: Forbidden: pod updates may not add or remove containers",
        ),
        (
            {"activeDeadlineSeconds": -1},
            (
                "spec.activeDeadlineSeconds: Invalid value: -1: must be between 0 and 2147483647, "
                "inclusive"
            ),
        ),
        (
            {"tolerations": []},
            (
                "spec.tolerations: Forbidden: existing toleration can not be modified except its "
                "tolerationSeconds"
            ),
        ),
        (
            {"schedulingGates": [{"name": "a/b"}]},
            (
                "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new "
                "scheduling gate 'a/b'"
            ),
        ),
    ],
)
def test_little_changes_of_a_pod(change: Obj, found: str) -> None:
    spec = {**POD, "tolerations": [{"key": "a", "operator": "Exists"}]}

    assert causes("pods", {"spec": spec}, change={"spec": change}) == [found]


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        ("kubernetes.io/tls", ["data[tls.crt]", "data[tls.key]"]),
        ("kubernetes.io/basic-auth", ["data[username]", "data[password]"]),
        ("kubernetes.io/ssh-auth", ["data[ssh-privatekey]"]),
        ("kubernetes.io/dockerconfigjson", ["data[.dockerconfigjson]"]),
    ],
)
def test_a_secret_of_a_type_holds_what_the_type_is_for(kind: str, needs: list[str]) -> None:
    assert causes("secrets", {"type": kind}) == [f"{each}: Required value" for each in needs]


def test_a_deployment_without_a_selector_matches_nothing() -> None:
    assert causes("deployments", {"spec": {"template": TEMPLATE}}, "apps") == [
        "spec.selector: Required value",
        (
            'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match '
            "template `labels`"
        ),
    ]


def test_a_rollout_moves_at_least_one_pod_at_a_time() -> None:
    rolling = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}

    assert causes("deployments", {"spec": {**SELECTED, "strategy": rolling}}, "apps") == [
        (
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when '
            "`maxSurge` is 0"
        )
    ]


def test_of_a_stateful_set_little_can_change() -> None:
    before = {"spec": {**SELECTED, "serviceName": "x"}}

    scaled = causes("statefulsets", before, "apps", {"spec": {"replicas": 3}})
    renamed = causes("statefulsets", before, "apps", {"spec": {"serviceName": "y"}})

    assert scaled == []
    assert renamed == [
        (
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "
            "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
    ]


def test_the_pods_of_a_job_end() -> None:
    assert causes("jobs", {"spec": {"template": {"spec": POD}}}, "batch") == [
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
    ]
    assert causes("jobs", {"spec": DONE}, "batch", {"spec": {"completions": 3}}) == [
        "spec.completions: Invalid value: 3: field is immutable"
    ]


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("* *", "expected exactly 5 fields, found 2: [* *]"),
        ("99 * * * *", "end of range (99) above maximum (59): 99"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_a_schedule_says_what_is_wrong_with_it(schedule: str, why: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule.parse(schedule)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"type": "ExternalName"}, "spec.externalName: Required value"),
        (
            {"clusterIP": "None", "type": "NodePort", "ports": [{"port": 80}]},
            (
                "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for "
                "NodePort services"
            ),
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30001}]},
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            {"ports": [{"port": 80}], "externalTrafficPolicy": "Local"},
            (
                'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for '
                "externally-accessible services"
            ),
        ),
    ],
)
def test_a_service_is_of_one_piece(spec: Obj, found: str) -> None:
    assert causes("services", {"spec": spec}) == [found]


def test_an_ingress_leads_from_a_path_to_a_port() -> None:
    path = {"path": "x", "pathType": "Prefix", "backend": {"service": {"name": "s"}}}
    rule = {"host": "1.2.3.4", "http": {"paths": [path, {"backend": {}}]}}

    assert causes("ingresses", {"spec": {}}, "networking.k8s.io") == [
        "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"
    ]
    assert causes("ingresses", {"spec": {"rules": [rule]}}, "networking.k8s.io") == [
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
        "spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified",
        (
            'spec.rules[0].http.paths[1].backend: Invalid value: "": resource or service '
            "backend is required"
        ),
    ]


def test_an_autoscaler_has_bounds_and_a_target() -> None:
    spec = {"minReplicas": 3, "maxReplicas": 1, "scaleTargetRef": {"kind": "Deployment"}}

    assert causes("horizontalpodautoscalers", {"spec": spec}, "autoscaling") == [
        "spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`",
        "spec.scaleTargetRef.name: Required value",
    ]


def test_a_budget_is_stated_from_one_side() -> None:
    spec = {"minAvailable": 1, "maxUnavailable": "x"}

    assert causes("poddisruptionbudgets", {"spec": spec}, "policy") == [
        (
            'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"x",'
            '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set'
        ),
        (
            'spec.maxUnavailable: Invalid value: "x": a valid percent string must be a numeric '
            "string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
            "validation is '[0-9]+%')"
        ),
    ]


def test_a_claim_that_is_made_stays_as_it_is() -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}

    [found] = causes(
        "persistentvolumeclaims", {"spec": spec}, change={"spec": {"accessModes": ["X"]}}
    )[1:]

    assert causes("persistentvolumeclaims", {"spec": {}}) == [
        "spec.accessModes: Required value: at least 1 access mode is required",
        "spec.resources[storage]: Required value",
    ]
    assert found.startswith("spec: Forbidden: spec is immutable after creation except")
    assert '-  "ReadWriteOnce"\n+  "X"' in found


def test_a_binding_names_a_role_and_whom_it_is_for() -> None:
    binding = {"roleRef": {"kind": "X", "name": ""}, "subjects": [{"kind": "Y"}]}

    assert causes("rolebindings", binding, "rbac.authorization.k8s.io") == [
        'roleRef.kind: Unsupported value: "X": supported values: "ClusterRole", "Role"',
        "roleRef.name: Required value",
        "subjects[0].name: Required value",
        (
            'subjects[0].kind: Unsupported value: "Y": supported values: "Group", '
            '"ServiceAccount", "User"'
        ),
    ]


def test_limits_rise_from_the_least_to_the_most() -> None:
    item = {"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}

    assert causes("limitranges", {"spec": {"limits": [item]}}) == [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        (
            'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default '
            "value 1"
        ),
    ]


def test_the_metadata_of_a_change_is_looked_at_twice() -> None:
    change = {"metadata": {"labels": {"a": "b c"}}}

    found = causes("configmaps", {}, change=change)

    assert len(found) == 2
    assert found[0] == found[1]
    assert found[0].startswith('metadata.labels: Invalid value: "b c": a valid label must be')


def test_the_finalizers_of_built_in_kinds_have_a_domain() -> None:
    change = {"metadata": {"finalizers": ["orphan", "mine", "x.example.com/y"]}}

    assert causes("configmaps", {}, change=change) == [
        (
            'metadata.finalizers[1]: Invalid value: "mine": name is neither a standard finalizer '
            "name nor is it fully qualified"
        )
    ]


def test_an_event_is_in_the_namespace_of_what_it_is_about() -> None:
    elsewhere = {"involvedObject": {"kind": "Pod", "namespace": "other"}}

    assert causes("events", elsewhere) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]
    assert causes("events", {"involvedObject": {"kind": "Node", "name": "n"}}) == []


def test_an_event_of_the_new_kind_says_when_and_by_whom() -> None:
    about = {"involvedObject": {"kind": "Pod", "namespace": "default"}, "reason": "R"}
    now = {"eventTime": "2026-11-21T00:00:00.000000Z", "type": "Normal"}

    assert causes("events", {**about, "count": 1}, "events.k8s.io") == [
        "eventTime: Required value",
        'type: Invalid value: "": has invalid value: ',
        'count: Invalid value: "": needs to be unset',
    ]
    assert causes("events", {**about, **now}, "events.k8s.io")[0] == (
        "reportingController: Required value"
    )
