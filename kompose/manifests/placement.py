"""Where pods may run: `deploy.placement` as node affinity and spread constraints."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from kompose.compose.service import Service
from kompose.report import Report

_KNOWN_KEYS = {
    "node.hostname": "kubernetes.io/hostname",
    "engine.labels.operatingsystem": "kubernetes.io/os",
}
_NODE_LABELS = "node.labels."


class Placed(NamedTuple):
    """Constraints in the cluster's own keys."""

    must_be: dict[str, str]
    must_not_be: dict[str, str]
    spread_over: tuple[str, ...] = ()


_ANYWHERE = Placed({}, {})


def placed(service: Service, report: Report) -> Placed:
    """The placement of a service; what cannot be expressed is reported and left out."""
    if service.deploy is None:
        return _ANYWHERE
    placement = service.deploy.placement
    must_be: dict[str, str] = {}
    must_not_be: dict[str, str] = {}
    for constraint in placement.constraints:
        operator = " == " if " == " in constraint else " != "
        parts = constraint.split(operator)
        if len(parts) < 2:
            report.warn(
                f"Failed to parse placement constraints {constraint}, "
                "the correct format is 'label == xxx'"
            )
            continue
        key = _cluster_key(parts[0], "constraints", report)
        if key is not None:
            (must_be if operator == " == " else must_not_be)[key] = parts[1]
    return Placed(must_be, must_not_be, tuple(_spreads(service, report)))


def _spreads(service: Service, report: Report) -> Iterable[str]:
    deploy = service.deploy
    assert deploy is not None
    for spread in deploy.placement.spreads:
        key = _cluster_key(spread, "preferences", report)
        if key is not None:
            yield key


def _cluster_key(key: str, where: str, report: Report) -> str | None:
    if key.startswith(_NODE_LABELS):
        return key.removeprefix(_NODE_LABELS)
    if known := _KNOWN_KEYS.get(key):
        return known
    report.warn(
        f"Ignore placement {where}: {key} is not supported, only 'node.hostname', "
        "'engine.labels.operatingsystem' and 'node.labels.xxx' "
        "(ex: node.labels.something == anything) is supported"
    )
    return None


def affinity(place: Placed) -> dict[str, Any]:
    """The pod's affinity; empty when it may run anywhere."""
    expressions = [
        {"key": key, "operator": operator, "values": [value]}
        for operator, wanted in (("In", place.must_be), ("NotIn", place.must_not_be))
        for key, value in wanted.items()
    ]
    if not expressions:
        return {}
    terms = [{"matchExpressions": expressions}]
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
        }
    }


def spread_constraints(place: Placed, name: str) -> list[dict[str, Any]]:
    """One constraint for each preference; the first weighs least."""
    count = len(place.spread_over)
    return [
        {
            "maxSkew": count - index,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"io.kompose.service": name}},
        }
        for index, key in enumerate(place.spread_over)
    ]
