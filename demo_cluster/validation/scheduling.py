"""Where a pod may run: affinity, tolerations, spread and gates."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    duplicate,
    forbidden,
    invalid,
    invalid_for,
    required,
    unsupported,
)
from demo_cluster.validation.metadata import selector_causes

_EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def affinity_causes(affinity: Obj, path: str) -> Iterator[Cause]:
    """What is wrong with an affinity."""
    node = affinity.get("nodeAffinity") or {}
    where = f"{path}.nodeAffinity"
    if node.get(_REQUIRED) is not None:
        terms = node[_REQUIRED].get("nodeSelectorTerms") or []
        at = f"{where}.{_REQUIRED}.nodeSelectorTerms"
        if not terms:
            yield required(at, "must have at least one node selector term")
        for index, term in enumerate(terms):
            yield from _node_term(term, f"{at}[{index}]")
    for index, choice in enumerate(node.get(_PREFERRED) or ()):
        at = f"{where}.{_PREFERRED}[{index}]"
        yield from _weight(choice, at)
        yield from _node_term(choice.get("preference") or {}, f"{at}.preference")
    for name in ("podAffinity", "podAntiAffinity"):
        yield from _pod_affinity(affinity.get(name) or {}, f"{path}.{name}")


def _weight(choice: Obj, path: str) -> Iterator[Cause]:
    weight = choice.get("weight", 0)
    if not 0 < weight <= 100:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _node_term(term: Obj, path: str) -> Iterator[Cause]:
    for index, clause in enumerate(term.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        operator, values = clause.get("operator", ""), clause.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                why = "must be specified when `operator` is 'In' or 'NotIn'"
                yield required(f"{where}.values", why)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                yield forbidden(f"{where}.values", why)
        elif operator in ("Gt", "Lt"):
            if len(values) != 1:
                why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                yield required(f"{where}.values", why)
        else:
            yield invalid(f"{where}.operator", operator, "not a valid selector operator")
        key = clause.get("key", "")
        yield from invalid_for(f"{where}.key", key, formats.qualified_name(key))
        for number, value in enumerate(values):
            yield from invalid_for(f"{where}.values[{number}]", value, formats.label_value(value))


def _pod_affinity(affinity: Obj, path: str) -> Iterator[Cause]:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        yield from _pod_term(term, f"{path}.{_REQUIRED}[{index}]")
    for index, choice in enumerate(affinity.get(_PREFERRED) or ()):
        where = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(choice, where)
        yield from _pod_term(choice.get("podAffinityTerm") or {}, f"{where}.podAffinityTerm")


def _pod_term(term: Obj, path: str) -> Iterator[Cause]:
    yield from selector_causes(term.get("labelSelector"), f"{path}.labelSelector")
    for name in term.get("namespaces") or ():
        yield from invalid_for(f"{path}.namespace", name, formats.label(name))
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from invalid_for(f"{path}.topologyKey", key, formats.qualified_name(key))


def tolerations_causes(tolerations: list[Obj], path: str) -> Iterator[Cause]:
    """What is wrong with tolerations."""
    for index, each in enumerate(tolerations):
        where = f"{path}[{index}]"
        key, operator = each.get("key", ""), each.get("operator", "")
        value, effect = each.get("value", ""), each.get("effect", "")
        if key:
            yield from invalid_for(f"{where}.key", key, formats.qualified_name(key))
        elif operator != "Exists":
            why = (
                "operator must be Exists when `key` is empty, which means "
                '"match all values and all keys"'
            )
            yield invalid(f"{where}.operator", operator, why)
        if each.get("tolerationSeconds") is not None and effect != "NoExecute":
            why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid(f"{where}.effect", effect, why)
        if operator in ("Equal", ""):
            if reasons := formats.label_value(value):
                yield invalid(f"{where}.operator", value, ";".join(reasons))
        elif operator == "Exists":
            if value:
                why = "value must be empty when `operator` is 'Exists'"
                yield invalid(f"{where}.operator", value, why)
        else:
            yield unsupported(f"{where}.operator", operator, ["Equal", "Exists"])
        if effect and effect not in _EFFECTS:
            yield unsupported(f"{where}.effect", effect, _EFFECTS)


def gates_causes(gates: list[Obj], path: str) -> Iterator[Cause]:
    """What is wrong with scheduling gates."""
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        yield from invalid_for(f"{path}[{index}]", name, formats.qualified_name(name))
        if name in seen:
            yield duplicate(f"{path}[{index}]", name)
        seen.add(name)


_WHEN = ["DoNotSchedule", "ScheduleAnyway"]


def spread_causes(constraints: list[Obj], path: str) -> Iterator[Cause]:
    """What is wrong with topology spread constraints."""
    seen: set[tuple[str, str]] = set()
    for index, each in enumerate(constraints):
        where = f"{path}[{index}]"
        skew, key = each.get("maxSkew", 0), each.get("topologyKey", "")
        when = each.get("whenUnsatisfiable", "")
        if skew <= 0:
            yield invalid(f"{where}.maxSkew", skew, "must be greater than zero")
        if not key:
            yield required(f"{where}.topologyKey", "can not be empty")
        else:
            yield from invalid_for(f"{where}.topologyKey", key, formats.qualified_name(key))
        if when not in _WHEN:
            yield unsupported(f"{where}.whenUnsatisfiable", when, _WHEN)
        if (key, when) in seen:
            yield duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {when}}}")
        seen.add((key, when))
        least = each.get("minDomains")
        if least is not None and least <= 0:
            yield invalid(f"{where}.minDomains", least, "must be greater than 0")
        yield from selector_causes(each.get("labelSelector"), f"{where}.labelSelector")
