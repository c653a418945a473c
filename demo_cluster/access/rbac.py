"""May this user do that? Roles and bindings, looked up in the storage as they are right now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demo_cluster.access.users import User
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure, forbidden
from demo_cluster.store.storage import Storage

_RBAC = "rbac.authorization.k8s.io"
SUPERUSERS = "system:masters"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What somebody wants to do. `path` is set for everything outside the resources."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def resource_path(self) -> str:
        """`pods`, or `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and why."""

    is_allowed: bool
    reason: str = ""


class Authorizer:
    """Decides by the RBAC objects in a storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def decide(self, user: User, wanted: Attributes) -> Decision:
        """Whether the user may do this."""
        if SUPERUSERS in user.groups:
            return Decision(True)
        for binding, rule in self._rules(user, wanted.namespace):
            if covers(rule, wanted):
                return Decision(True, f"RBAC: allowed by {binding}")
        return Decision(False)

    def rules(self, user: User, namespace: str) -> list[Obj]:
        """Every rule that roles give this user in a namespace; being superuser is not one."""
        return [rule for _, rule in self._rules(user, namespace)]

    def _rules(self, user: User, namespace: str) -> Iterator[tuple[str, Obj]]:
        yield from self._bound(user, "clusterrolebindings", None)
        if namespace:
            yield from self._bound(user, "rolebindings", namespace)

    def _bound(self, user: User, plural: str, namespace: str | None) -> Iterator[tuple[str, Obj]]:
        for binding in reversed(self._storage.list(kind_of(plural, _RBAC), namespace)):
            subject = _subject_of(binding, user)
            if subject is None:
                continue
            role = binding["roleRef"]
            plural_role = "clusterroles" if role["kind"] == "ClusterRole" else "roles"
            space = "" if plural_role == "clusterroles" else namespace or ""
            found = self._storage.get(kind_of(plural_role, _RBAC), space, role["name"])
            where = f"{namespace}" if namespace else ""
            full = (
                f"{binding['metadata']['name']}/{where}" if where else binding["metadata"]["name"]
            )
            text = f'{binding["kind"]} "{full}" of {role["kind"]} "{role["name"]}" to {subject}'
            for rule in (found or {}).get("rules") or ():
                yield text, rule


def _subject_of(binding: Obj, user: User) -> str | None:
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return f'User "{name}"'
        if kind == "Group" and name in user.groups:
            return f'Group "{name}"'
        if kind == "ServiceAccount":
            account = f"system:serviceaccount:{subject.get('namespace', '')}:{name}"
            if account == user.name:
                return f'ServiceAccount "{name}/{subject.get("namespace", "")}"'
    return None


def covers(rule: Obj, wanted: Attributes) -> bool:
    """Whether the rule allows this."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and wanted.verb not in verbs:
        return False
    if wanted.path:
        return any(_path_fits(path, wanted.path) for path in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and wanted.group not in groups:
        return False
    resources = rule.get("resources") or ()
    fits = (
        "*" in resources
        or wanted.resource_path in resources
        or (bool(wanted.subresource) and f"*/{wanted.subresource}" in resources)
    )
    names = rule.get("resourceNames") or ()
    return fits and (not names or wanted.name in names)


def _path_fits(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def refusal(user: User, wanted: Attributes) -> Failure:
    """The 403 for what this user may not do."""
    if wanted.path:
        return forbidden(f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"')
    about = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    named = f'{about} "{wanted.name}"' if wanted.name else about
    scope = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    details: Obj = {"name": wanted.name} if wanted.name else {}
    if wanted.group:
        details["group"] = wanted.group
    details["kind"] = wanted.resource
    return forbidden(
        f'{named} is forbidden: User "{user.name}" cannot {wanted.verb} resource '
        f'"{wanted.resource_path}" in API group "{wanted.group}" {scope}',
        details,
    )
