"""Users that a scenario or the command line adds, and the RBAC objects that say what they may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demo_cluster.access.users import AUTHENTICATED, User
from demo_cluster.kinds import Kind, Obj, kind_of

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the cluster, with a context in its kubeconfig."""

    name: str
    groups: tuple[str, ...] = ()
    namespace: str = ""
    """Where the context starts, and where `role` holds; "" = everywhere."""
    role: str = ""
    """A ClusterRole; "" = what `rules` say, else nothing."""
    rules: tuple[Obj, ...] = ()
    """RBAC rules; one with a `namespace` holds there alone, the others everywhere."""

    @property
    def user(self) -> User:
        """Who authentication says it is."""
        return User(self.name, (*self.groups, AUTHENTICATED), self.name)


def parse_person(text: str) -> Person:
    """`auditor`, `auditor=view`, `intern=edit@shop`.

    Raises:
        ValueError: It has no name.
    """
    name, _, rest = text.partition("=")
    role, _, namespace = rest.partition("@")
    if not name.strip():
        raise ValueError(f"{text!r} names no user; write NAME=ROLE@NAMESPACE, as intern=view@shop")
    return Person(name.strip(), namespace=namespace, role=role)


def rights_of(person: Person) -> Iterator[tuple[Kind, Obj]]:
    """The roles and bindings that make these rights."""
    if person.role:
        yield _binding(person, person.namespace, "ClusterRole", person.role, "role")
    for number, rule in enumerate(person.rules, 1):
        namespace = rule.get("namespace", "")
        plain = {name: value for name, value in rule.items() if name != "namespace"}
        if plain.get("resources"):
            plain.setdefault("apiGroups", [""])
        kind = "Role" if namespace else "ClusterRole"
        name = f"demo-{person.name}-{number}"
        yield (
            kind_of(f"{kind.lower()}s", _RBAC),
            {"metadata": _meta(name, namespace), "rules": [plain]},
        )
        yield _binding(person, namespace, kind, name, str(number))


def _binding(person: Person, namespace: str, kind: str, role: str, mark: str) -> tuple[Kind, Obj]:
    plural = "rolebindings" if namespace else "clusterrolebindings"
    return kind_of(plural, _RBAC), {
        "metadata": _meta(f"demo-{person.name}-{mark}", namespace),
        "subjects": [{"kind": "User", "apiGroup": _RBAC, "name": person.name}],
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": role},
    }


def _meta(name: str, namespace: str) -> Obj:
    return {"name": name, **({"namespace": namespace} if namespace else {})}
