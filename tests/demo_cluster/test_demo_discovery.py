"""What is told about the server itself: groups and versions, health, and how tokens are checked."""

from __future__ import annotations

import json

import pytest

from demo_cluster.access.users import ADMIN
from demo_cluster.api import Api, RawRequest
from demo_cluster.kinds import CustomForm, Kind
from demo_cluster.wire.negotiation import aggregated_form, discovery_form
from demo_cluster.wire.reply import Reply
from tests.demo_cluster.conftest import SteppedWorld

ALL_AT_ONCE = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def ask(
    world: SteppedWorld, path: str, query: str = "", method: str = "GET", accept: str = ""
) -> Reply:
    """What the server answers to an administrator."""
    backend = world.cluster.backend
    sent = {"authorization": f"Bearer {backend.tokens.issue(ADMIN)}", "accept": accept}
    reply = await Api(backend).answer(RawRequest(method, path, query, sent, b""))
    assert isinstance(reply, Reply)
    return reply


def test_whoever_takes_all_of_discovery_at_once_gets_it() -> None:
    assert aggregated_form(f"application/json,application/json;{ALL_AT_ONCE}") == "json"
    assert aggregated_form(f"application/yaml;{ALL_AT_ONCE}") == "yaml"
    assert aggregated_form("application/json;v=v2") is None


def test_a_client_says_what_it_likes_best_by_weight() -> None:
    assert discovery_form("application/json;q=0.5, application/yaml") == "yaml"
    assert discovery_form("*/*, application/yaml") == "yaml"
    assert discovery_form("application/json;v=v2, application/yaml;q=0.1") == "yaml"


async def test_discovery_at_once_has_a_form_in_protobuf(world: SteppedWorld) -> None:
    media = f"application/vnd.kubernetes.protobuf;{ALL_AT_ONCE}"

    found = await ask(world, "/apis", accept=media)

    assert found.headers["Content-Type"] == media
    assert isinstance(found.body, bytes)
    assert found.body.startswith(b"k8s\0")
    assert b"deployments" in found.body


@pytest.mark.parametrize("name", ["healthz", "livez", "readyz"])
async def test_a_check_may_be_left_out_and_one_that_is_none_is_told(
    world: SteppedWorld, name: str
) -> None:
    found = await ask(world, f"/{name}", "verbose&exclude=ping&exclude=nope&exclude=a")

    assert isinstance(found.body, str)
    lines = found.body.splitlines()
    assert lines[0] == "[+]ping excluded: ok"
    warning = "warn: some health checks cannot be excluded: no matches for "
    assert lines[-2:] == [f'{warning}"a", "nope"', f"{name} check passed"]


async def test_one_check_answers_for_itself(world: SteppedWorld) -> None:
    found = await ask(world, "/livez/etcd", "verbose")

    assert (found.status, found.body) == (200, "ok")
    assert (await ask(world, "/livez/informer-sync")).status == 404


async def test_what_says_how_tokens_are_checked_points_to_the_keys(world: SteppedWorld) -> None:
    found = await ask(world, "/.well-known/openid-configuration")

    assert isinstance(found.body, bytes)
    address = json.loads(found.body)["jwks_uri"]
    path = address.removeprefix("https://127.0.0.1")
    keys = await ask(world, path)
    assert keys.headers["Content-Type"] == "application/jwk-set+json"


@pytest.mark.parametrize("path", ["/healthz/", "/metrics/", "/openapi/v2/", "/openapi/v3/"])
async def test_a_slash_too_many_leads_nowhere(world: SteppedWorld, path: str) -> None:
    assert (await ask(world, path)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/healthz", 200),
        ("POST", "/apis", 200),
        ("HEAD", "/version", 405),
        ("POST", "/apis/apps/v1", 405),
        ("PUT", "/api/v1/", 405),
    ],
)
async def test_some_paths_take_any_method_and_others_only_get(
    world: SteppedWorld, method: str, path: str, status: int
) -> None:
    assert (await ask(world, path, method=method)).status == status


@pytest.mark.parametrize(
    ("method", "path", "status", "is_plain"),
    [
        ("DELETE", "/api/v1/pods", 405, False),
        ("POST", "/apis/authorization.k8s.io/v1/localsubjectaccessreviews", 404, False),
        ("GET", "/apis/apps/v9", 404, False),
        ("GET", "/apis/tools.example.com/v9", 404, True),
        ("GET", "/apis/tools.example.com/v1/nothing", 404, True),
        ("DELETE", "/apis/tools.example.com/v1/hammers", 404, True),
        ("PUT", "/apis/tools.example.com/v1/namespaces/default/hammers", 400, False),
    ],
)
async def test_behind_the_custom_kinds_is_nobody_who_tells_what_is_missing(
    world: SteppedWorld, method: str, path: str, status: int, is_plain: bool
) -> None:
    hammer = Kind("tools.example.com", "v1", "hammers", "Hammer", True, is_custom=True)
    world.cluster.backend.registry.add(hammer, CustomForm({}))

    found = await ask(world, path, method=method)

    assert (found.status, isinstance(found.body, str)) == (status, is_plain)


async def test_every_path_that_is_listed_is_there(world: SteppedWorld) -> None:
    index = await ask(world, "/")
    assert isinstance(index.body, dict)
    paths = [path for path in index.body["paths"] if path != "/openapi/v3/"]

    missing = [path for path in paths if (await ask(world, path)).status != 200]

    assert missing == []


@pytest.mark.parametrize("path", ["/statusz", "/flagz"])
async def test_pages_for_people_are_plain_text_and_nothing_else(
    world: SteppedWorld, path: str
) -> None:
    page = await ask(world, path, accept="text/html, */*;q=0.1")
    refused = await ask(world, path, accept="application/json")

    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert isinstance(page.body, str)
    assert page.body.startswith(f"\nkube-apiserver {path[1:]}\nWarning: ")
    assert refused.status == 406
