"""Which form of an answer a client wants, by its Accept header. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from demo_cluster.status import Failure

PROTOBUF = "application/vnd.kubernetes.protobuf"
_SERVED = f"application/json, application/yaml, {PROTOBUF}"
_PLAIN = frozenset({"application/json", "application/*", "*/*"})


@dataclass(frozen=True, slots=True)
class Form:
    """How objects are shown: whole, as Table rows, or their metadata only."""

    shape: Literal["whole", "table", "partial"] = "whole"
    version: str = "v1"
    is_yaml: bool = False
    is_list_wanted: bool = False
    """The client said PartialObjectMetadataList."""

    @property
    def content_type(self) -> str:
        """The answer's media type."""
        return "application/yaml" if self.is_yaml else "application/json"


WHOLE = Form()


def negotiated(accept: str) -> Form:
    """The first form in the header that we have; JSON when there is no header.

    Raises:
        Failure: 406, none of them.
    """
    if not accept.strip():
        return WHOLE
    for clause in accept.split(","):
        form = _form(clause)
        if form is not None:
            return form
    message = f"406: Not Acceptable\n\nAvailable representations: {_SERVED}"
    if "as=" in accept:
        message = f"only the following media types are accepted: {_SERVED}"
        raise Failure(406, "NotAcceptable", message)
    raise Failure(406, "NotAcceptable", message, {})


def _form(clause: str) -> Form | None:
    media, *parameters = [part.strip() for part in clause.split(";")]
    given = dict(part.partition("=")[::2] for part in parameters)
    is_yaml = media == "application/yaml"
    if media not in _PLAIN and not is_yaml:
        return None
    wanted = given.get("as")
    if wanted is None:
        return Form(is_yaml=is_yaml)
    version = given.get("v", "v1")
    if given.get("g") != "meta.k8s.io" or version not in ("v1", "v1beta1"):
        return None
    if wanted == "Table":
        return Form("table", version, is_yaml)
    if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
        return Form("partial", version, is_yaml, wanted.endswith("List"))
    return None


def first_acceptable(accept: str, served: tuple[str, ...]) -> str:
    """The media type of these that a client likes best, "" when it takes none of them."""
    clauses = [_weighed(clause) for clause in (accept.strip() or "*/*").split(",")]
    for _, media in sorted(clauses, key=lambda clause: -clause[0]):
        kind, _, part = media.partition("/")
        for each in served:
            own_kind, _, own_part = each.partition("/")
            if kind in (own_kind, "*") and part in (own_part, "*"):
                return each
    return ""


def _weighed(clause: str) -> tuple[float, str]:
    media, *parameters = [part.strip() for part in clause.split(";")]
    given = dict(part.partition("=")[::2] for part in parameters)
    try:
        return float(given.get("q", "1")), media
    except ValueError:
        return 1.0, media


def not_acceptable_discovery() -> Failure:
    """406 as the discovery handlers say it."""
    message = f"only the following media types are accepted: {_SERVED}"
    return Failure(406, "NotAcceptable", message)


def discovery_form(accept: str) -> Literal["json", "yaml", "protobuf"]:
    """The first form in the header that discovery has; JSON when there is no header.

    Raises:
        Failure: 406, the client wants none of them.
    """
    if not accept.strip():
        return "json"
    for clause in accept.split(","):
        media = clause.partition(";")[0].strip()
        if "as=" in clause:
            continue
        if media in _PLAIN:
            return "json"
        if media == "application/yaml":
            return "yaml"
        if media == PROTOBUF:
            return "protobuf"
    raise not_acceptable_discovery()
