"""Kinds of a cluster's owners: what is filled in, what is refused, and who asked to be signed."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from demo_cluster.access.rbac_escalation import confirm_rights
from demo_cluster.access.signing_requests import keep_request, name_requester
from demo_cluster.access.users import ADMIN, DEVELOPER, Tokens, User
from demo_cluster.changes.typed_patch import typed_problems
from demo_cluster.clock import SteppedClock
from demo_cluster.defaults.objects import fill_defaults
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.schema.types import definition_of_kind
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage
from demo_cluster.validation.jobs import cron_job_causes
from demo_cluster.validation.objects import kind_causes
from tests.demo_cluster.conftest import SteppedWorld

RBAC = "rbac.authorization.k8s.io"
FLOW = "flowcontrol.apiserver.k8s.io"
WEBHOOKS = "admissionregistration.k8s.io"


@pytest.mark.parametrize(
    ("plural", "group", "given", "filled"),
    [
        (
            "priorityclasses",
            "scheduling.k8s.io",
            {"value": 5},
            {"value": 5, "preemptionPolicy": "PreemptLowerPriority"},
        ),
        (
            "storageclasses",
            "storage.k8s.io",
            {"provisioner": "p"},
            {"provisioner": "p", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
        ),
        (
            "endpoints",
            "",
            {"subsets": [{"ports": [{"port": 80}]}]},
            {"subsets": [{"ports": [{"port": 80, "protocol": "TCP"}]}]},
        ),
        (
            "ingressclasses",
            "networking.k8s.io",
            {"spec": {"parameters": {"kind": "K", "name": "n"}}},
            {"spec": {"parameters": {"kind": "K", "name": "n", "scope": "Cluster"}}},
        ),
        (
            "limitranges",
            "",
            {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
            {
                "spec": {
                    "limits": [
                        {
                            "type": "Container",
                            "max": {"cpu": "1"},
                            "default": {"cpu": "1"},
                            "defaultRequest": {"cpu": "1"},
                        }
                    ]
                }
            },
        ),
        (
            "prioritylevelconfigurations",
            FLOW,
            {"spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}},
            {
                "spec": {
                    "type": "Limited",
                    "limited": {
                        "limitResponse": {"type": "Reject"},
                        "nominalConcurrencyShares": 30,
                        "lendablePercent": 0,
                    },
                },
                "status": {},
            },
        ),
    ],
)
def test_what_a_user_leaves_out_is_filled_in(
    plural: str, group: str, given: Obj, filled: Obj
) -> None:
    obj = {"metadata": {"name": "x"}, **given}

    fill_defaults(kind_of(plural, group), obj)

    assert obj == {"metadata": {"name": "x"}, **filled}


def test_a_replication_controller_selects_its_template_and_wears_its_labels() -> None:
    labels = {"app": "old"}
    obj: Obj = {"metadata": {"name": "rc"}, "spec": {"template": {"metadata": {"labels": labels}}}}

    fill_defaults(kind_of("replicationcontrollers"), obj)

    assert obj["metadata"]["labels"] == obj["spec"]["selector"] == labels
    assert obj["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


def test_an_autoscaler_that_says_anything_of_its_pace_gets_the_rest_of_it() -> None:
    obj: Obj = {"metadata": {}, "spec": {"behavior": {"scaleDown": {"selectPolicy": "Min"}}}}

    fill_defaults(kind_of("horizontalpodautoscalers", "autoscaling"), obj)

    behavior = obj["spec"]["behavior"]
    doubling = {"type": "Percent", "value": 100, "periodSeconds": 15}
    assert behavior["scaleDown"] == {"selectPolicy": "Min", "policies": [doubling]}
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert len(behavior["scaleUp"]["policies"]) == 2


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("bad", "expected exactly 5 fields, found 1: [bad]"),
        ("99 * * * *", "end of range (99) above maximum (59): 99"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
    ],
)
def test_a_schedule_that_is_none_is_refused(schedule: str, why: str) -> None:
    job = {"metadata": {"name": "c"}, "spec": {"schedule": schedule, "concurrencyPolicy": "Allow"}}

    causes = cron_job_causes(job, None)

    said = [cause.message for cause in causes if cause.field == "spec.schedule"]
    assert said == [f'Invalid value: "{schedule}": {why}']


SPEC = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}


@pytest.mark.parametrize(
    ("plural", "group", "new", "old", "said"),
    [
        (
            "priorityclasses",
            "scheduling.k8s.io",
            {"value": 2_000_000_000, "preemptionPolicy": "Never"},
            None,
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        ),
        (
            "priorityclasses",
            "scheduling.k8s.io",
            {"value": 2, "preemptionPolicy": "Never"},
            {"value": 1, "preemptionPolicy": "Never"},
            "value: Forbidden: may not be changed in an update.",
        ),
        (
            "resourcequotas",
            "",
            {"spec": {"scopes": ["Foo"]}},
            None,
            'spec.scopes: Invalid value: ["Foo"]: unsupported scope',
        ),
        (
            "persistentvolumes",
            "",
            {"spec": {**SPEC, "persistentVolumeReclaimPolicy": "Retain"}},
            None,
            "spec: Required value: must specify a volume type",
        ),
        (
            "secrets",
            "",
            {"type": "kubernetes.io/tls", "data": {"tls.crt": "QQ=="}},
            None,
            "data[tls.key]: Required value",
        ),
        (
            "ingresses",
            "networking.k8s.io",
            {"spec": {"defaultBackend": {"service": {"name": "web"}}}},
            None,
            "spec.defaultBackend: Required value: port name or number is required",
        ),
        (
            "jobs",
            "batch",
            {"spec": {"completions": 3}},
            {"spec": {"completions": 2}},
            "spec.completions: Invalid value: 3: field is immutable",
        ),
        (
            "limitranges",
            "",
            {
                "spec": {
                    "limits": [
                        {"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "1500m"}}
                    ]
                }
            },
            None,
            (
                'spec.limits[0].default[cpu]: Invalid value: "1500m": '
                "default value 1500m is greater than max value 1"
            ),
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_servers_words(
    plural: str, group: str, new: Obj, old: Obj | None, said: str
) -> None:
    meta: Obj = {"metadata": {"name": "x"}}

    kind, storage = kind_of(plural, group), Storage(SteppedClock(), random.Random(0))
    causes = kind_causes(kind, {**meta, **new}, {**meta, **old} if old else None, storage)

    assert [f"{cause.field}: {cause.message}" for cause in causes] == [said]


def test_a_signing_request_is_of_whoever_sent_it_and_stays_as_it_was() -> None:
    request = base64.b64encode(b"-----BEGIN CERTIFICATE REQUEST-----").decode()
    obj: Obj = {"metadata": {"name": "r"}, "spec": {"request": request, "username": "somebody"}}
    name_requester(obj, User("jane", ("dev",), "7"))

    changed: Obj = {"spec": {}, "status": {"conditions": [{"type": "Approved"}]}}
    keep_request(changed, obj, datetime(2026, 1, 1, tzinfo=UTC))

    asked = {"request": request, "username": "jane", "uid": "7", "groups": ["dev"]}
    assert changed["spec"] == obj["spec"] == asked
    [verdict] = changed["status"]["conditions"]
    assert verdict["lastTransitionTime"] == verdict["lastUpdateTime"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"replicaz": 1}, ".spec.replicaz: field not declared in schema"),
        (
            {"replicas": "1"},
            (
                ".spec.replicas: expected numeric (int or float), "
                'got &value.valueUnstructured{Value:"1"}'
            ),
        ),
        (
            {"template": {"spec": {"containers": [{"name": "c", "env": {"a": "b"}}]}}},
            '.spec.template.spec.containers[name="c"].env: expected list, got &{map[a:b]}',
        ),
        (
            {"template": {"metadata": {"labels": {"on": True}}}},
            (
                ".spec.template.metadata.labels.on: expected string, "
                "got &value.valueUnstructured{Value:true}"
            ),
        ),
    ],
)
def test_an_applied_object_has_only_what_its_schema_declares(
    spec: dict[str, Any], problem: str
) -> None:
    deployments = kind_of("deployments", "apps")
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}

    assert typed_problems(definition_of_kind(deployments), obj) == [problem]


def test_the_claims_of_a_stateful_set_may_say_what_they_are() -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    obj = {"metadata": {"name": "db"}, "spec": {"volumeClaimTemplates": [claim]}}

    assert typed_problems(definition_of_kind(kind_of("statefulsets", "apps")), obj) == []


async def test_a_secret_for_a_token_is_filled_and_goes_with_its_account(
    world: SteppedWorld,
) -> None:
    tokens, secrets = world.cluster.tokens, kind_of("secrets")
    notes = {"kubernetes.io/service-account.name": "robot"}
    meta: Obj = {"name": "key", "namespace": "default", "annotations": notes}
    world.create("serviceaccounts", "robot", {})
    world.storage.create(secrets, {"metadata": meta, "type": "kubernetes.io/service-account-token"})
    world.advance(1)

    data = world.get("secrets", "key")["data"]
    token = base64.b64decode(data["token"]).decode()
    owner = tokens.owner(token)
    world.storage.request_delete(kind_of("serviceaccounts"), "default", "robot")
    world.advance(1)

    assert set(data) == {"ca.crt", "namespace", "token"}
    assert owner is not None
    assert owner.name == "system:serviceaccount:default:robot"
    assert world.storage.list(secrets, "default") == []
    assert tokens.owner(token) is None


def test_the_token_of_an_account_says_whose_it_is_and_until_when() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    token, _ = Tokens(random.Random(1)).issue_for_account("shop", "robot", "uid-1", 600, now)

    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["sub"] == "system:serviceaccount:shop:robot"
    assert claims["exp"] - claims["iat"] == 600
    assert claims["kubernetes.io"]["serviceaccount"] == {"name": "robot", "uid": "uid-1"}


async def test_a_role_has_the_rules_of_those_that_it_selects(world: SteppedWorld) -> None:
    roles = kind_of("clusterroles", "rbac.authorization.k8s.io")
    rule = {"apiGroups": ["shop.example.com"], "resources": ["promotions"], "verbs": ["get"]}
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    meta: Obj = {"name": "promotions", "labels": labels}

    world.storage.create(roles, {"metadata": meta, "rules": [rule]})
    world.advance(1)
    had = {
        name: rule in (world.storage.get(roles, "", name) or {})["rules"]
        for name in ("view", "edit", "admin")
    }
    world.storage.request_delete(roles, "", "promotions")
    world.advance(1)

    assert had == {"view": True, "edit": True, "admin": True}
    assert rule not in (world.storage.get(roles, "", "admin") or {})["rules"]


def role(*verbs: str, resource: str) -> Obj:
    """A role over one resource of the core group."""
    rule = {"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}
    return {"metadata": {"name": "r", "namespace": "default"}, "rules": [rule]}


async def test_nobody_gives_rights_that_they_do_not_have(world: SteppedWorld) -> None:
    roles, bindings = (kind_of(each, RBAC) for each in ("roles", "rolebindings"))
    to_all = {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    binding: Obj = {"metadata": {"name": "b", "namespace": "default"}, **to_all}

    confirm_rights(world.storage, DEVELOPER, roles, role("get", resource="pods"), None)
    confirm_rights(world.storage, ADMIN, bindings, binding, None)
    wanted = role("get", "list", resource="nodes")
    with pytest.raises(Failure) as by_role:
        confirm_rights(world.storage, DEVELOPER, roles, wanted, None)
    with pytest.raises(Failure) as by_binding:
        confirm_rights(world.storage, DEVELOPER, bindings, binding, None)

    assert by_role.value.message == (
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "developer" '
        '(groups=["developers" "system:authenticated"]) is attempting to grant RBAC permissions '
        'not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list"]}'
    )
    assert by_binding.value.message.endswith(
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}'
    )
