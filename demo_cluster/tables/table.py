"""Lists and objects as a Table: which kind has which columns and rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.conversion import presented
from demo_cluster.schema.reference import texts_of
from demo_cluster.tables import others, pods, rarer, workloads
from demo_cluster.tables.custom import custom_columns, custom_row

Row = Callable[[Obj, datetime], list[Any]]

_RBAC, _STORAGE = "rbac.authorization.k8s.io", "storage.k8s.io"
_ROWS: dict[str, Row] = {
    "pods": pods.pod_row,
    "replicationcontrollers": workloads.replica_set_row,
    "deployments.apps": workloads.deployment_row,
    "replicasets.apps": workloads.replica_set_row,
    "statefulsets.apps": workloads.stateful_set_row,
    "daemonsets.apps": workloads.daemon_set_row,
    "controllerrevisions.apps": workloads.controller_revision_row,
    "jobs.batch": workloads.job_row,
    "cronjobs.batch": workloads.cron_job_row,
    "horizontalpodautoscalers.autoscaling": workloads.autoscaler_row,
    "poddisruptionbudgets.policy": workloads.budget_row,
    "services": others.service_row,
    "nodes": others.node_row,
    "events": others.event_row,
    "namespaces": others.namespace_row,
    "configmaps": others.config_map_row,
    "secrets": others.secret_row,
    "serviceaccounts": others.service_account_row,
    "endpoints": others.endpoints_row,
    "endpointslices.discovery.k8s.io": others.endpoint_slice_row,
    "ingresses.networking.k8s.io": others.ingress_row,
    "ingressclasses.networking.k8s.io": others.ingress_class_row,
    "networkpolicies.networking.k8s.io": others.network_policy_row,
    "persistentvolumeclaims": others.claim_row,
    "persistentvolumes": others.volume_row,
    "storageclasses.storage.k8s.io": others.storage_class_row,
    "resourcequotas": others.quota_row,
    "limitranges": others.created_row,
    f"roles.{_RBAC}": others.created_row,
    f"clusterroles.{_RBAC}": others.created_row,
    f"rolebindings.{_RBAC}": others.role_binding_row,
    f"clusterrolebindings.{_RBAC}": others.role_binding_row,
    "leases.coordination.k8s.io": others.lease_row,
    "priorityclasses.scheduling.k8s.io": others.priority_class_row,
    "apiservices.apiregistration.k8s.io": others.api_service_row,
    "customresourcedefinitions.apiextensions.k8s.io": others.created_row,
    "runtimeclasses.node.k8s.io": others.runtime_class_row,
    "componentstatuses": rarer.component_status_row,
    "podtemplates": rarer.pod_template_row,
    "certificatesigningrequests.certificates.k8s.io": rarer.signing_request_row,
    f"volumeattributesclasses.{_STORAGE}": rarer.attributes_class_row,
    f"volumeattachments.{_STORAGE}": rarer.attachment_row,
    f"csinodes.{_STORAGE}": rarer.csi_node_row,
    f"csidrivers.{_STORAGE}": rarer.csi_driver_row,
    f"csistoragecapacities.{_STORAGE}": rarer.storage_capacity_row,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": rarer.webhooks_row,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": rarer.webhooks_row,
    "flowschemas.flowcontrol.apiserver.k8s.io": rarer.flow_schema_row,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": rarer.priority_level_row,
    "deviceclasses.resource.k8s.io": rarer.named_row,
    "resourceclaims.resource.k8s.io": rarer.resource_claim_row,
    "resourceclaimtemplates.resource.k8s.io": rarer.named_row,
    "resourceslices.resource.k8s.io": rarer.resource_slice_row,
    "servicecidrs.networking.k8s.io": rarer.service_cidr_row,
    "ipaddresses.networking.k8s.io": rarer.ip_address_row,
    "scales.autoscaling": rarer.scale_row,
}
"""Kinds with printers of their own; the others show when they were made."""


_REFERENCE = "="
"""So begins a description that is the reference text of a field: `=io.k8s.api.core.v1.Pod.spec`."""
_COMPLETED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


@cache
def _columns() -> dict[str, list[list[Any]]]:
    text = Path(__file__).with_name("columns.json").read_text(encoding="utf-8")
    columns: dict[str, list[list[Any]]] = json.loads(text)
    return columns


def column_definitions(kind: Kind, printer_columns: list[Obj] | None) -> list[Obj]:
    """The columns of a kind; of a custom one by its additionalPrinterColumns."""
    if kind.is_custom:
        return custom_columns(_name_column(), _age_column(), printer_columns)
    known = _columns().get(_table_name(kind)) or _columns()["limitranges"]
    return [_definition(column) for column in known]


def rows(
    kind: Kind,
    objects: Iterable[Obj],
    now: datetime,
    include: str,
    version: str,
    printer_columns: list[Obj] | None = None,
) -> list[Obj]:
    """One row for each object as it is stored, with as much of the shown one as `include` says."""
    found = []
    cells_of = _ROWS.get(_table_name(kind), others.created_row)
    for obj in objects:
        cells = custom_row(obj, now, printer_columns) if kind.is_custom else cells_of(obj, now)
        row: Obj = {"cells": cells}
        phase = obj.get("status", {}).get("phase") if kind.storage_key == ("", "pods") else None
        if phase in _COMPLETED:
            condition = {"type": "Completed", "status": "True", "reason": phase}
            row["conditions"] = [{**condition, "message": _COMPLETED[phase]}]
        if include == "Object":
            row["object"] = presented(kind, obj)
        elif include == "Metadata":
            row["object"] = {
                "kind": "PartialObjectMetadata",
                "apiVersion": f"meta.k8s.io/{version}",
                "metadata": obj["metadata"],
            }
        else:
            row["object"] = None
        found.append(row)
    return found


def _table_name(kind: Kind) -> str:
    group, plural = kind.storage_key
    return f"{plural}.{group}" if group else plural


def _definition(column: list[Any]) -> Obj:
    name, type_, format_, priority, description = column
    if description.startswith(_REFERENCE):
        definition, _, field = description.removeprefix(_REFERENCE).rpartition(".")
        description = texts_of(definition).get(field, "")
    return {
        "name": name,
        "type": type_,
        "format": format_,
        "description": description,
        "priority": priority,
    }


def _name_column() -> Obj:
    return _definition(_columns()["configmaps"][0])


def _age_column() -> Obj:
    return _definition(_columns()["configmaps"][-1])
