"""Deployments, replica sets, stateful sets, daemon sets and replication controllers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demo_cluster.kinds import Kind, Obj
from demo_cluster.selection import selector_matcher
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    IMMUTABLE,
    forbidden,
    invalid,
    invalid_for,
    not_negative,
    required,
    unsupported,
)
from demo_cluster.validation.metadata import selector_causes
from demo_cluster.validation.pod_spec import template_causes

_ROLLING = "RollingUpdate"
_MISMATCH = "`selector` does not match template `labels`"
_STATEFUL_CHANGES = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def workload_causes(kind: Kind, new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with what runs pods, or with a change of it."""
    spec = new["spec"]
    if old is not None and old["spec"] == spec:
        return
    if kind.plural == "statefulsets":
        yield from _stateful_set(spec)
        if old is not None:
            yield from _stateful_change(spec, old["spec"])
    elif kind.plural == "daemonsets":
        yield from _daemon_set(spec)
    else:
        yield from _replicated(kind, spec)
    is_fixed = kind.plural in ("deployments", "replicasets", "daemonsets")
    if is_fixed and old is not None and old["spec"].get("selector") != spec.get("selector"):
        yield invalid("spec.selector", spec.get("selector"), IMMUTABLE)


def _replicated(kind: Kind, spec: Obj) -> Iterator[Cause]:
    yield from not_negative(spec, "spec", "replicas")
    if kind.plural != "deployments":
        yield from not_negative(spec, "spec", "minReadySeconds")
    selector = spec.get("selector")
    if kind.plural == "replicationcontrollers":
        selector = {"matchLabels": selector} if selector else None
    yield from _selector(selector, "deployment")
    yield from _template(spec, selector, "ReplicaSet")
    if kind.plural != "deployments":
        return
    yield from _strategy(spec.get("strategy") or {}, "spec.strategy")
    least, deadline = spec.get("minReadySeconds", 0), spec.get("progressDeadlineSeconds")
    numbers = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    yield from not_negative(spec, "spec", *numbers)
    if deadline is not None and deadline <= least:
        why = "must be greater than minReadySeconds"
        yield invalid("spec.progressDeadlineSeconds", deadline, why)


def _selector(selector: Obj | None, word: str) -> Iterator[Cause]:
    if selector is None:
        yield required("spec.selector")
        return
    yield from selector_causes(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        why = f"empty selector is invalid for {word}"
        yield invalid("spec.selector", selector, why)


def _matches(selector: Obj | None, template: Obj) -> bool:
    if selector is None:
        return False
    labels = (template.get("metadata") or {}).get("labels") or {}
    return bool(selector_matcher(selector)(labels))


def _template(spec: Obj, selector: Obj | None, word: str) -> Iterator[Cause]:
    template = spec.get("template") or {}
    if not _matches(selector, template):
        labels = (template.get("metadata") or {}).get("labels")
        yield invalid("spec.template.metadata.labels", labels or None, _MISMATCH)
    yield from _pods_that_last(spec, word)


def _pods_that_last(spec: Obj, word: str) -> Iterator[Cause]:
    claims = spec.get("volumeClaimTemplates") or ()
    claimed = frozenset((claim.get("metadata") or {}).get("name") for claim in claims)
    template = spec.get("template") or {}
    yield from template_causes(template, "spec.template", claimed)
    inner = template.get("spec") or {}
    if inner.get("restartPolicy") != "Always":
        field = "spec.template.spec.restartPolicy"
        yield unsupported(field, inner.get("restartPolicy"), ["Always"])
    if inner.get("activeDeadlineSeconds") is not None:
        why = f"activeDeadlineSeconds in {word} is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", why)


# -- deployments ---------------------------------------------------------------------------


def _strategy(strategy: Obj, path: str) -> Iterator[Cause]:
    kinds = ["Recreate", _ROLLING]
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in kinds:
        yield unsupported(f"{path}.type", strategy.get("type"), kinds)
    elif strategy["type"] == "Recreate":
        if rolling is not None:
            why = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(f"{path}.rollingUpdate", why)
    elif rolling is not None:
        yield from _rolling(rolling, f"{path}.rollingUpdate")


def _rolling(rolling: Obj, path: str) -> Iterator[Cause]:
    for name in ("maxUnavailable", "maxSurge"):
        if name in rolling:
            reasons = formats.count_or_percent(rolling[name])
            yield from invalid_for(f"{path}.{name}", rolling[name], reasons)
    most = rolling.get("maxUnavailable", 0)
    if _is_none(most) and _is_none(rolling.get("maxSurge", 0)):
        yield invalid(f"{path}.maxUnavailable", most, "may not be 0 when `maxSurge` is 0")
    yield from invalid_for(f"{path}.maxUnavailable", most, formats.at_most_all(most))


def _is_none(amount: Any) -> bool:
    return str(amount).removesuffix("%") == "0"


# -- stateful sets -------------------------------------------------------------------------


def _stateful_set(spec: Obj) -> Iterator[Cause]:
    policy = spec.get("podManagementPolicy")
    if policy not in ("OrderedReady", "Parallel"):
        yield invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    strategy = spec.get("updateStrategy") or {}
    field, rolling = "spec.updateStrategy", strategy.get("rollingUpdate")
    if strategy.get("type") == "OnDelete":
        if rolling is not None:
            why = "only allowed for updateStrategy 'RollingUpdate'"
            yield invalid(f"{field}.rollingUpdate", rolling, why)
    elif strategy.get("type") == _ROLLING:
        yield from not_negative(rolling or {}, f"{field}.rollingUpdate", "partition")
    else:
        yield invalid(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    selector = spec.get("selector")
    yield from _selector(selector, "statefulset")
    if not _matches(selector, spec.get("template") or {}):
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
        yield invalid("spec.template.metadata.labels", labels or None, _MISMATCH)
    yield from _pods_that_last(spec, "StatefulSet")


def _stateful_change(new: Obj, old: Obj) -> Iterator[Cause]:
    fixed = [
        {name: value for name, value in spec.items() if name not in _STATEFUL_CHANGES}
        for spec in (new, old)
    ]
    if fixed[0] != fixed[1]:
        named = ", ".join(f"'{name}'" for name in _STATEFUL_CHANGES[:-1])
        why = (
            f"updates to statefulset spec for fields other than {named} and "
            f"'{_STATEFUL_CHANGES[-1]}' are forbidden"
        )
        yield forbidden("spec", why)


# -- daemon sets ---------------------------------------------------------------------------


def _daemon_set(spec: Obj) -> Iterator[Cause]:
    selector, template = spec.get("selector"), spec.get("template") or {}
    yield from selector_causes(selector, "spec.selector")
    if not _matches(selector, template):
        labels = (template.get("metadata") or {}).get("labels")
        yield invalid("spec.template.metadata.labels", labels or None, _MISMATCH)
    if selector is not None and not any(map(selector.get, ("matchLabels", "matchExpressions"))):
        yield invalid("spec.selector", selector, "empty selector is invalid for daemonset")
    yield from _pods_that_last(spec, "DaemonSet")
    yield from not_negative(spec, "spec", "minReadySeconds")
    strategy = spec.get("updateStrategy") or {}
    kinds = [_ROLLING, "OnDelete"]
    if strategy.get("type") not in kinds:
        yield unsupported("spec.updateStrategy.type", strategy.get("type"), kinds)
    elif strategy["type"] == _ROLLING:
        yield from _daemon_rolling(
            strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate"
        )
    yield from not_negative(spec, "spec", "revisionHistoryLimit")


def _daemon_rolling(rolling: Obj, path: str) -> Iterator[Cause]:
    most, surge = rolling.get("maxUnavailable", 1), rolling.get("maxSurge", 0)
    for name, value in (("maxUnavailable", most), ("maxSurge", surge)):
        yield from invalid_for(f"{path}.{name}", value, formats.count_or_percent(value))
        yield from invalid_for(f"{path}.{name}", value, formats.at_most_all(value))
    if _is_none(most) and _is_none(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
    elif not _is_none(most) and not _is_none(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
