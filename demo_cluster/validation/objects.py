"""Which kind is checked for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from demo_cluster.custom.kinds import DEFINITIONS
from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import Cause
from demo_cluster.store.storage import Storage
from demo_cluster.validation import (
    access,
    data,
    definitions,
    events,
    jobs,
    networking,
    pods,
    policies,
    services,
    signing,
    storage_kinds,
    workloads,
)
from demo_cluster.validation.metadata import metadata_causes

Check = Callable[[Obj, Obj | None], Iterator[Cause]]

_CHECKS: dict[tuple[str, str], Check] = {
    ("", "configmaps"): data.data_causes,
    ("", "secrets"): data.data_causes,
    ("", "persistentvolumeclaims"): storage_kinds.claim_causes,
    ("", "persistentvolumes"): storage_kinds.volume_causes,
    ("", "resourcequotas"): policies.quota_causes,
    ("", "limitranges"): policies.limit_range_causes,
    ("batch", "jobs"): jobs.job_causes,
    ("batch", "cronjobs"): jobs.cron_job_causes,
    ("certificates.k8s.io", "certificatesigningrequests"): signing.signing_request_causes,
    ("networking.k8s.io", "ingresses"): networking.ingress_causes,
    ("networking.k8s.io", "ingressclasses"): networking.ingress_class_causes,
    ("networking.k8s.io", "networkpolicies"): networking.network_policy_causes,
    ("storage.k8s.io", "storageclasses"): storage_kinds.storage_class_causes,
    ("autoscaling", "horizontalpodautoscalers"): policies.autoscaler_causes,
    ("policy", "poddisruptionbudgets"): policies.budget_causes,
    ("scheduling.k8s.io", "priorityclasses"): policies.priority_causes,
    ("coordination.k8s.io", "leases"): policies.lease_causes,
}
_WORKLOADS = frozenset(
    {
        ("", "replicationcontrollers"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
    }
)


def validate(
    kind: Kind, new: Obj, old: Obj | None, storage: Storage, part: str = ""
) -> list[Cause]:
    """Everything that is wrong with a new object, or with a change of one.

    `part` is the subresource that is written, "" for the object itself.
    """
    return [*metadata_causes(kind, new, old), *kind_causes(kind, new, old, storage, part)]


def kind_causes(
    kind: Kind, new: Obj, old: Obj | None, storage: Storage, part: str = ""
) -> list[Cause]:
    """What is wrong with all but the metadata."""
    key = kind.storage_key
    if key == DEFINITIONS.storage_key:
        return list(definitions.definition_causes(new, old))
    if part in ("status", "scale") and old is not None:
        return []
    if key == ("", "pods"):
        return list(pods.pod_causes(new, old, part))
    if key == ("", "services"):
        return list(services.service_causes(new, old, storage))
    if key == ("", "events") and old is None:
        return list(events.event_causes(kind, new))
    if key in _WORKLOADS:
        return list(workloads.workload_causes(kind, new, old))
    if kind.plural in ("rolebindings", "clusterrolebindings"):
        return list(access.role_binding_causes(kind, new, old))
    if kind.plural in ("roles", "clusterroles"):
        return list(access.role_causes(kind, new))
    check = _CHECKS.get(key)
    return list(check(new, old)) if check else []
