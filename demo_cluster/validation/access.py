"""Roles and their bindings."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    invalid,
    invalid_for,
    required,
    unsupported,
)

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ["Group", "ServiceAccount", "User"]


def role_causes(kind: Kind, new: Obj) -> Iterator[Cause]:
    """What is wrong with a role, for a namespace or the whole cluster."""
    for index, rule in enumerate(new.get("rules") or ()):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            yield required(f"{path}.verbs", "verbs must contain at least one value")
        if urls := rule.get("nonResourceURLs"):
            if kind.plural == "roles":
                why = "namespaced rules cannot apply to non-resource URLs"
                yield invalid(f"{path}.nonResourceURLs", urls, why)
            stated = ("apiGroups", "resources", "resourceNames")
            if any(rule.get(name) for name in stated):
                why = "rules cannot apply to both regular resources and non-resource URLs"
                yield invalid(f"{path}.nonResourceURLs", urls, why)
            continue
        if not rule.get("apiGroups"):
            why = "resource rules must supply at least one api group"
            yield required(f"{path}.apiGroups", why)
        if not rule.get("resources"):
            yield required(f"{path}.resources", "resource rules must supply at least one resource")


def role_binding_causes(kind: Kind, new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a binding of a role, or with a change of it."""
    role = new.get("roleRef") or {}
    if role.get("apiGroup", _GROUP) != _GROUP:
        yield unsupported("roleRef.apiGroup", role["apiGroup"], [_GROUP])
    kinds = ["ClusterRole", "Role"] if kind.plural == "rolebindings" else ["ClusterRole"]
    if role.get("kind") not in kinds:
        yield unsupported("roleRef.kind", role.get("kind", ""), kinds)
    if not role.get("name"):
        yield required("roleRef.name")
    else:
        reasons = formats.path_segment(role["name"])
        yield from invalid_for("roleRef.name", role["name"], reasons)
    for index, subject in enumerate(new.get("subjects") or ()):
        yield from _subject(kind, subject, f"subjects[{index}]")
    if old is not None and new.get("roleRef") != old.get("roleRef"):
        yield invalid("roleRef", _inside(role), "cannot change roleRef")


def _subject(kind: Kind, subject: Obj, path: str) -> Iterator[Cause]:
    name, word = subject.get("name", ""), subject.get("kind", "")
    if not name:
        yield required(f"{path}.name")
    if word == "ServiceAccount":
        if name:
            yield from invalid_for(f"{path}.name", name, formats.subdomain(name))
        if subject.get("apiGroup"):
            yield unsupported(f"{path}.apiGroup", subject["apiGroup"], [""])
        if not subject.get("namespace") and kind.plural == "clusterrolebindings":
            yield required(f"{path}.namespace")
    elif word in ("User", "Group"):
        if subject.get("apiGroup", _GROUP) != _GROUP:
            yield unsupported(f"{path}.apiGroup", subject["apiGroup"], [_GROUP])
    else:
        yield unsupported(f"{path}.kind", word, _SUBJECTS)


def _inside(role: Obj) -> Obj:
    """A reference to a role as the server has it inside."""
    names = {"apiGroup": "APIGroup"}
    return {names.get(key, key[:1].upper() + key[1:]): value for key, value in role.items()}
