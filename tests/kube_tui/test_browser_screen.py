"""The browser before a person: real keys, a real cluster over TLS, the screen as it is drawn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kube_client.client import Client
from kube_client.connect import connect
from kube_client.errors import NotFoundError
from kube_client.kubeconfig import ConnectOptions
from kube_client.resource import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    SECRETS,
    SERVICES,
    ResourceType,
)
from kube_tui.widgets.resource_table import ResourceTable

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster
    from tests.kube_tui.conftest import Person, Sit

TALK = ["sh", "-c", 'i=0; while true; do echo "line $i"; i=$((i+1)); sleep 1; done']


def deployment(name: str, replicas: int = 2, command: list[str] | None = None) -> dict[str, Any]:
    container = {"name": "app", "image": "busybox", "command": command or TALK}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "here"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }


def simple(type_: ResourceType, name: str, **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "here"}
    return {"apiVersion": type_.api_version, "kind": type_.kind, "metadata": metadata, **parts}


@pytest.fixture
async def friend(demo: RunningCluster) -> AsyncIterator[Client]:
    """Someone else at the same cluster, who has made a namespace with a small application."""
    async with connect(ConnectOptions(kubeconfig=str(demo.kubeconfig))) as client:
        await client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here"}}
        )
        await client.create(DEPLOYMENTS, deployment("checkout"))
        spec = {"selector": {"app": "checkout"}, "ports": [{"port": 80}]}
        await client.create(SERVICES, simple(SERVICES, "checkout", spec=spec))
        yield client


@pytest.fixture
def kubeconfig(demo: RunningCluster, friend: Client) -> Path:
    """Of the cluster with the small application on it."""
    assert friend.namespace
    return demo.kubeconfig


def cursor_name(person: Person) -> str:
    cursor = person.app.screen.query_one(ResourceTable).cursor
    return cursor.name if cursor is not None else ""


async def test_enter_goes_down_to_the_containers_and_escape_comes_back(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(kubeconfig, command="namespaces") as person:
        await person.expect(r"● live")
        await person.type("/^here")
        await person.press("enter")
        await person.expect(r"1 of \d+ · /\^here")

        await person.press("enter")
        await person.expect(r"here › services")
        await person.expect(r"checkout +ClusterIP .*80/TCP")
        await person.press("enter")
        await person.expect(r"here › service checkout › pods")
        await person.expect(r"checkout-\S+ +1/1 +Running")
        await person.press("enter")
        await person.expect(r"› containers")
        await person.expect(r"app +1 +yes +Running")

        await person.press("escape")
        await person.expect(r"here › service checkout › pods")
        await person.press("escape", "escape")
        await person.expect(r"^ namespaces")
        assert cursor_name(person) == "here"


async def test_what_others_do_is_seen_without_a_key(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"checkout +2/2 +Ready")

        await friend.scale(DEPLOYMENTS, "checkout", "here", 3)
        await person.expect(r"checkout +3/3 +Ready")
        await friend.create(DEPLOYMENTS, deployment("another", replicas=1))
        await person.expect(r"another +1/1 +Ready")
        await friend.delete(DEPLOYMENTS, "checkout", "here")
        await person.expect_gone(r"checkout")


async def test_the_cursor_stays_on_its_object_when_rows_come_before_it(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    async with sit_down(kubeconfig, command="configmaps", namespace="here") as person:
        await friend.create(CONFIG_MAPS, simple(CONFIG_MAPS, "mine"))
        await person.expect(r"mine ")
        await person.type("/mine")
        await person.press("enter", "escape")
        assert cursor_name(person) == "mine"

        for number in range(5):
            await friend.create(CONFIG_MAPS, simple(CONFIG_MAPS, f"a-{number}"))
        await person.expect(r"a-4 ")

        assert cursor_name(person) == "mine"
        await friend.delete(CONFIG_MAPS, "mine", "here")
        await person.expect_gone(r"mine ")
        assert cursor_name(person) != ""


async def test_shift_and_a_letter_sort_and_again_turn_round(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    await friend.create(DEPLOYMENTS, deployment("another", replicas=1))
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"(?s)another .*checkout .*")

        await person.press("N")
        await person.expect(r"(?s)checkout .*another ")
        await person.expect(r"↓NAME")
        await person.press("A")
        await person.expect(r"↑AGE")


async def test_a_filter_that_is_no_expression_is_said_while_it_is_typed(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"checkout ")

        await person.type("/")
        await person.press("left_parenthesis")
        await person.expect(r"\( is no regular expression")
        await person.press("escape")
        await person.expect_gone(r"no regular expression")
        await person.expect(r"checkout ")


async def test_a_filter_that_nothing_matches_says_so(sit_down: Sit, kubeconfig: Path) -> None:
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"checkout ")

        await person.type("/zzz")
        await person.expect(r"None of 1 deployments matches 'zzz'\. Escape shows all\.")


async def test_any_kind_is_shown_with_the_columns_that_the_server_prints(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": columns,
    }
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]}
    spec = {
        "group": "example.com",
        "names": names,
        "scope": "Namespaced",
        "versions": [version],
    }
    crd = simple(CUSTOM_RESOURCE_DEFINITIONS, "widgets.example.com", spec=spec)
    del crd["metadata"]["namespace"]
    await friend.create(CUSTOM_RESOURCE_DEFINITIONS, crd)
    widgets = ResourceType("example.com", "v1", "widgets", "Widget", True)
    await _until_served(friend, widgets)
    await friend.create(widgets, simple(widgets, "small", spec={"size": 7}))

    async with sit_down(kubeconfig, command="wd here") as person:
        await person.expect(r"NAME↑? +SIZE +AGE")
        await person.expect(r"small +7 ")
        await friend.create(widgets, simple(widgets, "large", spec={"size": 90}))
        await person.expect(r"large +90 ")


async def _until_served(client: Client, type_: ResourceType) -> None:
    while True:
        try:
            await client.list(type_, dict, namespace="here")
        except NotFoundError:
            continue
        return


async def test_delete_asks_and_no_is_the_answer_of_enter(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    await friend.create(CONFIG_MAPS, simple(CONFIG_MAPS, "precious"))
    async with sit_down(kubeconfig, command="cm", namespace="here") as person:
        await person.expect(r"precious ")
        await person.type("/precious")
        await person.press("enter", "ctrl+d")
        await person.expect(r"Delete configmap precious in here on demo\?")

        await person.press("enter")
        await person.expect_gone(r"Delete configmap")
        assert await friend.get(CONFIG_MAPS, "precious", "here")

        await person.press("ctrl+d")
        await person.expect(r"propagation: background")
        await person.press("tab", "enter")
        await person.expect(r"Deleting configmap precious in here\.")
        with pytest.raises(NotFoundError):
            await friend.get(CONFIG_MAPS, "precious", "here")


async def test_delete_does_not_hit_another_object_of_the_same_name(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    await friend.create(CONFIG_MAPS, simple(CONFIG_MAPS, "precious"))
    async with sit_down(kubeconfig, command="cm", namespace="here") as person:
        await person.expect(r"precious ")
        await person.type("/precious")
        await person.press("enter", "ctrl+d")
        await person.expect(r"Delete configmap precious")

        await friend.delete(CONFIG_MAPS, "precious", "here")
        await friend.create(CONFIG_MAPS, simple(CONFIG_MAPS, "precious"))
        await person.press("y")

        await person.expect(r"(?i)uid|conflict|changed")
        assert await friend.get(CONFIG_MAPS, "precious", "here")


async def test_read_only_has_no_key_that_changes_the_cluster(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(kubeconfig, command="pods", namespace="here", read_only=True) as person:
        await person.expect(r"checkout-\S+ +1/1")
        await person.press("question_mark")
        await person.expect(r"PODS")

        for word in ("delete", "shell", "edit", "kill", "attach"):
            assert f" {word}\n" not in person.screen + "\n"
        await person.press("escape", "ctrl+d")
        await person.expect(r"checkout-\S+ +1/1")
        assert "Delete" not in person.screen


async def test_scale_asks_for_the_number_and_sets_it(sit_down: Sit, kubeconfig: Path) -> None:
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"checkout +2/2")

        await person.press("s")
        await person.expect(r"Scale deployment checkout in here")
        await person.press("backspace")
        await person.type("x")
        await person.press("enter")
        await person.expect(r"must be a whole number")
        await person.press("backspace")
        await person.type("1")
        await person.press("enter")
        await person.expect(r"checkout +1/1 +Ready")


async def test_restart_replaces_the_pods(sit_down: Sit, kubeconfig: Path, friend: Client) -> None:
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"checkout +2/2 +Ready")
        before = await _pod_names(friend)

        await person.press("r")
        await person.expect(r"Restart deployment checkout in here on demo\?")
        await person.press("y")
        await person.expect(r"Restarting deployment checkout")
        while await _pod_names(friend) & before:
            await person.expect(r"checkout ")

    assert len(await _pod_names(friend)) >= 2


async def _pod_names(client: Client) -> set[str]:
    found = await client.list(PODS, dict, namespace="here")
    return {item["metadata"]["name"] for item in found.items}


async def test_describe_and_yaml_show_the_object_and_search_it(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"checkout +2/2")

        await person.press("d")
        await person.expect(r"describe deployment checkout in here")
        await person.expect(r"^ Name: +checkout")
        await person.press("G")
        await person.expect(r"Events: newest first")
        await person.expect(r"ScalingReplicaSet")
        await person.press("escape", "y")
        await person.expect(r"^ kind: Deployment")
        assert "managedFields" not in person.screen
        await person.type("/replicas")
        await person.expect(r"\d match /replicas")


async def test_a_secrets_values_are_shown_only_when_asked_for(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    secret = simple(SECRETS, "db", stringData={"password": "hunter2"}, type="Opaque")
    await friend.create(SECRETS, secret)
    async with sit_down(kubeconfig, command="secrets", namespace="here") as person:
        await person.expect(r"db +Opaque +1")

        await person.press("y")
        await person.expect(r"password: ••••••")
        await person.press("escape", "x")
        await person.expect(r"password: hunter2")


async def test_help_is_made_from_the_keys_and_names_the_plugin(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(
        kubeconfig,
        command="pods",
        namespace="here",
    ) as person:
        await person.expect(r"checkout-")

        await person.press("question_mark")
        await person.expect(r"\^d +delete")
        await person.type("/stern")
        await person.expect(r"PLUGIN STERN-POD")
        await person.expect(r" L +stern")


async def test_an_unknown_kind_and_an_unknown_context_are_said(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(kubeconfig, command="pods", namespace="here") as person:
        await person.expect(r"v1\.\d+")

        await person.go("nonsense")
        await person.expect(r"The cluster has no kind 'nonsense'")
        await person.go("ctx nowhere")
        await person.expect(r"no context 'nowhere'")
        await person.expect(r"checkout-")


async def test_another_namespace_and_all_of_them(sit_down: Sit, kubeconfig: Path) -> None:
    async with sit_down(kubeconfig, command="pods", namespace="here") as person:
        await person.expect(r"^ here › pods")

        await person.go("ns default")
        await person.expect(r"^ default › pods")
        await person.press("0")
        await person.expect(r"^ all namespaces › pods")
        await person.expect(r"NAMESPACE↑? +NAME")
        await person.go("svc here")
        await person.expect(r"^ here › services")
        await person.press("minus")
        await person.expect(r"^ all namespaces › pods")


async def test_what_the_user_may_not_list_is_said_with_the_verb_that_is_missing(
    sit_down: Sit, kubeconfig: Path
) -> None:
    async with sit_down(kubeconfig, command="pods", namespace="here", as_user="nobody") as person:
        await person.expect(r"✕ refused")
        await person.expect(r"You may not list pods in namespace 'here'")
        assert " nodes" not in person.screen


async def test_marked_rows_are_deleted_together(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    for number in (1, 2, 3):
        await friend.create(CONFIG_MAPS, simple(CONFIG_MAPS, f"old-{number}"))
    async with sit_down(kubeconfig, command="cm", namespace="here") as person:
        await person.expect(r"old-3 ")
        await person.type("/^old")
        await person.expect(r"3 of \d+")
        await person.press("enter", "space", "space", "ctrl+d")
        await person.expect(r"Delete 2 configmaps \(old-1, old-2\) on demo\?")
        await person.press("y")
        await person.expect(r"1 of \d+ · /\^old")

    assert await friend.get(CONFIG_MAPS, "old-3", "here")


async def test_a_row_with_control_characters_cannot_write_to_the_terminal(
    sit_down: Sit, kubeconfig: Path, friend: Client
) -> None:
    bad = deployment("evil", replicas=1)
    bad["metadata"]["annotations"] = {"note": "\x1b]0;owned\x07\x1b[2J"}
    await friend.create(DEPLOYMENTS, bad)
    async with sit_down(kubeconfig, command="deploy", namespace="here") as person:
        await person.expect(r"evil ")
        await person.type("/evil")
        await person.press("enter", "d")
        await person.expect(r"note: +␛\]0;owned␇␛\[2J")

        assert "\x1b" not in person.screen
