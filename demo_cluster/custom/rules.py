"""The rules that the schema of a custom kind states: which of them an object breaks. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from demo_cluster.custom.rule_language import RuleError, names_in, parsed
from demo_cluster.kinds import Obj
from demo_cluster.status import Cause

_RULES = "x-kubernetes-validations"
_REASONS = {
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
}


def has_rules(schema: Any) -> bool:
    """Whether the schema states a rule anywhere."""
    if not isinstance(schema, dict):
        return False
    inner = [*(schema.get("properties") or {}).values(), schema.get("items")]
    inner.append(schema.get("additionalProperties"))
    return bool(schema.get(_RULES)) or any(map(has_rules, inner))


def rule_causes(schema: Obj, obj: Obj, old: Obj | None) -> list[Cause]:
    """The rules that are broken, those of a value before those of its parts.

    A rule about what was (`oldSelf`) holds only where there was something. A rule that this
    cluster cannot read holds.
    """
    return list(_causes(schema, obj, old, ""))


def _causes(schema: Obj, value: Any, old: Any, path: str) -> Iterator[Cause]:
    if value is None:
        return
    for rule in schema.get(_RULES) or ():
        cause = _broken(rule, schema, value, old, path)
        if cause is not None:
            yield cause
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, inner in sorted(value.items()):
            if name in properties:
                here = f"{path}.{name}" if path else name
                yield from _causes(properties[name], inner, before.get(name), here)
            elif isinstance(more, dict):
                yield from _causes(more, inner, before.get(name), f"{path}[{name}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            inner = schema.get("items") or {}
            yield from _causes(inner, item, _same_item(schema, item, old), f"{path}[{index}]")


def _same_item(schema: Obj, item: Any, old: Any) -> Any:
    """The item that had the same keys before, None where the list has no keys."""
    keys = schema.get("x-kubernetes-list-map-keys")
    if not keys or not isinstance(old, list) or not isinstance(item, dict):
        return None
    wanted = [item.get(key) for key in keys]
    return next((each for each in old if [each.get(key) for key in keys] == wanted), None)


def _broken(rule: Obj, schema: Obj, value: Any, old: Any, path: str) -> Cause | None:
    try:
        term, names = parsed(rule["rule"]), names_in(rule["rule"])
    except RuleError:
        return None
    if "oldSelf" in names and old is None:
        return None
    known = {"self": value, "oldSelf": old}
    field = f"{path}{rule.get('fieldPath') or ''}" or "<nil>"
    said = str(rule.get("message") or rule["rule"]).strip()
    try:
        if term(known) is True:
            return None
    except RuleError as error:
        text = f'Invalid value: "{schema.get("type", "")}": {error} evaluating rule: {said}'
        return Cause("FieldValueInvalid", text, field)
    reason = rule.get("reason") or "FieldValueInvalid"
    detail = str(rule["message"]).strip() if rule.get("message") else f"failed rule: {said}"
    if rule.get("messageExpression"):
        with suppress(RuleError):
            detail = str(parsed(rule["messageExpression"])(known))
    return Cause(reason, _worded(reason, value, detail), field)


def _worded(reason: str, value: Any, detail: str) -> str:
    shown = "" if isinstance(value, dict | list) else f": {json.dumps(value, ensure_ascii=False)}"
    if reason == "FieldValueDuplicate":
        return f"Duplicate value{shown}"
    if reason in _REASONS:
        return f"{_REASONS[reason]}: {detail}"
    return f"Invalid value{shown}: {detail}"
