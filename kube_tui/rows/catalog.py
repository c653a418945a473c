"""Every View there is: one visible table. Any other kind is shown as the server prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kube_client import resource
from kube_client.objects import Pod
from kube_client.resource import ResourceType
from kube_tui.rows.container import CONTAINER_COLUMNS, ContainerLine, container_lines, explain_line
from kube_tui.rows.context import CONTEXT_COLUMNS
from kube_tui.rows.custom import table_columns
from kube_tui.rows.event import EVENT_COLUMNS, Event, explain_event
from kube_tui.rows.forward import FORWARD_COLUMNS, ForwardLine, explain_forward
from kube_tui.rows.job import (
    CRON_JOB_COLUMNS,
    JOB_COLUMNS,
    CronJob,
    Job,
    explain_job,
)
from kube_tui.rows.namespace import NAMESPACE_COLUMNS, Namespace, explain_namespace
from kube_tui.rows.node import NODE_COLUMNS, Node, explain_node
from kube_tui.rows.pod import POD_COLUMNS, explain_pod
from kube_tui.rows.row import Item
from kube_tui.rows.service import SERVICE_COLUMNS, Service, explain_service
from kube_tui.rows.view import Place, Said, Step, Target, View
from kube_tui.rows.workload import (
    DAEMON_SET_COLUMNS,
    DEPLOYMENT_COLUMNS,
    REPLICA_SET_COLUMNS,
    STATEFUL_SET_COLUMNS,
    Workload,
    explain_workload,
)


def _services_of(namespace: Namespace) -> Target:
    name = namespace.metadata.name
    return Step("services", Place(namespace=name, subject=name))


def _pods_of_service(service: Service) -> Target:
    if not service.spec.selector:
        return Said(f"Service {service.metadata.name} has no selector, so no pods to show.")
    return Step("pods", _selected(service.key.namespace, service.selector, "service", service))


def _pods_of_workload(kind: str) -> Any:
    def pods(item: Workload | Job) -> Target:
        if not item.selector:
            return Said(f"{kind} {item.metadata.name} has no selector, so no pods to show.")
        return Step("pods", _selected(item.key.namespace, item.selector, kind, item))

    return pods


def _selected(namespace: str, labels: str, kind: str, item: Item) -> Place:
    return Place(namespace=namespace, labels=labels, subject=f"{kind} {item.metadata.name}")


def _jobs_of(cron_job: CronJob) -> Target:
    meta = cron_job.metadata
    return Step(
        "jobs",
        Place(namespace=meta.namespace, owner_uid=meta.uid, subject=f"cron job {meta.name}"),
    )


def _pods_of_node(node: Node) -> Target:
    name = node.metadata.name
    return Step("pods", Place(fields=f"spec.nodeName={name}", subject=f"node {name}"))


def _containers_of(pod: Pod) -> Target:
    meta = pod.metadata
    return Step(
        "containers",
        Place(
            namespace=meta.namespace,
            fields=f"metadata.name={meta.name}",
            subject=f"pod {meta.name}",
        ),
    )


def _objects_of(definition: Item) -> Target:
    """A CRD is named `plural.group`, which is a word that names its kind."""
    return Step(definition.metadata.name, Place())


def _workload(name: str, resource_type: ResourceType, columns: Any, kind: str) -> View[Workload]:
    return View(
        name,
        resource_type,
        Workload,
        columns,
        enter=_pods_of_workload(kind),
        explain=explain_workload,
    )


PODS = View("pods", resource.PODS, Pod, POD_COLUMNS, _containers_of, explain_pod, uses_usage=True)
CONTAINERS: View[ContainerLine] = View(
    "containers",
    resource.PODS,
    Pod,
    CONTAINER_COLUMNS,
    explain=explain_line,
    expand=container_lines,
    sort_by="IDX",
    uses_usage=True,
)
NAMESPACES = View(
    "namespaces", resource.NAMESPACES, Namespace, NAMESPACE_COLUMNS, _services_of, explain_namespace
)
SERVICES = View(
    "services", resource.SERVICES, Service, SERVICE_COLUMNS, _pods_of_service, explain_service
)
DEPLOYMENTS = _workload("deployments", resource.DEPLOYMENTS, DEPLOYMENT_COLUMNS, "deployment")
STATEFUL_SETS = _workload(
    "statefulsets", resource.STATEFUL_SETS, STATEFUL_SET_COLUMNS, "stateful set"
)
DAEMON_SETS = _workload("daemonsets", resource.DAEMON_SETS, DAEMON_SET_COLUMNS, "daemon set")
REPLICA_SETS = _workload("replicasets", resource.REPLICA_SETS, REPLICA_SET_COLUMNS, "replica set")
JOBS = View("jobs", resource.JOBS, Job, JOB_COLUMNS, _pods_of_workload("job"), explain_job)
CRON_JOBS = View("cronjobs", resource.CRON_JOBS, CronJob, CRON_JOB_COLUMNS, _jobs_of)
NODES = View(
    "nodes", resource.NODES, Node, NODE_COLUMNS, _pods_of_node, explain_node, uses_usage=True
)
EVENTS = View(
    "events", resource.EVENTS, Event, EVENT_COLUMNS, explain=explain_event, sort_by="LAST SEEN"
)
FORWARDS: View[ForwardLine] = View(
    "portforwards", None, None, FORWARD_COLUMNS, explain=explain_forward, aliases=("pf",)
)
CONTEXTS = View("contexts", None, None, CONTEXT_COLUMNS, aliases=("ctx", "context"))

VIEWS: tuple[View[Any], ...] = (
    NAMESPACES,
    SERVICES,
    PODS,
    CONTAINERS,
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    REPLICA_SETS,
    JOBS,
    CRON_JOBS,
    NODES,
    EVENTS,
    CONTEXTS,
    FORWARDS,
)

_BY_KIND = {
    (view.resource.group, view.resource.plural): view
    for view in VIEWS
    if view.resource is not None and view is not CONTAINERS
}


def view_of_kind(type_: ResourceType) -> View[Any]:
    """Our own view of the kind, or one that shows what the server prints."""
    own = _BY_KIND.get((type_.group, type_.plural))
    return own or table_view(type_, ())


def table_view(type_: ResourceType, columns: Sequence[Any]) -> View[Any]:
    """A view of a kind that we know nothing about; without columns yet, its names."""
    shown = table_columns(columns, namespaced=type_.namespaced)
    is_definition = type_.plural == resource.CUSTOM_RESOURCE_DEFINITIONS.plural
    if is_definition:
        return View(type_.plural, type_, None, shown, _objects_of)
    return View(type_.plural, type_, None, shown)


def may_follow(here: View[Any], other: View[Any]) -> bool:
    """Whether the other view says something in the place where this one is shown."""
    if other is CONTAINERS or other.resource is None or other.name == here.name:
        return False
    return other.is_namespaced or not here.is_namespaced


def known_view(word: str) -> View[Any] | None:
    """The view that a word names without asking the cluster, or None."""
    wanted = word.lower()
    for view in VIEWS:
        names = {view.name, *view.aliases}
        if view.resource is not None and view is not CONTAINERS:
            names |= {view.resource.plural, view.resource.singular, *view.resource.short_names}
        if wanted in names:
            return view
    return None
