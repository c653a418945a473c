"""What may be asked beside the kinds: what announces versions and groups, and the server itself."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.schema.operation import BUILT_IN, JSON, STRING, Operation, camel, tag
from demo_cluster.schema.types import META


def announcement(group: str, version: str) -> Operation:
    """The operation that lists the resources of a group and version."""
    return Operation(
        "get",
        f"get{camel(group, version)}APIResources",
        tag(group, version),
        "get available resources",
        {200: f"{META}.APIResourceList"},
        BUILT_IN,
        BUILT_IN,
    )


_VERSIONS = "get available API versions"
_ISSUER = "get service account issuer OpenID"
_SMALL = (
    ("/api/", "core", "getCoreAPIVersions", _VERSIONS, f"{META}.APIVersions", BUILT_IN, BUILT_IN),
    ("/apis/", "apis", "getAPIVersions", _VERSIONS, f"{META}.APIGroupList", BUILT_IN, BUILT_IN),
    (
        "/version/",
        "version",
        "getCodeVersion",
        "get the version information for this server",
        "io.k8s.apimachinery.pkg.version.Info",
        (JSON,),
        (JSON,),
    ),
    (
        "/.well-known/openid-configuration/",
        "WellKnown",
        "getServiceAccountIssuerOpenIDConfiguration",
        f"{_ISSUER} configuration, also known as the 'OIDC discovery doc'",
        STRING,
        (JSON,),
        (),
    ),
    (
        "/openid/v1/jwks/",
        "openid",
        "getServiceAccountIssuerOpenIDKeyset",
        f"{_ISSUER} JSON Web Key Set (contains public token verification keys)",
        STRING,
        ("application/jwk-set+json",),
        (),
    ),
)
"""Paths that belong to no group: tag, name, text, schema, what is produced and consumed."""


def small_operations() -> Iterator[tuple[str, Operation]]:
    """What announces versions, groups, the server itself and the keys of its tokens."""
    for path, word, name, text, schema, produces, consumes in _SMALL:
        yield path, Operation("get", name, word, text, {200: schema}, produces, consumes)


def group_operation(group: str) -> tuple[str, Operation]:
    """The path that tells a group's versions."""
    name, schema = f"get{camel(group, '')}APIGroup", f"{META}.APIGroup"
    text = "get information of a group"
    operation = Operation("get", name, tag(group, ""), text, {200: schema}, BUILT_IN, BUILT_IN)
    return f"/apis/{group}/", operation
