"""Nobody gives rights that they do not have. Follows the check of roles and bindings in RBAC."""

from __future__ import annotations

import json
from collections.abc import Iterator

from demo_cluster.access.rbac import SUPERUSERS, Attributes, Authorizer, covers
from demo_cluster.access.users import User
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.status import forbidden, not_found, resource_details
from demo_cluster.store.storage import Storage

GROUP = "rbac.authorization.k8s.io"
_ROLES = ("roles", "clusterroles")
_BINDINGS = ("rolebindings", "clusterrolebindings")


def confirm_rights(storage: Storage, user: User, kind: Kind, new: Obj, old: Obj | None) -> None:
    """Let a role or a binding pass when its writer has what it gives, or may give it all the same.

    Raises:
        Failure: 403, they have not; 404, the role of a binding is not there.
    """
    if kind.group != GROUP or SUPERUSERS in user.groups:
        return
    authorizer, namespace = Authorizer(storage), new["metadata"].get("namespace", "")
    rules: list[Obj] = []
    if kind.plural in _ROLES and (old is None or new.get("rules") != old.get("rules")):
        wanted = Attributes("escalate", GROUP, kind.plural, "", namespace, new["metadata"]["name"])
        if not authorizer.decide(user, wanted).is_allowed:
            rules = new.get("rules") or []
    elif kind.plural in _BINDINGS and (old is None or _given(new) != _given(old)):
        rules = _rules_of_binding(storage, authorizer, user, new, namespace)
    missing = _missing(rules, authorizer.rules(user, namespace))
    if missing:
        groups = " ".join(map(json.dumps, user.groups))
        name = new["metadata"]["name"]
        failure = forbidden(
            f'{kind.plural}.{kind.group} "{name}" is forbidden: user {json.dumps(user.name)} '
            f"(groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
            + "\n".join(missing),
            resource_details(kind, name),
        )
        failure.headers = {}
        raise failure


def _given(binding: Obj) -> tuple[object, object]:
    return binding.get("roleRef"), binding.get("subjects")


def _rules_of_binding(
    storage: Storage, authorizer: Authorizer, user: User, binding: Obj, namespace: str
) -> list[Obj]:
    role = binding.get("roleRef") or {}
    plural = "clusterroles" if role.get("kind") == "ClusterRole" else "roles"
    name = str(role.get("name", ""))
    wanted = Attributes("bind", GROUP, plural, "", namespace, name)
    if authorizer.decide(user, wanted).is_allowed:
        return []
    kind = kind_of(plural, GROUP)
    found = storage.get(kind, namespace if kind.namespaced else "", name)
    if found is None:
        raise not_found(kind, name)
    rules: list[Obj] = found.get("rules") or []
    return rules


def _missing(rules: list[Obj], own: list[Obj]) -> list[str]:
    """What the rules give that none of one's own covers, in Go's form, the verbs together."""
    verbs: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for parts, wanted in (entry for rule in rules for entry in _single(rule)):
        found = verbs.setdefault(parts, [])
        if wanted.verb not in found and not any(covers(rule, wanted) for rule in own):
            found.append(wanted.verb)
    return sorted(_described(parts, names) for parts, names in verbs.items() if names)


def _single(rule: Obj) -> Iterator[tuple[tuple[tuple[str, str], ...], Attributes]]:
    """Each single right of a rule, and what it is about."""
    for verb in rule.get("verbs") or ():
        for url in rule.get("nonResourceURLs") or ():
            yield (("NonResourceURLs", url),), Attributes(verb, path=url)
        for group in rule.get("apiGroups") or ():
            for path in rule.get("resources") or ():
                resource, _, part = path.partition("/")
                for name in rule.get("resourceNames") or ("",):
                    about = [("APIGroups", group), ("Resources", path)]
                    about += [("ResourceNames", name)] if name else []
                    yield tuple(about), Attributes(verb, group, resource, part, "", name)


def _described(parts: tuple[tuple[str, str], ...], verbs: list[str]) -> str:
    texts = [f"{word}:[{json.dumps(value)}]" for word, value in parts]
    listed = " ".join(map(json.dumps, verbs))
    return f"{{{', '.join([*texts, f'Verbs:[{listed}]'])}}}"
