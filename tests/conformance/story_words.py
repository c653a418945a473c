"""What the recorder's words say of the objects of a story: kinds, names, numbers. Pure."""

from __future__ import annotations

import re

from tests.conformance.story import Obj

COLLECTIONS = {
    "pod": ("v1", "Pod", "/api/v1", "pods"),
    "service": ("v1", "Service", "/api/v1", "services"),
    "configmap": ("v1", "ConfigMap", "/api/v1", "configmaps"),
    "secret": ("v1", "Secret", "/api/v1", "secrets"),
    "pvc": ("v1", "PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims"),
    "quota": ("v1", "ResourceQuota", "/api/v1", "resourcequotas"),
    "deployment": ("apps/v1", "Deployment", "/apis/apps/v1", "deployments"),
    "replicaset": ("apps/v1", "ReplicaSet", "/apis/apps/v1", "replicasets"),
    "statefulset": ("apps/v1", "StatefulSet", "/apis/apps/v1", "statefulsets"),
    "daemonset": ("apps/v1", "DaemonSet", "/apis/apps/v1", "daemonsets"),
    "job": ("batch/v1", "Job", "/apis/batch/v1", "jobs"),
    "cronjob": ("batch/v1", "CronJob", "/apis/batch/v1", "cronjobs"),
    "hpa": (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "/apis/autoscaling/v2",
        "horizontalpodautoscalers",
    ),
    "pdb": ("policy/v1", "PodDisruptionBudget", "/apis/policy/v1", "poddisruptionbudgets"),
}
"""The recorder's words for kinds: version, kind, where they are served."""

_NO_NAMES = frozenset(
    {
        *("a", "an", "and", "as", "at", "by", "for", "from", "in", "its", "of", "on", "one"),
        *("over", "that", "the", "to", "which", "with", "without"),
    }
)
_NUMBERED = {
    "pod": ("activeDeadlineSeconds", "terminationGracePeriodSeconds"),
    "job": (
        "activeDeadlineSeconds",
        "backoffLimit",
        "completions",
        "parallelism",
        "ttlSecondsAfterFinished",
    ),
    "cronjob": (
        "failedJobsHistoryLimit",
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
    ),
    "deployment": (
        "minReadySeconds",
        "progressDeadlineSeconds",
        "replicas",
        "revisionHistoryLimit",
    ),
    "replicaset": ("minReadySeconds", "replicas"),
    "statefulset": ("minReadySeconds", "replicas"),
    "daemonset": ("minReadySeconds",),
    "hpa": ("maxReplicas", "minReplicas"),
    "pdb": ("maxUnavailable", "minAvailable"),
}
"""Fields of a kind's spec that the recorder names together with a number."""


def word_in(text: str) -> str:
    """The first word of a kind in it, "" without one."""
    return next((word for word in re.findall(r"[a-z]+", text) if word in COLLECTIONS), "")


def name_in(text: str, word: str) -> str:
    """The name that follows the kind's word, "" where none does."""
    found = re.search(rf"\b{word} ([a-z][a-z0-9.-]*)", text)
    return "" if found is None or found[1] in _NO_NAMES else found[1].rstrip(".-")


def numbers_in(text: str, word: str) -> Obj:
    """The part of the spec of a kind that words such as `backoffLimit 1` tell."""
    spec: Obj = {}
    for field in _NUMBERED.get(word, ()):
        if found := re.search(rf"{field}[ =](\d+)|(\d+) {field}\b", text):
            spec[field] = int(found[1] or found[2])
    return {**spec, **_strategy(text, word)}


def collection(word: str, namespace: str) -> str:
    """The path of the collection that a word of the recorder means."""
    _, _, root, plural = COLLECTIONS[word]
    return f"{root}/namespaces/{namespace}/{plural}"


def word_of_kind(kind: str) -> str:
    """The recorder's word for a kind, "" for one without."""
    return next((word for word, each in COLLECTIONS.items() if each[1] == kind), "")


def _strategy(text: str, word: str) -> Obj:
    if word == "statefulset":
        found: Obj = {}
        if "Parallel" in text:
            found["podManagementPolicy"] = "Parallel"
        if partition := re.search(r"partition[ =](\d+)", text):
            rolling = {"partition": int(partition[1])}
            found["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": rolling}
        return {**found, **({"updateStrategy": {"type": "OnDelete"}} if "OnDelete" in text else {})}
    if word not in ("deployment", "daemonset"):
        return {}
    field = "strategy" if word == "deployment" else "updateStrategy"
    for other in ("Recreate", "OnDelete"):
        if other in text:
            return {field: {"type": other}}
    rolling = {
        name: match[1] if match[1].endswith("%") else int(match[1])
        for name in ("maxSurge", "maxUnavailable")
        if (match := re.search(rf"{name}[ =](\d+%?)", text))
    }
    return {field: {"type": "RollingUpdate", "rollingUpdate": rolling}} if rolling else {}
