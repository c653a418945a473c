"""Which kinds the server serves, and what people call them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from kube_client.client import Client
from kube_client.codec import MalformedJsonError, decode_as
from kube_client.errors import KubeError, NotFoundError, ProtocolError
from kube_client.resource import ResourceType

_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)
_AT_ONCE = 16


class _ResponseKind(msgspec.Struct):
    kind: str = ""


class _Subresource(msgspec.Struct):
    subresource: str = ""


class _AggregatedResource(msgspec.Struct, rename="camel"):
    resource: str = ""
    response_kind: _ResponseKind | None = None
    scope: str = ""
    singular_resource: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None
    subresources: list[_Subresource] | None = None


class _AggregatedVersion(msgspec.Struct):
    version: str = ""
    resources: list[_AggregatedResource] | None = None
    freshness: str = ""


class _Named(msgspec.Struct):
    name: str = ""


class _AggregatedGroup(msgspec.Struct):
    metadata: _Named = msgspec.field(default_factory=_Named)
    versions: list[_AggregatedVersion] | None = None


class _GroupVersion(msgspec.Struct, rename="camel"):
    group_version: str = ""
    version: str = ""


class _ClassicGroup(msgspec.Struct, rename="camel"):
    name: str = ""
    versions: list[_GroupVersion] | None = None
    preferred_version: _GroupVersion | None = None


class _RootBody(msgspec.Struct):
    """The answer to `/api` or `/apis`, in whichever form the server has."""

    kind: str = ""
    items: list[_AggregatedGroup] | None = None
    groups: list[_ClassicGroup] | None = None
    versions: list[str] | None = None


class _ClassicResource(msgspec.Struct, rename="camel"):
    name: str = ""
    singular_name: str = ""
    namespaced: bool = False
    kind: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None


class _ResourceList(msgspec.Struct):
    resources: list[_ClassicResource] | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """What one server serves, as of when it was asked.

    `resources` has each kind once, in the version that the server prefers, core kinds first;
    `every` has all versions. `failed_groups` could not be asked, mostly because the aggregated
    API behind them is down.
    """

    resources: tuple[ResourceType, ...]
    every: tuple[ResourceType, ...]
    failed_groups: tuple[str, ...] = ()
    _words: Mapping[str, ResourceType] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    async def discover(cls, client: Client) -> "Discovery":
        """What the server of this client serves.

        Raises:
            KubeError: The server could not be asked at all.
        """
        core, named = await asyncio.gather(_root(client, "/api"), _root(client, "/apis"))
        found: list[ResourceType] = []
        failed: list[str] = []
        for body, root in ((core, "/api"), (named, "/apis")):
            if body.kind == "APIGroupDiscoveryList":
                _read_aggregated(body, found, failed)
            else:
                await _read_classic(client, body, root, found, failed)
        return cls.of(found, failed)

    @classmethod
    def of(cls, every: Iterable[ResourceType], failed_groups: Iterable[str] = ()) -> "Discovery":
        """The discovery of these types, each group's preferred version first."""
        types = tuple(every)
        preferred = {(found.group, found.plural): found for found in reversed(types)}
        chosen = tuple(found for found in types if preferred[found.group, found.plural] is found)
        return cls(chosen, types, tuple(failed_groups), _words(chosen))

    def find(self, word: str) -> ResourceType | None:
        """The kind that a person means: a plural, singular, short name or kind, in any case.

        A group may follow (`deployments.apps`, `deployments.v1.apps`), or stand in front with its
        version (`apps/v1/deployments`). Of several kinds with one name the core kind comes first,
        then the order of the server's groups; a full name beats a short one.
        """
        wanted = word.strip().lower()
        if not wanted:
            return None
        if "/" in wanted:
            return self._by_path(wanted)
        return self._words.get(wanted) or self._by_group(wanted)

    def find_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """The type of objects that say this of themselves."""
        for found in self.every:
            if found.kind == kind and found.api_version == api_version:
                return found
        return None

    def suggestions(self, prefix: str) -> list[str]:
        """The plurals and short names that begin so, full names of doubles included, sorted."""
        prefix = prefix.lower()
        names: set[str] = set()
        for found in self.resources:
            is_first = self._words[found.plural] is found
            names.add(found.plural if is_first else found.full_name)
            names.update(found.short_names)
        return sorted(name for name in names if name.startswith(prefix))

    def _by_group(self, wanted: str) -> ResourceType | None:
        name, dot, group = wanted.partition(".")
        if not dot:
            return None
        version, _, rest = group.partition(".")
        for found in self.every:
            if name not in _names(found):
                continue
            if found.group == group or (found.version == version and found.group == rest):
                return found
        return None

    def _by_path(self, wanted: str) -> ResourceType | None:
        api_version, _, name = wanted.rpartition("/")
        for found in self.every:
            if name in _names(found) and api_version in (found.api_version, found.group):
                return found
        return None


def _words(resources: Sequence[ResourceType]) -> dict[str, ResourceType]:
    """What each word means: full names before kinds before short names, earlier groups first."""
    words: dict[str, ResourceType] = {}
    ways: tuple[Callable[[ResourceType], tuple[str, ...]], ...] = (
        lambda found: (found.plural, found.singular),
        lambda found: (found.kind.lower(),),
        lambda found: found.short_names,
    )
    for names_of in ways:
        for found in resources:
            for name in names_of(found):
                words.setdefault(name, found)
    words.pop("", None)
    return words


def _names(found: ResourceType) -> tuple[str, ...]:
    return (found.plural, found.singular, found.kind.lower(), *found.short_names)


async def _root(client: Client, path: str) -> _RootBody:
    content = await client.request("GET", path, accept=_AGGREGATED)
    body = client.decode(content, _RootBody, path)
    if body.kind not in ("APIGroupDiscoveryList", "APIVersions", "APIGroupList"):
        raise ProtocolError(
            f"The answer of {client.access.server} to {path} is not Kubernetes'. "
            "Check the server's address in the kubeconfig."
        )
    return body


def _read_aggregated(body: _RootBody, found: list[ResourceType], failed: list[str]) -> None:
    for group in body.items or ():
        name = group.metadata.name
        for version in group.versions or ():
            if version.freshness == "Stale" and not version.resources:
                failed.append(f"{name}/{version.version}")
            found += [
                _aggregated_type(name, version.version, resource)
                for resource in version.resources or ()
                if resource.response_kind is not None
            ]


def _aggregated_type(group: str, version: str, resource: _AggregatedResource) -> ResourceType:
    kind = resource.response_kind
    return ResourceType(
        group=group,
        version=version,
        plural=resource.resource,
        kind=kind.kind if kind else "",
        namespaced=resource.scope == "Namespaced",
        singular=resource.singular_resource,
        short_names=tuple(resource.short_names or ()),
        verbs=frozenset(resource.verbs or ()),
        categories=tuple(resource.categories or ()),
        subresources=frozenset(part.subresource for part in resource.subresources or ()),
    )


async def _read_classic(
    client: Client, body: _RootBody, root: str, found: list[ResourceType], failed: list[str]
) -> None:
    """Ask each group and version for its kinds, some at a time."""
    versions = (
        [("", version) for version in body.versions or ()]
        if root == "/api"
        else list(_group_versions(body))
    )
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(group: str, version: str) -> list[ResourceType] | KubeError:
        path = f"{root}/{group}/{version}" if group else f"{root}/{version}"
        async with gate:
            try:
                content = await client.request("GET", path)
                return _classic_types(group, version, decode_as(content, _ResourceList))
            except KubeError as error:
                return error
            except MalformedJsonError as error:
                return ProtocolError(str(error))

    answers = await asyncio.gather(*(ask(group, version) for group, version in versions))
    for (group, version), answer in zip(versions, answers, strict=True):
        if isinstance(answer, NotFoundError):
            continue  # gone since the groups were listed
        if isinstance(answer, KubeError):
            failed.append(f"{group}/{version}" if group else version)
        else:
            found += answer


def _group_versions(body: _RootBody) -> Iterator[tuple[str, str]]:
    for group in body.groups or ():
        preferred = group.preferred_version.version if group.preferred_version else ""
        versions = [part.version for part in group.versions or ()]
        for version in sorted(versions, key=lambda version: version != preferred):
            yield group.name, version


def _classic_types(group: str, version: str, body: _ResourceList) -> list[ResourceType]:
    subresources: dict[str, set[str]] = {}
    mains: list[_ClassicResource] = []
    for resource in body.resources or ():
        plural, slash, subresource = resource.name.partition("/")
        if slash:
            subresources.setdefault(plural, set()).add(subresource)
        else:
            mains.append(resource)
    return [
        ResourceType(
            group=group,
            version=version,
            plural=resource.name,
            kind=resource.kind,
            namespaced=resource.namespaced,
            singular=resource.singular_name or resource.kind.lower(),
            short_names=tuple(resource.short_names or ()),
            verbs=frozenset(resource.verbs or ()),
            categories=tuple(resource.categories or ()),
            subresources=frozenset(subresources.get(resource.name, ())),
        )
        for resource in mains
    ]
