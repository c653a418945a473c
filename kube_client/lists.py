"""Lists of objects: which are wanted, and what one page of an answer holds."""

from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from kube_client import codec
from kube_client.resource import ResourceType

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """A part of a list; `remaining` is how many are yet to come, None when not known."""

    items: list[T]
    resource_version: str
    remaining: int | None
    next_token: str = ""


class ObjectList(NamedTuple, Generic[T]):
    """A whole list as of one version, from which a watch can go on."""

    items: list[T]
    resource_version: str


class Selection(msgspec.Struct, frozen=True):
    """Which objects of a kind; no namespace means all of them."""

    namespace: str | None = None
    labels: str = ""
    fields: str = ""

    def list_query(self, limit: int, next_token: str = "") -> dict[str, str]:
        """The query of a page of them."""
        query = {"limit": str(limit)} | self._selectors()
        return query | {"continue": next_token} if next_token else query

    def watch_query(self, version: str, seconds: int) -> dict[str, str]:
        """The query of a watch of them from a version on."""
        return {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        } | self._selectors()

    def _selectors(self) -> dict[str, str]:
        selectors = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: text for name, text in selectors.items() if text}


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class _ListBody(msgspec.Struct, Generic[T], rename="camel"):
    metadata: _ListMeta
    items: list[T] = []


def decode_page(content: bytes, decode_to: type[T], resource: ResourceType) -> Page[T]:
    """The page that an answer holds; plain items get the kind that lists leave out.

    Raises:
        MalformedJsonError: The answer is no list.
    """
    body_type: Any = _ListBody  # its parameter is a value here, which mypy cannot follow
    body: _ListBody[T] = codec.decode_as(content, body_type[decode_to])
    meta = body.metadata
    items: list[Any] = body.items
    if decode_to is dict or getattr(decode_to, "__origin__", None) is dict:
        kind = {"apiVersion": resource.api_version, "kind": resource.kind}
        items = [{**kind, **item} for item in items]
    return Page(items, meta.resource_version, meta.remaining_item_count, meta.continue_)
