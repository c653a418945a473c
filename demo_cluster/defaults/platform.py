"""The fields that the API server fills in of what a cluster's owners make. Pure, in place.

Storage, priorities, webhooks, flow control, devices and limits.
"""

from __future__ import annotations

from demo_cluster.defaults.pods import default, host_path
from demo_cluster.kinds import Obj


def persistent_volume(obj: Obj) -> None:
    """A PersistentVolume."""
    spec = obj.setdefault("spec", {})
    default(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    host_path(spec)
    default(obj.setdefault("status", {}), phase="Pending")


def storage_class(obj: Obj) -> None:
    """A StorageClass."""
    default(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def storage_driver(obj: Obj) -> None:
    """A CSIDriver."""
    default(
        obj.setdefault("spec", {}),
        attachRequired=True,
        podInfoOnMount=False,
        storageCapacity=False,
        fsGroupPolicy="ReadWriteOnceWithFSType",
        volumeLifecycleModes=["Persistent"],
        requiresRepublish=False,
        seLinuxMount=False,
    )


def priority_class(obj: Obj) -> None:
    """A PriorityClass."""
    default(obj, preemptionPolicy="PreemptLowerPriority")


def webhook_configuration(obj: Obj) -> None:
    """A ValidatingWebhookConfiguration."""
    for webhook in obj.get("webhooks") or ():
        default(
            webhook,
            failurePolicy="Fail",
            matchPolicy="Equivalent",
            namespaceSelector={},
            objectSelector={},
            timeoutSeconds=10,
        )
        for rule in webhook.get("rules") or ():
            default(rule, scope="*")
        service = (webhook.get("clientConfig") or {}).get("service")
        if service:
            default(service, port=443)


def mutating_webhook_configuration(obj: Obj) -> None:
    """A MutatingWebhookConfiguration."""
    webhook_configuration(obj)
    for webhook in obj.get("webhooks") or ():
        default(webhook, reinvocationPolicy="Never")


def flow_schema(obj: Obj) -> None:
    """A FlowSchema."""
    default(obj.setdefault("spec", {}), matchingPrecedence=1000)
    obj.setdefault("status", {})


def priority_level(obj: Obj) -> None:
    """A PriorityLevelConfiguration."""
    spec = obj.setdefault("spec", {})
    if spec.get("type") == "Exempt":
        default(spec, exempt={})
        default(spec["exempt"], nominalConcurrencyShares=0, lendablePercent=0)
    elif isinstance(spec.get("limited"), dict):
        limited = spec["limited"]
        default(limited, nominalConcurrencyShares=30, lendablePercent=0)
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if isinstance(queuing, dict):
            default(queuing, queues=64, handSize=8, queueLengthLimit=50)
    obj.setdefault("status", {})


def limit_range(obj: Obj) -> None:
    """A LimitRange: the bounds of containers are their defaults too."""
    for item in (obj.get("spec") or {}).get("limits") or ():
        if item.get("type") != "Container":
            continue
        limits = {**(item.get("max") or {}), **(item.get("default") or {})}
        requests = {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}
        for name, values in (("default", limits), ("defaultRequest", requests)):
            if values:
                item[name] = values


def resource_claim(obj: Obj) -> None:
    """A ResourceClaim."""
    _device_requests(obj.get("spec") or {})
    obj.setdefault("status", {})


def resource_claim_template(obj: Obj) -> None:
    """A ResourceClaimTemplate."""
    _device_requests((obj.get("spec") or {}).get("spec") or {})


def _device_requests(spec: Obj) -> None:
    for request in (spec.get("devices") or {}).get("requests") or ():
        if isinstance(request.get("exactly"), dict):
            default(request["exactly"], allocationMode="ExactCount")
            if request["exactly"]["allocationMode"] == "ExactCount":
                default(request["exactly"], count=1)
