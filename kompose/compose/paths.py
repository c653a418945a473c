"""Paths of the host inside a tree, made relative to a directory or absolute."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kompose.compose.volumes import is_windows_path

_REMOTE_CONTEXTS = ("https://", "http://", "git://", "ssh://", "github.com/", "git@")
_REMOTE_MARK = "://"


def resolve_paths(tree: dict[str, Any], directory: str) -> dict[str, Any]:
    """The canonical tree with every path of the host joined to ``directory``."""
    resolver = _Resolver(directory)
    result = dict(tree)
    services = tree.get("services")
    if isinstance(services, dict):
        result["services"] = {name: resolver.service(value) for name, value in services.items()}
    for section in ("configs", "secrets"):
        if isinstance(tree.get(section), dict):
            result[section] = {
                name: resolver.with_path(value, "file") for name, value in tree[section].items()
            }
    if isinstance(tree.get("volumes"), dict):
        result["volumes"] = {
            name: resolver.volume(value) for name, value in tree["volumes"].items()
        }
    return result


def is_remote_context(context: str) -> bool:
    """Whether a build context is somewhere else than on this host."""
    return context.startswith(_REMOTE_CONTEXTS) or _REMOTE_MARK in context


class _Resolver:
    """Knows the directory that relative paths start from."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._rules: dict[str, Callable[[Any], Any]] = {
            "build": self._build,
            "develop": self._develop,
            "env_file": self._env_files,
            "extends": lambda value: self.with_path(value, "file"),
            "label_file": self._files,
            "volumes": lambda entries: [self._mount(entry) for entry in entries],
        }

    def absolute(self, path: str) -> str:
        """The path from the directory on; ``~`` is the user's home."""
        if path.startswith("~"):
            return os.path.normpath(f"{Path.home()}/{path[1:]}")
        if path.startswith("/"):
            return os.path.normpath(path)
        return os.path.normpath(f"{self._directory}/{path}")

    def service(self, service: Any) -> Any:
        """The service with its paths resolved."""
        if not isinstance(service, dict):
            return service
        result = service
        for key, rule in self._rules.items():
            value = service.get(key)
            if isinstance(value, dict | list):
                if result is service:
                    result = dict(service)
                result[key] = rule(value)
        return result

    def with_path(self, value: Any, key: str) -> Any:
        """The mapping with one path in it resolved."""
        path = value.get(key) if isinstance(value, dict) else None
        return {**value, key: self.absolute(path)} if isinstance(path, str) and path else value

    def volume(self, volume: Any) -> Any:
        """A named volume that binds a directory of the host has that directory resolved."""
        options = volume.get("driver_opts") if isinstance(volume, dict) else None
        if not isinstance(options, dict) or options.get("o") != "bind":
            return volume
        return {**volume, "driver_opts": self.with_path(options, "device")}

    def _env_files(self, entries: Any) -> Any:
        if not isinstance(entries, list):
            return entries
        return [
            {**entry, "path": self.absolute(str(entry.get("path", "")))}
            if isinstance(entry, dict)
            else entry
            for entry in entries
        ]

    def _each(self, entries: Any, key: str) -> Any:
        if not isinstance(entries, list):
            return entries
        return [self.with_path(entry, key) for entry in entries]

    def _files(self, files: Any) -> Any:
        if not isinstance(files, list):
            return files
        return [self.absolute(path) if isinstance(path, str) else path for path in files]

    def _mount(self, mount: Any) -> Any:
        if not isinstance(mount, dict) or mount.get("type") != "bind":
            return mount
        source = mount.get("source")
        if not isinstance(source, str) or not source or is_windows_path(source):
            return mount
        return {**mount, "source": self.absolute(source)}

    def _build(self, build: Any) -> Any:
        if not isinstance(build, dict):
            return build
        result = dict(build)
        context = build.get("context")
        if isinstance(context, str) and not is_remote_context(context):
            result["context"] = self.absolute(context)
        contexts = build.get("additional_contexts")
        if isinstance(contexts, dict):
            result["additional_contexts"] = {
                name: self.absolute(value)
                if isinstance(value, str)
                and not is_remote_context(value)
                and not value.startswith("service:")
                else value
                for name, value in contexts.items()
            }
        return result

    def _develop(self, develop: Any) -> Any:
        if not isinstance(develop, dict):
            return develop
        return {**develop, "watch": self._each(develop.get("watch"), "path")}
