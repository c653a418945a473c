"""From queries to what is asked of the server: namespaces, selectors, patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stern.errors import SternError
from stern.name_pattern import compile_name, compile_names
from stern.target_filter import TargetFilter

if TYPE_CHECKING:
    from kube_client.client import Client
    from kube_client.resource import ResourceType
    from stern.options import TailOptions

KINDS = {
    "pod": ("po", "pods"),
    "replicationcontroller": ("rc", "replicationcontrollers"),
    "service": ("svc", "services"),
    "deployment": ("deploy", "deployments"),
    "daemonset": ("ds", "daemonsets"),
    "replicaset": ("rs", "replicasets"),
    "statefulset": ("sts", "statefulsets"),
    "job": ("jobs",),
}
_CANONICAL = {word: kind for kind, words in KINDS.items() for word in (kind, *words)}


class ResourceQuery(msgspec.Struct, frozen=True):
    """`deployment/web`: an object whose pods are meant."""

    kind: str
    name: str
    typed_kind: str

    @classmethod
    def parse(cls, text: str) -> ResourceQuery:
        """The query in a text that has a slash.

        Raises:
            SternError: There is more than one slash, or the kind has no pods.
        """
        if text.count("/") != 1:
            raise SternError('resource must be specified in the form "<resource>/<name>"')
        typed, _, name = text.partition("/")
        kind = _CANONICAL.get(typed)
        if kind is None:
            raise SternError(f"resource type {typed} is not supported")
        return cls(kind, name, typed)


def resource_type(kind: str) -> ResourceType:
    """The type of a kind that a query can name."""
    from kube_client import resource

    types = {
        "pod": resource.PODS,
        "replicationcontroller": resource.REPLICATION_CONTROLLERS,
        "service": resource.SERVICES,
        "deployment": resource.DEPLOYMENTS,
        "daemonset": resource.DAEMON_SETS,
        "replicaset": resource.REPLICA_SETS,
        "statefulset": resource.STATEFUL_SETS,
        "job": resource.JOBS,
    }
    return types[kind]


class Selection(msgspec.Struct, frozen=True):
    """One stream of pods to watch; `namespace` None means all of them."""

    namespace: str | None
    labels: str
    fields: str
    filter: TargetFilter


def pod_labels(query: ResourceQuery, found: dict[str, Any]) -> dict[str, str]:
    """The labels that the pods of an object carry.

    Raises:
        SternError: The object says nothing about its pods.
    """
    spec = found.get("spec") or {}
    if query.kind == "service":
        labels = spec.get("selector")
    elif query.kind == "replicationcontroller" and not spec.get("template"):
        raise SternError(f"{query.name} does not have spec.template")
    else:
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if not labels:
        raise SternError(f"resource {query.typed_kind}/{query.name} has no labels to select")
    return dict(labels)


def normalised_selectors(options: TailOptions) -> tuple[str, str]:
    """Label and field selector as the server gets them.

    Raises:
        SternError: One of them does not parse.
    """
    if not options.label_selector and not options.field_selector:
        return "", ""
    from kube_client.selector import FieldSelector, LabelSelector, SelectorError

    kind = "label"
    try:
        labels = str(LabelSelector.parse(options.label_selector))
        kind = "field"
        fields = str(FieldSelector.parse(options.field_selector))
    except SelectorError as error:
        raise SternError(f"failed to parse selector as {kind} selector: {error}") from error
    return labels, fields


def build_filter(options: TailOptions, pod_pattern: str) -> TargetFilter:
    """The filter of a run for pods of this pattern.

    Raises:
        SternError: A pattern does not compile.
    """
    return TargetFilter(
        pod=compile_name(pod_pattern, "from query"),
        exclude_pod=compile_names(options.exclude_pods, "for excluded pod query"),
        container=compile_name(options.container, "for container query"),
        exclude_container=compile_names(options.exclude_containers, "for excluded container query"),
        states=options.container_states,
        init_containers=options.init_containers,
        ephemeral_containers=options.ephemeral_containers,
        condition=options.condition,
        context=options.context,
    )


def namespaces_of(options: TailOptions, default: str) -> list[str | None]:
    """The namespaces of a run, in order, each once; one None for all of them.

    Raises:
        SternError: None is left.
    """
    if options.all_namespaces:
        return [None]
    if not options.namespaces:
        return [default or "default"]
    names = list(dict.fromkeys(name for name in options.namespaces if name))
    if not names:
        raise SternError("no namespace specified")
    return list(names)


async def select(client: Client, options: TailOptions) -> list[Selection]:
    """What to watch for these options, in the order of namespaces, then queries.

    Raises:
        SternError: A query, pattern or selector is wrong.
        KubeError: An object that a query names is not there, or may not be read.
    """
    labels, fields = normalised_selectors(options)
    selections = []
    for namespace in namespaces_of(options, client.namespace):
        for query in options.queries or ("",):
            if "/" not in query:
                selections.append(
                    Selection(namespace, labels, fields, build_filter(options, query))
                )
                continue
            resource = ResourceQuery.parse(query)
            if resource.kind == "pod":
                own_filter = build_filter(options, f"^{resource.name}$")
                selections.append(Selection(namespace, labels, fields, own_filter))
                continue
            selections.extend(
                Selection(place, selector, fields, build_filter(options, ""))
                for place, selector in await _look_up(client, resource, namespace)
            )
    return selections


async def _look_up(
    client: Client, query: ResourceQuery, namespace: str | None
) -> list[tuple[str | None, str]]:
    """Where the pods of an object are, and their labels; over all namespaces maybe several."""
    from kube_client.selector import LabelSelector

    kind = resource_type(query.kind)
    if namespace is not None:
        objects = [await client.get(kind, query.name, namespace)]
    else:
        listed = await client.list(kind, fields=f"metadata.name={query.name}")
        objects = listed.items
        if not objects:
            raise SternError(f'{kind.plural} "{query.name}" not found in any namespace')
    return [
        (
            namespace or found["metadata"].get("namespace"),
            str(LabelSelector.from_labels(pod_labels(query, found))),
        )
        for found in objects
    ]


def nothing_found(selections: list[Selection]) -> str:
    """What to say when no container was found."""
    places = {selection.namespace for selection in selections}
    where = (
        "in any namespace"
        if None in places
        else f"in {'namespace' if len(places) == 1 else 'namespaces'} "
        + ", ".join(repr(place) for place in sorted(place or "" for place in places))
    )
    return f"no container of a pod matches {where}"
