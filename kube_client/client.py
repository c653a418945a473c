"""The client: requests to one cluster, their answers as values, their refusals as errors."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, TypeVar, overload

from kube_client import codec
from kube_client.cluster_access import ClusterAccess
from kube_client.errors import ConfigError, ProtocolError, TooManyRequestsError, error_from_response
from kube_client.lists import ObjectList, Page, Selection, decode_page
from kube_client.patch import PatchType
from kube_client.resource import PODS, ResourceType
from kube_client.transport import Request, Response, SocketAccess, Transport

T = TypeVar("T")
Query = Mapping[str, str] | Sequence[tuple[str, str]]

Propagation = Literal["Background", "Foreground", "Orphan"]

FIELD_MANAGER = "kube-tui"
_JSON = "application/json"
_SILENCE = 75.0  # the server itself gives up after 60
_SLOW_DOWNS = 5
_LONGEST_WAIT = 10.0
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Client:
    """Speaks to one cluster as one user.

    Every method raises `UnreachableError` when no answer came, an `ApiError` when the server
    refused, and `ProtocolError` when the answer is not Kubernetes'.
    """

    def __init__(
        self,
        transport: Transport,
        access: ClusterAccess,
        *,
        compress: bool = True,
        timeout: float | None = None,
    ) -> None:
        self.access = access
        self._transport = transport
        self._compress = compress
        self._timeout = timeout

    @property
    def namespace(self) -> str:
        """The namespace that is meant when none is said."""
        return self.access.namespace

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def socket_access(self, *, renew: bool = False) -> SocketAccess:
        """What a WebSocket library needs to reach the same server with the same rights."""
        return await self._transport.socket_access(renew=renew)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Any = None,
        content_type: str = _JSON,
        accept: str = _JSON,
        timeout: float | None = None,
        verb: str = "",
        patient: bool = True,
    ) -> bytes:
        """The body of a successful answer. A `body` that is not bytes is sent as JSON.

        `verb` is the word for error messages, where the method does not say it. A `patient`
        request that a busy server asks to repeat in some seconds (429) is repeated.
        """
        headers = [("accept", accept)]
        if self._compress and method == "GET":
            headers.append(("accept-encoding", "gzip"))
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else codec.encode_json(body)
            headers.append(("content-type", content_type))
        request = Request(
            method,
            path,
            _pairs(query),
            tuple(headers),
            data,
            self._timeout if timeout is None else timeout,
            _SILENCE,
        )
        verb = verb or _VERBS.get(method, method.lower())
        for _ in range(_SLOW_DOWNS if patient else 0):
            try:
                return await self._sent(request, verb)
            except TooManyRequestsError as error:
                if error.retry_after is None or error.retry_after > _LONGEST_WAIT:
                    raise
                await asyncio.sleep(error.retry_after)
        return await self._sent(request, verb)

    async def _sent(self, request: Request, verb: str) -> bytes:
        """The body of a successful answer to one request."""
        response = await self._transport.send(request)
        content = await response.read()
        if 200 <= response.status < 300:
            return content
        raise error_from_response(
            response.status, response.headers, content, verb=verb, path=request.path
        )

    async def stream(
        self, path: str, *, query: Query = (), accept: str = "*/*", verb: str = "get"
    ) -> Response:
        """A successful answer whose body is read as it comes; close it after use."""
        response = await self._transport.send(
            Request("GET", path, _pairs(query), (("accept", accept),))
        )
        if 200 <= response.status < 300:
            return response
        content = await response.read()
        raise error_from_response(response.status, response.headers, content, verb=verb, path=path)

    async def get(
        self, resource: ResourceType, name: str, namespace: str | None = None
    ) -> dict[str, Any]:
        """The whole object, as the server has it."""
        return await self.get_as(resource, name, dict[str, Any], namespace)

    async def get_as(
        self,
        resource: ResourceType,
        name: str,
        decode_to: type[T],
        namespace: str | None = None,
    ) -> T:
        """The object as this type."""
        path = resource.path(self._scope(resource, namespace), name)
        return self.decode(await self.request("GET", path), decode_to, path)

    @overload
    async def list(
        self,
        resource: ResourceType,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        limit: int = 500,
    ) -> ObjectList[dict[str, Any]]: ...

    @overload
    async def list(
        self,
        resource: ResourceType,
        decode_to: type[T],
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        limit: int = 500,
    ) -> ObjectList[T]: ...

    async def list(
        self,
        resource: ResourceType,
        decode_to: type[Any] = dict,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        limit: int = 500,
    ) -> ObjectList[Any]:
        """All objects, fetched in pages of `limit`; no namespace means all of them."""
        items: list[Any] = []
        version = ""
        async for page in self.pages(
            resource, decode_to, namespace=namespace, labels=labels, fields=fields, limit=limit
        ):
            items += page.items
            version = page.resource_version
        return ObjectList(items, version)

    async def pages(
        self,
        resource: ResourceType,
        decode_to: type[T],
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        limit: int = 500,
        first_limit: int | None = None,
        patient: bool = True,
    ) -> AsyncGenerator[Page[T], None]:
        """The list page by page, all as of one version; `first_limit` is for the first page.

        Raises:
            GoneError: The list took so long that the server forgot the version; begin anew.
        """
        path = resource.path(namespace)
        selection = Selection(namespace, labels, fields)
        query = selection.list_query(first_limit or limit)
        while True:
            content = await self.request("GET", path, query=query, verb="list", patient=patient)
            try:
                page = decode_page(content, decode_to, resource)
            except codec.MalformedJsonError as error:
                raise self._foreign(path, str(error)) from error
            yield page
            if not page.next_token:
                return
            query = selection.list_query(limit, page.next_token)

    async def create(
        self,
        resource: ResourceType,
        obj: Mapping[str, Any],
        namespace: str | None = None,
        *,
        dry_run: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> dict[str, Any]:
        """The new object as the server made it.

        Raises:
            AlreadyExistsError: There is one of this name.
        """
        path = resource.path(self._scope_of(resource, obj, namespace))
        query = {"fieldManager": field_manager} | _dry(dry_run)
        return await self._write("POST", path, query, obj)

    async def replace(
        self, resource: ResourceType, obj: Mapping[str, Any], *, dry_run: bool = False
    ) -> dict[str, Any]:
        """The object after the whole of it was replaced.

        Raises:
            ConflictError: The server's resource version is no longer the given object's.
        """
        path = resource.path(self._scope_of(resource, obj, None), _name_of(obj))
        query = {"fieldManager": FIELD_MANAGER} | _dry(dry_run)
        return await self._write("PUT", path, query, obj)

    async def apply(
        self,
        resource: ResourceType,
        obj: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
        namespace: str | None = None,
    ) -> dict[str, Any]:
        """The object after a server-side apply of the given fields.

        Raises:
            ConflictError: Another manager owns some of the fields, and `force` is not set.
        """
        path = resource.path(self._scope_of(resource, obj, namespace), _name_of(obj))
        query = {"fieldManager": field_manager, "force": "true" if force else "false"}
        return await self._write(
            "PATCH", path, query | _dry(dry_run), obj, PatchType.APPLY.value, verb="apply"
        )

    async def patch(
        self,
        resource: ResourceType,
        name: str,
        patch: Any,
        namespace: str | None = None,
        *,
        patch_type: PatchType = PatchType.MERGE,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """The object after the patch."""
        path = resource.path(self._scope(resource, namespace), name, subresource)
        query = {"fieldManager": FIELD_MANAGER} | _dry(dry_run)
        return await self._write("PATCH", path, query, patch, patch_type.value)

    async def delete(
        self,
        resource: ResourceType,
        name: str,
        namespace: str | None = None,
        *,
        grace_seconds: int | None = None,
        propagation: Propagation | None = None,
        uid: str | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """What the server says of the deletion: a Status, or the object that is on its way out.

        Raises:
            ConflictError: The object of this name has another uid by now.
        """
        path = resource.path(self._scope(resource, namespace), name)
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if propagation is not None:
            options["propagationPolicy"] = propagation
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if dry_run:
            options["dryRun"] = ["All"]
        return await self._write("DELETE", path, {}, options)

    async def scale(
        self, resource: ResourceType, name: str, namespace: str | None, replicas: int
    ) -> int:
        """The number of replicas that is wanted now."""
        scale = await self.patch(
            resource, name, {"spec": {"replicas": replicas}}, namespace, subresource="scale"
        )
        return _replicas(scale)

    async def get_scale(
        self, resource: ResourceType, name: str, namespace: str | None = None
    ) -> int:
        """The number of replicas that is wanted."""
        path = resource.path(self._scope(resource, namespace), name, "scale")
        return _replicas(self.decode(await self.request("GET", path), dict[str, Any], path))

    async def evict(
        self, pod: str, namespace: str, *, grace_seconds: int | None = None, dry_run: bool = False
    ) -> None:
        """Ask for the pod to leave, as a drain does.

        Raises:
            TooManyRequestsError: A disruption budget forbids it for now.
        """
        options: dict[str, Any] = {}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if dry_run:
            options["dryRun"] = ["All"]
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": options,
        }
        path = PODS.path(namespace, pod, "eviction")
        await self.request("POST", path, body=eviction, verb="evict", patient=False)

    async def version(self) -> dict[str, Any]:
        """What the server says it is: `gitVersion` and its like."""
        return self.decode(await self.request("GET", "/version"), dict[str, Any], "/version")

    def decode(self, content: bytes, decode_to: type[T], path: str) -> T:
        """The answer as this type.

        Raises:
            ProtocolError: It is not Kubernetes'.
        """
        try:
            return codec.decode_as(content, decode_to)
        except codec.MalformedJsonError as error:
            raise self._foreign(path, str(error)) from error

    def _foreign(self, path: str, why: str) -> ProtocolError:
        return ProtocolError(
            f"The answer of {self.access.server} to {path} is not Kubernetes' ({why}). "
            "Check the server's address in the kubeconfig."
        )

    async def _write(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any,
        content_type: str = _JSON,
        verb: str = "",
    ) -> dict[str, Any]:
        content = await self.request(
            method, path, query=query, body=body, content_type=content_type, verb=verb
        )
        return self.decode(content, dict[str, Any], path)

    def _scope_of(
        self, resource: ResourceType, obj: Mapping[str, Any], namespace: str | None
    ) -> str | None:
        """The namespace to write into: the given one, else the object's, else the default."""
        return self._scope(resource, namespace or _metadata(obj).get("namespace"))

    def _scope(self, resource: ResourceType, namespace: str | None) -> str | None:
        return (namespace or self.namespace) if resource.namespaced else None


def _pairs(query: Query) -> tuple[tuple[str, str], ...]:
    pairs: Iterable[tuple[str, str]] = query.items() if isinstance(query, Mapping) else query
    return tuple(pairs)


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = obj.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _name_of(obj: Mapping[str, Any]) -> str:
    name = _metadata(obj).get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError("The object has no metadata.name, so it cannot be sent.")
    return name


def _replicas(scale: Mapping[str, Any]) -> int:
    spec = scale.get("spec")
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else 0
    return int(replicas)
