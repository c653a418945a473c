"""The fields that the API server fills in of what runs pods. Pure, in place."""

from __future__ import annotations

from demo_cluster.defaults.pods import default, pod_spec
from demo_cluster.kinds import Obj


def _template(spec: Obj) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def deployment(obj: Obj) -> None:
    """A Deployment: its template, strategy and numbers."""
    spec = obj.setdefault("spec", {})
    _template(spec)
    default(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    default(spec, strategy={})
    strategy = spec["strategy"]
    default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        default(strategy, rollingUpdate={})
        default(strategy["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    obj.setdefault("status", {})


def replica_set(obj: Obj) -> None:
    """A ReplicaSet."""
    spec = obj.setdefault("spec", {})
    if spec.get("template"):
        _template(spec)
    default(spec, replicas=1)
    default(obj.setdefault("status", {}), replicas=0)


def replication_controller(obj: Obj) -> None:
    """A ReplicationController: what it does not say is taken from its template's labels."""
    spec = obj.setdefault("spec", {})
    default(spec, replicas=1)
    if spec.get("template"):
        _template(spec)
        labels = spec["template"]["metadata"].get("labels")
        if labels and not spec.get("selector"):
            spec["selector"] = dict(labels)
        if labels and not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)
    default(obj.setdefault("status", {}), replicas=0)


def pod_template(obj: Obj) -> None:
    """A PodTemplate."""
    _template(obj)


def stateful_set(obj: Obj) -> None:
    """A StatefulSet and its claim templates."""
    spec = obj.setdefault("spec", {})
    _template(spec)
    default(
        spec,
        replicas=1,
        podManagementPolicy="OrderedReady",
        revisionHistoryLimit=10,
        updateStrategy={},
        persistentVolumeClaimRetentionPolicy={},
    )
    default(spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain")
    default(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        default(spec["updateStrategy"], rollingUpdate={})
        default(spec["updateStrategy"]["rollingUpdate"], partition=0)
    for claim in spec.get("volumeClaimTemplates") or ():
        default(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        default(claim.setdefault("spec", {}), volumeMode="Filesystem")
        default(claim.setdefault("status", {}), phase="Pending")
    default(obj.setdefault("status", {}), replicas=0, availableReplicas=0)


TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def count_template(obj: Obj, old: Obj) -> None:
    """Daemon sets count the changes of their template in an annotation."""
    if old["kind"] != "DaemonSet":
        return
    before = (old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "1")
    has_changed = obj["spec"]["template"] != old["spec"]["template"]
    annotations = obj["metadata"].setdefault("annotations", {})
    annotations[TEMPLATE_GENERATION] = str(int(before) + has_changed)


def daemon_set(obj: Obj) -> None:
    """A DaemonSet, and the count of its templates."""
    spec = obj.setdefault("spec", {})
    _template(spec)
    if "resourceVersion" not in obj["metadata"]:
        default(obj["metadata"], annotations={})
        obj["metadata"]["annotations"].setdefault(TEMPLATE_GENERATION, "1")
    default(spec, revisionHistoryLimit=10, updateStrategy={})
    strategy = spec["updateStrategy"]
    default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        default(strategy, rollingUpdate={})
        default(strategy["rollingUpdate"], maxUnavailable=1, maxSurge=0)
    default(
        obj.setdefault("status", {}),
        currentNumberScheduled=0,
        numberMisscheduled=0,
        desiredNumberScheduled=0,
        numberReady=0,
    )


def _job_spec(spec: Obj) -> None:
    _template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    default(
        spec,
        parallelism=1,
        backoffLimit=2147483647 if spec.get("backoffLimitPerIndex") is not None else 6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
    )


def job(obj: Obj) -> None:
    """A Job: its selector and the labels of its pods are made from its uid."""
    spec = obj.setdefault("spec", {})
    _job_spec(spec)
    default(spec, manualSelector=False)
    template_labels = spec["template"]["metadata"].setdefault("labels", {})
    if not obj["metadata"].get("labels") and template_labels:
        obj["metadata"]["labels"] = dict(template_labels)
    uid = obj["metadata"].get("uid")
    if uid and not spec.get("manualSelector"):
        labels = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": obj["metadata"]["name"],
            "controller-uid": uid,
            "job-name": obj["metadata"]["name"],
        }
        for name, value in labels.items():
            template_labels.setdefault(name, value)
        default(spec, selector={"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    if not obj["metadata"].get("labels") and template_labels:
        obj["metadata"]["labels"] = dict(template_labels)
    obj.setdefault("status", {})


def cron_job(obj: Obj) -> None:
    """A CronJob; of its jobs only the pods are filled in."""
    spec = obj.setdefault("spec", {})
    default(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    inner = template.setdefault("spec", {})
    _template(inner)
    obj.setdefault("status", {})
