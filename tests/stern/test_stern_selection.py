"""From queries to what is asked of the server."""

from __future__ import annotations

from typing import Any

import pytest

from kube_client.errors import NotFoundError
from stern.errors import SternError
from stern.options import TailOptions
from stern.selection import select
from tests.stern.canned_transport import canned_client, failure, json_response

WEB = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"template": {"metadata": {"labels": {"b": "2", "a": "1"}}}},
}


async def test_a_deployment_selects_by_all_labels_of_its_pods() -> None:
    client, transport = canned_client(lambda _request: json_response(WEB), "shop")

    [selection] = await select(client, TailOptions(queries=("deploy/web",)))

    assert (selection.namespace, selection.labels) == ("shop", "a=1,b=2")
    assert selection.filter.matches_pod("anything")
    assert transport.requests[0].path == "/apis/apps/v1/namespaces/shop/deployments/web"


async def test_over_all_namespaces_an_object_is_followed_where_it_is() -> None:
    other = {**WEB, "metadata": {"name": "web", "namespace": "test"}}
    answer = json_response({"metadata": {"resourceVersion": "1"}, "items": [WEB, other]})
    client, transport = canned_client(lambda _request: answer)

    found = await select(client, TailOptions(queries=("deploy/web",), all_namespaces=True))

    assert [selection.namespace for selection in found] == ["shop", "test"]
    assert ("fieldSelector", "metadata.name=web") in transport.requests[0].query


async def test_an_object_must_be_in_every_namespace_that_is_named() -> None:
    def answer(request: Any) -> Any:
        if "/namespaces/b/" in request.path:
            return failure(404, "NotFound", 'deployments.apps "web" not found')
        return json_response(WEB)

    client, _ = canned_client(answer)

    with pytest.raises(NotFoundError):
        await select(client, TailOptions(queries=("deploy/web",), namespaces=("a", "b")))


async def test_a_pod_query_is_anchored_but_still_an_expression() -> None:
    client, _ = canned_client(lambda _request: json_response({}))

    [selection] = await select(client, TailOptions(queries=("po/web.0",), namespaces=("n",)))

    assert selection.filter.matches_pod("web-0")
    assert not selection.filter.matches_pod("web-00")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (TailOptions(queries=("a/b/c",)), "resource must be specified in the form"),
        (TailOptions(queries=("cronjob/x",)), "resource type cronjob is not supported"),
        (TailOptions(namespaces=("",)), "no namespace specified"),
        (TailOptions(label_selector="a in"), "failed to parse selector as label selector: "),
    ],
)
async def test_a_query_that_means_nothing_is_refused(options: TailOptions, reason: str) -> None:
    client, _ = canned_client(lambda _request: json_response({}))

    with pytest.raises(SternError, match=reason):
        await select(client, options)
