"""From a row to what actions and plugins need to know of it."""

from __future__ import annotations

from typing import Any

from kube_tui.actions.action import Subject
from kube_tui.level import Level
from kube_tui.rows import catalog
from kube_tui.rows.container import ContainerLine
from kube_tui.rows.row import Item
from kube_tui.rows.view import View
from kube_tui.session import Session

_ENTER = {
    "namespaces": "services",
    "services": "pods",
    "pods": "containers",
    "containers": "logs",
    "nodes": "pods",
    "cronjobs": "jobs",
    "contexts": "connect",
    "customresourcedefinitions": "objects",
    **dict.fromkeys(("deployments", "statefulsets", "daemonsets", "replicasets", "jobs"), "pods"),
}


def subject_of(view: View[Any], item: Item, session: Session) -> Subject:
    """The object that the row stands for; a container's is its pod."""
    type_ = view.resource or catalog.PODS.resource
    if type_ is None:
        raise ValueError("the catalog has lost its pods")
    type_ = session.find(type_.full_name) or type_
    metadata = item.metadata
    container = item.spec.name if isinstance(item, ContainerLine) else ""
    return Subject(
        type=type_,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        item=item,
        container=container,
    )


def enter_words(view: View[Any]) -> str:
    """What Enter opens."""
    return _ENTER.get(view.name, "describe" if view.resource is not None else "")


def plugin_values(
    session: Session, level: Level, item: Item | None, kubeconfig: str
) -> dict[str, str]:
    """The names that a plugin's arguments may use, in capitals."""
    access, view = session.client.access, level.view
    values = {
        "CONTEXT": access.context_name,
        "CLUSTER": access.cluster_name,
        "USER": access.user_name,
        "GROUPS": ",".join(access.user.impersonation.groups),
        "KUBECONFIG": kubeconfig,
        "FILTER": level.model.filter_text,
        "NAMESPACE": level.place.namespace or "",
    }
    if view.resource is not None:
        values["RESOURCE_GROUP"] = view.resource.group
        values["RESOURCE_VERSION"] = view.resource.version
        values["RESOURCE_NAME"] = view.resource.plural
    if item is None:
        return values
    subject = subject_of(view, item, session)
    values["NAME"] = subject.container or subject.name
    values["NAMESPACE"] = subject.namespace
    if subject.type.plural == "pods":
        values["POD"] = subject.name
        values["CONTAINER"] = subject.container
    moment = session.moment()
    for column in level.full_view.columns:
        values[f"COL-{column.name}"] = column.cell(item, moment).text
    return values
