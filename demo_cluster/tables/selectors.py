"""Selectors as text, as metav1.FormatLabelSelector writes them."""

from __future__ import annotations

from demo_cluster.kinds import Obj

_OPERATORS = {"In": "in", "NotIn": "notin"}


def selector_text(selector: Obj | None) -> str:
    """`app=web,tier in (a,b)`; `<none>` for an empty one."""
    if not selector:
        return "<none>"
    parts = [
        (name, f"{name}={value}") for name, value in (selector.get("matchLabels") or {}).items()
    ]
    for clause in selector.get("matchExpressions") or ():
        key, operator = clause["key"], clause["operator"]
        if operator == "Exists":
            parts.append((key, key))
        elif operator == "DoesNotExist":
            parts.append((key, f"!{key}"))
        else:
            values = ",".join(sorted(clause.get("values") or ()))
            parts.append((key, f"{key} {_OPERATORS[operator]} ({values})"))
    return ",".join(text for _, text in sorted(parts)) or "<none>"
