"""OpenAPI documents: of version 3, one for each group and version, and the old one of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.custom_schemas import (
    CustomVersion,
    custom_schemas,
    old_custom_schemas,
)
from demo_cluster.schema.openapi_paths import old_paths, paths
from demo_cluster.schema.operation import STRING, Operation, root_of
from demo_cluster.schema.operations import OPTIONS, operations_of
from demo_cluster.schema.schemas import closure, old_form
from demo_cluster.schema.small_operations import announcement
from demo_cluster.schema.types import LIST_META, OBJECT_META, is_known

_INFO: Obj = {"title": "Kubernetes", "version": "1.36"}
_CUSTOM_INFO: Obj = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}
_BEARER: Obj = {
    "type": "apiKey",
    "description": "Bearer Token authentication",
    "name": "authorization",
    "in": "header",
}
_OF_SERVERS = frozenset(
    {"admission.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "imagepolicy.k8s.io"}
)
"""Groups that the builder of custom kinds' documents does not know."""
Operations = Sequence[tuple[str, Operation]]
"""Operations, each with its path."""


def built_in_operations(kinds: Iterable[Kind]) -> Operations:
    """What may be asked of these kinds, and the paths that announce their versions."""
    listed = list(kinds)
    versions = dict.fromkeys((kind.group, kind.version) for kind in listed)
    found = [(f"{root_of(*version)}/", announcement(*version)) for version in versions]
    return [*found, *(each for kind in listed for each in operations_of(kind))]


def document(operations: Operations) -> Obj:
    """The document of version 3 that describes these operations of built-in kinds."""
    return {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": paths(operations),
        "components": {
            "schemas": closure(_named_in(operations)),
            "securitySchemes": {"BearerToken": _BEARER},
        },
    }


def custom_document(versions: Iterable[CustomVersion]) -> Obj:
    """The document of version 3 of custom kinds that share a group and version."""
    listed = list(versions)
    operations = _custom_operations(listed)
    schemas = _needed_by_custom(operations)
    for each in listed:
        schemas.update(custom_schemas(each))
    return {
        "openapi": "3.0.0",
        "info": _CUSTOM_INFO,
        "paths": paths(operations),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def old_document(operations: Operations, versions: Iterable[CustomVersion]) -> Obj:
    """The one document of everything, in the older form."""
    listed = list(versions)
    found, parameters = old_paths([*operations, *_custom_operations(listed)])
    definitions = {
        name: old_form(schema, name) for name, schema in closure(_named_in(operations)).items()
    }
    for each in listed:
        definitions.update(old_custom_schemas(each))
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": found,
        "definitions": dict(sorted(definitions.items())),
        "parameters": parameters,
        "securityDefinitions": {"BearerToken": _BEARER},
        "security": [{"BearerToken": []}],
    }


def _custom_operations(versions: Iterable[CustomVersion]) -> Operations:
    return [each for version in versions for each in operations_of(version.kind)]


def _named_in(operations: Operations) -> set[str]:
    named = {operation.body for _, operation in operations}
    for _, operation in operations:
        named.update(operation.answers.values())
    return named - {"", STRING}


def _needed_by_custom(operations: Operations) -> dict[str, Obj]:
    known = {name for name in _named_in(operations) if is_known(name)}
    found = closure({*known, OBJECT_META, LIST_META})
    return {**found, OPTIONS: _of_clients(found[OPTIONS])}


def _of_clients(schema: Obj) -> Obj:
    """A schema without the groups that only servers know."""
    name = "x-kubernetes-group-version-kind"
    return {**schema, name: [each for each in schema[name] if each["group"] not in _OF_SERVERS]}
