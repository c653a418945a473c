"""What the server serves: /version, /api, /apis, their aggregated form, and health."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec

from demo_cluster.handlers.health import check_paths
from demo_cluster.kinds import Kind, KindRegistry, Obj, Subresource
from demo_cluster.status import PageNotFound, no_such_resource
from demo_cluster.wire import discovery_protobuf
from demo_cluster.wire.documents import encoded_body
from demo_cluster.wire.negotiation import PROTOBUF, Encoding, aggregated_form, discovery_form
from demo_cluster.wire.presentation import is_pretty
from demo_cluster.wire.reply import Call, Reply

VERSION: Obj = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-06-10T00:00:00Z",
    "goVersion": "go1.27.3",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_AGGREGATED = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def version(call: Call) -> Reply:
    """GET /version."""
    del call
    return Reply(body=VERSION)


async def paths(call: Call) -> Reply:
    """GET /: every path that is served."""
    return Reply(body={"paths": listed_paths(call.backend.registry)})


def listed_paths(registry: KindRegistry) -> list[str]:
    """Every path that is served, but for those of resources."""
    found = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/"]
    for name, versions in registry.groups().items():
        if name:
            found += [f"/apis/{name}", *(f"/apis/{name}/{version}" for version in versions)]
    found += [*check_paths(), "/flagz", "/metrics", "/metrics/slis", "/openapi/v2", "/openapi/v3"]
    found += ["/openapi/v3/", "/openid/v1/jwks", "/statusz", "/version"]
    return sorted(found)


async def core_versions(call: Call) -> Reply:
    """GET /api."""
    form = aggregated_form(call.headers.get("accept", ""))
    if form is not None:
        return _aggregated(call, [_group_discovery(call.backend.registry, "", ["v1"])], form)
    address = call.headers.get("host", "127.0.0.1")
    return _shown(
        call,
        {
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
        },
    )


async def groups(call: Call) -> Reply:
    """GET /apis."""
    registry = call.backend.registry
    named = {name: versions for name, versions in registry.groups().items() if name}
    form = aggregated_form(call.headers.get("accept", ""))
    if form is not None:
        items = [_group_discovery(registry, name, versions) for name, versions in named.items()]
        return _aggregated(call, items, form)
    listed = [_group(name, versions) for name, versions in named.items()]
    return _shown(call, {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})


async def group(call: Call) -> Reply:
    """GET /apis/GROUP.

    Raises:
        Failure: 404, no such group.
    """
    name = call.path.strip("/").split("/")[1]
    versions = call.backend.registry.groups().get(name)
    if not versions:
        raise PageNotFound
    return _shown(call, {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)})


async def resources(call: Call) -> Reply:
    """GET /api/v1 and /apis/GROUP/VERSION.

    Raises:
        Failure: 404, no such group, or no such version of it.
    """
    parts = call.path.strip("/").split("/")
    name, wanted = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2])
    registry = call.backend.registry
    if not registry.serves(name, wanted):
        if name in registry.groups() and not registry.is_custom_group(name):
            raise no_such_resource()
        raise PageNotFound
    kinds = [kind for kind in registry.all() if (kind.group, kind.version) == (name, wanted)]
    body: Obj = {"kind": "APIResourceList"}
    if name:
        body["apiVersion"] = "v1"
    body["groupVersion"] = f"{name}/{wanted}" if name else wanted
    body["resources"] = [entry for kind in sorted_kinds(kinds) for entry in _entries(kind)]
    return _shown(call, body)


def sorted_kinds(kinds: list[Kind]) -> list[Kind]:
    """By plural name, as discovery lists them."""
    return sorted(kinds, key=lambda kind: kind.plural)


def storage_version_hash(kind: Kind) -> str:
    """What discovery calls storageVersionHash. Follows discovery.StorageVersionHash."""
    text = f"{kind.group if kind.storage_group is None else kind.storage_group}/"
    version = "v2" if kind.storage_key[0] == "autoscaling" else kind.version
    digest = hashlib.sha256(f"{text}{version}/{kind.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _group(name: str, versions: list[str]) -> Obj:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def _entries(kind: Kind) -> list[Obj]:
    entry: Obj = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    if "watch" in kind.verbs:
        entry["storageVersionHash"] = storage_version_hash(kind)
    return [entry, *(_subresource_entry(kind, sub) for sub in kind.subresources)]


def _subresource_entry(kind: Kind, sub: Subresource) -> Obj:
    entry: Obj = {
        "name": f"{kind.plural}/{sub.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
    }
    if sub.group:
        entry["group"], entry["version"] = sub.group, sub.version
    entry["kind"] = sub.kind or kind.kind
    entry["verbs"] = list(sub.verbs)
    return entry


def _shown(call: Call, body: Obj) -> Reply:
    """A discovery document in JSON, YAML or protobuf.

    Raises:
        Failure: 406, the client wants none of them.
    """
    form = discovery_form(call.headers.get("accept", ""))
    if form == "protobuf":
        return Reply(body=discovery_protobuf.encoded(body), headers={"Content-Type": PROTOBUF})
    encoded = encoded_body(body, is_yaml=form == "yaml", is_pretty=is_pretty(call))
    return Reply(body=encoded, headers={"Content-Type": f"application/{form}"})


def _aggregated(call: Call, items: list[Obj], form: Encoding) -> Reply:
    body: Obj = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }
    etag = '"' + hashlib.sha512(msgspec.json.encode(body)).hexdigest().upper() + '"'
    headers = {"Cache-Control": "public", "ETag": etag, "Vary": "Accept"}
    if call.headers.get("if-none-match") == etag:
        return Reply(304, headers=headers)
    media = PROTOBUF if form == "protobuf" else f"application/{form}"
    if form == "protobuf":
        encoded = discovery_protobuf.encoded(body)
    else:
        encoded = encoded_body(body, is_yaml=form == "yaml", is_pretty=is_pretty(call))
    return Reply(body=encoded, headers={**headers, "Content-Type": f"{media};{_AGGREGATED}"})


def _group_discovery(registry: KindRegistry, name: str, versions: list[str]) -> Obj:
    described = []
    for wanted in versions:
        kinds = [kind for kind in registry.all() if (kind.group, kind.version) == (name, wanted)]
        listed = [_resource_discovery(kind) for kind in sorted_kinds(kinds)]
        described.append({"version": wanted, "resources": listed, "freshness": "Current"})
    return {"metadata": {"name": name} if name else {}, "versions": described}


def _resource_discovery(kind: Kind) -> Obj:
    own_kind = {"group": "", "version": "", "kind": kind.kind}
    if kind.is_custom:
        own_kind = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    entry: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": own_kind,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    if kind.subresources:
        entry["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind}
                if sub.kind
                else own_kind,
                "verbs": list(sub.verbs),
            }
            for sub in kind.subresources
        ]
    return entry
