"""Variables of a container: plain ones, and env files as ConfigMaps."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kompose.compose.keys.env_file import EnvFile
from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields, metadata
from kompose.manifests.names import dns_label, env_file_name
from kompose.report import ConvertError


def container_env(component: Component, scope: Scope) -> list[dict[str, Any]]:
    """The variables of the service itself, sorted.

    One that an env file sets is left to that file, unlike in compose, as the original has it.
    Mended, only one that has the file's own value is.

    Raises:
        ConvertError: The original cannot read an env file a second time.
    """
    service = component.service
    mends = scope.options.mends
    check_env_files(component, scope)
    from_files: dict[str, str | None] = {}
    for entry in _env_files(component, scope):
        content = scope.read_env_file(entry.path, service.environment)
        from_files.update(content.values if mends else dict.fromkeys(content.names))
    environment = service.environment
    return [
        {"name": name, **fields(value=_value(value, mends=mends))}
        for name in sorted(environment)
        if (value := environment[name]) is not None
        and (name not in from_files or (mends and from_files[name] != value))
    ]


def check_env_files(component: Component, scope: Scope) -> None:
    """Says whether every env file can be read a second time, as the original wants to.

    Raises:
        ConvertError: One of them cannot.
    """
    for entry in _env_files(component, scope):
        if fault := scope.read_env_file(entry.path, component.service.environment).fault:
            raise ConvertError(
                "Error transforming Kubernetes objects: Unable to load env variables: "
                f"Unable to read env_file: Unable to read env_file: {fault}"
            )


def container_env_from(component: Component, scope: Scope) -> list[dict[str, Any]]:
    """References to the ConfigMaps of the env files, in the order of the file."""
    return [
        {"configMapRef": {"name": _name(entry, component.display_name, scope)}}
        for entry in _env_files(component, scope)
    ]


def env_file_config_maps(
    component: Component, scope: Scope, owner: str = ""
) -> list[dict[str, Any]]:
    """One ConfigMap for each env file; `owner` stands for the key in a group."""
    return [
        _config_map(entry, component, scope, owner or component.key)
        for entry in _env_files(component, scope)
    ]


def _env_files(component: Component, scope: Scope) -> Iterable[EnvFile]:
    """The files to read; the original also insists on one that need not be there."""
    files = component.service.env_files
    if not scope.options.mends:
        return files
    return [entry for entry in files if entry.is_required or Path(entry.path).exists()]


def _config_map(entry: EnvFile, component: Component, scope: Scope, owner: str) -> dict[str, Any]:
    name = _name(entry, component.key if scope.options.mends else owner, scope)
    label = f"{owner}-{name}"
    if scope.options.mends:
        label = dns_label(label)
    values = scope.read_env_file(entry.path, component.service.environment).values
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": metadata(name, labels={"io.kompose.service": label}),
        **fields(data={key: values[key] for key in sorted(values)}),
    }


def _name(entry: EnvFile, prefix: str, scope: Scope) -> str:
    relative = os.path.relpath(entry.path, scope.project.working_dir)
    name = env_file_name(relative, prefix)
    return dns_label(name) if scope.options.mends else name


def _value(value: str, *, mends: bool) -> str:
    """The value; a path of a secret follows the secret's name in the cluster."""
    if mends:
        value = value.replace("$(", "$$(")
    return value.lower().replace("_", "-") if "run/secrets" in value else value
