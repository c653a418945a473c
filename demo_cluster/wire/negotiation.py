"""Which form of an answer a client wants, by its Accept header. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

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


class _Clause(NamedTuple):
    """One media type that a client takes, with its parameters."""

    media: str
    given: dict[str, str]

    @property
    def is_plain(self) -> bool:
        """Whether it asks for the answer as it is, in no other kind's form."""
        return not self.given.keys() & {"as", "g", "v"}


def _clauses(accept: str) -> list[_Clause]:
    """What a client takes, what it likes best first. Follows goautoneg.ParseAccept."""
    weighed: list[tuple[float, bool, _Clause]] = []
    for text in accept.split(","):
        media, *parameters = [part.strip() for part in text.split(";")]
        given = dict(part.partition("=")[::2] for part in parameters)
        try:
            weight = float(given.pop("q", "1"))
        except ValueError:
            weight = 1.0
        weighed.append((-weight, "*" in media, _Clause(media, given)))
    return [clause for _, _, clause in sorted(weighed, key=lambda each: each[:2])]


def negotiated(accept: str) -> Form:
    """The form that a client likes best of those that we have; JSON when there is no header.

    Raises:
        Failure: 406, none of them.
    """
    if not accept.strip():
        return WHOLE
    for clause in _clauses(accept):
        form = _form(clause)
        if form is not None:
            return form
    message = f"406: Not Acceptable\n\nAvailable representations: {_SERVED}"
    if "as=" in accept:
        message = f"only the following media types are accepted: {_SERVED}"
        raise Failure(406, "NotAcceptable", message)
    raise Failure(406, "NotAcceptable", message, {})


def _form(clause: _Clause) -> Form | None:
    is_yaml = clause.media == "application/yaml"
    if clause.media not in _PLAIN and not is_yaml:
        return None
    if clause.is_plain:
        return Form(is_yaml=is_yaml)
    wanted, version = clause.given.get("as"), clause.given.get("v", "v1")
    if clause.given.get("g") != "meta.k8s.io" or version not in ("v1", "v1beta1"):
        return None
    if wanted == "Table":
        return Form("table", version, is_yaml)
    if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
        return Form("partial", version, is_yaml, wanted.endswith("List"))
    return None


def first_acceptable(accept: str, served: tuple[str, ...]) -> str:
    """The media type of these that a client likes best, "" when it takes none of them."""
    for clause in _clauses(accept.strip() or "*/*"):
        kind, _, part = clause.media.partition("/")
        for each in served:
            own_kind, _, own_part = each.partition("/")
            if kind in (own_kind, "*") and part in (own_part, "*"):
                return each
    return ""


Encoding = Literal["json", "yaml", "protobuf"]
_ENCODINGS: dict[str, Encoding] = {"application/yaml": "yaml", PROTOBUF: "protobuf"}
_AGGREGATED = {"g": "apidiscovery.k8s.io", "v": "v2", "as": "APIGroupDiscoveryList"}


def discovery_form(accept: str) -> Encoding:
    """What a client likes best of what discovery has; JSON when there is no header.

    Raises:
        Failure: 406, the client wants none of them.
    """
    if not accept.strip():
        return "json"
    for clause in _clauses(accept):
        encoding = _encoding(clause)
        if clause.is_plain and encoding is not None:
            return encoding
    raise Failure(406, "NotAcceptable", f"only the following media types are accepted: {_SERVED}")


def aggregated_form(accept: str) -> Encoding | None:
    """How a client wants all of discovery at once; None when it does not ask for that.

    That it would also take the plain documents, or likes them better, says nothing.
    """
    for clause in _clauses(accept):
        if all(clause.given.get(name) == value for name, value in _AGGREGATED.items()):
            encoding = _encoding(clause)
            if encoding is not None:
                return encoding
    return None


def _encoding(clause: _Clause) -> Encoding | None:
    return "json" if clause.media in _PLAIN else _ENCODINGS.get(clause.media)
