"""May this user do this? The server's own answer."""

from dataclasses import dataclass
from typing import Any

import msgspec

from kube_client.client import Client
from kube_client.resource import ResourceType

_REVIEWS = "/apis/authorization.k8s.io/v1"


class _Rule(msgspec.Struct, rename="camel"):
    verbs: list[str] = []
    api_groups: list[str] = []
    resources: list[str] = []
    resource_names: list[str] = []


class _RulesStatus(msgspec.Struct, rename="camel"):
    resource_rules: list[_Rule] = []
    incomplete: bool = False


class _RulesBody(msgspec.Struct):
    status: _RulesStatus = msgspec.field(default_factory=_RulesStatus)


class _AccessStatus(msgspec.Struct):
    allowed: bool = False


class _AccessBody(msgspec.Struct):
    status: _AccessStatus = msgspec.field(default_factory=_AccessStatus)


@dataclass(frozen=True, slots=True)
class Rule:
    """These verbs on these resources; with names, only on the objects of these names."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]

    def covers(self, verb: str, group: str, resource: str, name: str) -> bool:
        """Whether the rule allows it; `*` stands for everything."""
        return (
            _has(self.verbs, verb)
            and _has(self.groups, group)
            and self._has_resource(resource)
            and (not self.names or name in self.names)
        )

    def _has_resource(self, resource: str) -> bool:
        subresource = resource.partition("/")[2]
        return _has(self.resources, resource) or bool(
            subresource and f"*/{subresource}" in self.resources
        )


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the user may do in one namespace, asked once for all.

    `incomplete` means that the server could not list every rule.
    """

    rules: tuple[Rule, ...]
    incomplete: bool

    def allows(
        self, verb: str, group: str, plural: str, *, name: str = "", subresource: str = ""
    ) -> bool | None:
        """Yes, no, or None when only trying tells."""
        resource = f"{plural}/{subresource}" if subresource else plural
        if any(rule.covers(verb, group, resource, name) for rule in self.rules):
            return True
        return None if self.incomplete else False


async def can_i(
    client: Client,
    verb: str,
    resource: ResourceType | str,
    namespace: str | None = None,
    name: str = "",
    subresource: str = "",
) -> bool:
    """Whether the user may do this; no namespace means everywhere.

    A resource that is text is a plural, with its group in front unless it is a core kind: `pods`,
    `apps/deployments`.
    """
    if isinstance(resource, ResourceType):
        group, plural = resource.group, resource.plural
    else:
        group, _, plural = resource.rpartition("/")
    attributes = {
        "verb": verb,
        "group": group,
        "resource": plural,
        "namespace": namespace or "",
        "name": name,
        "subresource": subresource,
    }
    spec = {"resourceAttributes": {key: value for key, value in attributes.items() if value}}
    path = f"{_REVIEWS}/selfsubjectaccessreviews"
    content = await client.request("POST", path, body=_review("SelfSubjectAccessReview", spec))
    return client.decode(content, _AccessBody, path).status.allowed


async def rules(client: Client, namespace: str) -> AccessRules:
    """Everything that the user may do in the namespace."""
    path = f"{_REVIEWS}/selfsubjectrulesreviews"
    body = _review("SelfSubjectRulesReview", {"namespace": namespace})
    status = client.decode(await client.request("POST", path, body=body), _RulesBody, path).status
    return AccessRules(
        tuple(
            Rule(
                frozenset(rule.verbs),
                frozenset(rule.api_groups),
                frozenset(rule.resources),
                frozenset(rule.resource_names),
            )
            for rule in status.resource_rules
        ),
        status.incomplete,
    )


def _has(allowed: frozenset[str], wanted: str) -> bool:
    return wanted in allowed or "*" in allowed


def _review(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
