"""A kubeconfig that any client can use, written in one step."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One context: a user with a token, and where they start."""

    name: str
    user: str
    token: str
    namespace: str = "default"


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
        lines += [f"- name: {entry.user}", "  user:", f"    token: {entry.token}"]
    return "\n".join(lines) + "\n"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; readers see the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
