"""Secrets: top-level ones as objects, a service's references as volumes."""

import base64
from typing import Any

from kompose.compose.keys.file_mounts import FileReference
from kompose.manifests.component import Component, Scope, file_mode
from kompose.manifests.fields import fields, metadata
from kompose.manifests.names import dns_label, object_name, resource_name
from kompose.manifests.sources import read_secret
from kompose.project import FileSource
from kompose.report import ConvertError

PLAIN, EXTERNAL, ONLY = "plain", "external", "only"
"""Secrets among the other objects; left out, to be there already; or nothing but them."""
_DIRECTORY = "/run/secrets"


def secrets(scope: Scope) -> list[dict[str, Any]]:
    """One Secret for each top-level secret with a file, used or not.

    Mended, also for each that is a variable. Those that are on the cluster already, as all are
    where the options say so, are not written.

    Raises:
        ConvertError: A file cannot be read, or a variable is not set.
    """
    made = []
    mends = scope.options.mends
    for source in scope.project.secrets.values():
        name = _name(source.name, mends=mends)
        if scope.options.secrets == EXTERNAL:
            scope.report.info(_must_exist(source, name, scope))
            continue
        if source.is_external if mends else not source.file:
            if not mends:
                scope.report.warn(
                    f"External secrets {source.name} is not currently supported - ignoring"
                )
            continue
        content = base64.b64encode(_content(source)).decode()
        made.append(
            {
                "kind": "Secret",
                "apiVersion": "v1",
                "metadata": metadata(name, labels={"io.kompose.service": name}),
                "data": {name: content},
                "type": "Opaque",
            }
        )
    return made


def secret_volumes(
    component: Component, scope: Scope, owner: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The mounts in the container and the volumes in the pod, for each reference."""
    mounts, sources = [], []
    for reference in component.service.secrets:
        if reference.uid:
            scope.report.warn(f"Ignore pid in secrets for service: {owner}")
        if reference.gid:
            scope.report.warn(f"Ignore gid in secrets for service: {owner}")
        mends = scope.options.mends
        name = _name(reference.source, mends=mends)
        directory, file = _place(reference, name, mends=mends)
        if scope.options.secrets_as_files or mends:
            directory = _full_path(reference, file, mends=mends)
        volume = dns_label(name) if mends else name
        mounts.append({"name": volume, "mountPath": directory, "subPath": file})
        source = {
            "secretName": _object_name(reference, scope) or name,
            "items": [{"key": name, "path": file}],
            **fields(defaultMode=file_mode(reference, scope)),
        }
        sources.append({"name": volume, "secret": source})
    return mounts, sources


def _name(name: str, *, mends: bool) -> str:
    return object_name(name) if mends else resource_name(name)


def _content(source: FileSource) -> bytes:
    if source.file:
        return read_secret(source.file)
    if not source.content:
        raise ConvertError(
            f"The secret {source.name} is the variable {source.environment or '?'}, which is not "
            "set; set it, or give the secret a file"
        )
    return source.content.encode()


def _must_exist(source: FileSource, name: str, scope: Scope) -> str:
    """Which Secret must be there, and how to make it; its value is for a person to fill in."""
    made = resource_name(source.external_name) or name
    content = f"--from-file={name}={source.file or 'FILE'}"
    if source.environment:
        content = f'--from-literal={name}="${source.environment}"'
    place = f" -n {scope.options.namespace}" if scope.options.namespace else ""
    return (
        f"The Secret {made} must be on the cluster with the key {name}: "
        f"kubectl create secret generic {made} {content}{place}"
    )


def _object_name(reference: FileReference, scope: Scope) -> str:
    """The Secret that is already on the cluster; the original forgets its name."""
    source = scope.project.secrets.get(reference.source) if scope.options.mends else None
    return resource_name(source.external_name) if source else ""


def _place(reference: FileReference, name: str, *, mends: bool) -> tuple[str, str]:
    """Directory and file; a target below a directory replaces the secret's own."""
    target = _target(reference, mends=mends)
    if not target:
        return f"{_DIRECTORY}/{name}", name
    directory, slash, file = target.rpartition("/")
    if target.startswith("/"):
        return directory, file
    return f"{_DIRECTORY}/{directory if slash else name}", file


def _target(reference: FileReference, *, mends: bool) -> str:
    """Where the file is wanted; the original writes that like a name, in small letters."""
    return reference.target if mends else resource_name(reference.target)


def _full_path(reference: FileReference, file: str, *, mends: bool) -> str:
    target = _target(reference, mends=mends) or file
    return target if target.startswith("/") else f"{_DIRECTORY}/{target}"
