"""Rights: the reviews of a real server as recorded, and the demo cluster's."""

import json
from pathlib import Path

from kube_client.access import AccessRules, Rule, can_i, rules
from kube_client.client import Client
from kube_client.resource import DEPLOYMENTS, PODS
from tests.kube_client.recorded import exchanges, replaying


def a_rule(verbs: str, groups: str, resources: str, names: str = "") -> Rule:
    return Rule(
        *(
            frozenset(text.split(",")) if text else frozenset()
            for text in (verbs, groups, resources, names)
        )
    )


READS = Rule(
    frozenset({"get", "list"}), frozenset({""}), frozenset({"pods", "pods/log"}), frozenset()
)


def test_rules_allow_what_one_of_them_covers() -> None:
    mine = AccessRules((READS,), incomplete=False)

    assert mine.allows("list", "", "pods") is True
    assert mine.allows("get", "", "pods", subresource="log") is True
    assert mine.allows("delete", "", "pods") is False
    assert mine.allows("get", "", "pods", subresource="exec") is False
    assert mine.allows("list", "apps", "pods") is False


def test_stars_cover_everything() -> None:
    everything = AccessRules((a_rule("*", "*", "*"),), incomplete=False)
    scales = AccessRules((a_rule("patch", "apps", "*/scale"),), incomplete=False)

    assert everything.allows("delete", "x.io", "things") is True
    assert scales.allows("patch", "apps", "deployments", subresource="scale") is True
    assert scales.allows("patch", "apps", "deployments") is False


def test_a_rule_with_names_covers_only_those() -> None:
    named = AccessRules((a_rule("get", "apps", "deployments", "web"),), incomplete=False)

    assert named.allows("get", "apps", "deployments", name="web") is True
    assert named.allows("get", "apps", "deployments", name="db") is False
    assert named.allows("get", "apps", "deployments") is False


def test_an_incomplete_answer_means_try() -> None:
    assert AccessRules((READS,), incomplete=True).allows("delete", "", "pods") is None


async def test_a_recorded_viewer_may_not_list_pods(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "10-authz.json")["authz.ssar-list-norbac"]
    namespace = recorded["request"]["body"]["spec"]["resourceAttributes"]["namespace"]

    async with replaying(lambda _: recorded) as (client, asked):
        assert await can_i(client, "list", PODS, namespace) is False

    assert json.loads(asked[0].body) == recorded["request"]["body"]


async def test_recorded_rules_are_read(shared_data: Path) -> None:
    recorded = exchanges(shared_data, "10-authz.json")["authz.rules-norbac"]

    async with replaying(lambda _: recorded) as (client, _):
        viewers = await rules(client, "a")

    assert viewers.incomplete is False
    assert viewers.allows("create", "authorization.k8s.io", "selfsubjectaccessreviews") is True
    assert viewers.allows("list", "", "pods") is False


async def test_the_demo_clusters_user_may_do_everything(client: Client) -> None:
    assert await can_i(client, "delete", DEPLOYMENTS, "default", name="web", subresource="scale")
    assert await can_i(client, "list", "apps/deployments")
    assert (await rules(client, "default")).allows("delete", "", "pods") in (True, None)
