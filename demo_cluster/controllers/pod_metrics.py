"""What an autoscaler measures of its target's pods: their use against their requests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from demo_cluster.controllers.owned_pods import PODS, is_active, matches
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.quantities import quantity
from demo_cluster.store.storage import Storage
from demo_cluster.usage import Usage

API_SERVICES = kind_of("apiservices", "apiregistration.k8s.io")
METRICS_SERVICE = "v1beta1.metrics.k8s.io"


class MetricsError(Exception):
    """The use cannot be told; the text is the autoscaler's."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric: how far it is from what is wanted, its name in events, and its status."""

    ratio: float
    words: str
    status: Obj


class PodMetrics:
    """Reads the use of pods, as long as a metrics server is registered."""

    def __init__(self, storage: Storage, usage: Usage) -> None:
        self._storage = storage
        self._usage = usage

    def measure(self, metric: Obj, target: Obj) -> Measured:
        """The metric of the target's pods.

        Raises:
            MetricsError: There is no metrics server, no request, or no running pod.
        """
        resource = metric.get("resource") or {}
        name, wanted = str(resource.get("name", "")), resource.get("target") or {}
        percentage = wanted.get("averageUtilization")
        word = "utilization" if percentage is not None else "usage"
        try:
            used, requested, pods = self._totals(target, name, needs_requests=word != "usage")
        except MetricsError as error:
            raise MetricsError(f"failed to get {name} {word}: {error}") from None
        mean = used / pods
        text = f"{math.ceil(mean * 1000)}m" if name == "cpu" else str(int(mean))
        current: Obj = {"averageValue": text}
        if percentage is None:
            ratio = mean / (float(quantity(str(wanted.get("averageValue", "1")))) or 1.0)
            words = f"{name} resource"
        else:
            share = int(100 * used / requested)
            current = {"averageUtilization": share, **current}
            ratio = share / float(percentage)
            words = f"{name} resource utilization (percentage of request)"
        status = {"type": "Resource", "resource": {"name": name, "current": current}}
        return Measured(ratio, words, status)

    def _totals(self, target: Obj, name: str, *, needs_requests: bool) -> tuple[float, float, int]:
        if self._storage.get(API_SERVICES, "", METRICS_SERVICE) is None:
            raise MetricsError(
                f"unable to get metrics for resource {name}: unable to fetch metrics from resource "
                "metrics API: the server could not find the requested resource (get "
                "pods.metrics.k8s.io)"
            )
        used = requested = 0.0
        pods = 0
        for pod in self._storage.list(PODS, target["metadata"]["namespace"]):
            labels = pod["metadata"].get("labels")
            if not (is_active(pod) and matches(target["spec"].get("selector"), labels)):
                continue
            requested += self._requested(pod, name, is_needed=needs_requests)
            if pod.get("status", {}).get("phase") == "Running":
                pods += 1
                for cores, memory in self._usage.containers(pod).values():
                    used += cores if name == "cpu" else memory
        if not pods:
            raise MetricsError("no metrics returned from resource metrics API")
        return used, requested or 1.0, pods

    @staticmethod
    def _requested(pod: Obj, name: str, *, is_needed: bool) -> float:
        total = 0.0
        for container in pod["spec"]["containers"]:
            text = ((container.get("resources") or {}).get("requests") or {}).get(name)
            if text is None and is_needed:
                where = f"container {container['name']} of Pod {pod['metadata']['name']}"
                raise MetricsError(f"missing request for {name} in {where}")
            total += float(quantity(str(text or "0")))
        return total
