"""Whose an object is: the labels by which up marks what it makes and down finds it. Pure."""

from collections.abc import Mapping
from typing import Any

FIELD_MANAGER = "kompose"
OUR_MANAGERS = frozenset((FIELD_MANAGER, "kube-tui"))
"""Field managers that are this toolset: what they own, up may take back without asking."""

MANAGED_BY = "app.kubernetes.io/managed-by"
PROJECT = "io.kompose.project"
SERVICE = "io.kompose.service"

Object = dict[str, Any]


def project_selector(project: str) -> str:
    """The label selector of everything that up made for a project."""
    return f"{MANAGED_BY}=kompose,{PROJECT}={project}"


def service_selector(keys: list[str]) -> str:
    """The label selector of the pods of these services."""
    return f"{SERVICE} in ({','.join(sorted(keys))})"


def stamped(obj: Mapping[str, Any], project: str) -> Object:
    """The object as up applies it: marked as ours, without what is the server's to say.

    Claims that a StatefulSet makes for its pods are marked too; pods are not, since their labels
    belong to the pod template that `convert` writes.
    """
    metadata = {
        key: value
        for key, value in obj["metadata"].items()
        if key != "creationTimestamp" and value is not None
    }
    metadata["labels"] = _ours(metadata.get("labels"), project)
    made = {key: value for key, value in obj.items() if key != "status"}
    made["metadata"] = metadata
    claims = (obj.get("spec") or {}).get("volumeClaimTemplates")
    if claims:
        made["spec"] = {
            **obj["spec"],
            "volumeClaimTemplates": [
                {
                    **claim,
                    "metadata": {
                        **claim["metadata"],
                        "labels": _ours(claim["metadata"].get("labels"), project),
                    },
                }
                for claim in claims
            ],
        }
    return made


def service_key(obj: Mapping[str, Any]) -> str:
    """The service that an object belongs to, by its label; empty when it belongs to none."""
    labels = obj.get("metadata", {}).get("labels") or {}
    return str(labels.get(SERVICE, ""))


def _ours(labels: Mapping[str, str] | None, project: str) -> dict[str, str]:
    return {**(labels or {}), MANAGED_BY: FIELD_MANAGER, PROJECT: project}
