"""`kompose.hpa.*`: how many copies run under load."""

from typing import Any

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import metadata
from kompose.manifests.numbers import whole_number, wrapped

_PREFIX = "kompose.hpa."
_DEFAULTS = {"replicas.min": 1, "replicas.max": 3, "cpu": 50, "memory": 70}


def autoscalers(component: Component, scope: Scope) -> list[dict[str, Any]]:
    """The autoscaler that the labels ask for, if any; always for a Deployment."""
    labels = component.service.labels
    if scope.options.is_openshift or not any(_PREFIX + name in labels for name in _DEFAULTS):
        return []
    low, high = (_value(name, component, scope) for name in ("replicas.min", "replicas.max"))
    if high < low:
        scope.report.warn(
            f"maxReplicas {high} is less than minReplicas {low}. Using minReplicas value {low}"
        )
        high = low
    target = {"kind": "Deployment", "name": component.key, "apiVersion": "apps/v1"}
    return [
        {
            "kind": "HorizontalPodAutoscaler",
            "apiVersion": "autoscaling/v2",
            "metadata": metadata(component.key),
            "spec": {
                "scaleTargetRef": target,
                "minReplicas": low,
                "maxReplicas": high,
                "metrics": [
                    _metric(name, _percentage(name, component, scope)) for name in ("cpu", "memory")
                ],
            },
            "status": {
                "currentReplicas": 0,
                "desiredReplicas": 0,
                "currentMetrics": None,
                "conditions": None,
            },
        }
    ]


def _value(name: str, component: Component, scope: Scope) -> int:
    text = component.service.labels.get(_PREFIX + name, "")
    number = whole_number(text)
    if number is not None and number >= 0:
        return wrapped(number)
    default = _DEFAULTS[name]
    scope.report.warn(f"Error converting label {_PREFIX}{name}. Using default value {default}")
    return default


def _percentage(name: str, component: Component, scope: Scope) -> int:
    value = _value(name, component, scope)
    if 1 <= value <= 100:
        return value
    default = _DEFAULTS[name]
    scope.report.warn(
        f"Metric value {value} is not within the acceptable range [1, 100]. "
        f"Using default value {default}"
    )
    return default


def _metric(name: str, percentage: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percentage}
    return {"type": "Resource", "resource": {"name": name, "target": target}}
