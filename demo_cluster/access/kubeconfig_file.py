"""A kubeconfig that any client can use, written in one step."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import io
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One context: a user with a token, and where they start."""

    name: str
    user: str
    token: str
    namespace: str = "default"
    token_file: Path | None = None
    """Where the token stands that holds now; None = it stands in the kubeconfig."""

    @property
    def credential(self) -> str:
        """The line that says who comes."""
        if self.token_file is None:
            return f"    token: {self.token}"
        return f"    tokenFile: {json.dumps(str(self.token_file))}"


def kubeconfig_text(
    server: str, authority: bytes, contexts: Sequence[ContextEntry], cluster: str = "demo"
) -> str:
    """The file's text; the first context is the current one."""
    lines = [
        "apiVersion: v1",
        "kind: Config",
        f"current-context: {contexts[0].name}",
        "preferences: {}",
        "clusters:",
        f"- name: {cluster}",
        "  cluster:",
        f"    server: {server}",
        f"    certificate-authority-data: {base64.b64encode(authority).decode()}",
        "contexts:",
    ]
    for entry in contexts:
        lines += [
            f"- name: {entry.name}",
            "  context:",
            f"    cluster: {cluster}",
            f"    user: {entry.user}",
            f"    namespace: {entry.namespace}",
        ]
    lines.append("users:")
    for entry in contexts:
        lines += [f"- name: {entry.user}", "  user:", entry.credential]
    return "\n".join(lines) + "\n"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; readers see the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


_NAMED = ("clusters", "contexts", "users")


def put_in(path: Path, text: str, cluster: str) -> None:
    """Add a cluster of this name to a kubeconfig that may hold others; what is there stays.

    Raises:
        ValueError: The file is no kubeconfig.
    """
    with _locked(path.parent):
        theirs, ours = _read(path), _yaml().load(text)
        _drop(theirs, cluster)
        for part in _NAMED:
            theirs[part] = [*(theirs.get(part) or ()), *ours[part]]
        if not theirs.get("current-context"):
            theirs["current-context"] = ours["current-context"]
        _write(path, theirs)


def take_out(path: Path, cluster: str) -> None:
    """Remove a cluster and its contexts and users; the file goes with the last one."""
    with _locked(path.parent), contextlib.suppress(ValueError):
        if not path.exists():
            return
        theirs = _read(path)
        _drop(theirs, cluster)
        if theirs.get("clusters"):
            _write(path, theirs)
        else:
            path.unlink(missing_ok=True)


def _yaml() -> Any:
    from ruamel.yaml import YAML

    return YAML()


def _read(path: Path) -> Any:
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        return _yaml().load("apiVersion: v1\nkind: Config\npreferences: {}\n")
    try:
        found = _yaml().load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise ValueError(f"{path} is no kubeconfig; name another file.") from error
    if not isinstance(found, dict) or found.get("kind", "Config") != "Config":
        raise ValueError(f"{path} is no kubeconfig; name another file.")
    return found


def _drop(config: Any, cluster: str) -> None:
    users = {
        entry["context"].get("user")
        for entry in config.get("contexts") or ()
        if entry["context"].get("cluster") == cluster
    }
    gone = {
        entry["name"]
        for entry in config.get("contexts") or ()
        if entry["context"].get("cluster") == cluster
    }
    names = {"clusters": {cluster}, "contexts": gone, "users": users}
    for part in _NAMED:
        if config.get(part):
            config[part] = [e for e in config[part] if e["name"] not in names[part]]
    if config.get("current-context") in gone:
        rest = config.get("contexts") or ()
        config["current-context"] = rest[0]["name"] if rest else ""


def _write(path: Path, config: Any) -> None:
    text = io.StringIO()
    _yaml().dump(config, text)
    write_private(path, text.getvalue())


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One at a time, for all demo clusters that write into this folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
