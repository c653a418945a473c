"""Well-formed nonsense: whatever stands in a body, the answer is a Status or an object."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from demo_cluster.access.users import ADMIN
from demo_cluster.api import Api, RawRequest
from demo_cluster.cluster import ClusterOptions, DemoCluster
from demo_cluster.wire.reply import Reply

TEMPLATE = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"name": "m", "image": "x", "ports": [{"containerPort": 1}]}]},
}
SPEC = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE, "replicas": 1}
BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": TEMPLATE["spec"]}),
    ("/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "d"}, "spec": SPEC}),
    ("/apis/apps/v1/namespaces/default/statefulsets", {"metadata": {"name": "t"}, "spec": SPEC}),
    (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
        {
            "metadata": {"name": "r"},
            "subjects": [{"kind": "User", "name": "x"}],
            "roleRef": {"kind": "Role", "name": "y"},
        },
    ),
    (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "metadata": {"name": "ws.e.com"},
            "spec": {
                "group": "e.com",
                "scope": "Namespaced",
                "names": {"plural": "ws", "kind": "W"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": {"type": "object"}},
                    }
                ],
            },
        },
    ),
    (
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}},
    ),
]
JUNK: list[Any] = [None, {}, [], "", 0, -1, True, "x" * 300, "\0", {"a": None}, [None], 1.5]


def spoiled(value: Any, rng: random.Random) -> Any:
    """The value with one part of it replaced or left out."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        if rng.random() < 0.15:
            return {name: inner for name, inner in value.items() if name != key}
        return {**value, key: spoiled(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        return [*value[:index], spoiled(value[index], rng), *value[index + 1 :]]
    return rng.choice(JUNK)


async def test_a_thousand_spoiled_bodies_are_answered_in_good_form() -> None:
    rng = random.Random(7)
    cluster = DemoCluster(ClusterOptions(scenario="empty"))
    await cluster.start()
    api = Api(cluster.backend)
    headers = {
        "authorization": f"Bearer {cluster.token(ADMIN)}",
        "content-type": "application/json",
        "accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    }
    codes: set[int] = set()

    try:
        for _ in range(1000):
            path, body = rng.choice(BODIES)
            encoded = msgspec.json.encode(spoiled(body, rng))
            query = rng.choice(["", "dryRun=All", "fieldValidation=Strict"])
            reply = await api.answer(RawRequest("POST", path, query, headers, encoded))
            assert isinstance(reply, Reply)
            codes.add(reply.status)
    finally:
        await cluster.stop()

    assert codes <= {201, 400, 403, 404, 409, 422}
    assert {201, 400, 422} <= codes
